"""What is told about a planned code: every change, and what cannot be undone.

Each ``Notice`` has a translated text of its own; its placeholders are ready to read.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from .model import CodeKind, Notice
from .wall_clock import Reading, digits, local_text, shown_twice, wall_time


def start_notices(
    asked: Reading, start: datetime, zone: ZoneInfo, *, default: bool
) -> list[Notice]:
    """Return how the start differs from what was asked for, or from now."""
    told = {"asked": asked.text, "starts_at": local_text(start, zone)}
    notices = []
    if default:
        if start != asked.moment:
            notices.append(Notice("start_is_current_hour", told))
    elif start > asked.moment:
        notices.append(Notice("start_moved_to_current_hour", told))
    elif asked.skipped:
        notices.append(Notice("start_does_not_exist", told))
    elif start != asked.moment:
        notices.append(Notice("start_rounded_down", told))
    if asked.twice or shown_twice(start, zone):
        twice = told | {"asked": _time_shown_twice(asked, start, zone)}
        notices.append(Notice("start_exists_twice", twice))
    return notices


def _time_shown_twice(asked: Reading, used: datetime, zone: ZoneInfo) -> str:
    """Return the time the clock shows twice: the one asked for, or its rounding."""
    return asked.text if asked.twice else digits(wall_time(used, zone))


def end_notices(
    asked: Reading,
    rounded: datetime,
    end: datetime,
    zone: ZoneInfo,
    *,
    filled: bool,
) -> list[Notice]:
    """Return how the end differs from what was asked for.

    ``rounded`` is the end at a whole hour, before a daily code moved it on;
    ``filled`` says that it was moved on to fill up the shortest daily code.
    """
    told = {"asked": asked.text, "ends_at": local_text(end, zone)}
    notices = []
    if filled:
        notices.append(Notice("end_moved_to_29_days", told))
    elif asked.skipped:
        notices.append(Notice("end_does_not_exist", told))
    elif end != rounded:
        notices.append(Notice("end_moved_to_start_hour", told))
    elif end != asked.moment:
        notices.append(Notice("end_rounded_up", told))
    if asked.twice or shown_twice(end, zone):
        twice = told | {"asked": _time_shown_twice(asked, end, zone)}
        notices.append(Notice("end_exists_twice", twice))
    return notices


def kind_notices(
    kind: CodeKind, end: datetime | None, first_use_by: datetime | None, zone: ZoneInfo
) -> list[Notice]:
    """Return what is true of every code of a kind and length."""
    notices = []
    if first_use_by is not None:
        told = {"first_use_by": local_text(first_use_by, zone)}
        notices.append(Notice("must_be_used_within_24_hours", told))
    if kind is CodeKind.ONE_TIME and end is not None:
        told = {"ends_at": local_text(end, zone)}
        notices.append(Notice("one_time_dies_after_use", told))
    if kind is CodeKind.PERMANENT:
        notices.append(Notice("permanent_until_reset"))
    notices.append(Notice("cannot_be_revoked"))
    return notices
