"""The planner of a property: what to do now, and when to look again.

Pure: ``make_plan(memory, codes, settings, now)``. Whoever runs it

1. after each read of the calendar (also when it failed) calls ``presence.take_in``
   and keeps what it returns;
2. calls ``make_plan``: at the start, after each read, at ``next_at``, and whenever a
   code of the property changes its status;
3. tells the announcements among ``actions``, carries out the others in their order,
   reports each ``Task`` that failed with ``note_failure``, and keeps ``memory``.
   Announcements and marks are carried out before the memory is written, so that a
   crash in between repeats them rather than loses them; a memory that equals the last
   one written needs no write;
4. plans again after it carried out anything but announcements.

Nothing has to be written before a code is issued: the ledger records the request with
its tag before it leaves, and the planner goes by that. Planning twice without anything
having happened in between gives the same codes to issue, and no announcement twice.

One call is linear in bookings and codes. A property that was removed is not planned:
its codes stay listed until they end.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from ..model import CodeKind, CodePlan
from ..rules import RuleViolation
from ..wall_clock import local_text
from .actions import (
    NO_NEEDS,
    Action,
    Announcement,
    AnnouncementKind as Kind,
    BookingState,
    BookingStatus,
    DeleteOnlineCode,
    IssueCode,
    NeedState,
    Repair,
    Task,
    UpdateOnlineCode,
)
from .draft import Draft, deletion_key
from .memory import NO_ATTEMPTS, Attempts, BookingMemory, PropertyMemory
from .model import IssuedCode, PropertyLock, PropertySettings, Purpose, Reason
from .needs import is_pending, settle
from .presence import TROUBLE_AFTER, bounds
from .stays import stay_of
from .trying import Need, drop_failed, need_key
from .windows import code_plan, wanted

FORGET_AFTER = timedelta(days=2)
"""How long after its end a booking is remembered, at least."""

LONGEST_PLACEHOLDER = 300
"""Characters that are kept of each thing a failure names."""

_LONG = timedelta(days=365)
"""A stay of less is not too long, whatever its margins and the clock."""

# The worst first.
_SEVERITY = (
    BookingStatus.FAILED,
    BookingStatus.TOO_LONG,
    BookingStatus.RETRYING,
    BookingStatus.OUTDATED,
    BookingStatus.ISSUING,
    BookingStatus.PLANNED,
    BookingStatus.READY,
    BookingStatus.ENDED,
)
_SETTLED = (
    BookingStatus.FAILED,
    BookingStatus.TOO_LONG,
    BookingStatus.READY,
    BookingStatus.ENDED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do now, when to call again, and what to remember.

    ``actions``: announcements and marks first, then the codes to issue and to change,
    the next check-in first, then those to delete. ``next_at`` (UTC, after now) is None while only a read or a code
    can change anything. ``bookings`` are by check-in; ``repairs`` are all that stand.
    """

    actions: tuple[Action, ...]
    next_at: datetime | None
    memory: PropertyMemory
    bookings: tuple[BookingState, ...]
    repairs: tuple[Repair, ...]


def make_plan(
    memory: PropertyMemory,
    codes: Iterable[IssuedCode],
    settings: PropertySettings,
    now: datetime,
) -> Plan:
    """Return the plan of a property at ``now`` (aware).

    ``codes`` are all codes of the ledger whose tags name this property, in the order
    of the ledger, ended, failed and superseded ones too.
    """
    of_booking: dict[str, list[IssuedCode]] = defaultdict(list)
    for code in codes:
        of_booking[code.tag.booking].append(code)
    actions: list[Action] = []
    issues: list[IssueCode | UpdateOnlineCode] = []
    deletions: list[DeleteOnlineCode] = []
    repairs: list[Repair] = []
    states: list[BookingState] = []
    moments: list[datetime] = []
    bookings: dict[str, BookingMemory] = {}
    for booking, known in _with_orphans(memory, of_booking, settings, now).items():
        stay = stay_of(known.dates, settings)
        draft = Draft(booking, known, stay, settings, now)
        own = of_booking.get(booking, ())
        states.append(_plan_booking(draft, own))
        # A code that opens would bring a forgotten booking back, with its old dates.
        recent = bounds(stay, settings)[1] > now - FORGET_AFTER
        if recent or any(code.opens for code in own):
            bookings[booking] = draft.known
        actions += draft.actions
        issues += draft.issues
        deletions += draft.deletions
        repairs += draft.repairs
        if draft.next_at is not None:
            moments.append(draft.next_at)
    memory = replace(memory, bookings=bookings)
    memory, trouble_at = _watch_calendar(memory, actions, repairs, now)
    if trouble_at is not None:
        moments.append(trouble_at)
    issues.sort(
        key=lambda issue: (issue.stay.check_in, issue.purpose is Purpose.BACKUP)
    )
    states.sort(key=lambda state: (state.stay.check_in, state.booking))
    return Plan(
        actions=(*actions, *issues, *deletions),
        next_at=min(moments, default=None),
        memory=memory,
        bookings=tuple(states),
        repairs=tuple(repairs),
    )


