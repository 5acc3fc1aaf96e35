"""Hypothesis strategies: every zone of the tz database, moments near its changes."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

FIRST = datetime(1975, 1, 1, tzinfo=UTC)
LAST = datetime(2038, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=10)

ZONES = sorted(available_timezones() - {"localtime", "Factory"})


@cache
def changes(name: str) -> tuple[datetime, ...]:
    """Return the moments at which the clock of a zone jumps, to the second."""
    zone = ZoneInfo(name)
    found = []
    start = FIRST
    while start < LAST:
        end = start + _STEP
        before = start.astimezone(zone).utcoffset()
        if end.astimezone(zone).utcoffset() != before:
            seconds = bisect_left(
                range(int(_STEP.total_seconds())),
                True,
                key=lambda second: (
                    (start + timedelta(seconds=second)).astimezone(zone).utcoffset()
                    != before
                ),
            )
            found.append(start + timedelta(seconds=seconds))
        start = end
    return tuple(found)


def moments(name: str) -> st.SearchStrategy[datetime]:
    """Return aware moments in UTC, many of them close to a jump of the clock."""
    anywhere = st.datetimes(
        FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC)
    )
    jumps = changes(name)
    if not jumps:
        return anywhere
    near = st.builds(
        lambda jump, minutes: jump + timedelta(minutes=minutes),
        st.sampled_from(jumps),
        st.integers(-36 * 60, 36 * 60),
    )
    return st.one_of(near, near, anywhere)


def written(moment: datetime, zone: ZoneInfo) -> st.SearchStrategy[datetime]:
    """Return ways to give a moment: wall clock, UTC, an offset, the zone."""
    return st.sampled_from(
        [
            moment.astimezone(zone).replace(tzinfo=None, fold=0),
            moment.astimezone(UTC),
            moment.astimezone(timezone(timedelta(hours=-9, minutes=-30))),
            moment.astimezone(zone),
        ]
    )


def walls(zone: ZoneInfo, around: datetime) -> st.SearchStrategy[datetime]:
    """Return times on the wall near a moment, also such as do not exist."""
    wall = around.astimezone(zone).replace(tzinfo=None, fold=0)
    return st.integers(-180, 180).map(lambda m: wall + timedelta(minutes=m))
