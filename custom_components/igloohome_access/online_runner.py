"""Carries out the steps of online codes, one after another, and finishes what is left.

A step that is on disk is carried out until it is done or definitely refused. What is
neither stays in the ledger with its step and is taken up again: a little later, then
ever more rarely, and after a restart.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
import logging
from typing import Protocol

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .closing import closes_within
from .clouds.base import (
    BridgeBusyError,
    BridgeOfflineError,
    CloudError,
    CloudNotFoundError,
    CloudRateLimitedError,
    CloudRefusedError,
    CloudUnreachableError,
    DuplicateCodeError,
    OutcomeUnknownError,
)
from .codes import CodeBook
from .errors import failure, not_loaded, unforeseen_end
from .issuing import LONGEST_WAIT
from .ledger import refused
from .model import CodeRecord, RecordState
from .online_steps import (
    ChangeUnfinishedError,
    JobExpiredError,
    JobFailedError,
    StepDone,
    StoppedError,
    finished,
    step_unknown,
    step_window,
    undone,
)
from .rules import RuleViolation
from .work import OnlineWork, WorkStep

_LOGGER = logging.getLogger(__name__)

ATTEMPT_PAUSES: Sequence[float] = (0, 3, 10)
"""Seconds before each attempt of a step while somebody waits for it; the last is as
long as a bridge usually needs for a job whose answer got lost."""
RETRY_AFTER = 55.0
"""Seconds until what could not be finished is tried again by itself; the pause doubles
with each failure."""
LONGEST_RETRY_AFTER = 3600.0


class Steps(Protocol):
    """How a cloud carries out the steps of online codes."""

    async def async_do(
        self, record: CodeRecord, closing: asyncio.Event
    ) -> StepDone | None:
        """Carry out the step of a record; None while the cloud is still at it.

        Raises CloudError: OutcomeUnknownError where it may have been carried out.
        """


class OnlineRunner:
    """What is under way with the online codes of an account."""

    def __init__(self, hass: HomeAssistant, book: CodeBook, steps: Steps) -> None:
        """Nothing is under way."""
        self._hass = hass
        self._book = book
        self._steps = steps
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._retry: dict[str, tuple[float, float]] = {}
        self._claimed: set[str] = set()
        self._listeners: list[Callable[[str], None]] = []
        self.closing = asyncio.Event()

    def is_under_way(self, code_id: str) -> bool:
        """Return whether something is being done with a code right now."""
        return code_id in self._tasks or code_id in self._claimed

    @callback
    def async_listen(self, listener: Callable[[str], None]) -> CALLBACK_TYPE:
        """Call ``listener`` with a code when something with it has ended."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def claim(self, code_id: str) -> None:
        """Keep everybody else from beginning with a code, before it is written down."""
        self._claimed.add(code_id)

    @callback
    def release(self, code_id: str) -> None:
        """Take a claim back."""
        self._claimed.discard(code_id)

    @callback
    def begin(
        self, code_id: str, *, after: asyncio.Task[bool] | None = None
    ) -> asyncio.Task[None]:
        """Begin to carry out the steps of a code, whose first one is on disk.

        The task ends when nothing is left to do, or the cloud goes on by itself. It
        raises CloudError, RuleViolation or HomeAssistantError; to be waited for, not
        to be awaited: it has to go on although who called gives up. It begins when
        ``after`` has ended.
        """
        return self._begin(code_id, resumed=False, after=after)

    async def async_resume(self, *, at_once: bool = False) -> None:
        """Finish what is left: after a restart, or after trouble.

        With ``at_once`` also what failed a moment ago and would be left to rest.
        """
        now = self._hass.loop.time()
        if at_once:
            self._retry.clear()
        tasks = [
            self._begin(record.code_id, resumed=True)
            for record in list(self._book.ledger.records.values())
            if record.work is not None
            and not self.is_under_way(record.code_id)
            and self._retry.get(record.code_id, (now, 0))[0] <= now
            and not self.closing.is_set()
        ]
        if tasks:
            await asyncio.wait(tasks)

    async def async_drain(self) -> None:
        """Let nothing new begin and wait until nothing is under way.

        Nobody waits for the end of a job any more: it is looked for later. So this
        takes as long as one request at most.
        """
        self.closing.set()
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    def _begin(
        self,
        code_id: str,
        *,
        resumed: bool,
        after: asyncio.Task[bool] | None = None,
    ) -> asyncio.Task[None]:
        task = self._hass.async_create_task(
            self._async_run(code_id, resumed=resumed, after=after),
            "igloohome_access online code",
        )
        self._tasks[code_id] = task
        task.add_done_callback(lambda done: self._done(code_id, done))
        return task

    def _done(self, code_id: str, task: asyncio.Task[None]) -> None:
        del self._tasks[code_id]
        # Nobody may be waiting any more; the ledger tells what happened.
        if (what := unforeseen_end(task)) is not None:
            _LOGGER.error("An online code went wrong unexpectedly: %s", what)
        for listener in list(self._listeners):
            listener(code_id)

    async def _async_run(
        self, code_id: str, *, resumed: bool, after: asyncio.Task[bool] | None
    ) -> None:
        if after is not None:
            await asyncio.wait([after])
        while (found := self._current(code_id)) is not None:
            if not await self._async_step(*found, resumed=resumed):
                return
        self._retry.pop(code_id, None)

    def _current(self, code_id: str) -> tuple[CodeRecord, OnlineWork] | None:
        """Return a record as it is now with its step, None if nothing is to be done."""
        record = self._book.ledger.records.get(code_id)
        if record is None or record.work is None:
            return None
        return record, record.work

    async def _async_step(
        self, record: CodeRecord, work: OnlineWork, *, resumed: bool
    ) -> bool:
        """Carry out one step; return whether to look for the next one."""
        code_id, now = record.code_id, dt_util.utcnow()
        end = step_window(record, work).ends_at
        if work.step.adds and end is not None and end <= now:
            return await self._async_too_late(record, work, resumed=resumed)
        lost = resumed and work.asked_at is not None and work.job_id is None
        asked_at = work.asked_at or now
        unclear = work.unclear or lost
        await self._async_note(
            code_id, lambda work: replace(work, unclear=unclear, asked_at=asked_at)
        )
        last: CloudError | None = None
        wait = 0.0
        # Resuming is repeated by itself, so one attempt will do.
        for pause in (0,) if resumed else ATTEMPT_PAUSES:
            if await closes_within(self.closing, max(pause, wait)):
                break
            if (found := self._current(code_id)) is None:
                return True  # it turned out to be done
            record, work = found
            wait = 0.0
            try:
                done = await self._steps.async_do(record, self.closing)
            except StoppedError:
                break
            except CloudError as err:
                last = err
                if isinstance(err, CloudRateLimitedError):
                    wait = err.retry_after or 0
                await self._async_note(code_id, partial(_after, err))
                if wait > LONGEST_WAIT or not _may_help(err, work):
                    break
            else:
                return await self._async_done(code_id, done)
        return await self._async_failed(code_id, last, resumed=resumed)

    async def _async_done(self, code_id: str, done: StepDone | None) -> bool:
        """Record a step that was carried out, or that the cloud is still at."""
        if done is None:
            # What was asked for has arrived.
            await self._async_note(code_id, lambda work: replace(work, unclear=False))
            return False
        if (found := self._current(code_id)) is not None:
            now = dt_util.utcnow()
            record = finished(found[0], done, now)
            if record.work is not None:
                # The next step is asked for at once.
                record = replace(record, work=replace(record.work, asked_at=now))
            await self._book.async_update(record)
        return True

    async def async_doubt(self, code_ids: Iterable[str]) -> None:
        """Note of codes that their step may have been carried out."""
        for code_id in code_ids:
            await self._async_note(code_id, lambda work: replace(work, unclear=True))

    async def _async_note(
        self, code_id: str, change: Callable[[OnlineWork], OnlineWork]
    ) -> None:
        """Keep what is known of a step, on disk."""
        if (found := self._current(code_id)) is not None:
            record, work = found
            if (changed := change(work)) != work:
                await self._book.async_update(replace(record, work=changed))

    async def _async_too_late(
        self, record: CodeRecord, work: OnlineWork, *, resumed: bool
    ) -> bool:
        """Deal with digits that would be over before they are on the lock."""
        if work.step is WorkStep.ADD_NEW:
            await self._book.async_update(replace(record, work=None))
        elif record.state is RecordState.ISSUED:
            return await self._async_done(record.code_id, StepDone())
        elif resumed:
            failed = refused(record, "window_passed", dt_util.utcnow())
            await self._book.async_update(replace(failed, work=None))
        else:
            await self._book.async_remove([record.code_id])
        raise RuleViolation("window_passed")

    async def _async_failed(
        self, code_id: str, err: CloudError | None, *, resumed: bool
    ) -> bool:
        """Deal with a step that no attempt carried out."""
        if (found := self._current(code_id)) is None:
            return True
        record, work = found
        if work.unclear or work.job_id is not None:
            final = err is not None and _is_final(err, resumed=resumed)
            if not final:
                self._retry_later(code_id)
                if work.step is WorkStep.REMOVE_OLD:
                    return False
                raise step_unknown(work, "" if err is None else err.detail) from err
        if _proves_gone(work, err):
            return await self._async_done(code_id, StepDone())
        if work.step is WorkStep.ADD and err is not None:
            by_job = isinstance(err, JobFailedError | JobExpiredError)
            if resumed or by_job:
                key = failure(err)[0]
                failed = refused(record, key, dt_util.utcnow(), err.detail)
                await self._book.async_update(replace(failed, work=None))
                raise err
        left = undone(record)
        if left is None:
            await self._book.async_remove([code_id])
        else:
            await self._book.async_update(left)
            if left.work is not None:
                self._retry_later(code_id)
                if work.step is WorkStep.REMOVE_OLD:
                    return False
                raise ChangeUnfinishedError("" if err is None else err.detail) from err
        if err is None:
            # Unloaded before anything was asked.
            raise not_loaded(self._hass, self._book.ledger.account_id)
        raise err

    def _retry_later(self, code_id: str) -> None:
        delay = self._retry.get(code_id, (0, RETRY_AFTER))[1]
        self._retry[code_id] = (
            self._hass.loop.time() + delay,
            min(2 * delay, LONGEST_RETRY_AFTER),
        )


