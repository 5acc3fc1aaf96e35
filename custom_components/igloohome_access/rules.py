"""Rules of algoPINs: from what is asked to the exact window that is sent.

Pure functions (design.md §4). Clouds take whole hours on the clock of the lock,
written with the numeric UTC offset of that very moment
(reference/igloohome-api.md §3.2). So a start is rounded down and an end up to a
whole hour of the lock's zone, and each change is told with a ``Notice``. Elapsed
hours are only ever counted in UTC: two local moments subtract wrongly across a
change of the clock.

How hours are read that the clock skips or shows twice is in ``wall_clock.py``; here
an hourly window that would last less than one elapsed hour gets one more, and a
daily code whose hour is skipped on the last day ends one day later. All is told.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
import unicodedata
from zoneinfo import ZoneInfo

from .model import CloudKind, CodeKind, CodePlan, CodeRequest, Window
from .notices import end_notices, kind_notices, start_notices
from .wall_clock import (
    Reading,
    ceil_hour,
    clock_span,
    days_later,
    digits,
    floor_hour,
    local_text,
    read_wall,
    wall_time,
)

MAX_HOURLY_HOURS = 672
DAILY_MIN_DAYS = 29
DAILY_MAX_DAYS = 367
MAX_NAME_LENGTH = 60
FIRST_USE_WITHIN = timedelta(hours=24)
"""A code of more than this lapses unless it is used this soon after its start
(reference/igloohome-api.md §7)."""

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MAX_HOURLY = MAX_HOURLY_HOURS * _HOUR
_DAILY_MIN = DAILY_MIN_DAYS * _DAY
_DAILY_MAX = DAILY_MAX_DAYS * _DAY
# A start this little in the past is somebody typing "now" a bit late.
_LATE_START = _HOUR
# Beyond this, arithmetic on moments may leave the calendar.
_SENSIBLE_DAYS = 36525


class RuleViolation(Exception):
    """A request that no cloud would take, found before anything is sent.

    ``key`` names the translated text in the ``exceptions`` section,
    ``placeholders`` are ready to read: counts, and local times such as
    "2026-11-20 14:00".
    """

    def __init__(self, key: str, **placeholders: str) -> None:
        """Keep the key and what its text needs."""
        super().__init__(key)
        self.key = key
        self.placeholders: Mapping[str, str] = MappingProxyType(placeholders)


def check_name(name: str) -> str:
    """Return the name without surrounding blanks, or raise RuleViolation.

    A name has 1 to 60 characters (igloohome's ``accessName``,
    reference/igloohome-api.md §3.2), one of them visible, and no control
    characters or line breaks.
    """
    name = name.strip()
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in name):
        raise RuleViolation("name_invalid")
    if not any(char.isprintable() and not char.isspace() for char in name):
        raise RuleViolation("name_empty")
    if len(name) > MAX_NAME_LENGTH:
        raise RuleViolation(
            "name_too_long", length=str(len(name)), max_length=str(MAX_NAME_LENGTH)
        )
    return name


def read_moment(
    given: datetime, zone: ZoneInfo, now: datetime, *, end: bool
) -> Reading:
    """Read a given moment: naive on the clock of the lock, else as it says."""
    aware = given if given.tzinfo is not None else given.replace(tzinfo=UTC)
    if abs((aware - now).days) > _SENSIBLE_DAYS:
        raise RuleViolation("out_of_range", value=digits(given))
    if given.tzinfo is None:
        return read_wall(given, zone, end=end)
    moment = given.astimezone(UTC)
    return Reading(moment, local_text(moment, zone))


# Lengths


def neighbours(start: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the ends (UTC) of the longest hourly and the shortest daily code.

    Between the two no kind of code fits: more than 672 hours, less than 29 days.
    """
    return (
        floor_hour(start + _MAX_HOURLY, zone),
        days_later(start, DAILY_MIN_DAYS, zone),
    )


