"""The status of a code at a moment: one pure function of code, evidence and clock.

The evidence is our record and, where a cloud lists codes, its view; the rules are
design.md §5 and reference/seam-api.md §13. For the same evidence a status only ever
goes forward with time:

    requested, waiting_for_pin, superseded ────────────┐
    scheduled → setting or active → unconfirmed ───────┴→ expired

New evidence may change it in any way that is true: a use that is seen late makes
an unconfirmed code active (a one-time code: used), a PIN that arrives ends the
waiting, an error that Seam takes back makes a failed code what the clock says.

What an algoPIN does at the door is between the lock and the digits. Once it has its
PIN, no error, removal or disappearance in a cloud changes its status before its end.
What an online code does depends on whether it is on the lock:

* Seam's word ``set``, or a code loaded on the lock ahead of its start, is on the
  lock; errors beside that do not fail it.
* ``unset`` and ``setting``, or a pending creation, is not there yet: after its start
  the code is still being set, and an error about the code itself fails it. Errors
  of the device or the account only delay it and stay visible as notices.
* An error that it could not be removed means that it still opens: ``removing``,
  even after the end.
* One that Seam no longer lists was removed or has ended (§9): expired.
* igloohome lists no codes. There a code is what its last job made of it: it is being
  set until the job that puts it onto the lock is done, and while it is off the lock
  for a change; then the clock tells.
* One that is being deleted may open until that is done.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from .model import Code, CodeKind, CodeRecord, CodeStatus, RecordState, RemoteCode
from .rules import FIRST_USE_WITHIN
from .work import WorkStep

_NOT_LOADED = ("unset", "setting")
_CREATING = {"creating", "deferring_creation"}
# Seam's codes for "still on the lock after its end" changed twice
# (reference/seam-api.md §1.3).
_STILL_THERE = ("failed_to_remove", "failed_to_expire", "failed_to_delete")


@dataclass(frozen=True, slots=True)
class Opening:
    """How long a code that is not over may still open its lock.

    ``until`` is in UTC, None where no end is known: a permanent or ongoing code, or
    one that could not be removed. ``certain`` is False where the code may well be
    dead already, or never come to life: not used in time as far as we saw, outcome
    or PIN not known yet, on its way to or from the lock.
    """

    until: datetime | None
    certain: bool


def status_at(code: Code, now: datetime) -> CodeStatus:
    """Return the status of a code at ``now`` (aware)."""
    record, remote = code.record, code.remote
    if record is not None:
        if record.state is RecordState.FAILED:
            return CodeStatus.FAILED
        if record.first_used_at is not None and _single_use(code):
            return CodeStatus.USED
    verdict = _online_verdict(code) if code.kind is CodeKind.ONLINE else _lost(code)
    if verdict is not None:
        return verdict
    end = ends_at(code)
    if end is not None and now >= end:
        return CodeStatus.EXPIRED
    if record is not None:
        if record.state is RecordState.REQUESTED and remote is None:
            with_bridge = record.work is not None and record.work.job_id is not None
            return CodeStatus.SETTING if with_bridge else CodeStatus.REQUESTED
        if record.work is not None and record.work.step is WorkStep.DELETE:
            return CodeStatus.REMOVING
        if record.superseded_at is not None:
            return CodeStatus.SUPERSEDED
        if _off_the_lock(record):
            return CodeStatus.SETTING
    if _waiting_for_pin(code):
        return CodeStatus.WAITING_FOR_PIN
    if code.starts_at is not None and now < code.starts_at:
        return CodeStatus.SCHEDULED
    if code.kind is CodeKind.ONLINE and remote is not None and _setting(remote):
        return CodeStatus.SETTING
    deadline = first_use_deadline(code)
    used = record is not None and record.first_used_at is not None
    if deadline is not None and now >= deadline and not used:
        return CodeStatus.UNCONFIRMED
    return CodeStatus.ACTIVE


def next_change(code: Code, now: datetime) -> datetime | None:
    """Return the next moment (UTC) at which time alone changes the status.

    The status is the new one from that moment on. None where it never changes.
    """
    status = status_at(code, now)
    moments = (code.starts_at, first_use_deadline(code), ends_at(code))
    for moment in sorted(at for at in moments if at is not None and at > now):
        if status_at(code, moment) is not status:
            return moment
    return None


def opens_until(code: Code, now: datetime) -> Opening | None:
    """Return how long a code may still open its lock, None where it cannot.

    Meant for codes that were replaced, forgotten or whose booking was cancelled:
    "still opens until …".
    """
    status = status_at(code, now)
    if status.ended:
        return None
    if status is CodeStatus.SUPERSEDED and code.record is not None:
        # Being replaced says nothing about the digits.
        status = status_at(
            replace(code, record=replace(code.record, superseded_at=None)), now
        )
    end = ends_at(code)
    return Opening(
        until=None if end is None or end <= now else end,
        certain=status in (CodeStatus.SCHEDULED, CodeStatus.ACTIVE),
    )


def counts_as_live(code: Code, now: datetime) -> bool:
    """Return whether a code takes one of the lock's 199 places for PINs.

    True for all that is or may come onto the lock or can open it, now or later;
    False once it was used up, has ended or failed.
    """
    return not status_at(code, now).ended


def is_being_loaded(code: Code) -> bool:
    """Return whether a cloud is putting an online code onto its lock right now.

    Of a code whose start lies ahead the status does not tell: it is scheduled all the
    same. One that the cloud keeps until its time comes is not being loaded.
    """
    remote = code.remote
    if remote is None or code.kind is not CodeKind.ONLINE or remote.scheduled_on_device:
        return False
    return "creating" in remote.pending or remote.status == "setting"


def ends_at(code: Code) -> datetime | None:
    """Return when a code ends (UTC), also for a one-time code listed without one."""
    if code.ends_at is None and code.kind is CodeKind.ONE_TIME and code.starts_at:
        return code.starts_at + FIRST_USE_WITHIN
    return code.ends_at


def first_use_deadline(code: Code) -> datetime | None:
    """Return the deadline of the first use (UTC), also for codes made elsewhere.

    For those it follows from the window: an offline code of more than 24 hours
    (reference/seam-api.md §10.2).
    """
    if code.record is not None:
        return code.first_use_by
    if code.kind is CodeKind.ONLINE or code.starts_at is None:
        return None
    deadline = code.starts_at + FIRST_USE_WITHIN
    end = ends_at(code)
    return deadline if end is None or end > deadline else None


def _single_use(code: Code) -> bool:
    """Return whether one use ends the code."""
    return (
        code.kind is CodeKind.ONE_TIME
        or (code.record is not None and code.record.one_time)
        or (code.remote is not None and code.remote.one_time)
    )


def _off_the_lock(record: CodeRecord) -> bool:
    """Return whether an online code that was issued has to get onto the lock yet.

    Also one of which only the acceptance is known so far.
    """
    return record.work is not None and record.work.step in (
        WorkStep.ADD,
        WorkStep.REMOVE_FIRST,
        WorkStep.ADD_AGAIN,
    )


def _waiting_for_pin(code: Code) -> bool:
    """Return whether the cloud has yet to assign the PIN.

    Seam may not show the digits of codes it does not manage; those exist.
    """
    if code.pin is not None:
        return False
    return code.remote is None or code.remote.managed or code.remote.waiting_for_pin


def _vanished(code: Code) -> bool:
    """Return whether the cloud listed the code once and does no longer."""
    return (
        code.remote is None
        and code.record is not None
        and code.record.vanished_at is not None
    )


def _errors(remote: RemoteCode) -> list[str]:
    """Return the cloud's error codes about the access code itself."""
    return [note.code for note in remote.notices if note.error and note.about_code]


