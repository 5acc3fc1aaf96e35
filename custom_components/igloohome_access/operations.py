"""Operating a lock from afar: start the job, wait for its end, report it.

A job that went out is never repeated by itself: a door must not open twice.
"""

import asyncio
from datetime import timedelta

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .clouds.base import (
    Cloud,
    CloudAuthError,
    CloudError,
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
LONGEST_JOB = timedelta(seconds=120)
"""When a bridge job expires, where the cloud does not say (same section)."""


async def async_operate(cloud: Cloud, device: Device, operation: Operation) -> bool:
    """Lock or unlock a door and return whether the lock itself confirmed it.

    Raises HomeAssistantError when it was refused, did not happen, or when nobody
    can say whether it did.
    """
    try:
        job = await cloud.async_start(device, operation)
    except OutcomeUnknownError as err:
        raise _failed("operation_unknown", device, err.detail) from err
    except CloudError as err:
        raise cloud_failure(err) from err
    deadline = job.expires_at or dt_util.utcnow() + LONGEST_JOB
    while job.state is JobState.PENDING:
        if dt_util.utcnow() > deadline:
            raise _failed("operation_unknown", device, job.detail)
        await asyncio.sleep(POLL_SECONDS)
        try:
            job = await cloud.async_get_job(job)
        except CloudAuthError as err:
            raise _failed("operation_unknown", device, err.detail) from err
        except CloudError:
            # The job goes on without us; look again until it must be over.
            continue
    return _outcome(job, device)


def _outcome(job: Job, device: Device) -> bool:
    if job.state is JobState.EXPIRED:
        raise _failed("operation_expired", device, job.detail)
    if job.state is JobState.FAILED:
        raise _failed("operation_failed", device, job.detail)
    return job.confirmed


def _failed(key: str, device: Device, detail: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"lock": device.name, "detail": detail or "-"},
    )
