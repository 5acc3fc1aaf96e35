"""Worked examples of hourly, one-time and permanent codes (design.md §4)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.igloohome_access.model import CloudKind, CodeKind, Notice

from .planning import BERLIN, clock, plan, refusal, sent, told

# Hourly


def test_hourly_example_of_seam() -> None:
    """An hourly code of 138 hours (design.md §4)."""
    made = plan(
        CodeKind.HOURLY,
        zone="America/Los_Angeles",
        now="2023-11-09 12:00",
        starts_at="2023-11-10T00:00",
        ends_at="2023-11-15T18:00",
    )
    assert made.kind is CodeKind.HOURLY
    assert sent(made) == ("2023-11-10T00:00:00-08:00", "2023-11-15T18:00:00-08:00")
    assert made.window.ends_at is not None
    assert made.window.ends_at - made.window.starts_at == timedelta(hours=138)
    assert made.window.starts_at.tzinfo is UTC
    assert made.window.time_zone == "America/Los_Angeles"
    assert made.first_use_by == datetime(2023, 11, 11, 8, tzinfo=UTC)
    assert made.notices == (
        Notice("must_be_used_within_24_hours", {"first_use_by": "2023-11-11 00:00"}),
        Notice("cannot_be_revoked"),
    )


def test_start_defaults_to_current_hour() -> None:
    """The code works from the current hour, a duration counts from now."""
    made = plan(CodeKind.HOURLY, duration=timedelta(hours=2))
    assert sent(made) == ("2026-11-20T14:00:00+01:00", "2026-11-20T17:00:00+01:00")
    assert told(made) == [
        (
            "start_is_current_hour",
            {"asked": "2026-11-20 14:37", "starts_at": "2026-11-20 14:00"},
        ),
        (
            "end_rounded_up",
            {"asked": "2026-11-20 16:37", "ends_at": "2026-11-20 17:00"},
        ),
    ]
    assert made.first_use_by is None


def test_automation_on_the_hour_gets_whole_hours() -> None:
    """Seconds past the hour do not cost another hour."""
    made = plan(
        CodeKind.HOURLY, now="2026-11-20 14:00:00.350", duration=timedelta(hours=2)
    )
    assert sent(made) == ("2026-11-20T14:00:00+01:00", "2026-11-20T16:00:00+01:00")
    assert told(made) == []
    tiny = plan(
        CodeKind.HOURLY, now="2026-11-20 14:00:50", duration=timedelta(seconds=30)
    )
    assert sent(tiny)[1] == "2026-11-20T15:00:00+01:00"


@pytest.mark.parametrize(
    ("zone", "start", "end", "expected"),
    [
        # Minutes are rounded outward.
        (BERLIN, "2026-11-21 09:20", "2026-11-21 09:40", ("09:00", "10:00")),
        (BERLIN, "2026-11-21 09:00", "2026-11-21 10:00:01", ("09:00", "11:00")),
        # Whole hours of the lock's zone, not of UTC.
        ("Asia/Kolkata", "2026-11-21 09:20", "2026-11-21 10:10", ("09:00", "11:00")),
        ("Asia/Kathmandu", "2026-11-21 09:50", "2026-11-21 10:00", ("09:00", "10:00")),
        ("Pacific/Chatham", "2026-11-21 09:44", "2026-11-21 9:46", ("09:00", "10:00")),
        ("America/St_Johns", "2026-11-21 9:31", "2026-11-21 9:59", ("09:00", "10:00")),
    ],
)
def test_whole_hours_of_the_zone(
    zone: str, start: str, end: str, expected: tuple[str, str]
) -> None:
    """The start is rounded down and the end up on the clock of the lock."""
    start, end = start.replace(" 9:", " 09:"), end.replace(" 9:", " 09:")
    made = plan(CodeKind.HOURLY, zone, "2026-11-20 12:00", starts_at=start, ends_at=end)
    window = made.window
    assert window.local_end is not None
    assert (f"{window.local_start:%H:%M}", f"{window.local_end:%H:%M}") == expected
    assert sent(made)[0].endswith(f"{window.local_start:%H}:00:00{_offset(window)}")


def _offset(window: Any) -> str:
    return str(window.local_start.isoformat()[-6:])


def test_aware_moments_of_other_zones() -> None:
    """A moment with an offset is that moment, whatever the zone of the lock."""
    made = plan(
        CodeKind.HOURLY,
        "Asia/Kathmandu",
        "2026-11-20 12:00",
        starts_at="2026-11-21T09:00:00+00:00",
        ends_at=datetime(2026, 11, 21, 13, tzinfo=ZoneInfo("America/New_York")),
    )
    assert sent(made) == ("2026-11-21T14:00:00+05:45", "2026-11-22T00:00:00+05:45")
    assert told(made) == [
        (
            "start_rounded_down",
            {"asked": "2026-11-21 14:45", "starts_at": "2026-11-21 14:00"},
        ),
        (
            "end_rounded_up",
            {"asked": "2026-11-21 23:45", "ends_at": "2026-11-22 00:00"},
        ),
    ]


def test_hourly_limit_is_elapsed_time() -> None:
    """672 hours fit, 28 days on the clock are another matter."""
    fits = plan(
        CodeKind.HOURLY, starts_at="2026-11-21 15:00", ends_at="2026-12-19 15:00"
    )
    assert fits.window.ends_at == fits.window.starts_at + timedelta(hours=672)
    # Spring: 28 days and an hour on the clock are 672 hours.
    spring = plan(
        CodeKind.HOURLY, starts_at="2027-03-20 15:00", ends_at="2027-04-17 16:00"
    )
    assert sent(spring) == ("2027-03-20T15:00:00+01:00", "2027-04-17T16:00:00+02:00")
    assert spring.window.ends_at == spring.window.starts_at + timedelta(hours=672)


@pytest.mark.parametrize(
    ("zone", "start", "end", "hourly", "daily"),
    [
        (
            BERLIN,
            "2027-10-10 15:00",
            "2027-11-07 15:00",
            "2027-11-07 14:00",
            "2027-11-08 15:00",
        ),
        (
            "America/New_York",
            "2027-10-20 15:00",
            "2027-11-17 15:00",
            "2027-11-17 14:00",
            "2027-11-18 15:00",
        ),
    ],
)
def test_28_days_over_the_autumn_change(
    zone: str, start: str, end: str, hourly: str, daily: str
) -> None:
    """They are 673 hours: refused with the hint what fits."""
    key, placeholders = refusal(CodeKind.HOURLY, zone, starts_at=start, ends_at=end)
    assert key == "dst_hourly_too_long"
    assert placeholders["hours"] == "673"
    assert placeholders["days"] == "28"
    assert placeholders["starts_at"] == start
    assert placeholders["ends_at"] == end
    assert placeholders["hourly_ends_at"] == hourly
    assert placeholders["daily_ends_at"] == daily
    assert plan(CodeKind.HOURLY, zone, starts_at=start, ends_at=hourly)
    assert plan(CodeKind.DAILY, zone, starts_at=start, ends_at=daily)


def test_28_days_by_days_over_the_autumn_change() -> None:
    """Days are calendar days for an hourly code, too."""
    by_days = plan(CodeKind.HOURLY, starts_at="2026-11-21 15:10", days=2)
    assert sent(by_days)[1] == "2026-11-23T16:00:00+01:00"
    key, _ = refusal(CodeKind.HOURLY, starts_at="2027-10-10 15:00", days=28)
    assert key == "dst_hourly_too_long"


def test_28_days_over_a_change_of_half_an_hour() -> None:
    """Lord Howe: 672 and a half hours."""
    key, placeholders = refusal(
        CodeKind.HOURLY,
        "Australia/Lord_Howe",
        starts_at="2027-03-20 15:00",
        ends_at="2027-04-17 15:00",
    )
    assert (key, placeholders["hours"]) == ("dst_hourly_too_long", "672.5")
    assert placeholders["hourly_ends_at"] == "2027-04-17 14:00"


@pytest.mark.parametrize("kind", [CodeKind.HOURLY, CodeKind.DAILY])
def test_between_hourly_and_daily(kind: CodeKind) -> None:
    """No kind fits: both neighbours are named with their windows."""
    start = "2026-11-21 15:00"
    key, placeholders = refusal(kind, starts_at=start, ends_at="2026-12-19 15:01")
    assert key == "between_hourly_and_daily"
    assert placeholders == {
        "starts_at": start,
        "ends_at": "2026-12-19 16:00",
        "hours": "673",
        "days": "28",
        "max_hours": "672",
        "min_days": "29",
        "max_days": "367",
        "hourly_ends_at": "2026-12-19 15:00",
        "daily_ends_at": "2026-12-20 15:00",
    }
    almost = refusal(kind, starts_at=start, ends_at="2026-12-20 14:00")
    assert almost[0] == "between_hourly_and_daily"
    assert almost[1]["hours"] == "695"


def test_hourly_too_long() -> None:
    """From 29 days on it is a daily code."""
    key, placeholders = refusal(
        CodeKind.HOURLY, starts_at="2026-11-21 15:00", ends_at="2026-12-20 15:00"
    )
    assert key == "hourly_too_long"
    assert placeholders["hours"] == "696"
    assert placeholders["hourly_ends_at"] == "2026-12-19 15:00"
    assert placeholders["daily_ends_at"] == "2026-12-20 15:00"
    key, placeholders = refusal(CodeKind.HOURLY, duration=timedelta(hours=672))
    assert (key, placeholders["ends_at"]) == (
        "between_hourly_and_daily",
        "2026-12-18 15:00",
    )


def test_24_hours_need_no_first_use() -> None:
    """Only more than 24 elapsed hours have a deadline."""
    day: dict[str, Any] = {
        "starts_at": "2026-11-21 15:00",
        "ends_at": "2026-11-22 15:00",
    }
    assert plan(CodeKind.HOURLY, **day).first_use_by is None
    # One day over the autumn change has 25 hours.
    longer: dict[str, Any] = {
        "starts_at": "2027-10-30 15:00",
        "ends_at": "2027-10-31 15:00",
    }
    made = plan(CodeKind.HOURLY, **longer)
    assert made.first_use_by == clock("2027-10-31 14:00", BERLIN)
    assert made.notices[0] == Notice(
        "must_be_used_within_24_hours", {"first_use_by": "2027-10-31 14:00"}
    )


# One-time and permanent


def test_one_time() -> None:
    """24 hours from the start, gone after one use, no deadline."""
    made = plan(CodeKind.ONE_TIME)
    assert sent(made) == ("2026-11-20T14:00:00+01:00", "2026-11-21T14:00:00+01:00")
    assert made.first_use_by is None
    assert [notice.key for notice in made.notices] == [
        "start_is_current_hour",
        "one_time_dies_after_use",
        "cannot_be_revoked",
    ]
    assert made.notices[1].placeholders == {"ends_at": "2026-11-21 14:00"}


@pytest.mark.parametrize(
    ("zone", "start", "expected"),
    [
        (BERLIN, "2027-03-27 15:00", "2027-03-28T16:00:00+02:00"),
        (BERLIN, "2027-10-30 15:00", "2027-10-31T14:00:00+01:00"),
        # The lock counts hours; half past is then the truth.
        ("Australia/Lord_Howe", "2027-04-03 15:00", "2027-04-04T14:30:00+10:30"),
    ],
)
def test_one_time_counts_elapsed_hours(zone: str, start: str, expected: str) -> None:
    """24 elapsed hours, also over a change of the clock."""
    assert sent(plan(CodeKind.ONE_TIME, zone, starts_at=start))[1] == expected


def test_permanent() -> None:
    """No end, but a deadline of the first use."""
    made = plan(CodeKind.PERMANENT, starts_at="2026-11-21 15:30")
    assert sent(made) == ("2026-11-21T15:00:00+01:00", None)
    assert made.first_use_by == clock("2026-11-22 15:00", BERLIN)
    assert [notice.key for notice in made.notices] == [
        "start_rounded_down",
        "must_be_used_within_24_hours",
        "permanent_until_reset",
        "cannot_be_revoked",
    ]


def test_permanent_is_not_on_seam() -> None:
    """Seam knows no permanent algoPIN."""
    assert refusal(CodeKind.PERMANENT, cloud=CloudKind.SEAM) == (
        "permanent_not_on_seam",
        {},
    )


@pytest.mark.parametrize(
    "end",
    [{"ends_at": "2026-12-01 12:00"}, {"duration": timedelta(hours=1)}, {"days": 1}],
)
def test_kinds_without_an_end(end: dict[str, Any]) -> None:
    """A one-time code and a permanent code take no end."""
    assert refusal(CodeKind.ONE_TIME, **end) == ("one_time_takes_no_end", {})
    assert refusal(CodeKind.PERMANENT, **end) == ("permanent_takes_no_end", {})


@pytest.mark.parametrize("kind", [CodeKind.HOURLY, CodeKind.DAILY])
def test_end_missing_or_twice(kind: CodeKind) -> None:
    """The other kinds need exactly one way to say the end."""
    assert refusal(kind) == ("end_missing", {})
    two = {"duration": timedelta(days=30), "days": 30}
    assert refusal(kind, **two) == ("end_given_twice", {})


def test_online_code_is_no_matter_of_these_rules() -> None:
    """Asking is a mistake of ours, not of a person."""
    with pytest.raises(ValueError, match="no algoPIN"):
        plan(CodeKind.ONLINE)
