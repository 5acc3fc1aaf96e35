"""A small world of bookings, calendars and clouds for the soak test.

What is true in it is decided beforehand from a seed: who books when, changes, cancels
and comes back; when a feed is blank, broken or cut short; when the cloud is away and
when the clock of Home Assistant is wrong. The planner only ever sees what it would see
in a house: reads of the feed, and its own ledger.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

from custom_components.igloohome_access.bookings.model import (
    ChangePolicy,
    CodeSource,
    FeedEvent,
    PropertyLock,
    PropertySettings,
    Reading,
    StayDates,
)
from custom_components.igloohome_access.bookings.stays import read_stays
from custom_components.igloohome_access.model import CloudKind

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
START = datetime(2026, 1, 10, 7, 12, tzinfo=UTC)
YEAR = 365 * DAY

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/St_Johns",
    "Africa/Cairo",
    "Pacific/Auckland",
    "UTC",
)
GUEST = "Erika Mustermann +49 151 5550123"
"""In every title; must never get into a memory or an announcement."""


class FeedState(StrEnum):
    """What a read of the feed gives."""

    GOOD = "good"
    EMPTY = "empty"
    FAILING = "failing"


@dataclass(frozen=True)
class Spells:
    """Disjoint stretches of time, by start, each with something that holds in it."""

    starts: list[datetime]
    ends: list[datetime]
    values: list[float]

    def at(self, moment: datetime) -> float:
        """Return the value that holds at a moment, 0 outside of all stretches."""
        number = bisect_right(self.starts, moment) - 1
        return self.values[number] if number >= 0 and moment < self.ends[number] else 0

    def end_of(self, moment: datetime) -> datetime:
        """Return when the stretch around a moment ends."""
        return self.ends[bisect_right(self.starts, moment) - 1]

    def touch(self, start: datetime, end: datetime) -> bool:
        """Return whether any stretch lies at least in part between two moments."""
        return bisect_right(self.starts, end) > bisect_right(self.ends, start)


def spells(
    rng: Random, every: timedelta, shortest: timedelta, longest: timedelta, most: int
) -> Spells:
    """Return stretches that begin ``every`` so often, with values 1 to ``most``."""
    found = Spells([], [], [])
    moment = START
    while moment < START + YEAR + 60 * DAY:
        moment += every * rng.expovariate(1)
        length = shortest + (longest - shortest) * rng.random() ** 3
        found.starts.append(moment)
        found.ends.append(moment + length)
        found.values.append(rng.randint(1, most))
        moment += length
    return found


@dataclass
class TrueBooking:
    """A booking as it really is: its dates from moments on, None while cancelled."""

    uid: str | None
    recurrence_id: str | None
    changes: list[tuple[datetime, StayDates | None]]
    blocked: bool = False
    key: str = ""
    shown: list[tuple[datetime, StayDates]] = field(default_factory=list)
    missed: list[datetime] = field(default_factory=list)
    holds: list[tuple[datetime, datetime]] = field(default_factory=list)
    refused: int = 0
    slots_full: bool = False
    forgotten: bool = False

    def __post_init__(self) -> None:
        """Work out between when it can be seen at all."""
        ends = [dates.end or dates.start + DAY for _, dates in self.changes if dates]
        last = max(end.date() if isinstance(end, datetime) else end for end in ends)
        self.known_from = self.changes[0][0]
        self.known_until = datetime.combine(last + 5 * DAY, time(), UTC)

    def dates_at(self, moment: datetime) -> StayDates | None:
        """Return the dates at a moment, None where it is not in the calendar."""
        dates = None
        for at, changed in self.changes:
            if at <= moment:
                dates = changed
        return dates

    def event(self, dates: StayDates) -> FeedEvent:
        """Return the booking as its calendar shows it."""
        return FeedEvent(
            start=dates.start,
            end=dates.end,
            uid=self.uid,
            recurrence_id=self.recurrence_id,
            summary="Airbnb (Not  available)" if self.blocked else GUEST,
        )

    def gone(self, reads: int = 3, at_least: timedelta = HOUR) -> bool:
        """Return whether so many good reads over such a time have missed it."""
        missed = self.missed
        return len(missed) >= reads and missed[-1] - missed[0] >= at_least


def _nights(rng: Random) -> int:
    """Return a length of stay: mostly some nights, sometimes very long."""
    luck = rng.random()
    if luck < 0.94:
        return rng.randint(1, 14)
    if luck < 0.97:
        return rng.randint(27, 31)
    if luck < 0.99:
        return rng.randint(32, 200)
    return rng.randint(360, 400)


def _dates(rng: Random, check_in: date, nights: int, zone: ZoneInfo) -> StayDates:
    """Return dates, of an all-day event or with times."""
    if rng.random() < 0.7:
        return StayDates(check_in, check_in + nights * DAY)
    start = datetime.combine(check_in, time(rng.randint(13, 18), rng.choice((0, 40))))
    end = datetime.combine(check_in + nights * DAY, time(rng.randint(8, 12), 0))
    no_end = rng.random() < 0.05
    return StayDates(
        start.replace(tzinfo=zone).astimezone(UTC),
        None if no_end else end.replace(tzinfo=zone).astimezone(UTC),
    )


def _changed(rng: Random, dates: StayDates, *, keep_start: bool) -> StayDates:
    """Return dates after a change: longer, shorter, moved, or by some minutes."""
    start, end = dates.start, dates.end
    if end is None:
        if keep_start:
            return dates
        return StayDates(start + rng.randint(1, 9) * DAY, None)
    kind = rng.random()
    if kind < 0.35 or keep_start:
        end += rng.randint(1, 4) * DAY
    elif kind < 0.6:
        end = max(start + DAY, end - rng.randint(1, 4) * DAY)
    elif kind < 0.8 or dates.all_day:
        shift = rng.randint(-5, 25) * DAY
        start, end = start + shift, end + shift
    else:  # a matter of minutes, which rounding mostly swallows
        start += rng.randint(-19, 19) * MINUTE
    return StayDates(start, end)


@dataclass
class Property:
    """A property of the world with all that happens to it."""

    settings: PropertySettings
    bookings: list[TrueBooking]
    feed: Spells
    outages: Spells
    skew: Spells
    keeps_past: bool
    drops_departing: bool
    """The feed leaves out an event once it is over, while the guest may still sleep."""
    read_every: timedelta
    bridge: Spells | None
    """The troubles of the bridge of the first lock, None where there is none."""
    cut_short: int = 0

    def clock(self, moment: datetime) -> datetime:
        """Return what Home Assistant takes for the time; off by 90 minutes at most."""
        off = self.skew.at(moment)
        return moment + (off - 2) * 45 * MINUTE if off else moment

    def around(self, moment: datetime) -> list[TrueBooking]:
        """Return the bookings that are in the calendar around a moment, or may be."""
        return [
            booking
            for booking in self.bookings
            if booking.known_from <= moment <= booking.known_until
        ]

    def feed_state(self, moment: datetime) -> FeedState:
        """Return whether the feed works."""
        return (FeedState.GOOD, FeedState.EMPTY, FeedState.FAILING)[
            int(self.feed.at(moment))
        ]

    def read(
        self, moment: datetime, rng: Random
    ) -> tuple[Reading | None, set[str], bool]:
        """Read the feed; return it, the identities it shows, and whether it is whole."""
        state = self.feed_state(moment)
        now = self.clock(moment)
        reading = Reading(events=(), starts_at=now - 2 * DAY, ends_at=now + 500 * DAY)
        if state is FeedState.FAILING:
            return None, set(), False
        if state is FeedState.EMPTY:
            return reading, set(), False
        # Feeds that are cut short recover before three reads.
        self.cut_short = (
            self.cut_short - 1
            if self.cut_short
            else rng.choices((0, 1, 2), (97, 2, 1))[0]
        )
        events, shown = [], set()
        for booking in self.around(moment):
            dates = booking.dates_at(moment)
            if dates is None:
                continue
            end = dates.end or dates.start + DAY
            last = end.date() if isinstance(end, datetime) else end
            if self.drops_departing and is_over(dates, now):
                continue
            if last < now.date() - (2 if self.keeps_past else 0) * DAY:
                continue
            if self.cut_short and rng.random() < 0.5:
                continue
            events.append(booking.event(dates))
            shown.add(booking.key)
        rng.shuffle(events)
        whole = Reading(
            events=tuple(events), starts_at=now - 2 * DAY, ends_at=now + 500 * DAY
        )
        return whole, shown, True


def is_over(dates: StayDates, moment: datetime, zone: float = 0) -> bool:
    """Return whether an event is over on a clock ``zone`` hours ahead of UTC."""
    last = dates.start if dates.end is None else dates.end
    if isinstance(last, datetime):
        return last <= moment
    return last <= (moment + zone * HOUR).date()


def make_property(
    rng: Random, number: int, count: int, lock_ids: list[str]
) -> Property:
    """Return a property with ``count`` bookings over a year."""
    zone = ZoneInfo(ZONES[number % len(ZONES)])
    anonymous = number % 6 == 5  # a feed without uids
    settings = PropertySettings(
        property_id=f"property-{number}",
        cloud=rng.choice((CloudKind.IGLOOHOME, CloudKind.SEAM)),
        locks=tuple(PropertyLock(lock_id, zone) for lock_id in lock_ids),
        zone=zone,
        lead_days=rng.choice((1, 2, 5, 5, 14)),
        margin_before=rng.choice((0, 30, 45, 240)),
        margin_after=rng.choice((0, 30, 45, 240)),
        check_in=time(rng.choice((14, 15, 16)), rng.choice((0, 30))),
        check_out=time(rng.choice((10, 11, 12))),
        ignore=("not available", '"closed"'),
        on_change=rng.choice((*ChangePolicy, ChangePolicy.BEFORE_CHECK_IN)),
        backup_code=number % 3 == 0,
        code_source=CodeSource.RANDOM if number % 5 in (1, 4) else CodeSource.ALGOPIN,
    )
    bookings: list[TrueBooking] = []
    taken: set[date] = set()
    while len(bookings) < count:
        check_in = START.date() + rng.randrange(345) * DAY
        if anonymous and check_in in taken:
            continue  # nothing but the day tells such bookings apart
        taken.add(check_in)
        bookings.append(_booking(rng, number, len(bookings), check_in, zone, anonymous))
    for booking in bookings:
        dates = next(dates for _, dates in booking.changes if dates is not None)
        unblocked = FeedEvent(
            start=dates.start,
            end=dates.end,
            uid=booking.uid,
            recurrence_id=booking.recurrence_id,
        )
        booking.key = read_stays([unblocked], settings, {})[0].booking
    return Property(
        settings=settings,
        bookings=bookings,
        feed=spells(rng, 5 * DAY, 5 * MINUTE, 14 * HOUR, 2),
        outages=spells(rng, 7 * DAY, 2 * MINUTE, 40 * HOUR, 1),
        skew=spells(rng, 40 * DAY, HOUR, 30 * HOUR, 4),
        keeps_past=rng.random() < 0.5,
        drops_departing=number % 4 in (1, 2),
        read_every=rng.choice((8, 16, 30)) * HOUR,
        bridge=None
        if settings.code_source is CodeSource.ALGOPIN
        else spells(rng, 6 * DAY, 5 * MINUTE, 4 * DAY, 2),
    )


def _booking(
    rng: Random, number: int, serial: int, day: date, zone: ZoneInfo, anonymous: bool
) -> TrueBooking:
    """Return one booking with all that will become of it."""
    dates = _dates(rng, day, _nights(rng), zone)
    check_in = datetime.combine(day, time(12), UTC)
    made_at = check_in - 50 * DAY * rng.random() ** 2
    changes: list[tuple[datetime, StayDates | None]] = [(made_at, dates)]
    moment, first = made_at, dates
    last = check_in + 4 * DAY
    while rng.random() < 0.3 and moment < last:
        moment += (last - moment) * rng.random()
        back = len(changes) > 1 and rng.random() < 0.5
        dates = first if back else _changed(rng, dates, keep_start=anonymous)
        changes.append((moment, dates))
    if rng.random() < 0.13:
        moment += (last - moment) * rng.random()
        changes.append((moment, None))
        if rng.random() < 0.3:
            changes.append((moment + 3 * DAY * rng.random(), dates))
    series = not anonymous and rng.random() < 0.1
    return TrueBooking(
        uid=None if anonymous else f"{number}-{serial}@{GUEST}",
        recurrence_id=f"{day:%Y%m%d}" if series else None,
        changes=changes,
        blocked=rng.random() < 0.08,
    )
