"""Online codes on igloohome: each step is a job of the lock's bridge.

Facts: reference/igloohome-api.md §4. Nothing lists the codes on a lock, so a lost
answer cannot be looked up; but a lock has the same digits at most once, so the same
step may be asked for again without ever making a second code:

* "Existing job with the same PIN" means that the lost request did arrive and waits.
  Nothing is known yet; the step is asked for again later.
* A lock that says no to a repeated step has most likely done it before: the digits are
  there already, or gone already. It is taken as done. (That the lock was full, and the
  answer about it lost as well, would look the same; so much bad luck is accepted.)
* A lock that says no to a step asked for once has not done it.
* A job that expired never got to the lock.

A job whose id is known is never asked for again but looked at, also after a restart.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from homeassistant.util import dt as dt_util

from .bridge_contact import BridgeContact
from .bridge_queue import BridgeQueues, JobKind, QueueFullError, QueueStoppedError
from .closing import closes_within
from .clouds.base import (
    BridgeBusyError,
    Cloud,
    CloudError,
    CloudNotFoundError,
    CloudRateLimitedError,
    CloudRefusedError,
    CloudUnreachableError,
    Job,
    JobState,
    OnlineCodeRequest,
    OutcomeUnknownError,
)
from .codes import CodeBook
from .model import CodeRecord, Device
from .online_steps import (
    JobExpiredError,
    JobFailedError,
    StepDone,
    StoppedError,
    step_pin,
    step_window,
)
from .work import OnlineWork

POLL_SECONDS = 2.0
"""As often as clients of the cloud look (§4.2)."""
LONGEST_JOB = timedelta(seconds=135)
"""How long a job may be under way. It expires after 120 seconds (§4.2)."""


class BridgeCodes:
    """Carries out steps through bridges, one job after another for each of them."""

    def __init__(
        self,
        cloud: Cloud,
        book: CodeBook,
        queues: BridgeQueues,
        contact: BridgeContact,
        devices: Callable[[], Mapping[str, Device]],
    ) -> None:
        """Take what a job needs; ``devices`` returns those that are listed now."""
        self._cloud = cloud
        self._book = book
        self._queues = queues
        self._contact = contact
        self._devices = devices

    async def async_do(
        self, record: CodeRecord, closing: asyncio.Event
    ) -> StepDone | None:
        """Carry out the step of a record and wait for its end.

        Raises CloudError: OutcomeUnknownError where it may have been carried out, also
        when ``closing`` ends the waiting.
        """
        device = self._devices().get(record.device_id)
        if device is None:
            raise CloudNotFoundError
        bridge_id = device.code_bridge_id
        if bridge_id is None:
            raise CloudRefusedError("The lock has no bridge", "no_bridge")
        try:
            return await self._queues.async_run(
                bridge_id,
                device.device_id,
                JobKind.CODE,
                lambda: self._async_job(record.code_id, device, bridge_id, closing),
            )
        except QueueFullError as err:
            raise BridgeBusyError("", "too_many_jobs") from err
        except QueueStoppedError as err:
            raise (OutcomeUnknownError if err.started else StoppedError) from err

    async def _async_job(
        self, code_id: str, device: Device, bridge_id: str, closing: asyncio.Event
    ) -> StepDone:
        """Ask for the job, unless that was done, and wait for its end."""
        record, work = self._current(code_id)
        if work.job_id is None:
            try:
                job = await self._async_ask(record, work, device)
            except CloudError as err:
                self._contact.async_note_error(bridge_id, err)
                raise
        else:
            job = Job(job_id=work.job_id, state=JobState.PENDING)
        job = await self._async_end_of(job, code_id, closing)
        self._contact.async_note_job(bridge_id, job)
        _, work = self._current(code_id)
        if job.state is JobState.EXPIRED:
            raise JobExpiredError(job.detail, "job_expired")
        if job.state is JobState.FAILED and not work.unclear:
            raise JobFailedError(job.detail, "job_failed")
        return StepDone(starts_at=work.starts_at if work.step.adds else None)

    async def _async_ask(
        self, record: CodeRecord, work: OnlineWork, device: Device
    ) -> Job:
        """Give the bridge the job and keep its id."""
        pin = step_pin(record, work)
        starts_at = work.starts_at
        if work.step.adds:
            window = step_window(record, work)
            started = await self._cloud.async_create_online_code(
                OnlineCodeRequest(
                    device=device,
                    name=work.name or record.name,
                    pin=pin,
                    starts_at=window.starts_at,
                    ends_at=window.ends_at,
                    time_zone=window.time_zone,
                    one_time=record.one_time,
                )
            )
            job, starts_at = started.job, started.starts_at
        else:
            job = await self._cloud.async_delete_online_code(
                device, cloud_id=None, pin=pin
            )
        assert job is not None  # igloohome always names one
        _, work = self._current(record.code_id)
        work = replace(
            work, job_id=job.job_id, starts_at=starts_at, asked_at=dt_util.utcnow()
        )
        await self._async_note(record.code_id, work)
        return job

    async def _async_end_of(
        self, job: Job, code_id: str, closing: asyncio.Event
    ) -> Job:
        """Look at a job until it has ended."""
        _, work = self._current(code_id)
        now = dt_util.utcnow()
        # A clock that was set back must not make it longer than it can be.
        gone_by = max(now - (work.asked_at or now), timedelta())
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (LONGEST_JOB - gone_by).total_seconds()
        while True:
            pause, seen = POLL_SECONDS, True
            try:
                job = await self._cloud.async_get_job(job)
            except CloudNotFoundError as err:
                _, work = self._current(code_id)
                work = replace(work, job_id=None, unclear=True)
                await self._async_note(code_id, work)
                raise OutcomeUnknownError(err.detail) from err
            except CloudRateLimitedError as err:
                pause, seen = err.retry_after or POLL_SECONDS, False
            except CloudUnreachableError:
                seen = False
            except CloudError as err:
                raise OutcomeUnknownError(err.detail) from err
            if job.state is not JobState.PENDING:
                return job
            if loop.time() >= deadline:
                if seen:
                    return replace(job, state=JobState.EXPIRED)
                raise OutcomeUnknownError
            # However long the cloud wants to be left alone: the bridge is held meanwhile.
            pause = min(pause, max(deadline - loop.time(), POLL_SECONDS))
            if await closes_within(closing, pause):
                raise OutcomeUnknownError

    def _current(self, code_id: str) -> tuple[CodeRecord, OnlineWork]:
        """Return a record as it is now, with its step."""
        record = self._book.ledger.records[code_id]
        assert record.work is not None
        return record, record.work

    async def _async_note(self, code_id: str, work: OnlineWork) -> None:
        """Write down what is known of the step now."""
        record, _ = self._current(code_id)
        await self._book.async_update(replace(record, work=work))
