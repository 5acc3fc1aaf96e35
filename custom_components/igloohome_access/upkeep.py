"""What an account does by itself: finish, read, tidy up and report.

Unfinished requests are taken up after the start and every few minutes, the codes
of every lock are read once in the background, and codes long past are forgotten.
"""

import asyncio
from collections.abc import Iterable, Set as AbstractSet
from datetime import datetime, timedelta
import logging

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from .clouds.base import CloudError
from .coordinator import Account, AccountConfigEntry
from .errors import failure
from .issues import async_update_code_issues
from .issuing import SETTLING
from .ledger import RETENTION_DAYS
from .lifecycle import counts_as_live, ends_at
from .model import Code, CodeRecord, RecordState

_LOGGER = logging.getLogger(__name__)

INTERVAL = timedelta(minutes=5)
INVENTORY_PAUSE = 0.2
"""Seconds between two locks when the codes of all are read after the start."""
SOON = SETTLING + timedelta(seconds=5)
"""When a request whose outcome is not known is taken up again for the first time."""


def can_still_open(record: CodeRecord) -> bool:
    """Return whether a code may open a door, now or later."""
    return counts_as_live(Code(record=record), dt_util.utcnow())


class Upkeep:
    """The work of one account that nobody asks for."""

    def __init__(
        self, hass: HomeAssistant, entry: AccountConfigEntry, account: Account
    ):
        """Remember whom to serve."""
        self._hass = hass
        self._entry = entry
        self._account = account
        self._cancel_soon: CALLBACK_TYPE | None = None
        self._stopped = False

    @callback
    def async_start(self) -> None:
        """Begin now and go on until the entry is unloaded."""
        entry, account = self._entry, self._account
        entry.async_on_unload(self._async_stop)
        entry.async_on_unload(
            async_track_time_interval(
                self._hass, self._async_tend, INTERVAL, cancel_on_shutdown=True
            )
        )
        entry.async_on_unload(account.book.async_listen_changes(self._async_report))
        entry.async_on_unload(account.issuer.async_listen(self._async_ended))
        entry.async_on_unload(account.online.async_listen(self._async_ended))
        entry.async_on_unload(
            self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._async_shut_down)
        )
        entry.async_create_background_task(
            self._hass, self._async_begin(), "igloohome_access start"
        )

    @callback
    def _async_stop(self) -> None:
        self._stopped = True
        if self._cancel_soon is not None:
            self._cancel_soon()
            self._cancel_soon = None

    async def _async_shut_down(self, _event: Event) -> None:
        """Let what is under way be recorded before the last write."""
        await self._account.online.async_drain()
        await self._account.issuer.async_drain()

    async def _async_begin(self) -> None:
        await self._async_tend(dt_util.utcnow())
        if not self._account.cloud.lists_codes:
            return
        for device in list(self._account.coordinator.data.values()):
            if not device.takes_codes:
                continue
            try:
                await self._account.inventory.async_ensure_fresh(device.device_id)
            except CloudError as err:
                # The polls come round to this lock.
                _LOGGER.debug("Reading codes failed: %s", failure(err)[0])
            await asyncio.sleep(INVENTORY_PAUSE)

    async def _async_tend(self, _now: datetime) -> None:
        await self._account.issuer.async_resume()
        await self._account.online.async_resume()
        await self._async_prune()
        self._async_report()
        self._take_up_soon(self._account.book.ledger.records.values())

    async def _async_prune(self) -> None:
        """Forget codes that ended long ago; never one that can open a door."""
        now = dt_util.utcnow()
        book = self._account.book
        past = [
            code.record.code_id
            for code in book
            if code.record is not None and _is_long_past(code, code.record, now)
        ]
        if past:
            await book.async_remove(past)

    @callback
    def _async_ended(self, code_id: str) -> None:
        """Report about a code with which something has ended, or take it up again."""
        self._async_report({code_id})
        record = self._account.book.ledger.records.get(code_id)
        if record is not None:
            self._take_up_soon((record,))

    @callback
    def _take_up_soon(self, records: Iterable[CodeRecord]) -> None:
        """Take up again soon what has just become unclear, if anything has."""
        if self._stopped or self._cancel_soon is not None:
            return
        now = dt_util.utcnow()
        if any(
            _is_unfinished(record)
            and not self._account.is_under_way(record.code_id)
            # What is older waits for the regular round.
            and timedelta() <= now - (_asked_at(record) or now) < INTERVAL
            for record in records
        ):
            self._cancel_soon = async_call_later(
                self._hass, SOON, self._async_tend_soon
            )

    async def _async_tend_soon(self, now: datetime) -> None:
        self._cancel_soon = None
        await self._async_tend(now)

    @callback
    def _async_report(self, changed: AbstractSet[str] | None = None) -> None:
        if not self._stopped:
            async_update_code_issues(self._hass, self._entry, self._account, changed)


def _is_unfinished(record: CodeRecord) -> bool:
    """Return whether something is left to be done with a code."""
    return record.state is RecordState.REQUESTED or record.work is not None


def _asked_at(record: CodeRecord) -> datetime | None:
    """Return when something was asked of a cloud for a code last.

    None where that was refused and has to be asked again.
    """
    return record.requested_at if record.work is None else record.work.asked_at


def _is_long_past(code: Code, record: CodeRecord, now: datetime) -> bool:
    """Return whether a code has been over for longer than codes are remembered.

    One is kept where no moment tells when that was.
    """
    if _is_unfinished(record) or counts_as_live(code, now):
        return False
    moments = (
        ends_at(code),
        record.failed_at,
        record.first_used_at,
        record.vanished_at,
    )
    known = [moment for moment in moments if moment is not None]
    return bool(known) and max(known) < now - timedelta(days=RETENTION_DAYS)
