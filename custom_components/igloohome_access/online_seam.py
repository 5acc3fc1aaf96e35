"""Online codes on Seam: it programs the lock itself and tells how that goes.

Facts: reference/seam-api.md §9. A code that Seam accepted is made as far as we are
concerned; whether it is on the lock yet, Seam's own life cycle tells. A create is never
repeated blindly: after a lost answer the lock's codes are listed and the one that
matches is adopted. Where we chose the digits, asking again cannot make a second code,
because Seam refuses the same digits on one lock (409). Changes and deletions may be
repeated.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
import logging

from homeassistant.util import dt as dt_util

from .closing import closes_within
from .clouds.base import (
    Cloud,
    CloudError,
    CloudNotFoundError,
    CloudRefusedError,
    DuplicateCodeError,
    OnlineCodeChange,
    OnlineCodeRequest,
    OutcomeUnknownError,
)
from .codes import CodeBook
from .errors import failure
from .issuing import SETTLING
from .lifecycle import is_removing
from .model import CodeRecord, Device, DeviceType, RecordState, RemoteCode
from .online_steps import StepDone, step_window
from .recognition import recognised
from .work import OnlineWork, WorkStep

_LOGGER = logging.getLogger(__name__)

REMOVAL_PAUSES: Sequence[float] = (2, 3, 5, 10, 10)
"""Seconds before each look whether a code is off its lock, half a minute in all; a
bridge takes some ten seconds."""


class SeamCodes:
    """Carries out steps by telling Seam what a code shall be like."""

    def __init__(
        self, cloud: Cloud, book: CodeBook, devices: Callable[[], Mapping[str, Device]]
    ) -> None:
        """Take what a step needs; ``devices`` returns those that are listed now."""
        self._cloud = cloud
        self._book = book
        self._devices = devices

    async def async_do(
        self, record: CodeRecord, closing: asyncio.Event
    ) -> StepDone | None:
        """Carry out the step of a record; None while Seam is still at it.

        Raises CloudError: OutcomeUnknownError where it may have been carried out.
        """
        work = record.work
        assert work is not None
        if work.step is WorkStep.ADD:
            return await self._async_add(record, work)
        assert record.cloud_id is not None
        if work.step is WorkStep.CHANGE:
            return await self._async_change(record, work, record.cloud_id)
        return await self._async_delete(record, work, record.cloud_id, closing)

    async def async_add_shared(self, records: Sequence[CodeRecord]) -> None:
        """Put one code onto several locks at once, onto all of them or none.

        The records differ in nothing but the lock. Those that were made are issued
        afterwards, and how it stands with them is known. Raises CloudError;
        OutcomeUnknownError also where the answer lacks a lock.
        """
        first = records[0]
        remotes = await self._cloud.async_create_shared_codes(
            [record.target_id for record in records], self._request(first)
        )
        by_target = {remote.device_id: remote for remote in remotes}
        for record in records:
            if (remote := by_target.pop(record.target_id, None)) is not None:
                await self._async_adopt(record, remote)
        if by_target:
            raise OutcomeUnknownError("The answer is about other locks")

    async def _async_add(self, record: CodeRecord, work: OnlineWork) -> StepDone | None:
        """Make a code, unless an earlier request turns out to have made it."""
        if record.state is RecordState.ISSUED:
            if record.vanished_at is not None:
                return StepDone()
            assert record.cloud_id is not None
            return await self._async_read_back(record.cloud_id)
        if work.unclear:
            if await self._async_found(record):
                return StepDone()
            if record.pin is None:
                # Nothing would keep Seam from making a second one.
                if not _has_settled(_asked(record)):
                    raise OutcomeUnknownError
                work = replace(work, asked_at=dt_util.utcnow())
                record = replace(record, work=work)
                await self._book.async_update(record)
        try:
            started = await self._cloud.async_create_online_code(self._request(record))
        except DuplicateCodeError as err:
            if not work.unclear:
                raise
            # Ours that was not listed a moment ago, or somebody else's.
            if await self._async_found(record):
                return StepDone()
            raise OutcomeUnknownError(err.detail) from err
        assert started.cloud_id is not None
        await self._book.async_update(
            replace(
                record,
                state=RecordState.ISSUED,
                cloud_id=started.cloud_id,
                pin=started.pin or record.pin,
                issued_at=dt_util.utcnow(),
            )
        )
        return await self._async_read_back(started.cloud_id)

    def _request(self, record: CodeRecord) -> OnlineCodeRequest:
        """Return what Seam is asked for, with its defaults but for the backup pool."""
        device = _listed(self._devices(), record)
        window = record.window
        return OnlineCodeRequest(
            device=device,
            name=record.name,
            pin=record.pin,
            # Without an end a code works at once (§9).
            starts_at=None if window.ends_at is None else window.starts_at,
            ends_at=window.ends_at,
            time_zone=window.time_zone,
            # Only where somebody has switched it on, and only with a window (§9).
            use_backup_pool=device.backup_pool is True and window.ends_at is not None,
        )

    async def _async_found(self, record: CodeRecord) -> bool:
        """Look for the code of a request whose answer got lost, and adopt it."""
        try:
            remotes = await self._cloud.async_list_codes(record.target_id, managed=True)
        except CloudError as err:
            if isinstance(err, CloudNotFoundError) and _has_settled(
                record.requested_at
            ):
                raise  # the lock has left the account, and the code with it
            raise OutcomeUnknownError(err.detail) from err
        found = recognised(record, remotes, self._book.knows_cloud_id)
        if found is not None:
            await self._async_adopt(record, found)
        return found is not None

    async def _async_adopt(self, record: CodeRecord, remote: RemoteCode) -> None:
        await self._book.async_update(
            replace(
                record,
                state=RecordState.ISSUED,
                cloud_id=remote.cloud_id,
                pin=remote.pin or record.pin,
                issued_at=dt_util.utcnow(),
                work=None,
            )
        )
        await self._book.async_set_remote((remote,))

    async def _async_read_back(self, cloud_id: str) -> StepDone | None:
        """Read how it stands with a code; None where that cannot be known yet."""
        try:
            remotes = await self._cloud.async_get_codes((cloud_id,))
        except CloudError as err:
            _LOGGER.debug("Reading a code back failed: %s", failure(err)[0])
            return None  # the polls go on looking
        await self._book.async_set_remote(remotes)
        return StepDone() if remotes else None

    async def _async_change(
        self, record: CodeRecord, work: OnlineWork, cloud_id: str
    ) -> StepDone:
        """Change what differs. Saying the same again does no harm."""
        window, old = step_window(record, work), record.window
        moved = window != old
        bounded = old.ends_at is None and window.ends_at is not None
        starts_at = ends_at = None
        if moved:
            ends_at = window.ends_at
            if bounded or window.starts_at != old.starts_at:
                starts_at = max(window.starts_at, _whole_second(dt_util.utcnow()))
        try:
            await self._cloud.async_update_online_code(
                cloud_id,
                OnlineCodeChange(
                    name=None if work.name == record.name else work.name,
                    pin=None if work.pin == record.pin else work.pin,
                    starts_at=starts_at,
                    ends_at=ends_at,
                    time_zone=window.time_zone,
                ),
            )
        except CloudNotFoundError as err:
            raise CloudRefusedError(err.detail, "code_gone") from err
        if await self._async_read_back(cloud_id) is None:
            await self._async_patch(record, work)
        return StepDone(starts_at=starts_at)

    async def _async_patch(self, record: CodeRecord, work: OnlineWork) -> None:
        """Show what Seam has accepted although it could not be read back."""
        code = self._book.get(record.code_id)
        remote = None if code is None else code.remote
        if remote is None:
            return
        window = step_window(record, work)
        bounded = window.ends_at is not None
        patched = replace(
            remote,
            name=work.name,
            pin=work.pin or remote.pin,
            starts_at=window.starts_at if bounded else None,
            ends_at=window.ends_at,
        )
        await self._book.async_set_remote((patched,))

    async def _async_delete(
        self,
        record: CodeRecord,
        work: OnlineWork,
        cloud_id: str,
        closing: asyncio.Event,
    ) -> StepDone | None:
        """Delete a code and see for a while whether it is gone."""
        if not work.unclear or not await self._async_is_going(cloud_id):
            try:
                await self._cloud.async_delete_online_code(
                    _listed(self._devices(), record), cloud_id=cloud_id, pin=None
                )
            except CloudNotFoundError:
                return StepDone()
        for pause in REMOVAL_PAUSES:
            if await closes_within(closing, pause):
                break
            try:
                remotes = await self._cloud.async_get_codes((cloud_id,))
            except CloudError as err:
                _LOGGER.debug("Looking for a deletion failed: %s", failure(err)[0])
                continue
            if not remotes:
                return StepDone()
            await self._book.async_set_remote(remotes)
        return None

    async def _async_is_going(self, cloud_id: str) -> bool:
        """Return whether a code is on its way off its lock, or gone."""
        try:
            remotes = await self._cloud.async_get_codes((cloud_id,))
        except CloudError as err:
            raise OutcomeUnknownError(err.detail) from err
        return all(is_removing(remote) for remote in remotes)


def _listed(devices: Mapping[str, Device], record: CodeRecord) -> Device:
    """Return the lock of a code, by its ids where it is not listed any more."""
    return devices.get(record.device_id) or Device(
        device_id=record.device_id,
        type=DeviceType.OTHER,
        name="",
        code_target_id=record.target_id,
    )


def _asked(record: CodeRecord) -> datetime:
    """Return when a code was asked for last."""
    asked_at = None if record.work is None else record.work.asked_at
    return asked_at or record.requested_at


def _has_settled(asked_at: datetime) -> bool:
    """Return whether what was asked for then must have come to its end.

    A clock that was set back must not keep anybody waiting for ever.
    """
    return not timedelta() <= dt_util.utcnow() - asked_at < SETTLING


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
