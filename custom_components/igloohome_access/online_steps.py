"""What follows what when an online code is made, changed and deleted.

Pure functions from a record to the next one. On Seam each of the three is one step.
igloohome cannot change a code: a change is a deletion and a new code.

* The digits change: the new ones are added first, then the old ones are taken off. In
  between both open; there is no moment at which the guest has no code.
* The digits stay and the window changes: a lock takes the same digits only once, so
  the code has to be taken off before it can be put back. In between it does not work.
* Only the name changes: igloohome is not even asked.

A step that was refused before anything happened is taken back (``undone``). Once the
first of two steps is done there is no way back, the second is tried until it is done.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from .clouds.base import CloudError, CloudRefusedError, OutcomeUnknownError
from .model import CloudKind, CodeRecord, RecordState, Window
from .rules import RuleViolation
from .work import OnlineWork, WorkStep


class StoppedError(CloudError):
    """The account is being unloaded; nothing was asked for."""


class JobFailedError(CloudRefusedError):
    """The lock itself said no to what its bridge asked of it."""


class JobExpiredError(CloudRefusedError):
    """The bridge did not reach the lock in time; the lock did nothing."""


class ChangeUnfinishedError(CloudRefusedError):
    """A code is off its lock for a change and could not be put back yet."""


class ChangeUnknownError(OutcomeUnknownError):
    """Nobody knows yet whether a code was changed."""


class DeletionUnknownError(OutcomeUnknownError):
    """Nobody knows yet whether a code was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """A step that was carried out, and what was learned by it.

    ``cloud_id`` and ``pin`` are those of a new code, ``starts_at`` (UTC) is the start
    that was sent.
    """

    cloud_id: str | None = None
    pin: str | None = field(default=None, repr=False)
    starts_at: datetime | None = None


def change_step(
    record: CodeRecord,
    cloud: CloudKind,
    *,
    name: str,
    pin: str | None,
    window: Window,
    booking: str | None = None,
) -> OnlineWork | None:
    """Return the first step of a change, None where no cloud has to be asked.

    That is so on igloohome where neither digits nor window change. ``booking`` is the
    tag of the stay the code is for afterwards.
    """
    if cloud is CloudKind.SEAM:
        step = WorkStep.CHANGE
    elif pin != record.pin:
        step = WorkStep.ADD_NEW
    elif window != record.window:
        step = WorkStep.REMOVE_FIRST
    else:
        return None
    return OnlineWork(
        step=step,
        pin=pin,
        name=name,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        booking=booking,
    )


def deletion_step(record: CodeRecord, cloud: CloudKind) -> OnlineWork:
    """Return the step that deletes a code. Raises RuleViolation.

    On igloohome also of one that may or may not be on its lock: digits are all that is
    needed, and a lock that says no to that does not have it.
    """
    work = record.work
    if work is None:
        return OnlineWork(step=WorkStep.DELETE)
    if work.step is WorkStep.DELETE:
        return work
    by_pin = cloud is CloudKind.IGLOOHOME and record.pin is not None
    if work.step is WorkStep.ADD and by_pin:
        return OnlineWork(step=WorkStep.DELETE, unclear=True)
    raise RuleViolation("online_code_busy")


def step_pin(record: CodeRecord, work: OnlineWork) -> str | None:
    """Return the digits a step is about."""
    if work.step in (WorkStep.ADD_NEW, WorkStep.REMOVE_OLD):
        return work.pin
    return record.pin


def step_unknown(work: OnlineWork, detail: str) -> OutcomeUnknownError:
    """Return the error for a step of which nobody knows whether it was carried out."""
    match work.step:
        case WorkStep.ADD:
            return OutcomeUnknownError(detail)
        case WorkStep.DELETE:
            return DeletionUnknownError(detail)
    return ChangeUnknownError(detail)


def step_window(record: CodeRecord, work: OnlineWork) -> Window:
    """Return the window digits are added with."""
    if work.step is WorkStep.ADD or work.starts_at is None:
        return record.window
    return replace(record.window, starts_at=work.starts_at, ends_at=work.ends_at)


def finished(record: CodeRecord, done: StepDone, now: datetime) -> CodeRecord:
    """Return the record after its step was carried out, perhaps with the next one."""
    work = record.work
    assert work is not None
    match work.step:
        case WorkStep.ADD:
            return _started_at(
                replace(
                    record,
                    state=RecordState.ISSUED,
                    issued_at=record.issued_at or now,
                    cloud_id=done.cloud_id or record.cloud_id,
                    pin=done.pin or record.pin,
                    work=None,
                ),
                done,
            )
        case WorkStep.ADD_NEW:
            old = OnlineWork(step=WorkStep.REMOVE_OLD, pin=record.pin)
            return _started_at(replace(_changed(record, work), work=old), done)
        case WorkStep.REMOVE_FIRST:
            again = OnlineWork(
                step=WorkStep.ADD_AGAIN,
                pin=work.pin,
                name=work.name,
                starts_at=work.starts_at,
                ends_at=work.ends_at,
                booking=work.booking,
            )
            return replace(record, work=again)
        case WorkStep.ADD_AGAIN | WorkStep.CHANGE:
            return _started_at(replace(_changed(record, work), work=None), done)
        case WorkStep.DELETE:
            return replace(
                record,
                vanished_at=record.vanished_at or now,
                forgotten_at=record.forgotten_at or now,
                work=None,
            )
    return replace(record, work=None)  # the old digits are off


def undone(record: CodeRecord) -> CodeRecord | None:
    """Return the record after its step was refused; None if nothing is left of it.

    The second step of a change is not taken back but has to be asked for again.
    """
    work = record.work
    assert work is not None
    if work.step is WorkStep.ADD:
        return None
    if work.step is WorkStep.DELETE and record.state is RecordState.REQUESTED:
        # It is still not known whether it was made at all.
        return replace(record, work=OnlineWork(step=WorkStep.ADD, unclear=True))
    if work.step in (WorkStep.REMOVE_OLD, WorkStep.ADD_AGAIN):
        return replace(record, work=replace(work, asked_at=None, job_id=None))
    return replace(record, work=None)


def _changed(record: CodeRecord, work: OnlineWork) -> CodeRecord:
    """Return the record as it is meant to be after a change."""
    return replace(
        record,
        name=record.name if work.name is None else work.name,
        pin=work.pin or record.pin,
        window=step_window(record, work),
        booking=work.booking or record.booking,
    )


def _started_at(record: CodeRecord, done: StepDone) -> CodeRecord:
    """Return the record with the start that was really sent."""
    if done.starts_at is None:
        return record
    return replace(record, window=replace(record.window, starts_at=done.starts_at))
