"""A feed that numbers its events anew, now and then or always, over two weeks.

All of them or all but a few, whose uids last. Bookings come in between, reads fail,
show nothing or lack events, Home Assistant restarts, guests come and go. Nobody changes
or cancels anything, so each stay has one code.
"""

from datetime import date, timedelta
from random import Random

import pytest

from custom_components.igloohome_access.bookings.memory import PropertyMemory

from .online_samples import BRIDGED
from .samples import HOUR, OTHER, STAY, at, event, flat, ready_flat

DAY = timedelta(days=1)
READS = 600
ALWAYS, HOURLY, SOMETIMES = 1, 4, 50
"""About how many reads show the same uids."""
NONE, THIRD = 0, 3
"""One in so many events has a uid that lasts."""


class Feed:
    """Stays one after the other, whose events have the uids of a numbering."""

    def __init__(self, rng: Random, lasting: int) -> None:
        """Show four bookings, of which one in ``lasting`` has a uid that lasts."""
        self.numbering = 0
        self.stays: list[tuple[date, date, int]] = []
        self._rng = rng
        self._lasting = lasting
        self._free_from = date(2026, 7, 2)
        for _ in range(4):
            self.book()

    def book(self) -> None:
        """Show one more booking, after the others."""
        start = self._free_from + self._rng.randint(0, 1) * DAY
        self._free_from = start + self._rng.randint(2, 5) * DAY
        self.stays.append((start, self._free_from, self.numbering))

    def number_anew(self) -> None:
        """Give all events other uids, but for those that last."""
        self.numbering += 1
        self.stays = [
            (start, end, before if self._lasts(number) else self.numbering)
            for number, (start, end, before) in enumerate(self.stays)
        ]

    def _lasts(self, number: int) -> bool:
        return self._lasting > 0 and number % self._lasting == 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("lasting", [NONE, THIRD])
@pytest.mark.parametrize("every", [ALWAYS, HOURLY, SOMETIMES])
def test_each_stay_has_one_code(every: int, lasting: int, seed: int) -> None:
    """From its booking to its end, whatever its event is called."""
    rng = Random(f"{every} {lasting} {seed}")
    home = flat("2026-07-01T08:00", **(BRIDGED if seed % 2 else {}))
    feed = Feed(rng, lasting)
    read_whole = -1
    for read in range(READS):
        home.now += HOUR / 2
        by_chance = every == SOMETIMES and rng.random() < 1 / SOMETIMES
        if by_chance or (every != SOMETIMES and read % every == 0):
            feed.number_anew()
        if rng.random() < 0.01:
            feed.book()
        match rng.randrange(20):
            case 0:
                home.read()
            case 1:
                home.fail_to_read()
            case _:
                events = [
                    event(str(start), str(end), f"{numbering}/{start}")
                    for start, end, numbering in feed.stays
                    if end > home.now.date() - 2 * DAY
                ]
                # Not the first read with a numbering: what that shows tells it.
                if read_whole == feed.numbering and rng.random() < 0.3:
                    read_whole = -1  # nor two in a row
                    events = rng.sample(events, 2)
                else:
                    read_whole = feed.numbering
                home.read(*events)
        home.act()
        again = home.look()
        assert again.actions == ()
        assert again.memory == home.memory
        assert again.next_at is None or again.next_at > home.now
        if rng.random() < 0.2:
            home.memory = PropertyMemory.of_data(home.memory.as_data())
    codes = [tag.dates for _, tag in home.records.values()]
    assert len(codes) == len(set(codes))
    soon = home.now + timedelta(days=4)
    due = {(s, e) for s, e, _ in feed.stays if at(f"{s}T15:00") < soon}
    assert len(due) >= 3
    assert due <= {(dates.start, dates.end) for dates in codes}
    assert set(home.kinds()) <= {"code_ready", "first_use_deadline"}
    assert len(home.memory.bookings) <= len(feed.stays)


def test_one_event_without_a_lasting_uid() -> None:
    """Beside others that have one it costs one code too many, not one every read."""
    home = flat()
    for read in range(200):
        home.now += HOUR / 2
        home.read(event("2026-07-10", "2026-07-14", f"{read}"), OTHER)
        home.act()
    assert home.requests == 2
    assert sorted(home.kinds()) == [
        "booking_cancelled_code_still_opens",
        *["code_ready"] * 2,
        *["first_use_deadline"] * 2,
    ]
    assert len(home.memory.bookings) == 3


def test_numbered_anew_while_a_read_lacks_events() -> None:
    """The events that come back under their new uids are the bookings they were."""
    home = flat()
    first = (("2026-07-08", "2026-07-10"), ("2026-07-10", "2026-07-12"))
    home.read(*(event(*stay, f"old {stay[0]}") for stay in first), STAY)
    home.act()
    home.now += HOUR / 2
    home.read(*(event(*stay, f"then {stay[0]}") for stay in first))
    home.act()
    for _ in range(4):
        home.now += HOUR / 2
        home.read(
            *(event(*stay, f"then {stay[0]}") for stay in first),
            event("2026-07-10", "2026-07-14", "then"),
        )
        home.act()
    assert home.requests == 3
    assert set(home.kinds()) == {"code_ready", "first_use_deadline"}


@pytest.mark.parametrize("online", [False, True])
def test_a_guest_who_is_there_is_numbered_anew(online: bool) -> None:
    """Nobody else books days that have begun, so one such event is enough."""
    home = ready_flat(**(BRIDGED if online else {}))
    home.now = at("2026-07-11T12:00")
    home.read(STAY)
    for read in range(10):
        home.now += HOUR / 2
        home.read(event("2026-07-10", "2026-07-14", f"{read // 5}"))
        home.act()
    assert home.kinds() == []
    assert home.requests == 1
    assert len([code for code in home.codes() if code.opens]) == 1