def is_removing(remote: RemoteCode) -> bool:
    """Return whether the cloud is taking the code away, in any of its shapes."""
    return (
        remote.status == "removing"
        or "deleting" in remote.pending
        or any(note.code == "being_deleted" for note in remote.notices)
    )


def _lost(code: Code) -> CodeStatus | None:
    """Return what becomes of an offline code that never got its PIN, if anything."""
    if not _waiting_for_pin(code):
        return None
    if _vanished(code):
        return CodeStatus.FAILED
    if code.remote is not None:
        if is_removing(code.remote):
            return CodeStatus.REMOVING
        if _errors(code.remote):
            return CodeStatus.FAILED
    return None


def _online_verdict(code: Code) -> CodeStatus | None:
    """Return the status of an online code that no clock changes, if it has one."""
    if _vanished(code):
        return CodeStatus.EXPIRED
    remote = code.remote
    if remote is None:
        return None
    errors = _errors(remote)
    if is_removing(remote) or any(error.startswith(_STILL_THERE) for error in errors):
        return CodeStatus.REMOVING
    if not errors:
        return None
    not_loaded = remote.status in (*_NOT_LOADED, None)
    loaded_ahead = remote.scheduled_on_device and remote.status != "setting"
    if _CREATING & set(remote.pending) or (not_loaded and not loaded_ahead):
        return CodeStatus.FAILED
    return None


def _setting(remote: RemoteCode) -> bool:
    """Return whether an online code is still on its way to the lock.

    Also while its digits or its window change; a new name changes nothing there.
    """
    if any(
        word in _CREATING or (word.startswith("updating_") and word != "updating_name")
        for word in remote.pending
    ):
        return True
    if remote.status == "unset":
        return not remote.scheduled_on_device
    return remote.status == "setting"
