"""Tables of when codes are issued, and with which window (design.md §8)."""

from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.igloohome_access.bookings.actions import (
    Announcement,
    AnnouncementKind as Kind,
    IssueReason,
)
from custom_components.igloohome_access.bookings.model import PropertyLock, Purpose
from custom_components.igloohome_access.model import CodeKind

from .samples import (
    FRONT,
    GATE,
    HOUR,
    OTHER,
    STAY,
    at,
    event,
    flat,
    issues,
    ready_flat,
    settings,
    windows,
)


def test_issued_when_the_lead_time_begins() -> None:
    """Not a moment before, and the planner says when."""
    home = flat("2026-07-01T09:00")
    home.read(STAY, OTHER)
    assert home.act() == []
    assert home.plan is not None
    assert home.plan.next_at == at("2026-07-05T15:00")
    assert home.state() == "planned"
    home.now = at("2026-07-05T14:59:59")
    assert home.act() == []
    home.now = at("2026-07-05T15:00")
    [issue] = issues(home.act())
    assert issue.reason is IssueReason.LEAD_TIME
    assert windows([issue]) == [("front", "2026-07-10 14:00", "2026-07-14 12:00")]
    assert issue.tag.dates.text == "2026-07-10/2026-07-14"
    assert issue.plan.kind is CodeKind.HOURLY
    assert home.state() == "ready"
    assert home.kinds() == ["code_ready", "first_use_deadline"]
    assert home.act() == []


def test_issued_at_once_when_the_lead_time_has_begun() -> None:
    """A booking of the same day, read at half past five."""
    home = flat("2026-07-10T17:34")
    home.read(STAY, OTHER)
    [issue] = issues(home.act())
    assert issue.reason is IssueReason.LATE
    assert windows([issue]) == [("front", "2026-07-10 17:00", "2026-07-14 12:00")]


@pytest.mark.parametrize(
    ("changes", "start", "end"),
    [
        ({}, "2026-07-10 14:00", "2026-07-14 12:00"),
        (
            {"margin_before": 0, "margin_after": 0},
            "2026-07-10 15:00",
            "2026-07-14 11:00",
        ),
        ({"margin_before": 240}, "2026-07-10 11:00", "2026-07-14 12:00"),
        ({"margin_after": 61}, "2026-07-10 14:00", "2026-07-14 13:00"),
        ({"check_in": time(16, 45)}, "2026-07-10 16:00", "2026-07-14 12:00"),
        (
            {"zone": ZoneInfo("America/New_York")},
            "2026-07-10 20:00",
            "2026-07-14 18:00",
        ),
    ],
)
def test_margins_and_times(changes: dict[str, Any], start: str, end: str) -> None:
    """The window is the stay with its margins, rounded outward."""
    home = flat("2026-07-09T09:00", **changes)
    home.read(STAY, OTHER)
    assert windows(home.act()) == [("front", start, end)]


@pytest.mark.parametrize(
    ("start", "end", "kind", "closes", "told"),
    [
        ("2026-07-10", "2026-07-11", CodeKind.HOURLY, "2026-07-11 12:00", []),
        ("2026-07-10", "2026-08-06", CodeKind.HOURLY, "2026-08-06 12:00", []),
        # 28 nights are 668 hours, and with their margins still an hourly code.
        ("2026-07-10", "2026-08-07", CodeKind.HOURLY, "2026-08-07 12:00", []),
        # 29 nights: beyond 672 hours, until the start's hour.
        ("2026-07-10", "2026-08-08", CodeKind.DAILY, "2026-08-08 14:00", ["longer"]),
        ("2026-07-10", "2027-06-01", CodeKind.DAILY, "2027-06-01 14:00", ["longer"]),
        ("2026-07-10", "2027-07-12", CodeKind.DAILY, "2027-07-12 14:00", ["longer"]),
        # Over the change in autumn 28 days are 673 hours with this window.
        (
            "2026-10-05T11:00",
            "2026-11-02T10:40",
            CodeKind.DAILY,
            "2026-11-03 10:00",
            ["longer"],
        ),
    ],
)
def test_long_stays(
    start: str, end: str, kind: CodeKind, closes: str, told: list[str]
) -> None:
    """Hourly up to 672 hours, then daily; what opens longer is told."""
    home = flat("2026-07-09T09:00", lead_days=14)
    if start.startswith("2026-10"):
        home.now = at("2026-10-04T09:00")
    home.read(event(start, end), OTHER)
    [issue] = issues(home.act())
    assert issue.plan.kind is kind
    assert windows([issue])[0][2] == closes
    longer = [said for said in home.told if said.kind is Kind.CODE_OPENS_LONGER]
    assert len(longer) == len(told)
    for said in longer:
        assert said.opens_until == issue.plan.window.ends_at
        assert said.stay == issue.stay


@pytest.mark.parametrize("end", ["2027-07-13", "2027-08-14", "9999-12-31"])
def test_a_stay_of_more_than_367_days_is_refused_early(end: str) -> None:
    """Months ahead, once, with a repair that goes away."""
    home = flat("2026-01-10T09:00")
    home.read(event("2026-07-10", end), OTHER)
    assert [type(action) for action in home.act()] == [Announcement]
    assert home.kinds() == ["stay_too_long"]
    assert home.state() == "too_long"
    [repair] = home.look().repairs
    assert repair.kind is Kind.STAY_TOO_LONG
    assert repair.placeholders
    home.now = at("2026-07-12T09:00")
    assert home.act() == []
    assert home.state() == "too_long"
    home.read(STAY, OTHER)
    assert len(issues(home.act())) == 1
    assert home.repairs() == []


