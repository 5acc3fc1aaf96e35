"""What a person asks for, and what is remembered and told."""

from datetime import timedelta
import json
from typing import Any

import pytest

from custom_components.igloohome_access.bookings.actions import (
    BookingStatus,
    IssueReason,
)
from custom_components.igloohome_access.bookings.memory import PropertyMemory
from custom_components.igloohome_access.bookings.model import (
    ChangePolicy,
    IssuedCode,
    Purpose,
)
from custom_components.igloohome_access.bookings.planner import preview, request_code
from custom_components.igloohome_access.model import (
    Code,
    CodeKind,
    RecordState,
    RemoteCode,
)
from custom_components.igloohome_access.rules import RuleViolation

from .samples import (
    FRONT,
    GATE,
    HOUR,
    OTHER,
    PIN,
    STAY,
    at,
    event,
    flat,
    issues,
    ready_flat,
)

# By hand


def test_a_person_asks_for_another_code() -> None:
    """At once, whatever the policy; the old one is superseded for good."""
    home = ready_flat(on_change=ChangePolicy.NEVER)
    [booking] = [state.booking for state in home.look().bookings if state.needs]
    home.memory = request_code(home.memory, booking, home.codes())
    [issue] = issues(home.act())
    assert issue.reason is IssueReason.REQUESTED
    assert home.kinds() == [
        "code_ready",
        "first_use_deadline",
        "superseded_still_opens",
    ]
    assert home.act() == []
    assert len(home.records) == 2


def test_a_person_asks_before_the_lead_time_and_after_a_failure() -> None:
    """It is tried at once, and hourly from there."""
    home = flat("2026-06-01T09:00")
    home.read(STAY, OTHER)
    booking = home.look().bookings[0].booking
    home.memory = request_code(home.memory, booking, home.codes())
    [issue] = issues(home.act(fail="x"))
    assert issue.reason is IssueReason.REQUESTED
    assert home.kinds() == ["code_delayed"]
    home.now = at("2026-07-11T00:00")
    home.act()
    assert home.kinds() == ["code_failed"]
    home.now += timedelta(minutes=1)
    home.memory = request_code(home.memory, booking, home.codes())
    home.act(fail="x")
    assert home.kinds() == ["code_delayed"]
    home.now += HOUR
    assert len(issues(home.act())) == 1
    assert not home.memory.bookings[booking].asked
    with pytest.raises(KeyError):
        request_code(home.memory, "nobody", ())


def test_asking_does_not_help_a_cancelled_booking() -> None:
    """The wish is dropped."""
    home = ready_flat()
    booking = home.look().bookings[0].booking
    for _ in range(3):
        home.read(OTHER)
        home.now += HOUR
    home.memory = request_code(home.memory, booking, home.codes())
    assert issues(home.act()) == []
    assert not home.memory.bookings[booking].asked


def test_preview() -> None:
    """The window that would come out, without doing anything."""
    home = flat("2026-06-01T09:00")
    home.read(STAY, OTHER)
    booking = home.look().bookings[0].booking

    def look(purpose: Purpose = Purpose.STAY) -> str:
        plan = preview(home.memory, booking, FRONT, purpose, home.settings, home.now)
        return (
            f"{plan.window.local_start:%m-%d %H:%M} {plan.window.local_end:%m-%d %H:%M}"
        )

    assert look() == "07-10 14:00 07-14 12:00"
    assert look(Purpose.BACKUP) == "07-10 14:00 07-11 14:00"
    home.now = at("2026-07-12T09:10")
    assert look() == "07-12 09:00 07-14 12:00"
    with pytest.raises(RuleViolation, match="ends_in_past"):
        look(Purpose.BACKUP)


# Memory and the ledger