def note_failure(
    memory: PropertyMemory, task: Task, reason: Reason, now: datetime
) -> PropertyMemory:
    """Return the memory after an attempt that did not do what was asked for.

    ``reason`` names a text and what stands in it, neither PIN nor guest. For an outcome that is unknown the ledger keeps
    the request, and nothing needs to be noted of an algoPIN; noting it does no harm.
    """
    known = memory.bookings.get(task.booking)
    if known is None:
        return memory
    key = _attempt_key(task)
    before = known.attempts.get(key)
    if before is None or before.dates != task.tag.dates:
        before = Attempts(task.tag.dates, 0, now, now, reason.key)
    attempts = replace(
        before,
        count=before.count + 1,
        last_at=now,
        reason=reason.key,
        placeholders={
            name: value[:LONGEST_PLACEHOLDER]
            for name, value in reason.placeholders.items()
        },
    )
    changed = replace(known, attempts={**known.attempts, key: attempts})
    return memory.with_booking(task.booking, changed)


def _attempt_key(task: Task) -> str:
    """Return what attempts at a task are known by."""
    match task:
        case DeleteOnlineCode():
            return deletion_key(task.code_id)
        case UpdateOnlineCode():
            return need_key(task.lock_id, task.purpose, online=True)
    online = task.plan.kind is CodeKind.ONLINE
    return need_key(task.lock_id, task.purpose, online=online)


def request_code(
    memory: PropertyMemory, booking: str, codes: Iterable[IssuedCode]
) -> PropertyMemory:
    """Return the memory after a person asked for a code of a booking now.

    Neither lead time nor policy nor an earlier failure holds it back, and codes of the
    booking that are out are replaced; plan after it. Raises KeyError for a booking
    that is not known.
    """
    known = memory.bookings[booking]
    prefixes = ("failed:", "delayed:")
    changed = replace(
        known,
        asked=True,
        attempts=NO_ATTEMPTS,
        told=frozenset(fact for fact in known.told if not fact.startswith(prefixes)),
        replace=known.replace
        | {code.code_id for code in codes if code.tag.booking == booking},
    )
    return memory.with_booking(booking, changed)


def preview(
    memory: PropertyMemory,
    booking: str,
    lock: PropertyLock,
    purpose: Purpose,
    settings: PropertySettings,
    now: datetime,
) -> CodePlan:
    """Return the code that ``request_code`` would issue now.

    Raises KeyError for a booking that is not known, RuleViolation where no code fits
    or the stay is over.
    """
    dates = memory.bookings[booking].dates
    _, end = wanted(stay_of(dates, settings), purpose, settings)
    if end <= now:
        raise RuleViolation(
            "ends_in_past",
            ends_at=local_text(end, settings.zone),
            now=local_text(now, settings.zone),
        )
    online = settings.goes_online(lock.lock_id, purpose)
    return code_plan(dates, purpose, settings, lock.zone, now, online=online)


def _with_orphans(
    memory: PropertyMemory,
    of_booking: Mapping[str, list[IssuedCode]],
    settings: PropertySettings,
    now: datetime,
) -> Mapping[str, BookingMemory]:
    """Return the bookings, with those that only their codes know of.

    After a loss of the memory such a booking is missing or seen like any other.
    """
    orphans: dict[str, BookingMemory] = {}
    for booking, codes in of_booking.items():
        if booking in memory.bookings:
            continue
        for code in codes:
            dates = code.tag.dates
            if (
                code.opens
                and not code.superseded
                and bounds(stay_of(dates, settings), settings)[1] > now
            ):
                first_seen = min(code.requested_at, now)
                orphans[booking] = BookingMemory(dates=dates, first_seen=first_seen)
    return {**memory.bookings, **orphans} if orphans else memory.bookings


