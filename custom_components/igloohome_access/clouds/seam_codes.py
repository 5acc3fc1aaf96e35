"""Seam's access codes and action attempts, read tolerantly.

Facts: reference/seam-api.md §7.2 to §7.4. Seam's own words (status, errors, warnings,
pending mutations) are kept as data: their lists churn (§1.3).
"""

from dataclasses import replace
from datetime import timedelta
import sys
from typing import Any

from ..model import CodeKind, RemoteCode
from .answers import UnusableAnswerError
from .base import CreatedCode, Job, JobState
from .parsing import (
    JsonObject,
    as_id,
    as_moment,
    as_object,
    as_objects,
    as_pin,
    as_text,
)
from .redaction import redact, safe_word
from .seam_devices import parse_notices

# The longest hourly code; what is longer is a daily one (§10.2).
_LONGEST_HOURLY = timedelta(hours=672)


def parse_code(raw: JsonObject, *, managed: bool = True) -> RemoteCode | None:
    """Return an access code, None if it has no id or no lock.

    ``managed`` tells which list it stands in; codes made in the maker's app are
    unmanaged (§7.3).
    """
    cloud_id, device_id = as_id(raw.get("access_code_id")), as_id(raw.get("device_id"))
    if cloud_id is None or device_id is None:
        return None
    mutations = (
        safe_word(item.get("mutation_code"))
        for item in as_objects(raw.get("pending_mutations"))
    )
    managed = managed and raw.get("is_managed") is not False
    waiting = raw.get("code") is None or (
        raw.get("is_waiting_for_code_assignment") is True
    )
    return RemoteCode(
        # Texts that the ledger and other codes have as well are kept once.
        cloud_id=sys.intern(cloud_id),
        device_id=sys.intern(device_id),
        kind=_kind(raw),
        name=_shared(as_text(raw.get("name"))),
        pin=_shared(as_pin(raw.get("code"))),
        starts_at=as_moment(raw.get("starts_at")),
        ends_at=as_moment(raw.get("ends_at")),
        created_at=as_moment(raw.get("created_at")),
        status=sys.intern(safe_word(raw.get("status"))) or None,
        one_time=raw.get("is_one_time_use") is True,
        managed=managed,
        waiting_for_pin=managed and waiting,
        scheduled_on_device=raw.get("is_scheduled_on_device") is True,
        backup=raw.get("is_backup") is True,
        notices=parse_notices(raw),
        pending=tuple(word for word in mutations if word),
        backup_available=raw.get("is_backup_access_code_available") is True,
        pulled_backup_id=as_id(raw.get("pulled_backup_access_code_id")),
        external_changes_allowed=raw.get("is_external_modification_allowed") is True,
    )


def _shared(text: str | None) -> str | None:
    """Return a text that the ledger has as well, kept once."""
    return None if text is None else sys.intern(text)


def _kind(raw: JsonObject) -> CodeKind:
    """Return the kind, which Seam does not name: it follows from flags and window."""
    if raw.get("is_offline_access_code") is not True:
        return CodeKind.ONLINE
    if raw.get("is_one_time_use") is True:
        return CodeKind.ONE_TIME
    starts_at, ends_at = as_moment(raw.get("starts_at")), as_moment(raw.get("ends_at"))
    if ends_at is None:
        return CodeKind.PERMANENT
    if starts_at is None or ends_at - starts_at <= _LONGEST_HOURLY:
        return CodeKind.HOURLY
    return CodeKind.DAILY


def parse_created(data: Any) -> CreatedCode:
    """Return the code of a create; its PIN usually comes later (§1.1)."""
    raw = as_object(as_object(data).get("access_code"))
    cloud_id = as_id(raw.get("access_code_id"))
    if cloud_id is None:
        raise UnusableAnswerError("The answer has no access code")
    return CreatedCode(cloud_id=cloud_id, pin=as_pin(raw.get("code")))


def parse_job(data: Any, job: Job | None = None) -> Job:
    """Return an action attempt as a job (§7.4).

    ``job`` is what was known of it. A success without a result counts: the lock was
    not asked to confirm. A status nobody knows is a failure, said as such.
    """
    raw = as_object(as_object(data).get("action_attempt"))
    job_id = as_id(raw.get("action_attempt_id"))
    status = raw.get("status")
    if job_id is None or not isinstance(status, str):
        raise UnusableAnswerError("The answer has no action attempt")
    known = job or Job(job_id=job_id, state=JobState.PENDING)
    if status == "pending":
        return replace(known, state=JobState.PENDING)
    if status == "success":
        result = as_object(raw.get("result"))
        confirmed = result.get("was_confirmed_by_device") is not False
        return replace(known, state=JobState.DONE, confirmed=confirmed)
    error = as_object(raw.get("error"))
    word = safe_word(error.get("type"))
    detail = redact(as_text(error.get("message")) or "") or word
    expired = word == "action_attempt_expired"
    return replace(
        known,
        state=JobState.EXPIRED if expired else JobState.FAILED,
        detail=detail or f"status {safe_word(status)}",
    )
