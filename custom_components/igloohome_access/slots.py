"""Capacity of a lock: its 199 places for PINs, and the slots of algoPINs.

igloohome computes a PIN from lock, kind, window and a small number, the variance:
the same input gives the same PIN. So a variance may be used once per window, and the
maker limits how many codes share a start (reference/igloohome-api.md §3.3). Sources
disagree whether codes with another end count towards that limit; they are warned
about, not refused (design.md §4).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from .model import CodeKind, CodePlan, Notice
from .rules import RuleViolation
from .wall_clock import ceil_hour, floor_hour, local_text, wall_time

MAX_PINS = 199
WARN_PINS = 190
SLOT_LIMIT = {
    CodeKind.HOURLY: 3,
    CodeKind.DAILY: 3,
    CodeKind.ONE_TIME: 5,
    CodeKind.PERMANENT: 3,
}

_NEAR = timedelta(days=2)
"""Starts further apart are in no slot together, whatever the clocks do: a slot is a
day at most. What is not near is not looked at closely, and that is most of it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A code that was issued or requested for a lock, by whomever.

    Codes that were refused for good are left out: they free their variance. All
    others belong in, also used ones, because their variance gives a PIN that is
    already out. ``variance`` is None where it is not known (made elsewhere).
    ``live`` says whether the code still counts as one of the lock's PINs.
    """

    kind: CodeKind
    starts_at: datetime
    ends_at: datetime | None
    variance: int | None
    live: bool


def reserve_variance(
    plan: CodePlan, taken: Iterable[Taken], live_pins: int
) -> tuple[int, tuple[Notice, ...]]:
    """Return a free variance for a planned code, and what must be told.

    ``taken`` are the codes of the lock, ``live_pins`` is how many of its 199 places
    are in use, online and offline together. Raises RuleViolation ``lock_full`` or
    ``no_variance_left``; the request could only be refused, or return a PIN that
    is already out.
    """
    if live_pins >= MAX_PINS:
        raise RuleViolation("lock_full", count=str(live_pins), limit=str(MAX_PINS))
    zone = ZoneInfo(plan.window.time_zone)
    start, limit = plan.window.starts_at, SLOT_LIMIT[plan.kind]
    same_kind = [
        code
        for code in taken
        if code.kind is plan.kind and -_NEAR < code.starts_at - start < _NEAR
    ]
    same_window = [code for code in same_kind if _same_window(plan, code, zone)]
    known = {code.variance for code in same_window if code.variance is not None}
    unknown = sum(code.variance is None for code in same_window)
    if len(known) + unknown >= limit:
        raise RuleViolation(
            "no_variance_left",
            limit=str(limit),
            starts_at=local_text(start, zone),
            ends_at=_end_text(plan, zone),
        )
    slot = _slot(plan.kind, start, zone)
    in_slot = [
        code for code in same_kind if _slot(code.kind, code.starts_at, zone) == slot
    ]
    notices = []
    count = sum(code.live for code in in_slot)
    if count >= limit:
        told = {
            "count": str(count),
            "limit": str(limit),
            "starts_at": local_text(start, zone),
        }
        notices.append(Notice("slot_limit_reached", told))
    if live_pins >= WARN_PINS:
        told = {"count": str(live_pins), "limit": str(MAX_PINS)}
        notices.append(Notice("lock_nearly_full", told))
    # A variance that nothing in the slot uses is right under either reading of
    # the limit; otherwise one that nothing in the window uses.
    free = [number for number in range(1, limit + 1) if number not in known]
    avoid = {code.variance for code in in_slot}
    variance = next((number for number in free if number not in avoid), free[0])
    return variance, tuple(notices)


def _end_text(plan: CodePlan, zone: ZoneInfo) -> str:
    """Return the end of a plan to read, a dash where it has none."""
    end = plan.window.ends_at
    return "–" if end is None else local_text(end, zone)


def _slot(kind: CodeKind, start: datetime, zone: ZoneInfo) -> datetime | date:
    """Return what codes share that count towards one limit, on the lock's clock.

    Codes made elsewhere may show a start that was not rounded
    (reference/seam-api.md §10.2), so it is rounded here.
    """
    hour = floor_hour(start, zone)
    return wall_time(hour, zone).date() if kind is CodeKind.DAILY else hour


def _same_window(plan: CodePlan, code: Taken, zone: ZoneInfo) -> bool:
    """Return whether a code of the plan's kind has the plan's window."""
    if floor_hour(code.starts_at, zone) != plan.window.starts_at:
        return False
    if plan.kind in (CodeKind.ONE_TIME, CodeKind.PERMANENT):
        return True  # the start is all there is to the window
    if code.ends_at is None:
        return False
    return ceil_hour(code.ends_at, zone) == plan.window.ends_at