def test_without_its_memory_the_planner_issues_nothing_twice() -> None:
    """The tags in the ledger tell which code is for which stay."""
    home = ready_flat()
    home.memory = PropertyMemory()
    assert issues(home.act()) == []
    assert home.state() == "ready"
    home.read(STAY, OTHER)
    assert issues(home.act()) == []
    home.memory = PropertyMemory()
    home.read(STAY, OTHER)
    assert issues(home.act()) == []
    # And knows a booking that vanished meanwhile.
    home.memory = PropertyMemory()
    home.act()
    home.told.clear()
    for _ in range(3):
        home.read(OTHER)
        home.now += HOUR
    home.act()
    assert home.kinds() == ["booking_cancelled_code_still_opens"]


def test_only_codes_that_open_bring_a_booking_back() -> None:
    """Not superseded ones, nor those of stays that are over."""
    home = ready_flat()
    home.change("code1", superseded_at=home.now)
    home.memory = PropertyMemory()
    assert home.look().bookings == ()
    home = ready_flat()
    home.now = at("2026-07-14T11:45")
    home.memory = PropertyMemory()
    assert home.look().bookings == ()


def test_the_memory_is_json_and_says_nothing_of_a_guest() -> None:
    """All of it comes back from a file."""
    home = flat("2026-07-10T20:20", backup_code=True, locks=(FRONT, GATE))
    guest = {"uid": "erika@example.org", "summary": "Erika +49 151 5550123"}
    home.read(event("2026-07-10T15:00", None, **guest), STAY, OTHER)
    home.act(fail="cloud_unreachable")
    home.read(STAY, OTHER)
    home.now += HOUR
    home.act()
    booking = home.look().bookings[0].booking
    home.memory = request_code(home.memory, booking, home.codes())
    home.fail_to_read()
    text = json.dumps(home.memory.as_data())
    assert PropertyMemory.of_data(json.loads(text)) == home.memory
    for _ in range(2):
        home.read(OTHER)
        home.now += HOUR
    home.read(OTHER)
    text += json.dumps(home.memory.as_data())
    assert PropertyMemory.of_data(json.loads(json.dumps(home.memory.as_data()))) == (
        home.memory
    )
    text += repr(home.told) + repr(home.look()) + repr(home.codes())
    for secret in ("erika", "Erika", "5550123", PIN):
        assert secret not in text


@pytest.mark.parametrize(
    "data", [{}, {"version": 2}, {"version": 1, "bookings": [], "trouble": None}]
)
def test_what_is_no_memory(data: dict[str, Any]) -> None:
    """Is told by an exception, so that it can begin anew."""
    with pytest.raises((KeyError, ValueError, AttributeError)):
        PropertyMemory.of_data(data)


def test_a_quiet_calendar_causes_no_write() -> None:
    """Reading the same again leaves an equal memory."""
    home = ready_flat()
    before = home.memory
    home.now += HOUR
    home.read(STAY, OTHER)
    home.act()
    assert home.memory == before
    assert home.memory.last_read == home.now


def test_only_codes_of_the_ledger_belong_to_a_booking() -> None:
    """A code made elsewhere has no tag."""
    home = ready_flat()
    [(_, tag)] = home.records.values()
    elsewhere = RemoteCode(cloud_id="x", device_id="front", kind=CodeKind.HOURLY)
    with pytest.raises(ValueError, match="ledger"):
        IssuedCode.of(Code(remote=elsewhere), tag, home.now)


def test_states_for_people() -> None:
    """Bookings by check-in, with what each lock has."""
    home = flat(locks=(FRONT, GATE))
    home.read(OTHER, STAY)
    home.act()
    near, far = home.look().bookings
    assert near.status is BookingStatus.READY
    assert near.needs["front", Purpose.STAY].code_id == "code1"
    assert near.needs["gate", Purpose.STAY].code_id == "code2"
    assert far.status is BookingStatus.PLANNED
    assert not far.needs
    home.change("code2", state=RecordState.FAILED)
    assert home.look().bookings[0].status is BookingStatus.RETRYING
