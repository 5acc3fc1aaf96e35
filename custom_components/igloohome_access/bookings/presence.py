"""Which bookings there are, and which are really gone.

A calendar entity never says that an event was cancelled: the event is not there any
more (reference/product-lessons.md §3). But feeds are also blank, broken or cut short
for some minutes. So a booking counts as cancelled only when

* ``MISSES`` successful reads in a row did not show it, the first and the last of them
  at least ``GONE_FOR`` apart, and
* each of these reads showed some other event, whatever it is: also a blocked day or a
  stay of last month proves that the feed is whole.

Three reads, because one or two may fall into one hiccup of the feed or of a cache on
the way; an hour, because reads may follow each other within seconds (a person who
presses "refresh"), and hiccups that were reported took minutes. With a read every
half hour a cancellation is known after an hour. It may be slow: no code can be taken
back anyway, and until it is known no code is issued either (``HOLD``).

**An empty read and a failed read cancel nothing, and count neither for nor against.**
A property whose only booking was cancelled leaves an empty feed, which looks just like
a broken one. There the booking stays, its code is issued in time, and a person is told
after ``TROUBLE_AFTER`` that the calendar shows nothing although bookings are known. A
code too many opens a door for a guest who does not come; a code too few locks one out.

A booking that is in the calendar again is not cancelled any more.

**A stay whose event is over is not missing.** Feeds leave events out once they are
over, and an all-day event is over at the midnight before the departure, on the clock of
whoever serves the feed. The guest sleeps on, and needs the code until the check-out.

**Other uids, same days.** Some feeds number their events anew at every read, and Home
Assistant's remote calendar does so with events that have no ``uid`` in the feed, maybe
beside others that have one. So where the dates of several known bookings that are
missing are there under unknown uids, the missing are told by their dates, else by the
day of their check-in; from then on, until all uids last. Several, because one might be
another guest who booked the days that one guest has given up; one will do whose stay
has begun, nobody books that any more. The new uid of each is remembered beside the old
one: where events are numbered anew only once, it is good from then on.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from .actions import AnnouncementKind
from .memory import BookingMemory, Gone, PropertyMemory, Trouble
from .model import PropertySettings, Reading, Stay, StayDates
from .stays import SeenStay, first_day, read_stays, stay_of

MISSES = 3
GONE_FOR = timedelta(hours=1)
HOLD = timedelta(hours=6)
"""How long no code is issued for a booking that was missing in the last good read. If
the reads after it do not decide (they fail, they are empty), it is issued then."""
TROUBLE_AFTER = timedelta(hours=24)

ENOUGH_ALIKE = 2
"""How many known bookings have to be there under other uids."""

_SLACK = timedelta(days=1)
_EARLIEST_MIDNIGHT = timedelta(hours=14)
"""How long before midnight in UTC a day begins somewhere on earth."""


def take_in(
    memory: PropertyMemory,
    reading: Reading | None,
    settings: PropertySettings,
    now: datetime,
) -> PropertyMemory:
    """Return the memory after a read of the calendar; ``reading`` None: it failed.

    Linear in events and bookings.
    """
    if reading is None:
        return _troubled(memory, AnnouncementKind.CALENDAR_FAILING, now)
    if not reading.events:
        waiting = any(
            known.cancelled_at is None and _end(known.dates, settings) > now
            for known in memory.bookings.values()
        )
        if waiting:
            return _troubled(memory, AnnouncementKind.CALENDAR_EMPTY, now)
        return replace(memory, trouble=None)
    stays, renumbers = identify(memory, reading, settings, now)
    seen = {stay.booking: stay.dates for stay in stays}
    bookings = {
        booking: _judge(
            known, seen.get(booking), reading, settings, now, memory.last_read
        )
        for booking, known in memory.bookings.items()
    }
    for stay in stays:
        booking, dates = stay.booking, stay.dates
        if stay.seen_as is not None:
            bookings[booking] = replace(bookings[booking], seen_as=stay.seen_as)
        elif booking not in bookings and _end(dates, settings) > now:
            bookings[booking] = BookingMemory(dates=dates, first_seen=now)
    return PropertyMemory(bookings=bookings, renumbers=renumbers, last_read=now)


def identify(
    memory: PropertyMemory, reading: Reading, settings: PropertySettings, now: datetime
) -> tuple[list[SeenStay], bool]:
    """Return the bookings that a read shows, by the identities they are known under.

    And whether the calendar gives events other uids at every read.
    """
    remembered = {booking: known.dates for booking, known in memory.bookings.items()}
    seen = read_stays(reading.events, settings, remembered)
    by_uid = remembered.keys() & {stay.booking for stay in seen}
    by_last_uid = {
        known.seen_as: booking
        for booking, known in memory.bookings.items()
        if booking not in by_uid
    }
    seen = [
        _known_as(stay, by_last_uid[stay.booking])
        if stay.booking in by_last_uid and stay.booking not in by_uid
        else stay
        for stay in seen
    ]
    shown = {stay.booking for stay in seen}
    unknown = {stay.dates for stay in seen if stay.booking not in remembered}
    if not unknown:
        return seen, memory.renumbers and not by_uid
    missing = {
        booking: known
        for booking, known in memory.bookings.items()
        if booking not in shown
    }
    alike = [known.dates for known in missing.values() if known.dates in unknown]
    begun = any(stay_of(dates, settings).check_in <= now for dates in alike)
    if not (memory.renumbers or begun or len(alike) >= ENOUGH_ALIKE):
        return seen, False
    left = {
        booking: known.dates
        for booking, known in missing.items()
        # Also those on their last day, which a feed need not show any more.
        if known.cancelled_at is None and _end(known.dates, settings) > now
    }

    def by_dates(dates: StayDates) -> str:
        return dates.text

    def by_first_day(dates: StayDates) -> str:
        return first_day(dates, settings.zone).isoformat()

    told_by: tuple[Callable[[StayDates], str], ...] = (by_dates, by_first_day)
    for key_of in told_by:
        found: dict[str, list[str]] = defaultdict(list)
        for booking in sorted(left, key=lambda booking: left[booking].text):
            found[key_of(left[booking])].append(booking)
        for number, stay in enumerate(seen):
            same = found[key_of(stay.dates)]
            if stay.booking not in remembered and same:
                seen[number] = _known_as(stay, same.pop(0))
                del left[seen[number].booking]
    return seen, True


def _known_as(stay: SeenStay, booking: str) -> SeenStay:
    """Return a stay under the identity that its booking is known by."""
    return replace(stay, booking=booking, seen_as=stay.booking)


def bounds(stay: Stay, settings: PropertySettings) -> tuple[datetime, datetime]:
    """Return from when until when a stay needs a code, margins included."""
    return (
        stay.check_in - timedelta(minutes=settings.margin_before),
        stay.check_out + timedelta(minutes=settings.margin_after),
    )


def _end(dates: StayDates, settings: PropertySettings) -> datetime:
    return bounds(stay_of(dates, settings), settings)[1]


def _judge(
    known: BookingMemory,
    dates: StayDates | None,
    reading: Reading,
    settings: PropertySettings,
    now: datetime,
    last_read: datetime | None,
) -> BookingMemory:
    """Return a known booking after a read that shows it with ``dates``, or not."""
    if dates is not None:
        # Where nothing was read yet, the dates are known by a code, maybe an old one.
        if last_read is not None:
            dates = _since_arrival(known.dates, dates, settings, now)
        if dates == known.dates and known.gone is None:
            return known
        return replace(known, dates=dates, gone=None, cancelled_at=None)
    if known.cancelled_at is not None:
        return known
    if not _is_expected(known.dates, reading, settings, now):
        return known
    gone = known.gone
    if gone is None or gone.since > now:  # the clock was set back
        gone = Gone(last_seen=last_read or known.first_seen, since=now, misses=0)
    gone = replace(gone, misses=gone.misses + 1)
    sure = gone.misses >= MISSES and now - gone.since >= GONE_FOR
    return replace(known, gone=gone, cancelled_at=now if sure else None)


def _since_arrival(
    known: StayDates, dates: StayDates, settings: PropertySettings, now: datetime
) -> StayDates:
    """Return the dates of a stay that has begun from its first day on.

    Some feeds show only what is left of it, from today on. A guest who is in the house
    needs no other code for that, nor does one who comes late.
    """
    if (
        known.end is not None
        and known.all_day
        and dates.all_day
        and known.start < dates.start <= known.end
        and dates.start <= now.astimezone(settings.zone).date()
        and stay_of(known, settings).check_in <= now
    ):
        return replace(dates, start=known.start)
    return dates


def _is_expected(
    dates: StayDates, reading: Reading, settings: PropertySettings, now: datetime
) -> bool:
    """Return whether a read has to show a stay that was not cancelled."""
    stay = stay_of(dates, settings)
    return (
        now < bounds(stay, settings)[1]
        and (now < stay.check_in or now < _event_over(dates))
        # An all-day event ends hours before its check-out, so some slack.
        and reading.starts_at <= stay.check_out - _SLACK
        and stay.check_in + _SLACK <= reading.ends_at
    )


def _event_over(dates: StayDates) -> datetime:
    """Return from when on a feed may leave out an event, because it is over."""
    last = dates.start if dates.end is None else dates.end
    if isinstance(last, datetime):
        return last
    return datetime.combine(last, time(), UTC) - _EARLIEST_MIDNIGHT


def _troubled(
    memory: PropertyMemory, kind: AnnouncementKind, now: datetime
) -> PropertyMemory:
    """Return the memory with a trouble of the calendar, older if it lasts."""
    trouble = memory.trouble
    if trouble is not None and trouble.kind is kind and trouble.since <= now:
        return memory
    return replace(memory, trouble=Trouble(kind, now))