def _plan_booking(draft: Draft, codes: Sequence[IssuedCode]) -> BookingState:
    """Plan one booking into ``draft``; return how it stands."""
    codes = drop_failed(codes, draft)
    _tidy(draft, codes)
    known, settings, now = draft.known, draft.settings, draft.now
    if known.cancelled_at is not None:
        return _plan_cancelled(draft, codes)
    if called_off := [fact for fact in known.told if fact.startswith("cancelled:")]:
        draft.untell("back", *called_off)
        draft.tell("back", Announcement(kind=Kind.BOOKING_BACK))
    end = bounds(draft.stay, settings)[1]
    if not codes:
        if end <= now:
            return _state(draft, BookingStatus.ENDED)
        long = draft.stay.check_out - draft.stay.check_in >= _LONG
        if now < draft.due and not long and not known.asked:
            draft.wake(draft.due)
            return _state(draft, BookingStatus.PLANNED)
    of_need: dict[tuple[str, Purpose], list[IssuedCode]] = defaultdict(list)
    for code in codes:
        of_need[code.lock_id, code.tag.purpose].append(code)
    purposes = (Purpose.STAY, Purpose.BACKUP)[: 1 + settings.backup_code]
    needs: dict[tuple[str, Purpose], NeedState] = {}
    for lock in settings.locks:
        for purpose in purposes:
            key = (lock.lock_id, purpose)
            needs[key] = settle(Need(lock, purpose, of_need.pop(key, ())), draft)
    for left in of_need.values():  # of a lock or purpose no longer in use
        draft.tell_kept(
            code
            for code in left
            if code.opens and not code.superseded and not draft.for_dates(code)
        )
    found = {state.status for state in needs.values()}
    if draft.known.asked and found.issubset(_SETTLED):
        draft.known = replace(draft.known, asked=False)
    if draft.repairs:
        draft.wake(end)  # then they go away
    if end <= now:
        return _state(draft, BookingStatus.ENDED, needs)
    of_stay = {needs[lock.lock_id, Purpose.STAY].status for lock in settings.locks}
    worst = next((s for s in _SEVERITY if s in of_stay), BookingStatus.PLANNED)
    return _state(draft, worst, needs)


def _tidy(draft: Draft, codes: Sequence[IssuedCode]) -> None:
    """Tell of deleted codes, and remember only what codes still need."""
    known, now = draft.known, draft.now
    for code in codes:
        if code.deleted(now):
            draft.tell(
                f"deleted:{code.code_id}",
                Announcement(
                    kind=Kind.CODE_DELETED,
                    lock_id=code.lock_id,
                    purpose=code.tag.purpose,
                    code_id=code.code_id,
                ),
            )
    over = {deletion_key(code.code_id) for code in codes if not code.opens}
    waiting = {
        code.code_id: min(known.waiting.get(code.code_id, now), now)
        for code in codes
        if code.online and is_pending(code)
    }
    if waiting != known.waiting or not over.isdisjoint(known.attempts):
        attempts = {k: v for k, v in known.attempts.items() if k not in over}
        draft.known = replace(draft.known, attempts=attempts, waiting=waiting)


def _plan_cancelled(draft: Draft, codes: Sequence[IssuedCode]) -> BookingState:
    """Delete the codes of a cancelled booking, or say which still open."""
    deletions = {deletion_key(code.code_id) for code in codes}
    attempts = {
        key: tried for key, tried in draft.known.attempts.items() if key in deletions
    }
    if draft.known.asked or len(attempts) < len(draft.known.attempts):
        draft.known = replace(draft.known, attempts=attempts, asked=False)
    for code in codes:
        if not code.opens:
            continue
        if code.superseded:  # that it opens was said then
            draft.delete(code, lambda: None)
        else:
            fact = f"cancelled:{code.code_id}"
            draft.delete(code, partial(draft.tell_code, Kind.CANCELLED, fact, code))
    return _state(draft, BookingStatus.CANCELLED)


def _state(
    draft: Draft,
    status: BookingStatus,
    needs: Mapping[tuple[str, Purpose], NeedState] = NO_NEEDS,
) -> BookingState:
    return BookingState(
        booking=draft.booking,
        dates=draft.known.dates,
        stay=draft.stay,
        status=status,
        missing=draft.known.gone is not None,
        needs=needs,
    )


def _watch_calendar(
    memory: PropertyMemory, actions: list[Action], repairs: list[Repair], now: datetime
) -> tuple[PropertyMemory, datetime | None]:
    """Tell of a calendar in trouble for a day; return when that will be."""
    trouble = memory.trouble
    if trouble is None:
        return memory, None
    if not trouble.told:
        due = trouble.since + TROUBLE_AFTER
        if now < due:
            return memory, due
        actions.append(Announcement(kind=trouble.kind))
        memory = replace(memory, trouble=replace(trouble, told=True))
    repairs.append(Repair(repair_id=trouble.kind.value, kind=trouble.kind))
    return memory, None
