"""A year of bookings in a small world, with everything going wrong that can.

``python -m tests.bookings.soak --bookings 20000 --seed 7`` for more than the tests run.
Each invariant of issue "A code for every booking, by itself" is checked while the year
goes by, and at its end for every stay; the counts are printed.
"""

import argparse
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
import json
from random import Random
import sys
from time import perf_counter

from custom_components.igloohome_access.bookings.actions import (
    AnnouncementKind as Kind,
    IssueCode,
)
from custom_components.igloohome_access.bookings.model import (
    ChangePolicy,
    IssuedCode,
    PropertyLock,
    Purpose,
    StayDates,
)
from custom_components.igloohome_access.bookings.presence import HOLD, bounds
from custom_components.igloohome_access.bookings.stays import end_of_day, stay_of
from custom_components.igloohome_access.model import CodeStatus
from custom_components.igloohome_access.rules import RuleViolation, plan_stay

from .house import PIN, House, Lock
from .world import DAY, GUEST, HOUR, MINUTE, START, YEAR, TrueBooking, make_property

_PENDING = (CodeStatus.REQUESTED, CodeStatus.WAITING_FOR_PIN)
_SAID_OTHERWISE = {Kind.SUPERSEDED, Kind.DATES_CHANGED_CODE_KEPT, Kind.CANCELLED}


