"""Making a code exactly once: check, reserve, request, record, answer.

The reservation is on disk before the request leaves (design.md §6). igloohome
computes a PIN from lock, kind, window and variance, so an unclear request is simply
repeated. Seam would make a second code, so after an unclear request the lock's
codes are listed and the one that matches is adopted; only if there is none is it
asked again. What stays unclear stays in the ledger as ``requested`` and is taken up
again with the next poll, or after a restart.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
import logging

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from .clouds.base import (
    Cloud,
    CloudError,
    CloudRateLimitedError,
    CloudUnreachableError,
    CreatedCode,
    OfflineCodeRequest,
    OutcomeUnknownError,
)
from .codes import CodeBook
from .errors import failure
from .inventory import Inventory
from .ledger import refused
from .model import (
    CodeOrigin,
    CodePlan,
    CodeRecord,
    CodeStatus,
    Device,
    Notice,
    RecordState,
    RemoteCode,
)
from .slots import reserve_variance

_LOGGER = logging.getLogger(__name__)

ATTEMPT_PAUSES: Sequence[float] = (0, 3, 8)
"""Seconds before each attempt of a create; they also give a cloud that is slow the
time to show a code that it has made."""
PIN_PAUSES: Sequence[float] = (2, 3, 5, 10, 20, 20)
"""Seconds before each look for a PIN that Seam assigns late, a minute in all
(reference/seam-api.md §1.1)."""
LONGEST_WAIT = 30.0
"""The longest a call waits because a cloud asked it to slow down, in seconds."""
CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far our clock and the cloud's may differ when a code is recognised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A code that was made, and what must be told beside its window."""

    record: CodeRecord
    notices: tuple[Notice, ...]


