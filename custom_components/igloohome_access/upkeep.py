"""What an account does by itself: finish, read, tidy up and report.

Unfinished requests are taken up after the start and every few minutes, the codes
of every lock are read once in the background, and codes long past are forgotten.
"""

import asyncio
from datetime import datetime, timedelta
import logging

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .clouds.base import CloudError
from .coordinator import Account, AccountEntry
from .errors import failure
from .issues import async_update_code_issues
from .ledger import RETENTION_DAYS
from .lifecycle import counts_as_live
from .model import Code, CodeRecord, RecordState

_LOGGER = logging.getLogger(__name__)

INTERVAL = timedelta(minutes=5)
INVENTORY_PAUSE = 0.2
"""Seconds between two locks when the codes of all are read after the start."""


def can_still_open(record: CodeRecord) -> bool:
    """Return whether a code may open a door, now or later."""
    return counts_as_live(Code(record=record), dt_util.utcnow())


class Upkeep:
    """The work of one account that nobody asks for."""

    def __init__(self, hass: HomeAssistant, entry: AccountEntry, account: Account):
        """Remember whom to serve."""
        self._hass = hass
        self._entry = entry
        self._account = account

    @callback
    def async_start(self) -> None:
        """Begin now and go on until the entry is unloaded."""
        self._entry.async_on_unload(
            async_track_time_interval(self._hass, self._async_tend, INTERVAL)
        )
        self._entry.async_on_unload(
            self._account.book.async_listen_all(self._async_report)
        )
        self._entry.async_create_background_task(
            self._hass, self._async_begin(), "igloohome_access start"
        )

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
        await self._async_prune()
        self._async_report()

    async def _async_prune(self) -> None:
        """Forget codes that ended long ago; never one that can open a door."""
        limit = dt_util.utcnow() - timedelta(days=RETENTION_DAYS)
        past = [
            record.code_id
            for record in self._account.book.ledger.records.values()
            if _ended_before(record, limit)
        ]
        if past:
            await self._account.book.async_remove(past)

    @callback
    def _async_report(self) -> None:
        async_update_code_issues(self._hass, self._entry, self._account)


def _ended_before(record: CodeRecord, limit: datetime) -> bool:
    if record.state is RecordState.REQUESTED or can_still_open(record):
        return False
    return max(filter(None, (record.window.ends_at, record.failed_at))) < limit
