"""From the events of a calendar to stays with an identity.

**Identity** is a digest of the event's ``uid``, and of its ``recurrence_id`` where the
event belongs to a series; never the title, which repeats ("Reserved") and changes.
A digest, because some calendars put a guest's address into the ``uid``.

* Several events of one read with the same ``uid`` and nothing to tell them apart (a
  calendar that unfolds a series without naming the parts): the day of check-in is
  added. Once known under such an identity, the last one left keeps it. Events that
  are equal also in their dates are one booking.
* No ``uid``: the day of check-in, and a running number in the order of their ends if
  several begin on that day. So a new check-out is a change of dates, while a new
  check-in is a cancellation and another booking. Nothing better can be known.

**Dates**: all-day events last from the check-in time of their first day to the
check-out time of their last; ``end`` is the day of departure, as in every booking
feed, and one night is the least. An event with times but without an end (or with an
end that is not after its start) ends at the check-out time of the next day. Years
outside 2000 to 2200 are placeholders ("until further notice"): ends are cut there,
events that start outside are passed over.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import sha256
import json
from zoneinfo import ZoneInfo

from ..wall_clock import read_wall, wall_time
from .ignoring import IgnorePatterns
from .model import FeedEvent, PropertySettings, Stay, StayDates

_DAY = timedelta(days=1)
_FIRST_YEAR, _LAST_YEAR = 2000, 2200
_NO_END = date(_LAST_YEAR, 12, 31)


@dataclass(frozen=True, slots=True)
class SeenStay:
    """A booking in one read: its identity and its dates.

    ``phone`` are the last digits of the phone number in its event; a secret.
    ``seen_as`` is the identity by its event, where the booking is known under another.
    """

    booking: str
    dates: StayDates
    phone: str | None = field(default=None, repr=False)
    seen_as: str | None = None


def read_stays(
    events: Iterable[FeedEvent],
    settings: PropertySettings,
    known: Mapping[str, StayDates],
) -> list[SeenStay]:
    """Return the bookings among ``events``, each identity once, by start.

    ``known`` are the bookings known so far; they only matter for series without
    ``recurrence_id``.
    """
    ignore = IgnorePatterns(settings.ignore)
    groups: dict[tuple[str, str], dict[StayDates, str | None]] = defaultdict(dict)
    for event in events:
        if ignore.match(event.summary):
            continue
        dates = _dates(event)
        if dates is None:
            continue
        if not event.uid:
            group = ("", first_day(dates, settings.zone).isoformat())
        elif event.recurrence_id:
            group = (event.uid, event.recurrence_id)
        elif event.recurring:
            group = (event.uid, first_day(dates, settings.zone).isoformat())
        else:
            group = (event.uid, "")
        # Of events that are equal but for a phone number any will do, but always one.
        groups[group][dates] = max(
            (groups[group].get(dates), event.phone), key=lambda phone: phone or ""
        )
    seen: dict[str, SeenStay] = {}
    for (uid, part), alike in groups.items():
        for booking, dates in _identify(uid, part, alike, settings.zone, known):
            # Of two ends that are said of one booking the later: lock nobody out.
            if booking not in seen or dates.text > seen[booking].dates.text:
                seen[booking] = SeenStay(booking, dates, alike[dates])
    return sorted(seen.values(), key=lambda stay: (stay.dates.text, stay.booking))


def stay_of(dates: StayDates, settings: PropertySettings) -> Stay:
    """Return check-in and check-out of dates under the settings of a property."""
    start, end = dates.start, dates.end
    if isinstance(start, datetime):
        if isinstance(end, datetime):
            return Stay(start, end)
        day = wall_time(start, settings.zone).date() + _DAY
        return Stay(start, _at(day, settings.check_out, settings.zone, end=True))
    assert end is not None  # all-day events always have one
    return Stay(
        _at(start, settings.check_in, settings.zone, end=False),
        _at(end, settings.check_out, settings.zone, end=True),
    )


def end_of_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the midnight (UTC) at the end of the local day of a moment."""
    return _at(wall_time(moment, zone).date() + _DAY, time(), zone, end=False)


@lru_cache(maxsize=4096)
def _at(day: date, clock: time, zone: ZoneInfo, *, end: bool) -> datetime:
    """Return when the clock of a zone shows a time on a day, in UTC."""
    wall = datetime.combine(day, clock.replace(tzinfo=None))
    return read_wall(wall, zone, end=end).moment


def first_day(dates: StayDates, zone: ZoneInfo) -> date:
    """Return the local day of check-in."""
    start = dates.start
    return wall_time(start, zone).date() if isinstance(start, datetime) else start


def _dates(event: FeedEvent) -> StayDates | None:
    """Return the dates of an event, None for one that can be no booking."""
    start, end = event.start, event.end
    if not _FIRST_YEAR <= start.year <= _LAST_YEAR:
        return None
    if end is not None and end.year > _LAST_YEAR:
        end = _NO_END
        if isinstance(start, datetime):
            end = datetime.combine(_NO_END, time(), UTC)
    if isinstance(start, datetime):
        start = start.astimezone(UTC).replace(microsecond=0)
        if isinstance(end, datetime):
            end = end.astimezone(UTC).replace(microsecond=0)
            return StayDates(start, end if end > start else None)
        return StayDates(start, None)
    if isinstance(end, datetime):  # a feed that mixes dates and times
        end = end.date()
    if end is None or end <= start:
        end = start + _DAY
    return StayDates(start, end)


def _identify(
    uid: str,
    part: str,
    alike: Collection[StayDates],
    zone: ZoneInfo,
    known: Mapping[str, StayDates],
) -> Iterable[tuple[str, StayDates]]:
    """Yield the identity of each of the dates that share a ``uid`` and a part."""
    if len(alike) == 1 and (part or not uid):
        [dates] = alike
        yield _digest(uid, part), dates
        return
    ordered = sorted(alike, key=lambda dates: dates.text)
    if not uid:
        for number, dates in enumerate(ordered):
            yield _digest(uid, part, str(number) if number else ""), dates
        return
    bare = _digest(uid, part)
    for dates in ordered:
        day = first_day(dates, zone).isoformat()
        by_day = _digest(uid, *filter(None, (part, day)))
        alone = len(ordered) == 1 and by_day not in known
        yield (bare if alone or known.get(bare) == dates else by_day), dates


def _digest(*parts: str) -> str:
    """Return a short digest of an identity; empty last parts do not count."""
    named = list(parts)
    while named and not named[-1]:
        named.pop()
    return sha256(json.dumps(named).encode()).hexdigest()[:24]
