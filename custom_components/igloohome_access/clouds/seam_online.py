"""What Seam is asked about online codes, and what it answers.

Facts: reference/seam-api.md §8.1 and §9. Only what differs from Seam's defaults is
sent.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..model import RemoteCode
from ..wall_clock import wire_time
from .answers import UnusableAnswerError
from .base import (
    CloudRefusedError,
    Job,
    OnlineCodeChange,
    OnlineCodeRequest,
    StartedCode,
)
from .parsing import JsonObject, as_object, as_objects
from .seam_codes import parse_code, parse_created, parse_job


def create_body(
    request: OnlineCodeRequest, now: datetime
) -> tuple[JsonObject, datetime | None]:
    """Return the request for a code without its lock or locks, and the start in it.

    Seam takes both times or neither, and no start in the past (§8.1).
    """
    if request.one_time:
        raise CloudRefusedError(
            "Seam makes no one-time online codes", "one_time_not_supported"
        )
    body: JsonObject = {"name": request.name}
    if request.pin is not None:
        body["code"] = request.pin
    starts_at: datetime | None = None
    if request.ends_at is not None:
        zone = ZoneInfo(request.time_zone)
        starts_at = max(now, request.starts_at or now).replace(microsecond=0)
        body["starts_at"] = wire_time(starts_at, zone)
        body["ends_at"] = wire_time(request.ends_at, zone)
    elif request.starts_at is not None and request.starts_at > now:
        raise CloudRefusedError(
            "Seam starts a code without an end at once", "end_missing"
        )
    if not request.prefer_native_scheduling:
        body["prefer_native_scheduling"] = False
    if request.allow_external_changes:
        body["is_external_modification_allowed"] = True
    if request.use_backup_pool:
        body["use_backup_access_code_pool"] = True
    return body, starts_at


def change_body(cloud_id: str, change: OnlineCodeChange) -> JsonObject:
    """Return the request for a change: only what is to be changed."""
    zone = ZoneInfo(change.time_zone)
    body: JsonObject = {"access_code_id": cloud_id}
    if change.name is not None:
        body["name"] = change.name
    if change.pin is not None:
        body["code"] = change.pin
    if change.starts_at is not None:
        body["starts_at"] = wire_time(change.starts_at, zone)
    if change.ends_at is not None:
        body["ends_at"] = wire_time(change.ends_at, zone)
    if change.ongoing:
        body["type"] = "ongoing"
    return body


def parse_started(data: Any, starts_at: datetime | None) -> StartedCode:
    """Return the code of a create; the attempt may be missing (§1.1)."""
    created = parse_created(data)
    return StartedCode(
        cloud_id=created.cloud_id,
        pin=created.pin,
        job=parse_attempt(data),
        starts_at=starts_at,
    )


def parse_attempt(data: Any) -> Job | None:
    """Return the attempt of a change or deletion, None where the answer has none.

    By the schema there is one, samples show an empty answer (§8).
    """
    if not isinstance(data, dict):
        raise UnusableAnswerError("The answer is no object")
    try:
        return parse_job(data)
    except UnusableAnswerError:
        return None


def parse_shared(data: Any, number: int) -> tuple[RemoteCode, ...]:
    """Return the codes of a create for several locks, of which there are ``number``."""
    rows = as_objects(as_object(data).get("access_codes"))
    found = tuple(code for raw in rows if (code := parse_code(raw)) is not None)
    if len(found) != number:
        raise UnusableAnswerError("The answer has not one access code per lock")
    return found


def parse_backup(data: Any) -> RemoteCode:
    """Return the backup code that was pulled."""
    code = parse_code(as_object(as_object(data).get("backup_access_code")))
    if code is None:
        raise UnusableAnswerError("The answer has no backup code")
    return code
