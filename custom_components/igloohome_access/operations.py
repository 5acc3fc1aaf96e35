"""What is asked of a lock through its bridge: given, watched to its end, reported.

A job that went out is never repeated by itself: a door must not open twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .bridge_queue import (
    JobKind,
    QueueError,
    QueueFullError,
    QueueStoppedError,
    ReplacedError,
    WaitedTooLongError,
)
from .clouds.base import (
    CloudAuthError,
    CloudError,
    CloudRateLimitedError,
    CloudUnreachableError,
    Job,
    JobState,
    Operation,
    OutcomeUnknownError,
)
from .const import DOMAIN
from .coordinator import Account
from .errors import cloud_failure
from .model import CloudKind, Device
from .reasons import said_nothing

POLL_SECONDS = 2.0
"""As often as clients of both clouds look (reference/igloohome-api.md §4.2)."""
LONGEST_JOB = 135.0
"""Seconds until nobody goes on looking. A bridge job expires after 120 (same
section); measured by our own clock, which need not show the cloud's time."""
BY_HOME_ASSISTANT = "Home Assistant"
"""Who moved a bolt that was operated from here."""

_MOVES = {Operation.LOCK: True, Operation.UNLOCK: False}
"""Operations that move the bolt, and whether it is locked then."""


async def async_operate(
    account: Account,
    device: Device,
    operation: Operation,
    kind: JobKind,
    name: str,
    meanwhile: AbstractContextManager[None] | None = None,
) -> Job:
    """Wait for the bridge, let it do something with a device, return the job done.

    ``name`` is what people call the device. ``meanwhile`` is entered when the bridge
    begins, and left when it has ended; what was learned of a bolt is noted before, even
    if the caller is gone by then. Raises HomeAssistantError when it was
    refused, did not happen, or when nobody can say whether it did; its cause is the
    error of the cloud or the queue, where there was one.
    """
    hass = account.coordinator.hass

    async def carry_out() -> Job:
        with meanwhile or nullcontext():
            try:
                job = await async_follow(
                    account,
                    device.bridge_id,
                    lambda: account.cloud.async_start(device, operation),
                )
            except BaseException as err:
                refused = isinstance(err, CloudError) and not isinstance(
                    err, OutcomeUnknownError
                )
                # What was refused leaves the bolt alone.
                if not refused:
                    _note_bolt(account, device, operation, moved=False)
                raise
            moved = job.state is JobState.DONE and job.confirmed
            _note_bolt(account, device, operation, moved=moved)
            return job

    try:
        job = await account.bridges.async_run(
            device.bridge_id, device.device_id, kind, carry_out
        )
    except QueueError as err:
        raise queue_failure(hass, err, name) from err
    except OutcomeUnknownError as err:
        raise _failed(hass, "operation_unknown", name, err.detail) from err
    except CloudError as err:
        raise cloud_failure(hass, err) from err
    if job.state is JobState.EXPIRED:
        raise _failed(hass, "operation_expired", name, job.detail)
    if job.state is JobState.FAILED:
        raise _failed(hass, "operation_failed", name, job.detail)
    return job


async def async_follow(
    account: Account, bridge_id: str | None, start: Callable[[], Awaitable[Job]]
) -> Job:
    """Start a job and return it when it has ended, whichever way.

    To be run in the queue of the bridge. Raises what ``start`` raises, and
    OutcomeUnknownError when the job was started and its end cannot be learned.
    """
    if account.cloud.kind is CloudKind.SEAM:
        # Seam tells itself whether a bridge is there.
        bridge_id = None
    try:
        job = await start()
    except CloudError as err:
        _note_refusal(account, bridge_id, err)
        raise
    try:
        async with asyncio.timeout(LONGEST_JOB):
            job = await _async_ended(account, job)
    except TimeoutError as err:
        raise OutcomeUnknownError from err
    except CloudError as err:
        _note_refusal(account, bridge_id, err)
        raise OutcomeUnknownError(err.detail) from err
    account.contact.async_note_job(bridge_id, job)
    return job


async def _async_ended(account: Account, job: Job) -> Job:
    """Return the job when it has ended. It goes on also while nobody can look."""
    while job.state is JobState.PENDING:
        await asyncio.sleep(POLL_SECONDS)
        try:
            job = await account.cloud.async_get_job(job)
        except CloudUnreachableError:
            continue
        except CloudRateLimitedError as err:
            await asyncio.sleep(err.retry_after or POLL_SECONDS)
    return job


def _note_refusal(account: Account, bridge_id: str | None, err: CloudError) -> None:
    account.contact.async_note_error(bridge_id, err)
    if isinstance(err, CloudAuthError):
        coordinator = account.coordinator
        coordinator.config_entry.async_start_reauth(coordinator.hass)


def _note_bolt(
    account: Account, device: Device, operation: Operation, *, moved: bool
) -> None:
    """Note how the bolt is after an operation: where it was moved to, or not known.

    What others told meanwhile does not count, nor does what was known before.
    """
    if operation in _MOVES:
        locked = _MOVES[operation] if moved else None
        by = BY_HOME_ASSISTANT if moved else None
        account.evidence.async_note(device.device_id, locked, by, dt_util.utcnow())


def queue_failure(
    hass: HomeAssistant, err: QueueError, name: str
) -> HomeAssistantError:
    """Return what to tell a person whose job the queue of a bridge did not do."""
    match err:
        case QueueFullError():
            error = _failed(hass, "bridge_queue_full", name, "")
        case ReplacedError():
            error = _failed(hass, "operation_replaced", name, "")
        case WaitedTooLongError():
            error = _failed(hass, "operation_waited_too_long", name, "")
        case QueueStoppedError(started=True):
            error = _failed(hass, "operation_unknown", name, "")
        case _:
            error = _failed(hass, "operation_stopped", name, "")
    error.__cause__ = err
    return error


def _failed(
    hass: HomeAssistant, key: str, name: str, detail: str
) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"lock": name, "detail": detail or said_nothing(hass)},
    )
