"""Samples for the tests of the bookings: a property, its events, its codes."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.igloohome_access.bookings.actions import (
    Action,
    Announcement,
    AnnouncementKind,
    DeleteOnlineCode,
    DropFailed,
    IssueCode,
    MarkSuperseded,
    Reinstate,
    Task,
    UpdateOnlineCode,
)
from custom_components.igloohome_access.bookings.memory import PropertyMemory
from custom_components.igloohome_access.bookings.model import (
    CodeTag,
    FeedEvent,
    IssuedCode,
    PropertyLock,
    PropertySettings,
    Reading,
    Reason,
)
from custom_components.igloohome_access.bookings.planner import (
    Plan,
    make_plan,
    note_failure,
)
from custom_components.igloohome_access.bookings.presence import take_in
from custom_components.igloohome_access.model import (
    CloudKind,
    Code,
    CodeRecord,
    RecordState,
    RemoteCode,
)

BERLIN = ZoneInfo("Europe/Berlin")
FRONT = PropertyLock("front", BERLIN)
GATE = PropertyLock("gate", BERLIN)
PROPERTY = "01JPROPERTY"
PIN = "731904652"


def at(text: str) -> datetime:
    """Return a moment (UTC) from what a clock in Berlin shows, or from ISO text."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=BERLIN)
    return moment.astimezone(UTC)


def settings(**changes: Any) -> PropertySettings:
    """Return the settings of a flat in Berlin with one lock."""
    flat = PropertySettings(
        property_id=PROPERTY, cloud=CloudKind.IGLOOHOME, locks=(FRONT,), zone=BERLIN
    )
    return replace(flat, **changes)


def event(start: str, end: str | None, uid: str | None = "a", **more: Any) -> FeedEvent:
    """Return an event: all-day from dates, else with times on the clock of Berlin."""

    def read(text: str | None) -> date | None:
        if text is None:
            return None
        return at(text) if len(text) > 10 else date.fromisoformat(text)

    first = read(start)
    assert first is not None
    return FeedEvent(start=first, end=read(end), uid=uid, **more)


HOUR = timedelta(hours=1)
OTHER = event("2027-03-01", "2027-03-05", uid="other")
"""A booking far away, which proves that a feed is whole."""


@dataclass
class Flat:
    """A flat whose planner is driven by hand: a clock, a ledger, a calendar."""

    now: datetime
    settings: PropertySettings = field(default_factory=settings)
    memory: PropertyMemory = field(default_factory=PropertyMemory)
    records: dict[str, tuple[CodeRecord, CodeTag]] = field(default_factory=dict)
    remotes: dict[str, RemoteCode] = field(default_factory=dict)
    requests: int = 0
    plan: Plan | None = None
    told: list[Announcement] = field(default_factory=list)

    def read(self, *events: FeedEvent) -> None:
        """Read a calendar that shows these events."""
        reading = Reading(
            events=events,
            starts_at=self.now - timedelta(days=2),
            ends_at=self.now + timedelta(days=500),
        )
        self.memory = take_in(self.memory, reading, self.settings, self.now)

    def fail_to_read(self) -> None:
        """Read a calendar that cannot be read."""
        self.memory = take_in(self.memory, None, self.settings, self.now)

    def codes(self) -> list[IssuedCode]:
        """Return the codes of the ledger as the planner takes them."""
        return [
            IssuedCode.of(
                Code(record=record, remote=self.remotes.get(record.code_id)),
                tag,
                self.now,
            )
            for record, tag in self.records.values()
        ]

    def look(self) -> Plan:
        """Plan without doing anything."""
        return make_plan(self.memory, self.codes(), self.settings, self.now)

    def act(
        self,
        *,
        fail: str | None = None,
        state: RecordState = RecordState.ISSUED,
        pin: str | None = PIN,
    ) -> list[Action]:
        """Plan and act until nothing is left to do; return all that was done."""
        done: list[Action] = []
        for _ in range(9):
            self.plan = self.look()
            self.memory = self.plan.memory
            busy = False
            for action in self.plan.actions:
                done.append(action)
                match action:
                    case Announcement():
                        self.told.append(action)
                        continue
                    case _ if fail is not None and isinstance(action, Task):
                        reason = Reason(fail)
                        self.memory = note_failure(
                            self.memory, action, reason, self.now
                        )
                    case IssueCode():
                        self.issue(action, state, pin)
                    case UpdateOnlineCode(code_id=code_id):
                        self.change(code_id, window=action.window)
                        record, _ = self.records[code_id]
                        tag = CodeTag.of_text(action.tag.text)
                        self.records[code_id] = (record, tag)
                    case DeleteOnlineCode(code_id=code_id):
                        self.change(code_id, vanished_at=self.now)
                        self.remotes.pop(code_id, None)
                    case DropFailed(code_id=code_id):
                        del self.records[code_id]
                    case MarkSuperseded(code_id=code_id):
                        self.change(code_id, superseded_at=self.now)
                    case Reinstate(code_id=code_id):
                        self.change(code_id, superseded_at=None)
                busy = True
            if not busy:
                return done
        raise AssertionError("the planner never comes to rest")

    def issue(
        self,
        action: IssueCode,
        state: RecordState = RecordState.ISSUED,
        pin: str | None = PIN,
    ) -> None:
        """Record the code of an action."""
        self.requests += 1
        code_id = f"code{self.requests}"
        record = CodeRecord(
            code_id=code_id,
            device_id=action.lock_id,
            target_id=action.lock_id,
            name="Stay",
            kind=action.plan.kind,
            window=action.plan.window,
            requested_at=self.now,
            first_use_by=action.plan.first_use_by,
            state=state,
            pin=pin,
            variance=1,
        )
        self.records[code_id] = (record, CodeTag.of_text(action.tag.text))

    def change(self, code_id: str, **changes: Any) -> None:
        """Change a record of the ledger."""
        record, tag = self.records[code_id]
        self.records[code_id] = (replace(record, **changes), tag)

    def state(self, number: int = 0) -> str:
        """Return the status of a booking, by check-in."""
        return self.look().bookings[number].status.value

    def kinds(self) -> list[str]:
        """Return what was announced since this was last asked, as text."""
        kinds = [said.kind.value for said in self.told]
        self.told.clear()
        return kinds

    def repairs(self) -> list[tuple[AnnouncementKind, str | None]]:
        """Return the repairs that stand."""
        return [(repair.kind, repair.reason) for repair in self.look().repairs]


def issues(actions: Iterable[Action]) -> list[IssueCode]:
    """Return the codes among actions that are to be issued."""
    return [action for action in actions if isinstance(action, IssueCode)]


def windows(actions: Iterable[Action]) -> list[tuple[str, str, str]]:
    """Return lock and window of the codes to issue, on the clock of Berlin."""
    return [
        (
            issue.lock_id,
            f"{issue.plan.window.local_start:%Y-%m-%d %H:%M}",
            f"{issue.plan.window.local_end:%Y-%m-%d %H:%M}",
        )
        for issue in issues(actions)
    ]


STAY = event("2026-07-10", "2026-07-14")
"""Friday to Tuesday, 15:00 to 11:00; due on July 5 at 15:00."""


def flat(now: str = "2026-07-06T09:10", **changes: Any) -> Flat:
    """Return a flat at a time on the clock of Berlin."""
    return Flat(now=at(now), settings=settings(**changes))


def ready_flat(now: str = "2026-07-06T09:10", **changes: Any) -> Flat:
    """Return a flat with a code for STAY."""
    home = flat(now, **changes)
    home.read(STAY, OTHER)
    home.act()
    home.told.clear()
    assert home.state() == "ready"
    return home