class Issuer:
    """The one place codes of an account are made."""

    def __init__(
        self, hass: HomeAssistant, cloud: Cloud, book: CodeBook, inventory: Inventory
    ) -> None:
        """Take what a code needs on its way."""
        self._hass = hass
        self._cloud = cloud
        self._book = book
        self._inventory = inventory
        self._reserving = asyncio.Lock()
        self._under_way: dict[str, asyncio.Task[CodeRecord]] = {}

    def preview(self, device: Device, plan: CodePlan) -> tuple[Notice, ...]:
        """Return the notices of a code without making it. Raises RuleViolation."""
        _, notices = reserve_variance(
            plan,
            self._book.taken(device.device_id),
            self._book.live_count(device.device_id),
        )
        return (*plan.notices, *notices)

    async def async_issue(
        self,
        device: Device,
        plan: CodePlan,
        name: str,
        origin: CodeOrigin = CodeOrigin.ACTION,
    ) -> Issued:
        """Make one offline code on ``device`` and return it.

        Raises RuleViolation when the lock or the window is full,
        LedgerUnwritableError when nothing may be requested, and a CloudError when
        the cloud did not make it. After OutcomeUnknownError the code stays in the
        ledger as ``requested``.
        """
        assert device.code_target_id is not None
        await self._inventory.async_ensure_fresh(device.device_id)
        async with self._reserving:
            # Two calls for one window at the same moment get different variances.
            variance, notices = reserve_variance(
                plan,
                self._book.taken(device.device_id),
                self._book.live_count(device.device_id),
            )
            record = CodeRecord(
                code_id=ulid_now().lower(),
                device_id=device.device_id,
                target_id=device.code_target_id,
                name=name,
                kind=plan.kind,
                window=plan.window,
                requested_at=dt_util.utcnow(),
                first_use_by=plan.first_use_by,
                variance=variance,
                origin=origin,
            )
            await self._book.async_reserve(record)
        # Shielded: whoever called may give up, the code must not be lost.
        record = await asyncio.shield(self._settle_task(record, resumed=False))
        record = await self._async_wait_for_pin(record)
        return Issued(record=record, notices=(*plan.notices, *notices))

    async def async_resume(self) -> None:
        """Finish what is still ``requested``: after a restart, or after trouble."""
        for record in list(self._book.ledger.records.values()):
            if (
                record.state is not RecordState.REQUESTED
                or record.code_id in self._under_way
            ):
                continue
            try:
                await asyncio.shield(self._settle_task(record, resumed=True))
            except CloudError as err:
                _LOGGER.debug("A requested code is not finished: %s", failure(err)[0])

    async def async_drain(self) -> None:
        """Wait until nothing is under way, so that the ledger can be handed over."""
        if self._under_way:
            await asyncio.wait(list(self._under_way.values()))

    def is_under_way(self, code_id: str) -> bool:
        """Return whether a request for the code is being made right now."""
        return code_id in self._under_way

    def _settle_task(
        self, record: CodeRecord, *, resumed: bool
    ) -> asyncio.Task[CodeRecord]:
        task = self._hass.async_create_task(
            self._async_settle(record, resumed=resumed), "igloohome_access code"
        )
        self._under_way[record.code_id] = task
        task.add_done_callback(lambda done: self._done(record.code_id, done))
        return task

    def _done(self, code_id: str, task: asyncio.Task[CodeRecord]) -> None:
        del self._under_way[code_id]
        # Nobody may be waiting any more; the ledger tells what happened.
        if not task.cancelled():
            task.exception()

    async def _async_settle(self, record: CodeRecord, *, resumed: bool) -> CodeRecord:
        """Bring a reserved code to an end: issued, refused, or still unclear."""
        if record.window.ends_at and record.window.ends_at <= dt_util.utcnow():
            return await self._async_give_up(record, "window_passed")
        unclear = resumed
        last: CloudError = OutcomeUnknownError()
        for pause in ATTEMPT_PAUSES:
            await asyncio.sleep(pause)
            if unclear and not self._cloud.repeatable_creates:
                try:
                    found = await self._async_find(record)
                except CloudError as err:
                    last = err
                    continue
                if found is not None:
                    return await self._async_adopt(record, found)
            try:
                created = await self._async_request(record)
            except OutcomeUnknownError as err:
                unclear, last = True, err
            except CloudRateLimitedError as err:
                last = err
                if (err.retry_after or 0) > LONGEST_WAIT:
                    break
                await asyncio.sleep(err.retry_after or 0)
            except CloudUnreachableError as err:
                last = err
            except CloudError as err:
                # A definite refusal frees the reservation. One nobody is waiting
                # for stays visible as failed.
                if resumed:
                    return await self._async_give_up(record, failure(err)[0])
                await self._book.async_remove([record.code_id])
                raise
            else:
                return await self._async_record(record, created)
        if not unclear:
            await self._book.async_remove([record.code_id])
            raise last
        if not self._cloud.repeatable_creates:
            try:
                found = await self._async_find(record)
            except CloudError as err:
                raise OutcomeUnknownError(last.detail) from err
            if found is not None:
                return await self._async_adopt(record, found)
        raise OutcomeUnknownError(last.detail) from last

    async def _async_request(self, record: CodeRecord) -> CreatedCode:
        assert record.variance is not None
        return await self._cloud.async_create_offline_code(
            OfflineCodeRequest(
                target_id=record.target_id,
                name=record.name,
                kind=record.kind,
                window=record.window,
                variance=record.variance,
            )
        )

    async def _async_find(self, record: CodeRecord) -> RemoteCode | None:
        """Return the cloud's code that an unclear request of ours has made.

        It has our name and window, was made after the request and stands for no
        other record (design.md §6).
        """
        remotes = await self._cloud.async_list_codes(record.device_id, managed=True)
        made = [
            remote
            for remote in remotes
            if not self._book.knows_cloud_id(remote.cloud_id)
            and remote.kind.offline
            and remote.name == record.name
            and remote.starts_at == record.window.starts_at
            and remote.ends_at in (record.window.ends_at, None)
            and (
                remote.created_at is None
                or remote.created_at >= record.requested_at - CLOCK_TOLERANCE
            )
        ]
        return min(
            made, key=lambda r: r.created_at or record.requested_at, default=None
        )

    async def _async_adopt(self, record: CodeRecord, found: RemoteCode) -> CodeRecord:
        return await self._async_record(
            record, CreatedCode(cloud_id=found.cloud_id, pin=found.pin)
        )

    async def _async_record(
        self, record: CodeRecord, created: CreatedCode
    ) -> CodeRecord:
        record = replace(
            record,
            state=RecordState.ISSUED,
            cloud_id=created.cloud_id,
            pin=created.pin,
            issued_at=dt_util.utcnow(),
        )
        await self._book.async_update(record)
        return record

    async def _async_give_up(self, record: CodeRecord, reason: str) -> CodeRecord:
        record = refused(record, reason, dt_util.utcnow())
        await self._book.async_update(record)
        return record

    async def _async_wait_for_pin(self, record: CodeRecord) -> CodeRecord:
        """Look for a PIN that is assigned late, for up to a minute."""
        for pause in PIN_PAUSES:
            if record.pin is not None or record.cloud_id is None:
                break
            if self._book.status(record.code_id) is CodeStatus.FAILED:
                break
            await asyncio.sleep(pause)
            try:
                remotes = await self._cloud.async_get_codes((record.cloud_id,))
            except CloudError as err:
                # The code is made; the next poll goes on looking.
                _LOGGER.debug("Looking for a PIN failed: %s", failure(err)[0])
                continue
            await self._book.async_set_remote(remotes)
            record = self._book.ledger.records[record.code_id]
        return record