def _after(err: CloudError, work: OnlineWork) -> OnlineWork:
    """Return what a failed attempt tells of its request and job."""
    if isinstance(err, OutcomeUnknownError):
        # A job that is known will be looked at again, so nothing was lost.
        return replace(work, unclear=work.unclear or work.job_id is None)
    if isinstance(err, JobFailedError | JobExpiredError):
        return replace(work, job_id=None)
    return work


def _may_help(err: CloudError, work: OnlineWork) -> bool:
    """Return whether a further attempt within the same call may help."""
    if isinstance(err, DuplicateCodeError):
        # A job with these digits waits: ours, if the answer about it was lost.
        return work.unclear
    return work.step is WorkStep.ADD_AGAIN or isinstance(
        err,
        OutcomeUnknownError
        | CloudRateLimitedError
        | CloudUnreachableError
        | BridgeBusyError,
    )


def _is_final(err: CloudError, *, resumed: bool) -> bool:
    """Return whether a refusal also tells of an earlier request whose answer was lost.

    A lock or a code that is not there any more does. Otherwise the cloud has to have
    looked at the request itself, and the earlier one to have come to its end.
    """
    if isinstance(err, CloudNotFoundError):
        return True
    return (
        resumed
        and isinstance(err, CloudRefusedError)
        and not isinstance(
            err,
            BridgeOfflineError | BridgeBusyError | DuplicateCodeError | JobExpiredError,
        )
    )


def _proves_gone(work: OnlineWork, err: CloudError | None) -> bool:
    """Return whether an error says that what was to be taken off is not there.

    Old digits that the lock does not want to delete are ones it does not have.
    """
    if work.step is WorkStep.REMOVE_OLD:
        return isinstance(err, CloudNotFoundError | JobFailedError)
    return work.step is WorkStep.DELETE and isinstance(err, CloudNotFoundError)