def _misfit(
    key: str, start: datetime, end: datetime, zone: ZoneInfo, **more: str
) -> RuleViolation:
    """Return the violation of a length, naming the window and its neighbours."""
    hourly_end, daily_end = neighbours(start, zone)
    placeholders = {
        "starts_at": local_text(start, zone),
        "ends_at": local_text(end, zone),
        "hours": f"{(end - start) / _HOUR:.10g}",
        "days": str(clock_span(start, end, zone) // _DAY),
        "max_hours": str(MAX_HOURLY_HOURS),
        "min_days": str(DAILY_MIN_DAYS),
        "max_days": str(DAILY_MAX_DAYS),
        "hourly_ends_at": local_text(hourly_end, zone),
        "daily_ends_at": local_text(daily_end, zone),
    }
    return RuleViolation(key, **placeholders | more)


def _hourly_end(start: datetime, asked: Reading, zone: ZoneInfo) -> datetime:
    """Return the end of an hourly code, however long; at least one elapsed hour."""
    end = ceil_hour(asked.moment, zone)
    while end - start < _HOUR:
        end = ceil_hour(end + _MINUTE, zone)
    return end


def _check_hourly(start: datetime, end: datetime, zone: ZoneInfo) -> None:
    """Raise RuleViolation for an hourly code of more than 672 elapsed hours."""
    if end - start <= _MAX_HOURLY:
        return
    span = clock_span(start, end, zone)
    if span <= _MAX_HOURLY:  # 28 days on the clock, but the clock was set back
        raise _misfit("dst_hourly_too_long", start, end, zone)
    if span < _DAILY_MIN:
        raise _misfit("between_hourly_and_daily", start, end, zone)
    raise _misfit("hourly_too_long", start, end, zone)


def _daily_end(
    start: datetime, end: datetime, zone: ZoneInfo, *, move: bool, fill: bool
) -> datetime:
    """Return the end of a daily code: the start's hour, 29 to 367 days later.

    ``end`` is a whole hour. With ``move`` it goes on to the start's hour where it
    is another, with ``fill`` a window that is too short is filled up to 29 days.
    """
    span = clock_span(start, end, zone)
    if span < _DAILY_MIN:
        if fill:
            return days_later(start, DAILY_MIN_DAYS, zone)
        fits_hourly = end - start <= _MAX_HOURLY
        key = "daily_too_short" if fits_hourly else "between_hourly_and_daily"
        raise _misfit(key, start, end, zone)
    days, rest = divmod(span, _DAY)
    if not rest and span <= _DAILY_MAX:
        return end
    later = days_later(start, days + 1, zone)
    later_fits = clock_span(start, later, zone) <= _DAILY_MAX
    if move and later_fits:
        return later
    if move or span > _DAILY_MAX:
        latest = days_later(start, DAILY_MAX_DAYS, zone)
        if clock_span(start, latest, zone) > _DAILY_MAX:
            latest = days_later(start, DAILY_MAX_DAYS - 1, zone)
        raise _misfit(
            "daily_too_long",
            start,
            end,
            zone,
            days=str(-(-span // _DAY)),
            latest_ends_at=local_text(latest, zone),
        )
    choices = {days_later(start, days, zone), *([later] if later_fits else [])}
    raise _misfit(
        "daily_hour_mismatch",
        start,
        end,
        zone,
        choices=" / ".join(local_text(choice, zone) for choice in sorted(choices)),
    )


# Plans


def plan_code(
    request: CodeRequest, *, zone: ZoneInfo, now: datetime, cloud: CloudKind
) -> CodePlan:
    """Return the exact window of an offline code a person asked for.

    ``zone`` is the lock's, ``now`` is aware. Without a start the code starts at the
    current hour; a ``duration`` then counts from the current minute. A start up to
    an hour in the past is moved to the current hour. ``days`` counts calendar days
    from the rounded start of a daily code. Raises RuleViolation for everything that
    no cloud would take.
    """
    return _plan(request, zone, now.astimezone(UTC), cloud, stay=False)


def plan_stay(
    starts_at: datetime,
    ends_at: datetime,
    *,
    zone: ZoneInfo,
    now: datetime,
    cloud: CloudKind,
) -> CodePlan:
    """Return the exact window of an offline code for a stay (design.md §8).

    Up to 672 hours an hourly code; else a daily one, its end moved on to the
    start's hour, or to 29 days where the stay is shorter. A stay that has begun
    starts at the current hour. Raises RuleViolation for a stay that is over, ends
    before it starts or is longer than 367 days.
    """
    request = CodeRequest(kind=CodeKind.HOURLY, starts_at=starts_at, ends_at=ends_at)
    return _plan(request, zone, now.astimezone(UTC), cloud, stay=True)


def _plan(
    request: CodeRequest, zone: ZoneInfo, now: datetime, cloud: CloudKind, *, stay: bool
) -> CodePlan:
    """Check and round a request; ``stay`` picks the kind and never asks back."""
    _check_fields(request, cloud)
    kind = request.kind
    current = floor_hour(now, zone)
    asked_start = _asked_start(request, zone, now)
    start = max(current, floor_hour(asked_start.moment, zone))
    asked_end = _asked_end(request, asked_start, start, zone, now)
    _check_order(request, asked_start, asked_end, zone, now)
    if asked_start.moment < min(current, now - _LATE_START) and not stay:
        raise RuleViolation(
            "start_in_past",
            starts_at=asked_start.text,
            earliest=local_text(current, zone),
        )
    default = request.starts_at is None
    notices = start_notices(asked_start, start, zone, default=default)
    end: datetime | None = None
    if kind is CodeKind.ONE_TIME:
        # Elapsed hours, and so not always a whole hour: nobody sends this end.
        end = start + _DAY
    elif asked_end is not None:
        end = rounded = _hourly_end(start, asked_end, zone)
        if stay and end - start > _MAX_HOURLY:
            kind = CodeKind.DAILY
        if kind is CodeKind.HOURLY:
            _check_hourly(start, end, zone)
        else:
            move = stay or request.days is not None
            end = _daily_end(start, rounded, zone, move=move, fill=stay)
        filled = end != rounded and clock_span(start, rounded, zone) < _DAILY_MIN
        notices += end_notices(asked_end, rounded, end, zone, filled=filled)
    first_use_by = None
    if end is None or end - start > FIRST_USE_WITHIN:
        first_use_by = start + FIRST_USE_WITHIN
    return CodePlan(
        kind=kind,
        window=Window(start, end, zone.key),
        first_use_by=first_use_by,
        notices=(*notices, *kind_notices(kind, end, first_use_by, zone)),
    )


def _check_fields(request: CodeRequest, cloud: CloudKind) -> None:
    """Raise RuleViolation where the fields do not fit the kind."""
    ends = [request.ends_at, request.duration, request.days]
    given = len(ends) - ends.count(None)
    match request.kind:
        case CodeKind.ONLINE:
            raise ValueError("An online code is no algoPIN")
        case CodeKind.PERMANENT if cloud is CloudKind.SEAM:
            raise RuleViolation("permanent_not_on_seam")
        case CodeKind.PERMANENT:
            if given:
                raise RuleViolation("permanent_takes_no_end")
        case CodeKind.ONE_TIME:
            if given:
                raise RuleViolation("one_time_takes_no_end")
        case _:
            if not given:
                raise RuleViolation("end_missing")
            if given > 1:
                raise RuleViolation("end_given_twice")


def _asked_start(request: CodeRequest, zone: ZoneInfo, now: datetime) -> Reading:
    """Return the start that was asked for, by default the current minute.

    Not the current second: an automation that runs a moment past the hour and
    asks for two hours means two hours of the clock.
    """
    if request.starts_at is None:
        minute = now.replace(second=0, microsecond=0)
        return Reading(minute, local_text(minute, zone))
    return read_moment(request.starts_at, zone, now, end=False)


def _asked_end(
    request: CodeRequest,
    asked_start: Reading,
    start: datetime,
    zone: ZoneInfo,
    now: datetime,
) -> Reading | None:
    """Return the end that was asked for, None where the kind has none to ask for."""
    if request.ends_at is not None:
        return read_moment(request.ends_at, zone, now, end=True)
    if request.duration is not None:
        if abs(request.duration.days) > _SENSIBLE_DAYS:
            raise RuleViolation("out_of_range", value=str(request.duration))
        moment = asked_start.moment + request.duration
        return Reading(moment, local_text(moment, zone))
    if request.days is not None:
        if abs(request.days) > _SENSIBLE_DAYS:
            raise RuleViolation("out_of_range", value=str(request.days))
        first = start if request.kind is CodeKind.DAILY else asked_start.moment
        return read_wall(wall_time(first, zone) + request.days * _DAY, zone, end=True)
    return None


def _check_order(
    request: CodeRequest,
    asked_start: Reading,
    asked_end: Reading | None,
    zone: ZoneInfo,
    now: datetime,
) -> None:
    """Raise RuleViolation for an end before the start or in the past."""
    if asked_end is None:
        return
    # A person who leaves the start out and gives an end that is over has not
    # mixed up the two; and a length from now on cannot be over.
    from_now = request.starts_at is None
    by_length = request.ends_at is None
    if asked_end.moment <= asked_start.moment and (by_length or not from_now):
        raise RuleViolation(
            "ends_before_start", starts_at=asked_start.text, ends_at=asked_end.text
        )
    if asked_end.moment <= now and not (by_length and from_now):
        raise RuleViolation(
            "ends_in_past", ends_at=asked_end.text, now=local_text(now, zone)
        )
