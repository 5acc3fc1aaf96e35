"""Codes that failed and that a newer attempt followed: off the list, not forgotten."""

from dataclasses import replace
from datetime import timedelta
import json

from custom_components.igloohome_access.bookings.actions import (
    AnnouncementKind as Kind,
    DropFailed,
)
from custom_components.igloohome_access.bookings.memory import PropertyMemory
from custom_components.igloohome_access.bookings.model import Reason, failed_for_certain
from custom_components.igloohome_access.bookings.planner import (
    LONGEST_PLACEHOLDER,
    note_failure,
    request_code,
)
from custom_components.igloohome_access.model import (
    Code,
    CodeKind,
    CodeStatus,
    RecordState,
    RemoteCode,
)
from custom_components.igloohome_access.work import OnlineWork, WorkStep

from .samples import HOUR, OTHER, PIN, STAY, Flat, at, event, flat, issues


def _failing(home: Flat, hours: int) -> list[int]:
    """Let every attempt of some hours fail in the ledger; return their numbers."""
    attempts = []
    for _ in range(hours):
        attempts += [one.attempt for one in issues(home.act(state=RecordState.FAILED))]
        home.now += HOUR
    return attempts


def test_only_the_latest_failure_is_kept() -> None:
    """Counted and told as if all were: one delay, given up at the same midnight."""
    home = flat("2026-07-10T23:20")
    home.read(STAY, OTHER)
    assert _failing(home, 3) == [1]
    home = flat("2026-07-11T01:20")  # the first attempt comes late
    home.read(STAY, OTHER)
    assert _failing(home, 30) == list(range(1, 24))
    assert list(home.records) == ["code23"]
    assert home.kinds() == ["code_delayed", "code_failed"]


def test_no_failure_is_kept_once_there_is_a_code() -> None:
    """Then nothing is left of the attempts."""
    home = flat()
    home.read(STAY, OTHER)
    _failing(home, 2)
    assert list(home.records) == ["code2"]
    home.act()
    assert list(home.records) == ["code3"]
    assert home.state() == "ready"
    assert all(not one.attempts for one in home.memory.bookings.values())


def test_a_failure_is_not_dropped_for_a_code_of_another_lock() -> None:
    """A backup code, another lock and another stay have their own."""
    home = flat(backup_code=True)
    home.read(STAY, event("2026-07-08", "2026-07-09", uid="b"), OTHER)
    home.act(state=RecordState.FAILED)
    assert len(home.records) == 4
    home.now += HOUR
    home.act(state=RecordState.FAILED)
    assert list(home.records) == [f"code{number}" for number in range(5, 9)]


def test_what_may_come_to_life_is_kept() -> None:
    """Seam has it, and may put it onto the lock after all."""
    home = flat()
    home.read(STAY, OTHER)
    home.act(state=RecordState.FAILED)
    home.change("code1", cloud_id="seam-1")
    home.now += HOUR
    home.act()
    assert list(home.records) == ["code1", "code2"]


def test_what_failed_for_certain() -> None:
    """Only what no cloud has, and with which nothing is under way."""
    home = flat()
    home.read(STAY, OTHER)
    home.act(state=RecordState.FAILED)
    record, _ = home.records["code1"]
    assert failed_for_certain(Code(record=record))
    remote = RemoteCode(
        cloud_id="seam-1", device_id="front", name="Stay", kind=CodeKind.ONLINE
    )
    work = OnlineWork(step=WorkStep.ADD)
    for code in (
        Code(remote=remote),
        Code(record=record, remote=remote),
        Code(record=replace(record, work=work)),
        Code(record=replace(record, cloud_id="seam-1")),
        Code(record=replace(record, failure="cloud_not_found")),
        Code(record=replace(record, state=RecordState.REQUESTED)),
        Code(record=replace(record, state=RecordState.ISSUED, pin=PIN)),
        Code(record=replace(record, state=RecordState.ISSUED, vanished_at=home.now)),
    ):
        assert not failed_for_certain(code)


def test_failures_of_other_dates_do_not_count() -> None:
    """They are dropped all the same, also those from before a person asked."""
    home = flat()
    home.read(STAY, OTHER)
    home.act(state=RecordState.FAILED)
    home.read(event("2026-07-10", "2026-07-15"), OTHER)
    assert [one.attempt for one in issues(home.act(state=RecordState.FAILED))] == [1]
    assert list(home.records) == ["code2"]
    [booking] = [one.booking for one in home.look().bookings if one.needs]
    home.memory = request_code(home.memory, booking, home.codes())
    assert [one.attempt for one in issues(home.act(state=RecordState.FAILED))] == [1]
    assert list(home.records) == ["code3"]
    home.now += timedelta(minutes=59)
    assert home.act() == []


def test_a_plan_names_what_is_to_be_dropped() -> None:
    """Nothing else is: the new attempt and the codes that open stay."""
    home = flat()
    home.read(STAY, OTHER)
    home.act(state=RecordState.FAILED)
    home.now += HOUR
    [issue] = issues(home.look().actions)
    home.issue(issue, RecordState.REQUESTED)
    dropped = [one for one in home.look().actions if isinstance(one, DropFailed)]
    assert dropped == [DropFailed(issue.booking, "code1")]
    [code] = [code for code in home.codes() if code.code_id == "code2"]
    assert code.status is CodeStatus.REQUESTED


# The reasons


def test_what_a_reason_names_is_kept() -> None:
    """Over a restart, in the state and in the repair; nothing of it without end."""
    home = flat("2026-07-10T20:20")
    home.read(STAY, OTHER)
    [issue] = issues(home.look().actions)
    home.memory = home.look().memory
    told = {"detail": "The door is ajar", "name": "n" * 2000}
    home.memory = note_failure(
        home.memory, issue, Reason("cloud_refused", told), home.now
    )
    stored = json.loads(json.dumps(home.memory.as_data()))
    home.memory = PropertyMemory.of_data(stored)
    kept = {"detail": "The door is ajar", "name": "n" * LONGEST_PLACEHOLDER}
    [need] = [n for one in home.look().bookings for n in one.needs.values()]
    assert (need.reason, need.placeholders) == ("cloud_refused", kept)
    home.act()
    assert home.told[0].placeholders == kept
    home.now = at("2026-07-11T00:00")
    plan = home.look()
    assert [(one.kind, one.placeholders) for one in plan.repairs] == [
        (Kind.CODE_FAILED, kept)
    ]
    [need] = [n for one in plan.bookings for n in one.needs.values()]
    assert need.placeholders == kept


def test_what_the_ledger_knows_of_a_failure() -> None:
    """The latest reason counts, with what the cloud said to it."""
    home = flat()
    home.read(STAY, OTHER)
    home.act(state=RecordState.FAILED)
    home.change("code1", failure="lock_refused", failure_detail="No room")
    home.now += timedelta(minutes=30)
    [need] = [n for one in home.look().bookings for n in one.needs.values()]
    assert (need.reason, need.placeholders) == ("lock_refused", {"detail": "No room"})
    home.now += timedelta(minutes=30)
    home.act(fail="cloud_unreachable")
    home.now += HOUR
    home.act(state=RecordState.FAILED)
    home.change("code2", failure="bridge_offline")
    [need] = [n for one in home.look().bookings for n in one.needs.values()]
    assert (need.reason, need.placeholders) == ("bridge_offline", {})
