"""Operating a lock from afar: start the job, wait for its end, report it.

A job that went out is never repeated by itself: a door must not open twice.
"""

import asyncio

from homeassistant.exceptions import HomeAssistantError

from .clouds.base import (
    Cloud,
    CloudError,
    CloudRateLimitedError,
    CloudUnreachableError,
    Job,
    JobState,
    Operation,
    OutcomeUnknownError,
)
from .const import DOMAIN
from .errors import cloud_failure
from .model import Device

POLL_SECONDS = 2.0
"""As often as clients of both clouds look (reference/igloohome-api.md §4.2)."""
LONGEST_JOB = 135.0
"""Seconds until nobody goes on looking. A bridge job expires after 120 (same
section); measured by our own clock, which need not show the cloud's time."""


async def async_operate(
    cloud: Cloud, device: Device, operation: Operation, name: str
) -> bool:
    """Lock or unlock a door and return whether the lock itself confirmed it.

    ``name`` is what people call the lock. Raises HomeAssistantError when it was
    refused, did not happen, or when nobody can say whether it did; its cause is the
    error of the cloud, where there was one.
    """
    try:
        job = await cloud.async_start(device, operation)
    except OutcomeUnknownError as err:
        raise _failed("operation_unknown", name, err.detail) from err
    except CloudError as err:
        raise cloud_failure(err) from err
    try:
        async with asyncio.timeout(LONGEST_JOB):
            job = await _async_finished(cloud, job)
    except TimeoutError as err:
        raise _failed("operation_unknown", name, "") from err
    except CloudError as err:
        raise _failed("operation_unknown", name, err.detail) from err
    if job.state is JobState.EXPIRED:
        raise _failed("operation_expired", name, job.detail)
    if job.state is JobState.FAILED:
        raise _failed("operation_failed", name, job.detail)
    return job.confirmed


async def _async_finished(cloud: Cloud, job: Job) -> Job:
    """Return the job when it has ended. It goes on also while nobody can look."""
    while job.state is JobState.PENDING:
        await asyncio.sleep(POLL_SECONDS)
        try:
            job = await cloud.async_get_job(job)
        except CloudUnreachableError:
            continue
        except CloudRateLimitedError as err:
            await asyncio.sleep(err.retry_after or POLL_SECONDS)
    return job


def _failed(key: str, name: str, detail: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"lock": name, "detail": detail or "-"},
    )
