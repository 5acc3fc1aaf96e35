"""A year of bookings in a small world, with everything going wrong that can.

``python -m tests.bookings.soak --bookings 20000 --seed 7`` for more than the tests run.
Each invariant of issue "A code for every booking, by itself" is checked while the year
goes by, and at its end for every stay; the counts are printed.
"""

import argparse
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
import json
from random import Random
import sys
from time import perf_counter

from custom_components.igloohome_access.bookings.presence import bounds
from custom_components.igloohome_access.bookings.stays import stay_of
from custom_components.igloohome_access.rules import RuleViolation, plan_stay

from .house import House
from .locks import PIN, Lock
from .oracle import Oracle
from .world import GUEST, HOUR, MINUTE, START, YEAR, make_property


@dataclass
class Result:
    """What came of a run."""

    counts: Counter[str]
    seconds: float

    def report(self) -> str:
        """Return the counts to read."""
        lines = [f"{count:9}  {name}" for name, count in sorted(self.counts.items())]
        return "\n".join([*lines, f"{self.seconds:9.1f}  seconds"])


def run(bookings: int = 2000, seed: int = 1) -> Result:
    """Let a year go by; raises AssertionError where an invariant does not hold."""
    began = perf_counter()
    rng = Random(seed)
    oracle = Oracle()
    places = max(6, bookings // 160)
    locks: dict[str, Lock] = {}
    houses: list[House] = []
    for number in range(places):
        # Every second property shares its lock with the one before it.
        own = [f"lock-{number - number % 2}"]
        if number % 5 == 4:
            own.append(f"gate-{number}")
        count = bookings // places + (number < bookings % places)
        place = make_property(rng, number, count, own)
        for lock_id in own:
            locks.setdefault(lock_id, Lock(lock_id))
        houses.append(House(place, locks, Random(rng.random()), oracle.counts))
        oracle.counts["bookings"] += len(place.bookings)
    for house in houses:
        _make_trouble(house, rng)
    agenda: list[tuple[datetime, int]] = [
        (START + number * MINUTE, number) for number in range(places)
    ]
    read_at = dict.fromkeys(range(places), START)
    while agenda:
        moment, number = heappop(agenda)
        if moment > START + YEAR:
            continue
        house = houses[number]
        if moment >= read_at[number]:
            house.read(moment)
            read_at[number] = moment + house.place.read_every * rng.uniform(0.1, 1.5)
        if rng.random() < 0.002:
            house.restart()
        if rng.random() < 0.0005:
            locks[house.place.settings.locks[0].lock_id].fill(moment, 9 * HOUR)
            oracle.counts["locks filled"] += 1
        wake = house.run(moment, oracle)
        oracle.check_house(house, moment)
        moments = [read_at[number]]
        if wake is not None:
            # What the planner takes for that moment may come at another.
            moments.append(moment + (wake - house.place.clock(moment)))
        settles_at = house.settles_at()
        if settles_at is not None:
            moments.append(settles_at)
        heappush(agenda, (max(min(moments), moment + MINUTE), number))
    for house in houses:
        oracle.check_year(house)
        text = json.dumps(house.memory.as_data())
        assert PIN not in text
        assert GUEST not in text
    return Result(oracle.counts, perf_counter() - began)


def _make_trouble(house: House, rng: Random) -> None:
    """Fill the slots of some stays beforehand."""
    settings = house.place.settings
    for booking in house.place.bookings:
        dates = booking.changes[0][1]
        if rng.random() < 0.01 and dates is not None:
            start, end = bounds(stay_of(dates, settings), settings)
            lock = settings.locks[0]
            try:
                plan = plan_stay(
                    start, end, zone=lock.zone, now=start, cloud=settings.cloud
                )
            except RuleViolation:
                continue
            house.locks[lock.lock_id].fill_slot(booking.key, plan)


def main(arguments: list[str]) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Soak the planner of bookings.")
    parser.add_argument("--bookings", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    result = run(chosen.bookings, chosen.seed)
    sys.stdout.write(result.report() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
