"""Making a code exactly once: check, reserve, request, record, answer.

The reservation is on disk before the request leaves (design.md §6). igloohome
computes a PIN from lock, kind, window and variance, so an unclear request is simply
repeated. Seam would make a second code, so after an unclear request the lock's
codes are listed and the one that matches is adopted; only if two looks with a pause
between them find none is it asked again. What stays unclear stays in the ledger as
``requested`` and is taken up again a little later, or after a restart.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
import logging

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from .closing import closes_within
from .clouds.base import (
    Cloud,
    CloudAuthError,
    CloudError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudRateLimitedError,
    CloudUnreachableError,
    CreatedCode,
    OfflineCodeRequest,
    OutcomeUnknownError,
)
from .codes import CodeBook
from .errors import failure, not_loaded, unforeseen_end
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
)
from .recognition import recognised
from .rules import RuleViolation
from .slots import reserve_variance

_LOGGER = logging.getLogger(__name__)

ATTEMPT_PAUSES: Sequence[float] = (0, 3, 8)
"""Seconds before each attempt of a create; they also give a cloud that is slow the
time to show a code that it has made."""
PIN_PAUSES: Sequence[float] = (2, 3, 5, 10, 20, 20)
"""Seconds before each look for a PIN that Seam assigns late, a minute in all
(reference/seam-api.md §1.1)."""
REQUESTS_AT_A_TIME = 8
"""How many codes an account asks its cloud for at once: an action can want hundreds."""
LONGEST_WAIT = 30.0
"""The longest a call waits because a cloud asked it to slow down, in seconds."""
SETTLING = timedelta(minutes=1)
"""How long a request may still be under way at a cloud after we lost sight of it.
Until then it is looked for but not made again, unless a call waits for it."""


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
        self._resuming = asyncio.Lock()
        self._closing = asyncio.Event()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._places = asyncio.Semaphore(REQUESTS_AT_A_TIME)
        self._under_way: set[str] = set()
        self._asked_at: dict[str, float] = {}
        self._tasks: set[asyncio.Task[CodeRecord]] = set()
        self._listeners: list[Callable[[str], None]] = []

    def preview(self, device: Device, plan: CodePlan) -> tuple[Notice, ...]:
        """Return the notices of a code without making it. Raises RuleViolation."""
        return (*plan.notices, *self._free_variance(device, plan)[1])

    async def async_issue(
        self,
        device: Device,
        plan: CodePlan,
        name: str,
        origin: CodeOrigin = CodeOrigin.ACTION,
        *,
        booking: str | None = None,
    ) -> Issued:
        """Make one offline code on ``device`` and return it.

        ``booking`` is the tag of the stay it is for; it is on the disk with the code.

        Raises RuleViolation when the lock or the window is full or has passed,
        LedgerUnwritableError when nothing may be requested, HomeAssistantError when
        the account is being unloaded, and a CloudError when the cloud did not make
        it. After OutcomeUnknownError the code stays in the ledger as ``requested``.

        Who gives up before the request left gets nothing; who gives up later finds
        the code in the ledger.
        """
        assert device.code_target_id is not None
        await self._inventory.async_ensure_fresh(device.device_id)
        async with self._reserving:
            if self._closing.is_set():
                raise not_loaded(self._hass, self._book.ledger.account_id)
            # Two calls for one window at the same moment get different variances.
            variance, notices = self._free_variance(device, plan)
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
                booking=booking,
            )
            self._under_way.add(record.code_id)
            try:
                await self._book.async_reserve(record)
            except BaseException:
                self._under_way.discard(record.code_id)
                raise
            task = self._settle_task(record, resumed=False)
        # Not awaited itself: who called may give up, the code must not be lost.
        await asyncio.wait([task])
        record = await self._async_wait_for_pin(task.result())
        return Issued(record=record, notices=(*plan.notices, *notices))

    async def async_resume(self) -> None:
        """Finish what is still ``requested``: after a restart, or after trouble."""
        async with self._resuming:
            for code_id in list(self._book.ledger.records):
                # Looked up now: it may have been finished while others were.
                record = self._book.ledger.records.get(code_id)
                if (
                    record is None
                    or record.state is not RecordState.REQUESTED
                    or not record.kind.offline
                    or code_id in self._under_way
                    or self._closing.is_set()
                ):
                    continue
                self._under_way.add(code_id)
                await asyncio.wait([self._settle_task(record, resumed=True)])

    async def async_drain(self) -> None:
        """Let nothing new begin and wait until nothing is under way.

        Then the ledger can be handed over. What is under way makes no further
        attempt, so this takes as long as one request at most.
        """
        self._closing.set()
        async with self._reserving:
            pass  # a reservation that was being written is under way now
        while self._tasks:
            await asyncio.wait(self._tasks)

    def is_under_way(self, code_id: str) -> bool:
        """Return whether a request for the code is being made right now."""
        return code_id in self._under_way

    @callback
    def async_listen(self, listener: Callable[[str], None]) -> CALLBACK_TYPE:
        """Call ``listener`` with the code whose request has ended, good or bad."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _free_variance(
        self, device: Device, plan: CodePlan
    ) -> tuple[int, tuple[Notice, ...]]:
        return reserve_variance(
            plan,
            self._book.taken(device.device_id),
            self._book.live_count(device.device_id),
        )

    # One request and its outcome

    def _settle_task(
        self, record: CodeRecord, *, resumed: bool
    ) -> asyncio.Task[CodeRecord]:
        task = self._hass.async_create_task(
            self._async_settle(record, resumed=resumed), "igloohome_access code"
        )
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._done(record.code_id, done))
        return task

    def _done(self, code_id: str, task: asyncio.Task[CodeRecord]) -> None:
        self._tasks.discard(task)
        self._under_way.discard(code_id)
        record = self._book.ledger.records.get(code_id)
        if record is None or record.state is not RecordState.REQUESTED:
            self._asked_at.pop(code_id, None)
        # Nobody may be waiting any more; the ledger tells what happened.
        if (what := unforeseen_end(task)) is not None:
            _LOGGER.error("Making a code went wrong unexpectedly: %s", what)
        for listener in list(self._listeners):
            listener(code_id)

    async def _async_settle(self, record: CodeRecord, *, resumed: bool) -> CodeRecord:
        """Bring a reserved code to an end: issued, refused, or still unclear."""
        if record.window.ends_at and record.window.ends_at <= dt_util.utcnow():
            if resumed:
                return await self._async_give_up(record, "window_passed")
            await self._book.async_remove([record.code_id])
            raise RuleViolation("window_passed")
        # Whether an earlier request may have made it, and how often it was then
        # looked for in vain.
        unclear, looks = resumed, 0
        last: CloudError = OutcomeUnknownError()
        wait = 0.0
        # Resuming is repeated by itself, so one attempt will do.
        for pause in (0,) if resumed else ATTEMPT_PAUSES:
            if await closes_within(self._closing, max(pause, wait)):
                break
            look = unclear and not self._cloud.repeatable_creates
            ask = not look or (self._has_settled(record) if resumed else looks > 0)
            looks += look
            wait = 0.0
            try:
                settled = await self._async_attempt(record, look=look, ask=ask)
            except OutcomeUnknownError as err:
                # Asked again, or could not be looked for: look twice once more.
                unclear, looks, last = True, 0, err
            except CloudRateLimitedError as err:
                last, wait = err, err.retry_after or 0
                if wait > LONGEST_WAIT:
                    break
            except CloudUnreachableError as err:
                last = err
            except CloudError as err:
                return await self._async_refused(record, err, unclear, resumed)
            else:
                if settled is not None:
                    return settled
        if not unclear:
            await self._book.async_remove([record.code_id])
            if isinstance(last, OutcomeUnknownError):
                # Unloaded before anything was asked.
                raise not_loaded(self._hass, self._book.ledger.account_id)
            raise last
        if not resumed and not self._cloud.repeatable_creates:
            # One more look, so that the answer is the code if it can be.
            await closes_within(self._closing, ATTEMPT_PAUSES[1])
            try:
                found = await self._async_attempt(record, look=True, ask=False)
            except OutcomeUnknownError as err:
                raise OutcomeUnknownError(last.detail) from err
            if found is not None:
                return found
        raise OutcomeUnknownError(last.detail) from last

    async def _async_attempt(
        self, record: CodeRecord, *, look: bool, ask: bool
    ) -> CodeRecord | None:
        """Look for the code, ask for it, or one after the other.

        Returns None if it was not found and not asked for. A look that fails raises
        OutcomeUnknownError, but CloudNotFoundError where it was to be asked for and
        its lock is not there any more.

        Where it matters, one lock is asked one thing at a time: a look must not find
        the code of a twin whose answer is still on its way.
        """
        alone = not self._cloud.repeatable_creates
        turn = self._turns[record.target_id] if alone else nullcontext()
        async with turn, self._places:
            if self._closing.is_set():
                return None
            if look:
                try:
                    remotes = await self._cloud.async_list_codes(
                        record.target_id, managed=True
                    )
                except CloudError as err:
                    if ask and isinstance(err, CloudNotFoundError):
                        raise  # the lock has left the account, and the code with it
                    raise OutcomeUnknownError(err.detail) from err
                found = recognised(record, remotes, self._book.knows_cloud_id)
                if found is not None:
                    await self._async_record(
                        record, CreatedCode(cloud_id=found.cloud_id, pin=found.pin)
                    )
                    await self._book.async_set_remote((found,))
                    return self._current(record)
            if not ask:
                return None
            assert record.variance is not None
            self._asked_at[record.code_id] = self._hass.loop.time()
            created = await self._cloud.async_create_offline_code(
                OfflineCodeRequest(
                    target_id=record.target_id,
                    name=record.name,
                    kind=record.kind,
                    window=record.window,
                    variance=record.variance,
                )
            )
            return await self._async_record(record, created)

    async def _async_refused(
        self, record: CodeRecord, err: CloudError, unclear: bool, resumed: bool
    ) -> CodeRecord:
        """Deal with an answer that is not going to change by asking again at once."""
        if not unclear:
            await self._book.async_remove([record.code_id])
            raise err
        # That this attempt was refused says nothing about the one before. The
        # credentials can be put right; and a lock that is full may be so by the
        # very code that is not listed yet.
        if isinstance(err, CloudAuthError | CloudPermissionError) or not (
            resumed or self._cloud.repeatable_creates
        ):
            raise OutcomeUnknownError(err.detail) from err
        # igloohome: nobody has the PIN and nobody will get it. Seam: it was not made.
        await self._async_give_up(record, failure(err)[0], err.detail)
        raise err

    async def _async_record(
        self, record: CodeRecord, created: CreatedCode
    ) -> CodeRecord:
        await self._book.async_update(
            replace(
                self._current(record),
                state=RecordState.ISSUED,
                cloud_id=created.cloud_id,
                pin=created.pin,
                issued_at=dt_util.utcnow(),
            )
        )
        return self._current(record)

    async def _async_give_up(
        self, record: CodeRecord, reason: str, detail: str = ""
    ) -> CodeRecord:
        now = dt_util.utcnow()
        record = refused(self._current(record), reason, now, detail)
        await self._book.async_update(record)
        return record

    def _has_settled(self, record: CodeRecord) -> bool:
        """Return whether the last request for a code must have come to its end."""
        if (asked_at := self._asked_at.get(record.code_id)) is not None:
            return self._hass.loop.time() - asked_at >= SETTLING.total_seconds()
        # Before a restart. A clock set back must not keep it waiting for ever.
        return not timedelta() <= dt_util.utcnow() - record.requested_at < SETTLING

    def _current(self, record: CodeRecord) -> CodeRecord:
        """Return the record as it is now: something else may have been learned."""
        return self._book.ledger.records.get(record.code_id, record)

    async def _async_wait_for_pin(self, record: CodeRecord) -> CodeRecord:
        """Look for a PIN that is assigned late, for up to a minute."""
        for pause in PIN_PAUSES:
            if (
                record.pin is not None
                or record.cloud_id is None
                or self._book.status(record.code_id) is CodeStatus.FAILED
                or await closes_within(self._closing, pause)
            ):
                break
            try:
                remotes = await self._cloud.async_get_codes((record.cloud_id,))
            except CloudError as err:
                # The code is made; the next poll goes on looking.
                _LOGGER.debug("Looking for a PIN failed: %s", failure(err)[0])
                continue
            await self._book.async_set_remote(remotes)
            record = self._current(record)
        return record
