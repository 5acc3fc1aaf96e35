"""Trying to get the code of a need made or changed: now, in an hour, or no more.

* A failed attempt is repeated every hour until the midnight at the end of the check-in
  day. If the first attempt comes later (Home Assistant was off, the booking was made
  during the night), until the end of that day.
* A bridge that does not do its work is not waited for until the guest is at the door:
  from ``ALGOPIN_BEFORE`` the check-in on one failure is enough for an algoPIN to help
  out, which needs no bridge.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..model import NO_PLACEHOLDERS, CodeKind, CodePlan, CodeStatus, Window
from .actions import (
    Announcement,
    AnnouncementKind as Kind,
    BookingStatus,
    DropFailed,
    IssueCode,
    IssueReason,
    NeedState,
    Repair,
    UpdateOnlineCode,
)
from .draft import RETRY_EVERY, Draft
from .memory import Attempts
from .model import CodeTag, IssuedCode, PropertyLock, Purpose, Reason
from .presence import HOLD
from .stays import end_of_day

ALGOPIN_BEFORE = timedelta(hours=12)

_NO_CODE = {
    Kind.CODE_FAILED: ("failed", BookingStatus.FAILED),
    Kind.STAY_TOO_LONG: ("too_long", BookingStatus.TOO_LONG),
}
"""How it is remembered that there will be no code, and how the need stands then."""


def need_key(lock_id: str, purpose: Purpose, *, online: bool = False) -> str:
    """Return what attempts for a need are known by in the memory of its booking."""
    return f"{'online:' if online else ''}{purpose.value}:{lock_id}"


@dataclass(frozen=True, slots=True)
class Need:
    """A code that a stay needs on a lock. ``codes`` are in the ledger's order."""

    lock: PropertyLock
    purpose: Purpose
    codes: Sequence[IssuedCode]

    @property
    def key(self) -> str:
        """Return what the need is known by in the memory of its booking."""
        return need_key(self.lock.lock_id, self.purpose)


def bridge_failed(need: Need, draft: Draft) -> bool:
    """Return whether it is time for an algoPIN, because the bridge did not do it."""
    return (
        draft.now >= draft.stay.check_in - ALGOPIN_BEFORE
        and _failed_attempts(need, draft, online=True) is not None
    )


def try_now(
    need: Need,
    plan: CodePlan,
    outdated: list[IssuedCode],
    draft: Draft,
    change: IssuedCode | None = None,
) -> NeedState:
    """Issue a code now, unless an attempt failed lately or it is too late.

    ``change`` is the online code that is to be changed instead.
    """
    known, now = draft.known, draft.now
    online = plan.kind is CodeKind.ONLINE
    attempts = _failed_attempts(need, draft, online=online)
    earlier = attempts or _failed_attempts(need, draft, online=not online)
    if earlier is not None:
        draft.tell_kept(outdated)
    if attempts is not None and earlier is not None:
        first_at = attempts.first_at
        if not online and (by_bridge := _failed_attempts(need, draft, online=True)):
            first_at = min(first_at, by_bridge.first_at)
        zone = draft.settings.zone
        deadline = end_of_day(max(draft.stay.check_in, first_at), zone)
        streak = f"{first_at:%Y%m%dT%H%M%S}"
        if now >= deadline:
            reason = Reason(attempts.reason, attempts.placeholders)
            return give_up(need, reason, streak, draft)
        draft.tell(
            f"delayed:{need.key}:{streak}",
            Announcement(
                kind=Kind.CODE_DELAYED,
                lock_id=need.lock.lock_id,
                purpose=need.purpose,
                reason=attempts.reason,
                placeholders=attempts.placeholders,
            ),
        )
        draft.wake(deadline)
        again = attempts.last_at + RETRY_EVERY
        if now < again:
            draft.wake(again)
            if online and now < (helps_at := draft.stay.check_in - ALGOPIN_BEFORE):
                draft.wake(helps_at)
            return NeedState(
                BookingStatus.RETRYING,
                next_attempt=again,
                reason=attempts.reason,
                placeholders=attempts.placeholders,
            )
    if known.gone is not None and not known.asked:
        held_until = known.gone.since + HOLD
        if known.gone.since <= now < held_until:
            draft.wake(held_until)
            return NeedState(BookingStatus.ISSUING, next_attempt=held_until)
    tag = CodeTag(draft.settings.property_id, draft.booking, need.purpose, known.dates)
    if change is not None:
        draft.issues.append(
            UpdateOnlineCode(
                booking=draft.booking,
                stay=draft.stay,
                lock_id=need.lock.lock_id,
                purpose=need.purpose,
                code_id=change.code_id,
                window=_changed_window(change, plan.window, now),
                tag=tag,
            )
        )
    else:
        draft.issues.append(
            IssueCode(
                booking=draft.booking,
                stay=draft.stay,
                lock_id=need.lock.lock_id,
                purpose=need.purpose,
                plan=plan,
                tag=tag,
                reason=_reason(earlier, outdated, draft),
                attempt=1 if earlier is None else earlier.count + 1,
                replaces=tuple(code.code_id for code in outdated),
            )
        )
    # Should nobody say what came of it, look again.
    draft.wake(now + RETRY_EVERY)
    if earlier is None:
        return NeedState(BookingStatus.ISSUING)
    return NeedState(
        BookingStatus.RETRYING,
        reason=earlier.reason,
        placeholders=earlier.placeholders,
    )


