"""Home Assistant as far as the planner needs it: a ledger, a cloud, and crashes.

The ledger is made of the integration's own records, its rules of slots and its life
cycle of codes; so what the planner meets here is what it meets in a house.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
import json
from random import Random
from typing import Protocol

from custom_components.igloohome_access.bookings.actions import (
    Announcement,
    AnnouncementKind as Kind,
    DeleteOnlineCode,
    DropFailed,
    IssueCode,
    MarkSuperseded,
    Reinstate,
    UpdateOnlineCode,
)
from custom_components.igloohome_access.bookings.memory import PropertyMemory
from custom_components.igloohome_access.bookings.model import (
    CodeTag,
    IssuedCode,
    Reason,
    StayDates,
)
from custom_components.igloohome_access.bookings.planner import (
    Plan,
    make_plan,
    note_failure,
)
from custom_components.igloohome_access.bookings.presence import bounds, take_in
from custom_components.igloohome_access.bookings.stays import stay_of
from custom_components.igloohome_access.model import (
    Code,
    CodeOrigin,
    CodeRecord,
    RecordState,
)
from custom_components.igloohome_access.rules import RuleViolation

from . import through_bridge
from .locks import PIN, Kept, Lock
from .world import DAY, MINUTE, Property, TrueBooking, is_over


class Oracle(Protocol):
    """Whoever checks each request before it leaves."""

    def check_issue(self, house: House, action: IssueCode, moment: datetime) -> None:
        """Check a request. Raises AssertionError."""

    def check_change(
        self, house: House, action: UpdateOnlineCode, moment: datetime
    ) -> None:
        """Check a change. Raises AssertionError."""


@dataclass
class House:
    """One property under the planner, and what it has said and done."""

    place: Property
    locks: dict[str, Lock]
    rng: Random
    counts: dict[str, int]
    memory: PropertyMemory = field(default_factory=PropertyMemory)
    saved: str = ""
    saved_memory: PropertyMemory | None = None
    last_plan: Plan | None = None
    told: dict[str, set[Kind]] = field(default_factory=lambda: defaultdict(set))
    said_once: dict[tuple[object, ...], int] = field(default_factory=dict)
    unsaved: list[tuple[object, ...]] = field(default_factory=list)
    blind: bool = False
    """The memory was lost, and no read has told the dates since."""
    seen: list[IssuedCode] = field(default_factory=list)
    stand_ins: set[str] = field(default_factory=set)
    history: list[tuple[datetime, IssuedCode]] = field(default_factory=list)
    """Every code as it was made or changed, and when."""

    def __post_init__(self) -> None:
        """Begin with nothing on disk."""
        self.by_key = {booking.key: booking for booking in self.place.bookings}
        self.save()

    def save(self) -> None:
        """Write the memory to disk."""
        self.unsaved.clear()
        if self.memory != self.saved_memory:
            self.saved_memory = self.memory
            self.saved = json.dumps(self.memory.as_data())
            self.counts["memory writes"] += 1

    def restart(self) -> None:
        """Lose all but what is on disk."""
        self.counts["restarts"] += 1
        if self.rng.random() < 0.02:  # the file of the memory is gone, too
            self.counts["memories lost"] += 1
            self.blind = True
            for booking in self.place.bookings:
                booking.missed.clear()
                booking.forgotten = True
            self.saved = json.dumps(PropertyMemory().as_data())
            self.said_once.clear()
        self.memory = PropertyMemory.of_data(json.loads(self.saved))
        self.saved_memory = self.memory
        for said in self.unsaved:  # may be said again
            self.said_once.pop(said, None)
        self.unsaved.clear()

    def kept(self) -> list[Kept]:
        """Return the part of the ledger that is about this property."""
        property_id = self.place.settings.property_id
        return [
            kept
            for lock in self.place.settings.locks
            for kept in self.locks[lock.lock_id].kept.values()
            if kept.tag is not None and kept.tag.property_id == property_id
        ]

    def codes(self, now: datetime) -> list[IssuedCode]:
        """Return the codes as the planner gets them."""
        return [
            IssuedCode.of(Code(record=kept.record), kept.tag, now)
            for kept in self.kept()
            if kept.tag is not None
        ]

    def read(self, moment: datetime) -> None:
        """Read the calendar, and note for later what it showed."""
        now = self.place.clock(moment)
        reading, shown, good = self.place.read(moment, self.rng)
        before = {
            booking
            for booking, known in self.memory.bookings.items()
            if known.cancelled_at is None
        }
        remembered = set(self.memory.bookings) if self.memory.last_read else set()
        self.memory = take_in(self.memory, reading, self.place.settings, now)
        cancelled = [
            self.by_key[booking]
            for booking, known in self.memory.bookings.items()
            if known.cancelled_at is not None and booking in before
        ]
        self.counts["reads" if good else "empty and failed reads"] += 1
        known_as = (known.seen_as for known in self.memory.bookings.values())
        self.stand_ins.update(key for key in known_as if key is not None)
        self.save()
        if not good or not (reading and reading.events):
            assert not cancelled, "cancelled by a read that shows nothing"
            return
        self.blind = False
        for booking in self.place.around(moment):
            dates = booking.dates_at(moment)
            if booking.key in shown and dates is not None:
                if booking.key in remembered:
                    dates = self._since_arrival(booking, dates, now)
                if booking.missed:
                    booking.holds.append((booking.missed[0], moment))
                new = not booking.shown or booking.shown[-1][1] != dates
                back = len(booking.missed) >= 3
                booking.missed.clear()
                if new or back or booking.forgotten:
                    booking.forgotten = False
                    booking.shown.append((moment, dates))
            elif booking.shown:
                known = booking.shown[-1][1]
                stay = stay_of(known, self.place.settings)
                over = stay.check_in <= now and is_over(known, now, 14)
                if bounds(stay, self.place.settings)[1] > now and not over:
                    booking.missed.append(moment)
        for booking in cancelled:
            if booking.forgotten:
                continue  # known by a code that is out, whose dates may be given up
            assert len(booking.missed) >= 3, "cancelled early"
            assert self.place.skew.at(moment) or any(
                booking.dates_at(missed) != booking.shown[-1][1]
                for missed in booking.missed
            ), "cancelled, though nobody cancelled or moved it"

    def _since_arrival(
        self, booking: TrueBooking, dates: StayDates, now: datetime
    ) -> StayDates:
        """Return the dates of which a feed may show the rest, once the guest is in."""
        settings = self.place.settings
        known = booking.shown[-1][1] if booking.shown else dates
        if not (known.all_day and dates.all_day and known.end is not None):
            return dates
        today = now.astimezone(settings.zone).date()
        inside = stay_of(known, settings).check_in <= now
        shortened = known.start < dates.start <= min(today, known.end)
        return replace(dates, start=known.start) if inside and shortened else dates

    def run(self, moment: datetime, oracle: Oracle) -> datetime | None:
        """Plan and act until there is nothing more to do; return when to wake."""
        self.settle(moment)
        for _ in range(50):
            now = self.place.clock(moment)
            self.seen = self.codes(now)
            settings = replace(
                self.place.settings, bridged=through_bridge.bridged(self, moment)
            )
            plan = make_plan(self.memory, self.seen, settings, now)
            self.counts["plans"] += 1
            self.last_plan = plan
            if plan.next_at is not None and plan.next_at <= now:
                raise AssertionError("a plan that asks to be called in the past")
            self.memory = plan.memory
            busy = False
            for action in plan.actions:
                if isinstance(action, Announcement):
                    self.announce(action)
                    continue
                busy = True
                if isinstance(action, MarkSuperseded):
                    self.mark(action.code_id, now)
                elif isinstance(action, Reinstate):
                    self.mark(action.code_id, None)
                    self.counts["reinstated"] += 1
                elif isinstance(action, DropFailed):
                    self.drop(action.code_id)
                elif isinstance(action, IssueCode):
                    self.save()
                    oracle.check_issue(self, action, moment)
                    self.issue(action, moment)
                elif isinstance(action, UpdateOnlineCode):
                    self.save()
                    oracle.check_change(self, action, moment)
                    through_bridge.change(self, action, moment)
                elif isinstance(action, DeleteOnlineCode):
                    self.save()
                    through_bridge.delete(self, action, moment)
                if self.rng.random() < 0.004:
                    self.restart()
                    break
            else:
                self.save()
            if not busy:
                return plan.next_at
        raise AssertionError("the planner never comes to rest")

    def announce(self, said: Announcement) -> None:
        """Hear an announcement; most kinds may be heard once only."""
        self.counts[f"told {said.kind}"] += 1
        if said.code_id is not None:
            self.told[said.code_id].add(said.kind)
        if said.kind in (
            Kind.CODE_READY,
            Kind.FIRST_USE_DEADLINE,
            Kind.CODE_OPENS_LONGER,
            Kind.DATES_CHANGED_CODE_KEPT,
            Kind.STAY_TOO_LONG,
            Kind.CODE_FAILED,
        ):
            dates = said.booking and self.memory.bookings[said.booking].dates
            subject = (said.kind, said.booking, said.lock_id, said.purpose)
            key = (*subject, said.code_id, dates)
            self.said_once[key] = self.said_once.get(key, 0) + 1
            self.unsaved.append(key)
            if self.said_once[key] > 1 and said.kind is not Kind.CODE_FAILED:
                raise AssertionError(f"told twice: {key}")

    def mark(self, code_id: str, at: datetime | None) -> None:
        """Set or clear when a code was superseded."""
        for kept in self.kept():
            if kept.record.code_id == code_id:
                kept.record = replace(kept.record, superseded_at=at)

    def drop(self, code_id: str) -> None:
        """Take a failed code off the ledger."""
        [kept] = [one for one in self.kept() if one.record.code_id == code_id]
        assert kept.record.state is RecordState.FAILED, "a code that may open"
        assert kept.settles_at is None, "a code that may come to life"
        del self.locks[kept.record.device_id].kept[code_id]
        self.counts["failed codes dropped"] += 1

    def issue(self, action: IssueCode, moment: datetime) -> None:
        """Ask the cloud for a code, as the issuer would."""
        now = self.place.clock(moment)
        lock = self.locks[action.lock_id]
        booking = self.by_key[action.booking]
        if not action.plan.kind.offline:
            through_bridge.issue(self, action, moment)
            return
        try:
            variance = lock.reserve(action.plan, now)
        except RuleViolation as err:
            self.counts[f"refused {err.key}"] += 1
            booking.slots_full = True
            self.memory = note_failure(self.memory, action, Reason(err.key), now)
            return
        record = CodeRecord(
            code_id=f"code-{self.counts['requests']}",
            device_id=action.lock_id,
            target_id=action.lock_id,
            name="Stay",
            kind=action.plan.kind,
            window=action.plan.window,
            requested_at=now,
            first_use_by=action.plan.first_use_by,
            variance=variance,
            origin=CodeOrigin.BOOKING,
        )
        self.counts["requests"] += 1
        kept = self.keep(record, CodeTag.of_text(action.tag.text))
        luck = self.rng.random()
        if self.place.outages.at(moment):
            if luck < 0.8:
                del lock.kept[record.code_id]
                reason = Reason("cloud_unreachable")
                self.memory = note_failure(self.memory, action, reason, now)
                self.counts["attempts while the cloud was away"] += 1
                return
            kept.settles_at = self.place.outages.end_of(moment) + 10 * MINUTE
            self.counts["unclear outcomes"] += 1
        elif luck < 0.01:
            booking.refused += 1
            if luck < 0.005:  # refused for good, at once
                del lock.kept[record.code_id]
                self.memory = note_failure(self.memory, action, Reason("refused"), now)
            else:  # taken, and failed later
                failed = replace(record, state=RecordState.FAILED, failure="refused")
                kept.record = failed
            self.counts["other refusals"] += 1
        elif luck < 0.06:
            kept.record = replace(record, state=RecordState.ISSUED, issued_at=now)
            kept.settles_at = moment + 7 * MINUTE
            self.counts["late PINs"] += 1
        else:
            self.make(kept, moment)

    def keep(self, record: CodeRecord, tag: CodeTag | None) -> Kept:
        """Put a record into the ledger."""
        kept = Kept(record, tag)
        self.locks[record.device_id].kept[record.code_id] = kept
        return kept

    def make(self, kept: Kept, moment: datetime) -> None:
        """Let the cloud have made a code."""
        now = self.place.clock(moment)
        kept.settles_at = None
        kept.record = replace(
            kept.record, state=RecordState.ISSUED, pin=PIN, issued_at=now, work=None
        )
        assert kept.tag is not None
        code = IssuedCode.of(Code(record=kept.record), kept.tag, now)
        self.history.append((moment, code))
        self.counts["codes"] += 1

    def settle(self, moment: datetime) -> None:
        """Finish what was unclear and has become clear; forget what is long over."""
        now = self.place.clock(moment)
        for kept in self.kept():
            ends_at = kept.record.window.ends_at
            if kept.settles_at is not None and kept.settles_at <= moment:
                if kept.then is not None:
                    record, kept.tag = kept.then
                    kept.then = None
                    kept.record = replace(
                        record, superseded_at=kept.record.superseded_at
                    )
                    ends_at = record.window.ends_at
                if kept.record.vanished_at is not None:
                    kept.settles_at = None
                    kept.record = replace(kept.record, work=None)
                    self.counts["deletions"] += 1
                elif ends_at is not None and ends_at <= now:
                    kept.settles_at = None
                    kept.record = replace(
                        kept.record, state=RecordState.FAILED, failure="window_passed"
                    )
                else:
                    self.make(kept, moment)
            if ends_at is not None and ends_at < now - 4 * DAY:
                del self.locks[kept.record.device_id].kept[kept.record.code_id]

    def settles_at(self) -> datetime | None:
        """Return when something unclear becomes clear."""
        moments = (kept.settles_at for kept in self.kept())
        return min((moment for moment in moments if moment), default=None)
