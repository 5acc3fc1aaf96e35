"""The invariants of issue "A code for every booking, by itself", checked by the hour."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from custom_components.igloohome_access.bookings.actions import (
    AnnouncementKind as Kind,
    IssueCode,
    UpdateOnlineCode,
)
from custom_components.igloohome_access.bookings.model import (
    ChangePolicy,
    CodeSource,
    IssuedCode,
    PropertyLock,
    Purpose,
    StayDates,
)
from custom_components.igloohome_access.bookings.presence import HOLD, bounds
from custom_components.igloohome_access.bookings.stays import end_of_day, stay_of
from custom_components.igloohome_access.bookings.trying import ALGOPIN_BEFORE
from custom_components.igloohome_access.model import CodeStatus
from custom_components.igloohome_access.rules import RuleViolation, plan_stay

from .house import House
from .world import DAY, HOUR, MINUTE, START, YEAR, Spells, TrueBooking

_PENDING = (CodeStatus.REQUESTED, CodeStatus.WAITING_FOR_PIN, CodeStatus.SETTING)
_MOVING = (*_PENDING, CodeStatus.REMOVING)
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
        start, end = self._check_wanted(house, action, moment)
        dates = action.tag.dates
        stay = stay_of(dates, settings)
        assert now >= stay.check_in - settings.lead_days * DAY, "before the lead time"
        window = action.plan.window
        assert window.starts_at <= max(start, now), "opens too late"
        if action.purpose is Purpose.STAY:
            assert window.ends_at is not None
            assert window.ends_at >= end, "closes too early"
        if not action.plan.kind.offline:
            self.counts["online codes asked for"] += 1
            assert settings.code_source is not CodeSource.ALGOPIN
            assert window.ends_at == end, "an online code is exact"
            assert window.starts_at == max(start, now.replace(second=0, microsecond=0))
        elif house.last_plan is not None and settings.code_source is CodeSource.RANDOM:
            self.counts["algopins of a property with a bridge"] += 1
        for code in house.codes(now):
            if (
                code.lock_id == action.lock_id
                and code.tag.booking == action.booking
                and code.tag.purpose is action.purpose
                and code.status is not CodeStatus.FAILED
            ):
                helps_out = code.online and now >= stay.check_in - ALGOPIN_BEFORE
                if code.status in _PENDING:
                    assert helps_out, "a code beside one under way"
                    assert action.plan.kind.offline
                    self.counts["algopins beside a code under way"] += 1
                if code.opens and code.certain:
                    assert code.window != window, "a code without a real change"
                    assert code.tag.dates != dates, "a code without a change"

    def _check_wanted(
        self, house: House, action: IssueCode | UpdateOnlineCode, moment: datetime
    ) -> tuple[datetime, datetime]:
        """Check that a stay is as a request says; return from when until when."""
        settings, now = house.place.settings, house.place.clock(moment)
        booking = house.by_key[action.booking]
        assert not booking.blocked, "a code for an ignored event"
        slack = 4 * HOUR if house.place.skew.at(moment) else HOUR
        assert not booking.gone(3, slack), "a code for a cancelled booking"
        dates = booking.shown[-1][1]
        assert dates == action.tag.dates, "a code for dates that are no more"
        start, end = bounds(stay_of(dates, settings), settings)
        assert end > now, "a code for a stay that is over"
        return start, end

    def check_change(
        self, house: House, action: UpdateOnlineCode, moment: datetime
    ) -> None:
        """Check that a change that is about to be asked for is right."""
        settings, now = house.place.settings, house.place.clock(moment)
        start, end = self._check_wanted(house, action, moment)
        assert settings.on_change is not ChangePolicy.NEVER
        assert action.window.ends_at == end, "an online code is exact"
        [code] = [c for c in house.codes(now) if c.code_id == action.code_id]
        assert code.online
        assert code.opens
        assert not code.superseded
        assert code.status not in _MOVING
        assert code.tag.dates != action.tag.dates, "a change without a change"
        assert code.window != action.window, "a change without a change"
        begun = max(code.window.starts_at, action.window.starts_at) <= now
        assert action.window.starts_at == (
            code.window.starts_at
            if begun
            else max(start, now.replace(second=0, microsecond=0))
        )

    def _check_online(self, house: House, moment: datetime) -> None:
        """Check that online codes follow their stays exactly where the bridge works."""
        place = house.place
        if place.bridge is None or any(
            spells.touch(moment - HOUR - MINUTE, moment)
            for spells in (place.bridge, place.outages, place.skew)
        ):
            return
        for code in house.seen:
            if not (code.online and code.opens) or code.status in _MOVING:
                continue
            known = house.memory.bookings[code.tag.booking]
            if any(tried.last_at > moment - HOUR for tried in known.attempts.values()):
                continue
            if self._is_given_up(house, code):
                self.counts["online codes given up"] += 1
                continue
            self.counts["online codes looked at"] += 1
            assert known.cancelled_at is None, f"cancelled, and not deleted: {code}"
            assert not code.superseded, f"superseded, and not deleted: {code}"
            if (
                known.gone is None
                and place.settings.on_change is not ChangePolicy.NEVER
            ):
                start, end = bounds(
                    stay_of(known.dates, place.settings), place.settings
                )
                assert code.window.ends_at == end, f"does not follow: {code}"
                assert code.window.starts_at == start or moment >= start

    @staticmethod
    def _is_given_up(house: House, code: IssuedCode) -> bool:
        """Return whether a change of a code failed until midnight, and that was told."""
        assert house.last_plan is not None
        repairs = {
            (repair.booking, repair.lock_id)
            for repair in house.last_plan.repairs
            if repair.kind is Kind.CODE_FAILED
        }
        if (code.tag.booking, code.lock_id) not in repairs:
            return False
        assert Kind.DATES_CHANGED_CODE_KEPT in house.told[code.code_id]
        return True

    def check_house(self, house: House, moment: datetime) -> None:
        """Check all codes of a property at a moment at which nothing is to do."""
        if house.blind:
            return
        self._check_online(house, moment)
        live: Counter[tuple[str, str, Purpose]] = Counter()
        codes, now = house.seen, house.place.clock(moment)
        waiting = {
            (code.lock_id, code.tag.booking) for code in codes if code.status in _MOVING
        }
        for code in codes:
            if not code.opens or code.status in _MOVING:
                continue
            known = house.memory.bookings.get(code.tag.booking)
            if known is not None and known.cancelled_at is not None:
                # Of no stay any more: each is deleted, or was announced.
                told = house.told[code.code_id] & _SAID_OTHERWISE
                assert code.online or told, f"cancelled, and not announced: {code}"
            elif not code.superseded:
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
        known = house.memory.bookings.get(booking.key)
        if known is not None and known.seen_as is not None:
            # Another event of the same days, which had begun, was taken for it.
            self.counts["stays known by another event"] += 1
            return
        if code.superseded or booking.gone(4, 5 * HOUR):
            assert told & _SAID_OTHERWISE, f"not announced: {code}"
            return
        settings = house.place.settings
        if known is None:
            return  # the stay is long over, and everything was said
        if known.cancelled_at is not None:
            return  # that it still opens was looked at already
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
            elif booking.key in house.stand_ins:
                self.counts["stays taken for another of the same days"] += 1
            elif booking.changes[-1][1] is None:
                self.counts["cancelled"] += 1
            elif (
                booking.dates_at(START + YEAR) != booking.shown[-1][1]
                or len(booking.missed) >= 3  # and it came back unseen
            ):
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
        made = [
            (at, code)
            for at, code in house.history
            if code.tag.booking == booking.key
            and code.tag.purpose is Purpose.STAY
            and code.lock_id == lock.lock_id
        ]
        codes = [code for _, code in made]
        try:
            plan_stay(start, end, zone=lock.zone, now=start, cloud=settings.cloud)
        except RuleViolation:
            if all(code.tag.dates != dates for code in codes):
                self.counts["stays too long"] += 1
            else:
                assert all(code.online for code in codes if code.tag.dates == dates)
                self.counts["stays only a bridge can do"] += 1
            return
        if due > START + YEAR - 3 * DAY or shown_at >= end - HOUR:
            self.counts["seen too late or not due within the year"] += 1
            return
        good = [
            at
            for at, code in made
            if code.window.starts_at <= max(start, at + 2 * HOUR, shown_at)
            and code.window.ends_at is not None
            and code.window.ends_at >= end
        ]
        deadline = self._deadline(house, booking, due, stay.check_in)
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
                first = min(due, house.place.clock(due))  # on a clock that was slow
                late = end_of_day(max(stay.check_in, first), settings.zone)
                assert deadline + HOUR >= min(late, end), (
                    f"no code in time: due {due}, by {deadline}, stay {stay}, "
                    f"made {made}, {booking}"
                )
                self.counts["stays without a code in time: cloud away"] += 1
            return
        self.counts["stays with their code in time"] += 1

    def _deadline(
        self, house: House, booking: TrueBooking, due: datetime, check_in: datetime
    ) -> datetime:
        """Return when a code must be there, the cloud having answered for an hour.

        Through a bridge, or without it from half a day before the check-in.
        """
        place = house.place
        if place.bridge is None:
            return self._reached(house, booking, due, [place.outages])
        return min(
            self._reached(house, booking, due, [place.outages, place.bridge]),
            self._reached(
                house,
                booking,
                max(due, check_in - ALGOPIN_BEFORE + HOUR),
                [place.outages],
            )
            + HOUR,
        )

    @staticmethod
    def _reached(
        house: House, booking: TrueBooking, due: datetime, troubles: list[Spells]
    ) -> datetime:
        """Return when nothing has been in the way for long enough."""
        patience = HOUR + 10 * MINUTE + booking.refused * (HOUR + MINUTE)
        moment, before = due, None
        while moment != before:
            before = moment
            for since, until in booking.holds:
                if since <= moment + patience and moment < until:
                    moment = max(moment, min(until, since + HOLD) + MINUTE)
            for spells in troubles:
                while spells.touch(moment, moment + patience):
                    later = (end for end in spells.ends if end > moment)
                    moment = max(moment, next(later))
        return moment + patience
