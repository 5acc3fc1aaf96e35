"""Tables of what happens when a code cannot be made (design.md §8)."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.igloohome_access.bookings.actions import (
    AnnouncementKind as Kind,
    IssueReason,
)
from custom_components.igloohome_access.bookings.memory import PropertyMemory
from custom_components.igloohome_access.bookings.model import Reason
from custom_components.igloohome_access.bookings.planner import note_failure
from custom_components.igloohome_access.model import RecordState

from .samples import HOUR, OTHER, PIN, STAY, at, event, flat, issues


def test_a_failure_is_retried_every_hour_until_midnight() -> None:
    """Then given up, with a repair that goes away when the stay is over."""
    home = flat("2026-07-10T20:20")
    home.read(STAY, OTHER)
    assert [issue.attempt for issue in issues(home.act(fail="no_variance_left"))] == [1]
    assert home.kinds() == ["code_delayed"]
    assert home.state() == "retrying"
    assert home.act() == []
    assert home.plan is not None
    assert home.plan.next_at == at("2026-07-10T21:20")
    for attempt, moment in enumerate(("21:20", "22:20", "23:20"), start=2):
        home.now = at(f"2026-07-10T{moment}") - timedelta(seconds=1)
        assert home.act(fail="x") == []
        home.now += timedelta(seconds=1)
        [issue] = issues(home.act(fail="lock_full"))
        assert (issue.attempt, issue.reason) == (attempt, IssueReason.RETRY)
    assert home.kinds() == []
    assert home.look().next_at == at("2026-07-11T00:00")
    home.now = at("2026-07-11T00:00")
    assert issues(home.act()) == []
    assert home.kinds() == ["code_failed"]
    assert home.state() == "failed"
    assert home.repairs() == [(Kind.CODE_FAILED, "lock_full")]
    assert home.look().next_at == at("2026-07-14T11:30")
    home.now = at("2026-07-14T11:30")
    assert home.act() == []
    assert home.repairs() == []
    assert home.state() == "ended"


def test_midnight_is_that_of_the_property() -> None:
    """A property in New York, run from a house in Berlin."""
    home = flat("2026-07-10T23:20", zone=ZoneInfo("America/New_York"))
    home.read(STAY, OTHER)
    home.act(fail="x")
    home.now = at("2026-07-11T05:59")
    assert len(issues(home.act(fail="x"))) == 1
    home.now = at("2026-07-11T06:00")
    home.act(fail="x")
    assert home.state() == "failed"


def test_who_first_tries_late_has_until_midnight_of_that_day() -> None:
    """Home Assistant was off on the day of check-in."""
    home = flat("2026-07-12T22:30")
    home.read(STAY, OTHER)
    home.act(fail="x")
    home.now = at("2026-07-12T23:30")
    assert len(issues(home.act(fail="x"))) == 1
    home.now = at("2026-07-13T00:00")
    assert issues(home.act(fail="x")) == []
    assert home.state() == "failed"


def test_recovery_is_told_by_the_code() -> None:
    """A retry that works ends the trouble, and a later one starts afresh."""
    home = flat()
    home.read(STAY, OTHER)
    home.act(fail="cloud_unreachable")
    home.now += HOUR
    home.act()
    assert home.kinds() == ["code_delayed", "code_ready", "first_use_deadline"]
    assert next(iter(home.memory.bookings.values())).attempts == {}
    home.read(event("2026-07-10", "2026-07-16"), OTHER)
    home.act(fail="cloud_unreachable")
    assert home.kinds() == ["dates_changed_code_kept", "code_delayed"]
    home.now += HOUR
    [issue] = issues(home.act())
    assert issue.replaces == ("code1",)
    assert home.kinds() == [
        "code_ready",
        "first_use_deadline",
        "superseded_still_opens",
    ]


def test_a_change_of_dates_is_tried_at_once() -> None:
    """Failures for other dates do not count."""
    home = flat()
    home.read(STAY, OTHER)
    home.act(fail="x")
    home.read(event("2026-07-10", "2026-07-16"), OTHER)
    [issue] = issues(home.act(fail="x"))
    assert issue.attempt == 1
    memory = note_failure(home.memory, issue, Reason("x"), home.now)
    [known] = [one for one in memory.bookings.values() if one.attempts]
    assert known.attempts["stay:front"].count == 2


def test_a_failure_of_a_forgotten_booking_is_not_noted() -> None:
    """It may be gone by the time the cloud answers."""
    home = flat()
    home.read(STAY, OTHER)
    [issue] = issues(home.look().actions)
    empty = PropertyMemory()
    assert note_failure(empty, issue, Reason("x"), home.now) is empty


def test_a_code_that_failed_in_the_ledger_is_an_attempt() -> None:
    """Seam takes a code and cannot make it: an hour later again."""
    home = flat()
    home.read(STAY, OTHER)
    for attempt in (1, 2):
        [issue] = issues(home.act(state=RecordState.FAILED))
        assert issue.attempt == attempt
        home.now += timedelta(minutes=59)
        assert home.act() == []
        home.now += timedelta(minutes=1)
    home.now = at("2026-07-11T00:00")
    home.act()
    assert home.repairs() == [(Kind.CODE_FAILED, "cloud_refused")]


def test_a_clock_that_is_set_back_does_not_stop_retries() -> None:
    """Failures of a moment to come do not count."""
    home = flat("2026-07-09T09:00")
    home.read(STAY, OTHER)
    home.act(state=RecordState.FAILED)
    home.now = at("2026-07-07T09:00")
    assert len(issues(home.act(fail="x"))) == 1
    home.now = at("2026-07-06T09:00")
    assert len(issues(home.act(fail="x"))) == 1
    assert home.act() == []
    # One that fails only afterwards counts from the clock as it is.
    home.now -= HOUR
    assert len(issues(home.act(state=RecordState.FAILED))) == 1
    assert home.act() == []


@pytest.mark.parametrize("state", [RecordState.REQUESTED, RecordState.ISSUED])
def test_nothing_is_issued_beside_a_code_under_way(state: RecordState) -> None:
    """An unclear outcome, or a PIN that is not there yet, is waited for."""
    home = flat()
    home.read(STAY, OTHER)
    assert len(issues(home.act(state=state, pin=None))) == 1
    assert home.kinds() == []
    assert home.state() == "issuing"
    home.now += 5 * HOUR
    assert home.act() == []
    assert home.look().next_at == at("2026-07-11T00:00")
    home.now = at("2026-07-11T00:00")
    assert issues(home.act()) == []
    assert home.repairs() == [(Kind.CODE_FAILED, "outcome_unknown")]
    home.change("code1", state=RecordState.ISSUED, pin=PIN)
    home.act()
    assert home.kinds() == ["code_failed", "code_ready", "first_use_deadline"]
    assert home.repairs() == []


def test_a_code_under_way_when_the_stay_ends() -> None:
    """Nothing to wait for any more."""
    home = flat("2026-07-10T20:00")
    home.read(event("2026-07-10", "2026-08-09"), OTHER)
    home.act(state=RecordState.REQUESTED, pin=None)
    home.read(event("2026-07-10", "2026-07-11"), OTHER)
    home.now = at("2026-07-12T09:00")
    assert issues(home.act()) == []
    assert home.state() == "ended"
    assert home.look().next_at == at("2027-02-24T15:00")  # that of the other