def give_up(
    need: Need,
    reason: Reason,
    streak: str,
    draft: Draft,
    kind: Kind = Kind.CODE_FAILED,
) -> NeedState:
    """Say that there will be no code, with a repair.

    It is said once for a ``streak``: the attempts that failed, or the dates for which
    no code lasts long enough (``kind`` is then ``STAY_TOO_LONG``).
    """
    fact, status = _NO_CODE[kind]
    draft.tell(
        f"{fact}:{need.key}:{streak}",
        Announcement(
            kind=kind,
            lock_id=need.lock.lock_id,
            purpose=need.purpose,
            reason=reason.key,
            placeholders=reason.placeholders,
        ),
    )
    draft.repairs.append(
        Repair(
            repair_id=f"{kind.value}:{draft.booking}:{need.key}",
            kind=kind,
            booking=draft.booking,
            stay=draft.stay,
            lock_id=need.lock.lock_id,
            purpose=need.purpose,
            reason=reason.key,
            placeholders=reason.placeholders,
        )
    )
    return NeedState(status, reason=reason.key, placeholders=reason.placeholders)


def clear(need: Need, draft: Draft) -> None:
    """Forget the failures of a need that has its code, or that none can help."""
    keys = {need.key, need_key(need.lock.lock_id, need.purpose, online=True)}
    if not keys.isdisjoint(draft.known.attempts):
        kept = {k: v for k, v in draft.known.attempts.items() if k not in keys}
        draft.known = replace(draft.known, attempts=kept)


def drop_failed(codes: Sequence[IssuedCode], draft: Draft) -> Sequence[IssuedCode]:
    """Take failed codes off that a newer attempt followed; return the others.

    There is one attempt an hour, and people look at the list. That they failed is
    remembered all the same, so that nothing is told or given up at another time. What
    the cloud has may yet get onto the lock, and takes a place; it is deleted there.
    """
    newest = {(code.lock_id, code.tag.purpose): code.code_id for code in codes}
    left: list[IssuedCode] = []
    for code in codes:
        lingers = _lingers(code, draft)
        followed = code.code_id != newest[code.lock_id, code.tag.purpose]
        if not (followed and (code.dead or lingers)):
            left.append(code)
            continue
        if lingers:
            draft.note(f"deleted:{code.code_id}")  # it never was a code for the guest
            draft.delete(code, lambda: None)
        else:
            draft.actions.append(DropFailed(draft.booking, code.code_id))
        if _counts(code, draft):
            key = need_key(code.lock_id, code.tag.purpose, online=code.online)
            before = draft.known.attempts.get(key)
            if lingers and before is not None and before.dates == code.tag.dates:
                after = _with_lingering(before, code)
            else:
                after = _with_recorded(before, code)
            attempts = {**draft.known.attempts, key: after}
            draft.known = replace(draft.known, attempts=attempts)
    return left


def _lingers(code: IssuedCode, draft: Draft) -> bool:
    """Return whether a cloud has a code that failed, and can be asked to delete it."""
    return (
        code.status is CodeStatus.FAILED
        and code.listed
        and draft.known.cancelled_at is None
        and draft.reaches(code)
    )


def _with_lingering(attempts: Attempts, code: IssuedCode) -> Attempts:
    """Return the failures in a row with one that stays in the ledger for a while.

    As long as it is not deleted it comes by again, and counts once.
    """
    if code.requested_at > attempts.last_at:
        return _with_recorded(attempts, code)
    return replace(attempts, first_at=min(attempts.first_at, code.requested_at))


def _changed_window(code: IssuedCode, window: Window, now: datetime) -> Window:
    """Return the window to change a code to; what has begun has begun."""
    if max(code.window.starts_at, window.starts_at) <= now:
        return replace(window, starts_at=code.window.starts_at)
    return window


def _reason(
    attempts: Attempts | None, outdated: list[IssuedCode], draft: Draft
) -> IssueReason:
    """Return why a code is to be issued now."""
    if draft.known.asked:
        return IssueReason.REQUESTED
    if attempts is not None:
        return IssueReason.RETRY
    if outdated:
        return IssueReason.DATES_CHANGED
    if draft.known.first_seen > draft.due:
        return IssueReason.LATE
    return IssueReason.LEAD_TIME


def _failed_attempts(need: Need, draft: Draft, *, online: bool) -> Attempts | None:
    """Return the failures in a row for these dates: noted ones and recorded ones.

    Those of online codes count by themselves. A code that the cloud took and could
    not make in the end is in the ledger as failed.
    """
    attempts = draft.attempts(need_key(need.lock.lock_id, need.purpose, online=online))
    if attempts is not None and attempts.dates != draft.known.dates:
        attempts = None
    for code in need.codes:
        if code.online is online and _counts(code, draft):
            attempts = _with_recorded(attempts, code)
    return attempts


def _counts(code: IssuedCode, draft: Draft) -> bool:
    """Return whether a code is a failed attempt for the dates of the stay."""
    return (
        code.status is CodeStatus.FAILED
        and code.tag.dates == draft.known.dates
        and code.requested_at <= draft.now
        and code.code_id not in draft.known.replace
    )


def _with_recorded(attempts: Attempts | None, code: IssuedCode) -> Attempts:
    """Return the failures in a row with one that is in the ledger."""
    at, dates = code.requested_at, code.tag.dates
    reason = code.failure or "cloud_refused"
    detail = code.failure_detail
    placeholders = {"detail": detail} if detail else NO_PLACEHOLDERS
    if attempts is None or attempts.dates != dates:
        return Attempts(dates, 1, at, at, reason, placeholders)
    attempts = replace(
        attempts, count=attempts.count + 1, first_at=min(attempts.first_at, at)
    )
    if at <= attempts.last_at:
        return attempts
    return replace(attempts, last_at=at, reason=reason, placeholders=placeholders)
