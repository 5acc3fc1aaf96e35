"""A feed that numbers its events anew, now and then or always, over two weeks.

Bookings come in between, reads fail or show nothing, Home Assistant restarts, guests
come and go. Nobody changes or cancels anything, so each stay has one code.
"""

from datetime import date, timedelta
from random import Random

import pytest

from custom_components.igloohome_access.bookings.memory import PropertyMemory

from .samples import HOUR, at, event, flat

DAY = timedelta(days=1)
READS = 700
ALWAYS, HOURLY, SOMETIMES = 1, 4, 50
"""About how many reads show the same uids."""


class Feed:
    """Stays one after the other, whose events have the uids of a numbering."""

    def __init__(self, rng: Random) -> None:
        """Show three bookings."""
        self.numbering = 0
        self.stays: list[tuple[date, date, int]] = []
        self._rng = rng
        self._free_from = date(2026, 7, 2)
        for _ in range(3):
            self.book()

    def book(self) -> None:
        """Show one more booking, after the others."""
        start = self._free_from + self._rng.randint(0, 1) * DAY
        self._free_from = start + self._rng.randint(2, 5) * DAY
        self.stays.append((start, self._free_from, self.numbering))

    def number_anew(self) -> None:
        """Give all events other uids."""
        self.numbering += 1
        self.stays = [(start, end, self.numbering) for start, end, _ in self.stays]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("every", [ALWAYS, HOURLY, SOMETIMES])
def test_each_stay_has_one_code(every: int, seed: int) -> None:
    """From its booking to its end, whatever its event is called."""
    rng = Random(f"{every} {seed}")
    home, feed = flat("2026-07-01T08:00"), Feed(rng)
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
                home.read(
                    *(
                        event(str(start), str(end), f"{numbering}/{start}")
                        for start, end, numbering in feed.stays
                        if end > home.now.date() - 2 * DAY
                    )
                )
        home.act()
        if rng.random() < 0.2:
            home.memory = PropertyMemory.of_data(home.memory.as_data())
    codes = [tag.dates for _, tag in home.records.values()]
    assert len(codes) == len(set(codes))
    soon = home.now + timedelta(days=4)
    due = {(s, e) for s, e, _ in feed.stays if at(f"{s}T15:00") < soon}
    assert len(due) >= 3
    assert due <= {(dates.start, dates.end) for dates in codes}
    assert set(home.kinds()) <= {"code_ready", "first_use_deadline"}
