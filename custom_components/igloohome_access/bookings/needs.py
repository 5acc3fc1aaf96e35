"""What one stay needs on one lock: a code, another code, or nothing.

A **need** is a booking, a lock and a purpose. Its codes are found by their tags in the
ledger. At most one of them is *the* code: the newest that is for the stay's dates and
not superseded. The rest follows:

* No code: issue one when the lead time begins (``trying.py``).
* An online code for other dates, on a lock that a bridge reaches: change it at once.
  It keeps its digits, so the guest has nothing to learn, whether arrived or not.
* Another code for other dates: by policy issue another, and only when that one is
  ready mark the old one superseded, so that a guest never has nothing. If the other is
  not due yet, the old one is superseded at once. An online code is deleted instead,
  or superseded until that works.
* The dates are again those of a superseded code that still works: that one is the code
  again. Feeds flip; each needless code would burn one of three places in a slot.
* A code of unclear outcome or without a PIN: nothing is issued beside it; but beside an
  online code that does not get onto its lock in time, an algoPIN.
"""

from collections.abc import Sequence
from functools import partial

from ..model import CodePlan, CodeStatus
from ..rules import RuleViolation
from .actions import AnnouncementKind as Kind, BookingStatus, NeedState, Reinstate
from .draft import RETRY_EVERY, Draft, deletion_key
from .model import ChangePolicy, IssuedCode, Reason
from .presence import bounds
from .stays import end_of_day, stay_of
from .trying import ALGOPIN_BEFORE, Need, bridge_failed, clear, give_up, try_now
from .windows import LONGER, code_plan, wanted

_PENDING = (CodeStatus.REQUESTED, CodeStatus.WAITING_FOR_PIN, CodeStatus.SETTING)
_NOT_THERE = {
    CodeStatus.REQUESTED: "outcome_unknown",
    CodeStatus.WAITING_FOR_PIN: "outcome_unknown",
    CodeStatus.SETTING: "lock_not_reached",
    CodeStatus.SCHEDULED: "lock_not_reached",  # and being loaded
}
"""Why there is no code yet, as a translation key."""
_READY = (CodeStatus.SCHEDULED, CodeStatus.ACTIVE, CodeStatus.UNCONFIRMED)


def is_pending(code: IssuedCode) -> bool:
    """Return whether it is to be seen yet whether there is such a code."""
    return code.status in _PENDING or code.loading


def settle(need: Need, draft: Draft) -> NeedState:
    """Put into ``draft`` what has to happen for one need; return how it stands."""
    state = _settle(need, draft)
    for code in need.codes:
        if not (code.online and code.opens) or code.code_id == state.code_id:
            continue
        if code.superseded:  # since then it could not be deleted
            draft.delete(code, lambda: None)
        elif (
            code.status is CodeStatus.REMOVING
            and deletion_key(code.code_id) in draft.known.attempts
        ):
            draft.delete(code, partial(draft.supersede, code, state.code_id))
    return state


def _settle(need: Need, draft: Draft) -> NeedState:
    asked_to_replace = draft.known.replace
    usable = [
        code
        for code in need.codes
        if code.status not in (CodeStatus.FAILED, CodeStatus.REMOVING)
        and not code.deleted(draft.now)
    ]
    current = [code for code in usable if not code.superseded]
    fitting = [
        code
        for code in current
        if code.code_id not in asked_to_replace and draft.for_dates(code)
    ]
    done = [code for code in fitting if not is_pending(code)]
    if done:
        _take(done[-1], [code for code in current if code is not done[-1]], draft)
        clear(need, draft)
        return NeedState(BookingStatus.READY, done[-1].code_id)
    # One for other dates can be changed as well before it is on the lock.
    pending = [
        code
        for code in current
        if code.status in _PENDING or (code.loading and code in fitting)
    ]
    settled = [code for code in current if code not in pending]
    for old in settled[:-1]:  # what was to replace it came after all, too late
        if old.opens:
            draft.retire(old, settled[-1].code_id)
    outdated = [
        code for code in (*settled[-1:], *pending) if code.opens and code not in fitting
    ]
    if wanted(draft.stay, need.purpose, draft.settings)[1] <= draft.now:
        _end(outdated, draft)
        return NeedState(BookingStatus.ENDED)
    stuck = bool(pending) and _is_stuck(need, pending, draft)
    if pending and not stuck:
        return _wait(need, pending[-1], outdated, draft)
    change = None if stuck else _changeable(settled, draft)
    by_bridge = change is not None or draft.settings.goes_online(
        need.lock.lock_id, need.purpose
    )
    helps_out = stuck or (
        by_bridge
        and bridge_failed(need, draft)
        and (change is None or _may_replace(current, draft))
    )
    plan = _plan(need, draft, online=by_bridge and not helps_out)
    if isinstance(plan, RuleViolation) and helps_out:
        if stuck:
            return _wait(need, pending[-1], outdated, draft)
        # No algoPIN lasts that long, so it is up to the bridge after all.
        helps_out, plan = False, _plan(need, draft, online=True)
    if isinstance(plan, RuleViolation):
        return _refuse(need, plan, outdated, draft)
    if change is not None and not helps_out:
        return try_now(need, plan, outdated, draft, change)
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
        clear(need, draft)
        return NeedState(BookingStatus.READY, again[-1].code_id)
    if current and not stuck and not _may_replace(current, draft):
        if current[-1].status in _READY:
            _tell_ready(current[-1], draft)
        # Also of a code that has ended: then the guest has none.
        draft.tell_kept(current[-1:])
        return NeedState(BookingStatus.OUTDATED, current[-1].code_id)
    if not draft.known.asked and draft.now < draft.due:
        for code in outdated:
            draft.retire(code, None)
        draft.wake(draft.due)
        return NeedState(BookingStatus.PLANNED)
    return try_now(need, plan, outdated, draft)


