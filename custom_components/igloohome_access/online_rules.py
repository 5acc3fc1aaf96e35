"""Rules of online codes: from what is asked to the window that is sent.

Pure functions. A code that goes through a bridge needs no whole hours; moments are kept
to the minute, a start rounded down and an end up (reference/igloohome-api.md §4.1).
Seam takes both moments or none: a code without an end works at once
(reference/seam-api.md §8.1).
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .model import CloudKind, CodeKind, CodePlan, CodeRequest, Notice, Window
from .rules import RuleViolation, read_moment
from .wall_clock import Reading, local_text

_MINUTE = timedelta(minutes=1)


def plan_online(
    request: CodeRequest,
    *,
    zone: ZoneInfo,
    now: datetime,
    cloud: CloudKind,
    one_time: bool = False,
) -> CodePlan:
    """Return the exact window of an online code, or raise RuleViolation.

    A start that is left out or has passed means now.
    """
    if one_time and cloud is CloudKind.SEAM:
        raise RuleViolation("one_time_not_online_on_seam")
    this_minute = now.replace(second=0, microsecond=0)
    notices: list[Notice] = []
    starts_at = this_minute
    if request.starts_at is not None:
        asked = read_moment(request.starts_at, zone, now, end=False)
        starts_at = max(asked.moment.replace(second=0, microsecond=0), this_minute)
        notices += _start_notices(asked, starts_at, zone)
    ends_at = None
    if request.ends_at is not None:
        asked = read_moment(request.ends_at, zone, now, end=True)
        ends_at = _minute_up(asked.moment)
        notices += _end_notices(asked, ends_at, zone)
    window = Window(starts_at, ends_at, zone.key)
    check_window(window, now=now, cloud=cloud)
    if one_time:
        notices.append(Notice("online_code_opens_once"))
    return CodePlan(
        kind=CodeKind.ONLINE,
        window=window,
        first_use_by=None,
        notices=tuple(notices),
    )


def plan_change(
    old: Window,
    request: CodeRequest,
    *,
    zone: ZoneInfo,
    now: datetime,
    cloud: CloudKind,
) -> tuple[Window, tuple[Notice, ...]]:
    """Return the window of an online code after a change, or raise RuleViolation.

    What is left out stays; a code that begins to work later than asked for, because
    that has passed, is told.
    """
    notices: list[Notice] = []
    starts_at, ends_at = old.starts_at, old.ends_at
    if request.starts_at is not None:
        asked = read_moment(request.starts_at, zone, now, end=False)
        this_minute = now.replace(second=0, microsecond=0)
        starts_at = asked.moment.replace(second=0, microsecond=0)
        if starts_at != old.starts_at:
            starts_at = max(starts_at, this_minute)
        notices += _start_notices(asked, starts_at, zone)
    if request.ends_at is not None:
        asked = read_moment(request.ends_at, zone, now, end=True)
        ends_at = _minute_up(asked.moment)
        notices += _end_notices(asked, ends_at, zone)
    window = Window(starts_at, ends_at, old.time_zone)
    if window != old:
        check_window(window, now=now, cloud=cloud)
    return window, tuple(notices)


def check_window(window: Window, *, now: datetime, cloud: CloudKind) -> None:
    """Raise RuleViolation for a window no code can have."""
    zone = ZoneInfo(window.time_zone)
    starts_at, ends_at = window.starts_at, window.ends_at
    if ends_at is None:
        if cloud is CloudKind.SEAM and starts_at > now:
            raise RuleViolation(
                "online_start_needs_end", starts_at=local_text(starts_at, zone)
            )
    elif ends_at <= now:
        raise RuleViolation(
            "ends_in_past",
            ends_at=local_text(ends_at, zone),
            now=local_text(now.replace(second=0, microsecond=0), zone),
        )
    elif ends_at <= starts_at:
        raise RuleViolation(
            "ends_before_start",
            starts_at=local_text(starts_at, zone),
            ends_at=local_text(ends_at, zone),
        )


def _minute_up(moment: datetime) -> datetime:
    minute = moment.replace(second=0, microsecond=0)
    return minute if minute == moment else minute + _MINUTE


def _start_notices(asked: Reading, start: datetime, zone: ZoneInfo) -> list[Notice]:
    """Return how the start differs from what was asked for."""
    told = {"asked": asked.text, "starts_at": local_text(start, zone)}
    if asked.skipped:
        return [Notice("start_does_not_exist", told)]
    if start - asked.moment >= _MINUTE:
        return [Notice("start_moved_to_now", told)]
    return [Notice("start_exists_twice", told)] if asked.twice else []


def _end_notices(asked: Reading, end: datetime, zone: ZoneInfo) -> list[Notice]:
    """Return how the end differs from what was asked for."""
    told = {"asked": asked.text, "ends_at": local_text(end, zone)}
    if asked.skipped:
        return [Notice("end_does_not_exist", told)]
    return [Notice("end_exists_twice", told)] if asked.twice else []