def test_a_stay_that_became_too_long_keeps_its_code() -> None:
    """The code that is out is told to be for other dates."""
    home = ready_flat()
    home.read(event("2026-07-10", "2028-01-01"), OTHER)
    assert issues(home.act()) == []
    assert home.kinds() == ["stay_too_long", "dates_changed_code_kept"]


def test_past_events_are_ignored() -> None:
    """Until the last minute of the margin there is a code, and none after."""
    home = flat("2026-07-14T11:29")
    home.read(STAY, OTHER)
    assert windows(home.act()) == [("front", "2026-07-14 11:00", "2026-07-14 12:00")]
    home = flat("2026-07-14T11:30")
    home.read(STAY, OTHER)
    assert home.act() == []
    assert len(home.memory.bookings) == 1


def test_daylight_saving_both_ways() -> None:
    """Windows are right on the local clock in both nights of the year."""
    home = flat("2026-03-27T09:00")
    home.read(event("2026-03-28", "2026-03-30"), OTHER)
    assert windows(home.act()) == [("front", "2026-03-28 14:00", "2026-03-30 12:00")]
    home = flat("2026-10-23T09:00")
    home.read(event("2026-10-24", "2026-10-26"), OTHER)
    [issue] = issues(home.act())
    assert windows([issue]) == [("front", "2026-10-24 14:00", "2026-10-26 12:00")]
    assert issue.plan.window.ends_at is not None
    assert issue.plan.window.ends_at - issue.plan.window.starts_at == 47 * HOUR


def test_back_to_back_overlapping_and_the_same_guest_twice() -> None:
    """Each booking has its own code."""
    home = flat("2026-07-09T16:00")
    home.read(
        STAY,
        event("2026-07-14", "2026-07-16", uid="b"),
        event("2026-07-12", "2026-07-15", uid="c"),
        event("2026-07-10", "2026-07-14", uid="d"),
    )
    assert windows(home.act()) == [
        ("front", "2026-07-10 14:00", "2026-07-14 12:00"),
        ("front", "2026-07-10 14:00", "2026-07-14 12:00"),
        ("front", "2026-07-12 14:00", "2026-07-15 12:00"),
        ("front", "2026-07-14 14:00", "2026-07-16 12:00"),
    ]


def test_several_locks_each_in_its_zone() -> None:
    """One code per lock; rounding is the lock's own business."""
    far = PropertyLock("far", ZoneInfo("Asia/Kolkata"))
    home = flat(locks=(FRONT, far))
    home.read(STAY, OTHER)
    assert windows(home.act()) == [
        ("front", "2026-07-10 14:00", "2026-07-14 12:00"),
        ("far", "2026-07-10 18:00", "2026-07-14 15:00"),
    ]


def test_a_lock_that_is_added_and_one_that_is_removed() -> None:
    """The new one gets its code, the old one keeps it and is spoken for."""
    home = ready_flat()
    home.settings = settings(locks=(GATE,))
    assert [lock for lock, _, _ in windows(home.act())] == ["gate"]
    home.kinds()
    home.read(event("2026-07-10", "2026-07-12"), OTHER)
    assert [lock for lock, _, _ in windows(home.act())] == ["gate"]
    assert sorted(home.kinds()) == [
        "code_ready",
        "dates_changed_code_kept",
        "first_use_deadline",
        "superseded_still_opens",
    ]


def test_a_property_without_locks_does_nothing() -> None:
    """Its locks are gone from the account."""
    home = flat(locks=())
    home.read(STAY, OTHER)
    assert home.act() == []
    assert home.state() == "planned"


def test_a_backup_code_for_the_arrival() -> None:
    """One use within 24 hours of the start; not for those who have arrived."""
    home = flat(backup_code=True)
    home.read(STAY, OTHER)
    stay, backup = sorted(issues(home.act()), key=lambda issue: issue.purpose.value)[
        ::-1
    ]
    assert (stay.purpose, backup.purpose) == (Purpose.STAY, Purpose.BACKUP)
    assert backup.plan.kind is CodeKind.ONE_TIME
    assert windows([backup]) == [("front", "2026-07-10 14:00", "2026-07-11 14:00")]
    # A new check-out does not touch it.
    home.read(event("2026-07-10", "2026-07-12"), OTHER)
    assert [issue.purpose for issue in issues(home.act())] == [Purpose.STAY]
    # Unless the stay is over before it is.
    home.read(event("2026-07-10", "2026-07-11"), OTHER)
    home.told.clear()
    assert [issue.purpose for issue in issues(home.act())] == [Purpose.STAY]
    longer = [said for said in home.told if said.kind is Kind.CODE_OPENS_LONGER]
    assert [said.purpose for said in longer] == [Purpose.BACKUP]
    late = flat("2026-07-10T20:10", backup_code=True)
    late.read(STAY, OTHER)
    assert windows(late.act())[1:] == [
        ("front", "2026-07-10 20:00", "2026-07-11 20:00")
    ]
    too_late = flat("2026-07-11T14:30", backup_code=True)
    too_late.read(STAY, OTHER)
    assert [issue.purpose for issue in issues(too_late.act())] == [Purpose.STAY]