def _plan(need: Need, draft: Draft, *, online: bool) -> CodePlan | RuleViolation:
    """Return the code to issue now, or why none fits."""
    try:
        return code_plan(
            draft.known.dates,
            need.purpose,
            draft.settings,
            need.lock.zone,
            draft.now,
            online=online,
        )
    except RuleViolation as err:
        return err


def _end(outdated: Sequence[IssuedCode], draft: Draft) -> None:
    """Deal with codes for other dates when the stay turns out to be over."""
    for code in outdated:
        if draft.settings.on_change is ChangePolicy.NEVER:
            draft.tell_kept([code])
        else:
            draft.delete(code, partial(draft.tell_kept, [code]))


def _changeable(settled: Sequence[IssuedCode], draft: Draft) -> IssuedCode | None:
    """Return the code that follows its stay to other dates, None if there is none."""
    if not settled or draft.settings.on_change is ChangePolicy.NEVER:
        return None
    code = settled[-1]
    follows = code.opens and draft.reaches(code)
    return code if follows and code.code_id not in draft.known.replace else None


def _is_stuck(need: Need, pending: Sequence[IssuedCode], draft: Draft) -> bool:
    """Return whether online codes do not get onto the lock while a guest is near."""
    if not all(code.online for code in pending):
        return False
    helps_at = draft.stay.check_in - ALGOPIN_BEFORE
    patience = draft.known.waiting[pending[-1].code_id] + RETRY_EVERY
    if draft.now < helps_at:
        draft.wake(helps_at)
        return False
    return draft.now >= patience or bridge_failed(need, draft)


def _take(code: IssuedCode, others: list[IssuedCode], draft: Draft) -> None:
    """Let ``code`` be the code of its need, and tell of it."""
    if code.status in _READY:
        _tell_ready(code, draft)
    for other in others:
        if other.opens and not is_pending(other):
            draft.retire(other, code.code_id)


def _tell_ready(code: IssuedCode, draft: Draft) -> None:
    """Tell that there is a code, and what a guest should know of it."""
    told = draft.known.told
    dates = f"for:{code.code_id}:{code.tag.dates.text}"
    if f"ready:{code.code_id}" not in told:
        draft.tell_code(Kind.CODE_READY, f"ready:{code.code_id}", code)
        if code.first_use_by is not None:
            draft.tell_code(Kind.FIRST_USE_DEADLINE, f"first_use:{code.code_id}", code)
        if code.online:
            draft.note(dates)
    elif code.online and dates not in told:
        draft.untell(*(fact for fact in told if fact.startswith(f"for:{code.code_id}")))
        draft.tell_code(Kind.CODE_CHANGED, dates, code)
    elif code.tag.dates == draft.known.dates:
        return  # what was told then holds, whatever the settings are by now
    _, end = bounds(draft.stay, draft.settings)
    if code.opens_until is not None and code.opens_until - end >= LONGER:
        fact = f"longer:{code.code_id}:{draft.known.dates.text}"
        draft.tell_code(Kind.CODE_OPENS_LONGER, fact, code)


def _reinstate(code: IssuedCode, outdated: list[IssuedCode], draft: Draft) -> None:
    """Let a superseded code be the code of its need again."""
    for other in outdated:
        draft.retire(other, code.code_id)
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
    since = draft.known.waiting.get(code.code_id, code.requested_at)
    patience = since + RETRY_EVERY
    deadline = end_of_day(max(draft.stay.check_in, since), zone)
    if now >= patience:
        draft.tell_kept(old for old in outdated if old.status not in _PENDING)
    if now >= deadline:
        reason = Reason(_NOT_THERE[code.status])
        return give_up(need, reason, code.code_id, draft)
    draft.wake(deadline if now >= patience else min(patience, deadline))
    return NeedState(BookingStatus.ISSUING, code.code_id)


def _refuse(
    need: Need, err: RuleViolation, outdated: list[IssuedCode], draft: Draft
) -> NeedState:
    """Say early that no code lasts as long as the stay."""
    dates = draft.known.dates.text
    reason = Reason(err.key, err.placeholders)
    state = give_up(need, reason, dates, draft, Kind.STAY_TOO_LONG)
    draft.tell_kept(outdated)
    clear(need, draft)
    return state