@dataclass
class Oracle:
    """Checks what the planner does against what is true."""

    counts: Counter[str] = field(default_factory=Counter)
    issued_for: dict[tuple[str, str, str], list[StayDates]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def check_issue(self, house: House, action: IssueCode, moment: datetime) -> None:
        """Check that a request that is about to leave is right."""
        settings, now = house.place.settings, house.place.clock(moment)
        booking = house.by_key[action.booking]
        assert not booking.blocked, "a code for an ignored event"
        slack = 4 * HOUR if house.place.skew.at(moment) else HOUR
        assert not booking.gone(3, slack), "a code for a cancelled booking"
        dates = booking.shown[-1][1]
        assert dates == action.tag.dates, "a code for dates that are no more"
        stay = stay_of(dates, settings)
        start, end = bounds(stay, settings)
        assert end > now, "a code for a stay that is over"
        assert now >= stay.check_in - settings.lead_days * DAY, "before the lead time"
        window = action.plan.window
        assert window.starts_at <= max(start, now), "opens too late"
        if action.purpose is Purpose.STAY:
            assert window.ends_at is not None
            assert window.ends_at >= end, "closes too early"
        for code in house.codes(now):
            if (
                code.lock_id == action.lock_id
                and code.tag.booking == action.booking
                and code.tag.purpose is action.purpose
                and code.status is not CodeStatus.FAILED
            ):
                assert code.status not in _PENDING, "a code beside one under way"
                if code.opens and code.certain:
                    assert code.window != window, "a code without a real change"
                    assert code.tag.dates != dates, "a code without a change"

    def check_house(self, house: House, moment: datetime) -> None:
        """Check all codes of a property at a moment at which nothing is to do."""
        if house.blind:
            return
        live: Counter[tuple[str, str, Purpose]] = Counter()
        codes, now = house.seen, house.place.clock(moment)
        waiting = {
            (code.lock_id, code.tag.booking)
            for code in codes
            if code.status in _PENDING
        }
        for code in codes:
            if not code.opens or code.status in _PENDING:
                continue
            if not code.superseded:
                need = (code.lock_id, code.tag.booking, code.tag.purpose)
                live[need] += 1
                assert live[need] == 1, f"two live codes for {need}"
            # While another is under way, that is awaited for an hour.
            if (code.lock_id, code.tag.booking) not in waiting:
                self._check_told(house, code, now)

    def _check_told(self, house: House, code: IssuedCode, now: datetime) -> None:
        """Check that a code that opens more than the calendar says was announced."""
        told = house.told[code.code_id]
        booking = house.by_key[code.tag.booking]
        if code.superseded or booking.gone(4, 5 * HOUR):
            assert told & _SAID_OTHERWISE, f"not announced: {code}"
            return
        settings = house.place.settings
        known = house.memory.bookings.get(booking.key)
        if known is None:
            return  # the stay is long over, and everything was said
        start, end = bounds(stay_of(booking.shown[-1][1], settings), settings)
        assert code.opens_until is not None
        if (
            code.opens_until - end >= HOUR
            and code.window.starts_at > start - HOUR
            and code.tag.dates == booking.shown[-1][1]
        ):
            assert Kind.CODE_OPENS_LONGER in told, "not told: longer"
        elif code.opens_until - end >= HOUR or (
            now < start and start - code.window.starts_at >= HOUR
        ):
            otherwise = _SAID_OTHERWISE | {Kind.CODE_OPENS_LONGER}
            assert told & otherwise, f"not announced: {code} for {booking.shown}"

    def check_year(self, house: House) -> None:
        """Check at the end that every confirmed stay had its code in time."""
        for booking in house.place.bookings:
            if booking.blocked or not booking.shown:
                self.counts["ignored or never seen"] += 1
            elif booking.changes[-1][1] is None:
                self.counts["cancelled"] += 1
            elif booking.dates_at(START + YEAR) != booking.shown[-1][1]:
                self.counts["changed after the last read of it"] += 1
            else:
                for lock in house.place.settings.locks:
                    self._check_stay(house, booking, lock)

    def _check_stay(
        self, house: House, booking: TrueBooking, lock: PropertyLock
    ) -> None:
        settings = house.place.settings
        shown_at, dates = booking.shown[-1]
        stay = stay_of(dates, settings)
        start, end = bounds(stay, settings)
        due = max(stay.check_in - settings.lead_days * DAY, shown_at)
        codes = [
            code
            for code in house.history
            if code.tag.booking == booking.key
            and code.tag.purpose is Purpose.STAY
            and code.lock_id == lock.lock_id
        ]
        try:
            plan_stay(start, end, zone=lock.zone, now=start, cloud=settings.cloud)
        except RuleViolation:
            self.counts["stays too long"] += 1
            assert all(code.tag.dates != dates for code in codes)
            return
        if due > START + YEAR - 3 * DAY or shown_at >= end - HOUR:
            self.counts["seen too late or not due within the year"] += 1
            return
        made = [
            (house.issued_at[code.code_id], code)
            for code in codes
            if code.code_id in house.issued_at
        ]
        good = [
            at
            for at, code in made
            if code.window.starts_at <= max(start, at + 2 * HOUR, shown_at)
            and code.window.ends_at is not None
            and code.window.ends_at >= end
        ]
        deadline = self._deadline(house, booking, due)
        skewed = house.place.skew.touch(due - DAY, deadline + DAY)
        if not good or min(good) > deadline + (3 * HOUR if skewed else timedelta(0)):
            kept = any(
                Kind.DATES_CHANGED_CODE_KEPT in house.told[code.code_id]
                for code in codes
            )
            if booking.slots_full:
                self.counts["stays without a code in time: slots full"] += 1
            elif kept and (
                settings.on_change is ChangePolicy.NEVER
                or (
                    settings.on_change is ChangePolicy.BEFORE_CHECK_IN
                    and deadline >= stay.check_in - 2 * HOUR
                )
            ):
                self.counts["stays with a code kept by policy"] += 1
            else:
                late = end_of_day(max(stay.check_in, due), settings.zone)
                assert deadline + HOUR >= min(late, end), (
                    f"no code in time: due {due}, by {deadline}, stay {stay}, "
                    f"made {made}, {booking}"
                )
                self.counts["stays without a code in time: cloud away"] += 1
            return
        self.counts["stays with their code in time"] += 1

    @staticmethod
    def _deadline(house: House, booking: TrueBooking, due: datetime) -> datetime:
        """Return when a code must be there, the cloud having answered for an hour."""
        patience = HOUR + 10 * MINUTE + booking.refused * (HOUR + MINUTE)
        moment, before = due, None
        while moment != before:
            before = moment
            for since, until in booking.holds:
                if since <= moment + patience and moment < until:
                    moment = max(moment, min(until, since + HOLD) + MINUTE)
            while house.place.outages.touch(moment, moment + patience):
                later = (end for end in house.place.outages.ends if end > moment)
                moment = max(moment, next(later))
        return moment + patience


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
            house.fill_lock(house.place.settings.locks[0].lock_id, moment, 9 * HOUR)
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
            house.fill_slot(booking, plan, lock.lock_id)


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
