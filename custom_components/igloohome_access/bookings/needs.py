"""What one stay needs on one lock: a code, another code, or nothing.

A **need** is a booking, a lock and a purpose. Its codes are found by their tags in the
ledger. At most one of them is *the* code: the newest that is for the stay's dates and
not superseded. The rest follows:

* No code: issue one when the lead time begins.
* A code for other dates: by policy issue another, and only when that one is ready mark
  the old one superseded, so that a guest never has nothing. If the other is not due
  yet, the old one is superseded at once.
* The dates are again those of a superseded code that still works: that one is the code
  again. Feeds flip; each needless code would burn one of three places in a slot.
* A code of unclear outcome or without a PIN: nothing is issued beside it.
* A failed attempt is repeated every hour until the midnight at the end of the check-in
  day. If the first attempt comes later (Home Assistant was off, the booking was made
  during the night), until the end of that day.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from ..model import CodePlan, CodeStatus
from ..rules import RuleViolation
from .actions import (
    Announcement,
    AnnouncementKind as Kind,
    BookingStatus,
    IssueCode,
    IssueReason,
    NeedState,
    Reinstate,
    Repair,
)
from .draft import Draft
from .memory import Attempts
from .model import ChangePolicy, CodeTag, IssuedCode, PropertyLock, Purpose
from .presence import HOLD, bounds
from .stays import end_of_day, stay_of
from .windows import LONGER, plan_window, wanted, whole_plan

RETRY_EVERY = timedelta(hours=1)

_PENDING = (CodeStatus.REQUESTED, CodeStatus.WAITING_FOR_PIN, CodeStatus.SETTING)
_READY = (CodeStatus.SCHEDULED, CodeStatus.ACTIVE, CodeStatus.UNCONFIRMED)


def need_key(lock_id: str, purpose: Purpose) -> str:
    """Return what a need is known by in the memory of its booking."""
    return f"{purpose.value}:{lock_id}"


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


def settle(need: Need, draft: Draft) -> NeedState:
    """Put into ``draft`` what has to happen for one need; return how it stands."""
    asked_to_replace = draft.known.replace
    usable = [
        code
        for code in need.codes
        if code.status not in (CodeStatus.FAILED, CodeStatus.REMOVING)
    ]
    current = [code for code in usable if not code.superseded]
    fitting = [
        code
        for code in current
        if code.code_id not in asked_to_replace and draft.for_dates(code)
    ]
    done = [code for code in fitting if code.status not in _PENDING]
    if done:
        _take(done[-1], [code for code in current if code is not done[-1]], draft)
        _clear(need, draft)
        return NeedState(BookingStatus.READY, done[-1].code_id)
    pending = [code for code in current if code.status in _PENDING]
    settled = [code for code in current if code.status not in _PENDING]
    for old in settled[:-1]:  # what was to replace it came after all, too late
        if old.opens:
            draft.supersede(old, settled[-1].code_id)
    outdated = [
        code for code in (*settled[-1:], *pending) if code.opens and code not in fitting
    ]
    start, end = wanted(draft.stay, need.purpose, draft.settings)
    if end <= draft.now:
        draft.tell_kept(outdated)
        return NeedState(BookingStatus.ENDED)
    if pending:
        return _wait(need, pending[-1], outdated, draft)
    zone = need.lock.zone
    try:
        plan = whole_plan(draft.known.dates, need.purpose, draft.settings, zone)
        if start < draft.now:
            plan = plan_window(
                start, end, need.purpose, draft.settings, zone, draft.now
            )
    except RuleViolation as err:
        return _refuse(need, err, outdated, draft)
    again = [
        code
        for code in usable
        if code.superseded
        and code.opens
        and code.certain
        and code.code_id not in asked_to_replace
        and draft.for_dates(code)
    ]
    if again:
        _reinstate(again[-1], outdated, draft)
        _clear(need, draft)
        return NeedState(BookingStatus.READY, again[-1].code_id)
    if current and not _may_replace(current, draft):
        if current[-1].status in _READY:
            _tell_ready(current[-1], draft)
        # Also of a code that has ended: then the guest has none.
        draft.tell_kept(current[-1:])
        return NeedState(BookingStatus.OUTDATED, current[-1].code_id)
    if not draft.known.asked and draft.now < draft.due:
        for code in outdated:
            draft.supersede(code, None)
        draft.wake(draft.due)
        return NeedState(BookingStatus.PLANNED)
    return _issue(need, plan, outdated, draft)


def _take(code: IssuedCode, others: list[IssuedCode], draft: Draft) -> None:
    """Let ``code`` be the code of its need, and tell of it."""
    if code.status in _READY:
        _tell_ready(code, draft)
    for other in others:
        if other.opens and other.status not in _PENDING:
            draft.supersede(other, code.code_id)


def _tell_ready(code: IssuedCode, draft: Draft) -> None:
    """Tell that there is a code, and what a guest should know of it."""
    if f"ready:{code.code_id}" not in draft.known.told:
        draft.tell_code(Kind.CODE_READY, f"ready:{code.code_id}", code)
        if code.first_use_by is not None:
            draft.tell_code(Kind.FIRST_USE_DEADLINE, f"first_use:{code.code_id}", code)
    elif code.tag.dates == draft.known.dates:
        return  # what was told then holds, whatever the settings are by now
    _, end = bounds(draft.stay, draft.settings)
    if code.opens_until is not None and code.opens_until - end >= LONGER:
        fact = f"longer:{code.code_id}:{draft.known.dates.text}"
        draft.tell_code(Kind.CODE_OPENS_LONGER, fact, code)


def _reinstate(code: IssuedCode, outdated: list[IssuedCode], draft: Draft) -> None:
    """Let a superseded code be the code of its need again."""
    for other in outdated:
        draft.supersede(other, code.code_id)
    draft.untell(f"superseded:{code.code_id}")
    draft.tell_code(Kind.CODE_REINSTATED, f"reinstated:{code.code_id}", code)
    draft.actions.append(Reinstate(code.code_id))


def _may_replace(current: Sequence[IssuedCode], draft: Draft) -> bool:
    """Return whether codes for other dates may be replaced without asking."""
    if any(code.code_id in draft.known.replace for code in current):
        return True
    policy = draft.settings.on_change
    if policy is ChangePolicy.BEFORE_CHECK_IN:
        before = stay_of(current[-1].tag.dates, draft.settings)
        return draft.now < max(before.check_in, draft.stay.check_in)
    return policy is ChangePolicy.ALWAYS


def _wait(
    need: Need, code: IssuedCode, outdated: Sequence[IssuedCode], draft: Draft
) -> NeedState:
    """Wait for a code that is under way; give up hoping at the deadline."""
    now, zone = draft.now, draft.settings.zone
    patience = code.requested_at + RETRY_EVERY
    deadline = end_of_day(max(draft.stay.check_in, code.requested_at), zone)
    if now >= patience:
        draft.tell_kept(old for old in outdated if old.status not in _PENDING)
    if now >= deadline:
        return _give_up(need, f"code_{code.status.value}", code.code_id, draft)
    draft.wake(deadline if now >= patience else min(patience, deadline))
    return NeedState(BookingStatus.ISSUING, code.code_id)


def _refuse(
    need: Need, err: RuleViolation, outdated: list[IssuedCode], draft: Draft
) -> NeedState:
    """Say early that no code lasts as long as the stay."""
    draft.tell(
        f"too_long:{need.key}:{draft.known.dates.text}",
        Announcement(
            kind=Kind.STAY_TOO_LONG,
            lock_id=need.lock.lock_id,
            purpose=need.purpose,
            reason=err.key,
            placeholders=err.placeholders,
        ),
    )
    draft.repairs.append(
        Repair(
            repair_id=f"{Kind.STAY_TOO_LONG.value}:{draft.booking}:{need.key}",
            kind=Kind.STAY_TOO_LONG,
            booking=draft.booking,
            stay=draft.stay,
            lock_id=need.lock.lock_id,
            purpose=need.purpose,
            reason=err.key,
            placeholders=err.placeholders,
        )
    )
    draft.tell_kept(outdated)
    _clear(need, draft)
    return NeedState(BookingStatus.TOO_LONG, reason=err.key)


def _issue(
    need: Need, plan: CodePlan, outdated: list[IssuedCode], draft: Draft
) -> NeedState:
    """Issue a code now, unless an attempt failed lately or it is too late."""
    known, now = draft.known, draft.now
    attempts = _failed_attempts(need, draft)
    if attempts is not None:
        draft.tell_kept(outdated)
        zone = draft.settings.zone
        deadline = end_of_day(max(draft.stay.check_in, attempts.first_at), zone)
        streak = f"{attempts.first_at:%Y%m%dT%H%M%S}"
        if now >= deadline:
            return _give_up(need, attempts.reason, streak, draft)
        draft.tell(
            f"delayed:{need.key}:{streak}",
            Announcement(
                kind=Kind.CODE_DELAYED,
                lock_id=need.lock.lock_id,
                purpose=need.purpose,
                reason=attempts.reason,
            ),
        )
        draft.wake(deadline)
        again = attempts.last_at + RETRY_EVERY
        if now < again:
            draft.wake(again)
            return NeedState(
                BookingStatus.RETRYING, next_attempt=again, reason=attempts.reason
            )
    if known.gone is not None and not known.asked:
        held_until = known.gone.since + HOLD
        if known.gone.since <= now < held_until:
            draft.wake(held_until)
            return NeedState(BookingStatus.ISSUING, next_attempt=held_until)
    draft.issues.append(
        IssueCode(
            booking=draft.booking,
            stay=draft.stay,
            lock_id=need.lock.lock_id,
            purpose=need.purpose,
            plan=plan,
            tag=CodeTag(
                draft.settings.property_id, draft.booking, need.purpose, known.dates
            ),
            reason=_reason(attempts, outdated, draft),
            attempt=1 if attempts is None else attempts.count + 1,
            replaces=tuple(code.code_id for code in outdated),
        )
    )
    # Should nobody say what came of it, look again.
    draft.wake(now + RETRY_EVERY)
    if attempts is None:
        return NeedState(BookingStatus.ISSUING)
    return NeedState(BookingStatus.RETRYING, reason=attempts.reason)


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


def _failed_attempts(need: Need, draft: Draft) -> Attempts | None:
    """Return the failures in a row for these dates: noted ones and recorded ones.

    A code that the cloud took and could not make in the end is in the ledger as
    failed. An attempt of a moment to come (the clock was set back) does not put off
    the next one.
    """
    dates = draft.known.dates
    attempts = draft.known.attempts.get(need.key)
    if attempts is not None and attempts.dates != dates:
        attempts = None
    if attempts is not None and attempts.last_at > draft.now:
        attempts = replace(attempts, last_at=draft.now - RETRY_EVERY)
    for code in need.codes:
        if (
            code.status is not CodeStatus.FAILED
            or code.tag.dates != dates
            or code.requested_at > draft.now
            or code.code_id in draft.known.replace
        ):
            continue
        at, reason = code.requested_at, code.failure or "code_failed"
        if attempts is None:
            attempts = Attempts(dates, 1, at, at, reason)
            continue
        attempts = replace(
            attempts,
            count=attempts.count + 1,
            first_at=min(attempts.first_at, at),
            last_at=max(attempts.last_at, at),
        )
    return attempts


def _give_up(need: Need, reason: str, streak: str, draft: Draft) -> NeedState:
    """Say that there will be no code, with a repair."""
    draft.tell(
        f"failed:{need.key}:{streak}",
        Announcement(
            kind=Kind.CODE_FAILED,
            lock_id=need.lock.lock_id,
            purpose=need.purpose,
            reason=reason,
        ),
    )
    draft.repairs.append(
        Repair(
            repair_id=f"{Kind.CODE_FAILED.value}:{draft.booking}:{need.key}",
            kind=Kind.CODE_FAILED,
            booking=draft.booking,
            stay=draft.stay,
            lock_id=need.lock.lock_id,
            purpose=need.purpose,
            reason=reason,
        )
    )
    return NeedState(BookingStatus.FAILED, reason=reason)


def _clear(need: Need, draft: Draft) -> None:
    """Forget the failures of a need that has its code, or that none can help."""
    if need.key in draft.known.attempts:
        attempts = {k: v for k, v in draft.known.attempts.items() if k != need.key}
        draft.known = replace(draft.known, attempts=attempts)
