"""igloohome's bridge jobs: what is asked of a bridge, and how it went.

Facts: reference/igloohome-api.md §4. Results of the jobs 9 and 10 are documented
nowhere, so every likely shape is understood and everything else is no result.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ..wall_clock import floor_hour, wire_time
from .answers import UnusableAnswerError
from .base import CloudRefusedError, Job, JobState, OnlineCodeRequest, Operation
from .igloohome_api import unwrapped
from .igloohome_devices import (
    BATTERY_SCOPE,
    LOCK_SCOPE,
    LOG_SCOPE,
    STATUS_SCOPE,
    UNLOCK_SCOPE,
)
from .parsing import as_flag, as_id, as_moment, as_number, as_object, as_percent

MAX_NAME_LENGTH = 60
"""Characters of ``accessName`` (§3.2)."""

CREATE_PIN_SCOPE = "create-pin-bridge-proxied-job"
DELETE_PIN_SCOPE = "delete-pin-bridge-proxied-job"
JOB_STATUS_SCOPE = "get-job-status"

_CREATE_PIN, _DELETE_PIN = 4, 5
_ONE_TIME, _PERMANENT, _DURATION = 1, 2, 4

# A start in the current hour is the earliest; which hour that is, our clock and the
# cloud's may for a moment see differently.
_CLOCK_MARGIN = timedelta(seconds=30)
_MINUTE = timedelta(minutes=1)

_DONE = 0
_FAILED = 2

_BATTERY_NAMES = ("batterylevel", "battery", "batterypercentage", "level")
_LOCK_NAMES = ("lockstate", "lockstatus", "locked", "islocked", "state")
_LOCK_WORDS = {"locked": True, "lock": True, "unlocked": False, "unlock": False}


@dataclass(frozen=True, slots=True)
class JobType:
    """The number of a job and the scope it needs (§4.1)."""

    number: int
    scope: str


JOB_TYPES = {
    Operation.LOCK: JobType(1, LOCK_SCOPE),
    Operation.UNLOCK: JobType(2, UNLOCK_SCOPE),
    Operation.REFRESH_BATTERY: JobType(9, BATTERY_SCOPE),
    Operation.REFRESH_STATUS: JobType(10, STATUS_SCOPE),
    Operation.READ_LOG: JobType(15, LOG_SCOPE),
}


def access_name(name: str) -> str:
    """Return the name of a code as the API takes it (§3.2)."""
    return name[:MAX_NAME_LENGTH].strip() or "Home Assistant"


def operation_body(operation: Operation, now: datetime) -> dict[str, Any]:
    """Return the job for an operation."""
    data: dict[str, Any] | None = None
    if operation is Operation.READ_LOG:
        data = {"lockTime": now.astimezone(UTC).isoformat(timespec="seconds")}
    return {"jobType": JOB_TYPES[operation].number, "jobData": data}


def create_body(
    request: OnlineCodeRequest, now: datetime
) -> tuple[dict[str, Any], datetime]:
    """Return the job that puts a PIN onto a lock, and its start.

    A start that has passed becomes the current hour of the lock's clock, which is
    the earliest the cloud takes. Moments are sent in whole minutes: a start rounded
    down, an end up.
    """
    if request.pin is None:
        raise CloudRefusedError("The digits are missing", "pin_missing")
    zone = ZoneInfo(request.time_zone)
    starts_at = floor_hour(now + _CLOCK_MARGIN, zone)
    if request.starts_at is not None and request.starts_at > starts_at:
        starts_at = request.starts_at.replace(second=0, microsecond=0)
    data: dict[str, Any] = {
        "accessName": access_name(request.name),
        "pin": request.pin,
        "pinType": _pin_type(request),
        "startDate": wire_time(starts_at, zone),
    }
    if request.ends_at is not None:
        ends_at = request.ends_at.replace(second=0, microsecond=0)
        if ends_at < request.ends_at:
            ends_at += _MINUTE
        data["endDate"] = wire_time(ends_at, zone)
    return {"jobType": _CREATE_PIN, "jobData": data}, starts_at


def _pin_type(request: OnlineCodeRequest) -> int:
    """Return igloohome's number for how a PIN is limited (§4.1)."""
    if request.one_time:
        return _ONE_TIME
    return _PERMANENT if request.ends_at is None else _DURATION


def delete_body(pin: str) -> dict[str, Any]:
    """Return the job that takes a PIN off a lock."""
    return {"jobType": _DELETE_PIN, "jobData": {"pin": pin}}


def parse_new_job(data: Any) -> Job:
    """Return the job that was made."""
    job_id = as_id(unwrapped(data).get("jobId"))
    if job_id is None:
        raise UnusableAnswerError("The answer has no job")
    return Job(job_id=job_id, state=JobState.PENDING)


def parse_job(job: Job, data: Any) -> Job:
    """Return where a job stands (§4.2).

    ``jobResponse`` may be missing, null or empty until the end. Done is a job with
    status 0; where the answer calls it unfinished, only if the lock's own result is
    there too. A failed one without such a result is one that the lock never got.
    """
    answer = unwrapped(data)
    if "completed" not in answer and "jobResponse" not in answer:
        raise UnusableAnswerError("The answer has no job")
    response = as_object(answer.get("jobResponse"))
    status = as_number(response.get("jobStatus"))
    found = as_object(response.get("opResult"))
    result = as_number(found.get("result"))
    completed = answer.get("completed") is True
    expires_at = as_moment(answer.get("expiryDate")) or job.expires_at
    state, detail = JobState.PENDING, ""
    if status == _FAILED:
        state = JobState.EXPIRED if result is None else JobState.FAILED
    elif result and (completed or status == _DONE):
        state = JobState.FAILED
    elif status == _DONE and (completed or result == 0):
        state = JobState.DONE
    elif completed:
        state = JobState.DONE if status is None else JobState.FAILED
    if state is JobState.FAILED:
        detail = f"job status {status}, result {result}"
    done = state is JobState.DONE
    return replace(
        job,
        state=state,
        detail=detail,
        confirmed=not done or result == 0,
        expires_at=expires_at,
        battery_level=_find(found, _BATTERY_NAMES, _battery) if done else None,
        locked=_find(found, _LOCK_NAMES, _locked) if done else None,
    )


def _find[T](
    found: dict[str, Any], names: Iterable[str], read: Callable[[Any], T | None]
) -> T | None:
    """Return the first value under one of the names that can be read."""
    by_name = {key.replace("_", "").casefold(): value for key, value in found.items()}
    values = (read(by_name.get(name)) for name in names)
    return next((value for value in values if value is not None), None)


def _battery(value: Any) -> int | None:
    """Return a battery level, which may stand in an object of its own."""
    if isinstance(value, dict):
        return _find(value, _BATTERY_NAMES, as_percent)
    return as_percent(value)


def _locked(value: Any) -> bool | None:
    """Return whether a lock is locked, told by a word or a flag.

    Numbers tell nothing: nobody knows which is which.
    """
    if isinstance(value, str):
        return _LOCK_WORDS.get(value.casefold())
    return as_flag(value)
