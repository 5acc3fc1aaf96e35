"""The clock of a lock: whole hours, odd hours, and how a moment is written.

How the odd hours are read:

* A time that the clock skips: a start is the moment of the jump, an end is read
  with the offset before the jump, as RFC 5545 does. In a gap from 02:00 to 03:00
  a start at 02:30 is 03:00, an end at 02:30 is 03:30.
* A time that the clock shows twice: a start is the earlier one (unless its ``fold``
  says otherwise), an end the later one.
* Where the clock jumps by half an hour (Lord Howe) an hour of the clock lasts 30
  or 90 minutes. Rounding goes to the nearest hour that the clock really shows.
* Offsets that are not whole minutes (local mean time, long ago) are cut to the
  minute, everywhere alike, because the wire format has no seconds in an offset.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def _cut(offset: timedelta | None) -> timedelta:
    """Return an offset in whole minutes, rounded down."""
    assert offset is not None  # a ZoneInfo always knows
    return offset // _MINUTE * _MINUTE


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    """Return the UTC offset of the zone at a moment."""
    return _cut(moment.astimezone(zone).utcoffset())


def wall_time(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock of the lock shows at a moment, as a naive datetime."""
    return (moment.astimezone(UTC) + _offset(moment, zone)).replace(tzinfo=None)


def wire_time(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as both clouds take it: ``2026-11-20T14:00:00+01:00``.

    Local time of the lock with the numeric offset of that very moment, never
    ``Z``; parts of a second are dropped (reference/igloohome-api.md §3.2).
    """
    local = moment.astimezone(timezone(_offset(moment, zone)))
    return local.isoformat(timespec="seconds")


def _past_hour(wall: datetime) -> timedelta:
    """Return how long ago the clock showed a whole hour, if it did not jump."""
    return timedelta(
        minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond
    )


def _hours_around(moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the moments near ``moment`` at which the clock shows a whole hour.

    Two neighbours are at most two elapsed hours apart, even where the clock jumps.
    """
    steps = [step * _HOUR for step in range(-3, 4)]
    for offset in {_offset(moment + step, zone) for step in steps}:
        last = moment - _past_hour(moment + offset)
        for step in steps:
            if _offset(last + step, zone) == offset:
                yield last + step


def floor_hour(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the last whole hour on the lock's clock not after a moment, in UTC."""
    moment = moment.astimezone(UTC)
    hour = moment - _past_hour(wall_time(moment, zone))
    if _offset(hour, zone) == _offset(moment, zone):  # no jump in between
        return hour
    return max(hour for hour in _hours_around(moment, zone) if hour <= moment)


def ceil_hour(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the first whole hour on the lock's clock not before a moment, in UTC."""
    moment = moment.astimezone(UTC)
    return min(hour for hour in _hours_around(moment, zone) if hour >= moment)


@dataclass(frozen=True, slots=True)
class Reading:
    """A moment that was asked for: in UTC, as text, and what is odd about it."""

    moment: datetime
    text: str
    skipped: bool = False
    twice: bool = False


def read_wall(wall: datetime, zone: ZoneInfo, *, end: bool) -> Reading:
    """Read a naive time on the clock of the lock; see the top of the module."""
    first = _cut(wall.replace(tzinfo=zone, fold=0).utcoffset())
    second = _cut(wall.replace(tzinfo=zone, fold=1).utcoffset())
    twice, skipped = first > second, first < second
    offset = second if twice and (end or wall.fold) else first
    moment = (wall - offset).replace(tzinfo=UTC, fold=0)
    if skipped and not end:
        before = moment - (second - first)
        while moment - before > _SECOND:  # until the moment of the jump
            middle = before + (moment - before) / 2
            if _offset(middle, zone) == first:
                before = middle
            else:
                moment = middle
        moment = moment.replace(microsecond=0)
    return Reading(moment, digits(wall), skipped=skipped, twice=twice)


def digits(wall: datetime) -> str:
    """Return a time as "2026-11-20 14:00", with seconds if it has any."""
    exact = "seconds" if wall.second else "minutes"
    return wall.replace(tzinfo=None).isoformat(" ", exact)


def shown_twice(moment: datetime, zone: ZoneInfo) -> bool:
    """Return whether the clock of the lock shows this time a second time."""
    return read_wall(wall_time(moment, zone), zone, end=True).twice


def local_text(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as people at the lock read it: "2026-11-20 14:00".

    Where the clock shows that time twice, the offset follows, which tells the
    two apart: "2026-10-25 02:00 (UTC+02:00)".
    """
    text = digits(wall_time(moment, zone))
    if shown_twice(moment, zone):
        text += f" ({timezone(_offset(moment, zone))})"
    return text


def days_later(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the same hour on the lock's clock that many calendar days later.

    In UTC. Where the clock skips that hour on the last day, it is one day more;
    where it shows it twice, the later one.
    """
    wall = wall_time(start, zone) + days * _DAY
    while (reading := read_wall(wall, zone, end=True)).skipped:
        wall += _DAY
    return reading.moment


def clock_span(start: datetime, end: datetime, zone: ZoneInfo) -> timedelta:
    """Return how far the clock of the lock moves; 24 hours a calendar day."""
    return wall_time(end, zone) - wall_time(start, zone)
