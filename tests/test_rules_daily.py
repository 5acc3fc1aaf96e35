"""Worked examples of daily codes and of stays (design.md §4, §8)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.igloohome_access.model import CloudKind, CodeKind
from custom_components.igloohome_access.rules import RuleViolation

from .planning import BERLIN, plan, refusal, sent, stay, told

# Daily


def test_daily_example_of_seam() -> None:
    """A daily code of 31 days (design.md §4)."""
    made = plan(
        CodeKind.DAILY,
        zone="America/Los_Angeles",
        now="2023-11-09 12:00",
        cloud=CloudKind.SEAM,
        starts_at="2023-11-17T00:00",
        ends_at="2023-12-18T00:00",
    )
    assert made.kind is CodeKind.DAILY
    assert sent(made) == ("2023-11-17T00:00:00-08:00", "2023-12-18T00:00:00-08:00")
    assert made.window.ends_at is not None
    assert made.window.ends_at - made.window.starts_at == timedelta(days=31)
    assert made.first_use_by == datetime(2023, 11, 18, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "start", "days", "expected", "elapsed"),
    [
        # The same hour on the clock, and so an hour less or more.
        (BERLIN, "2027-03-10 15:00", 29, "2027-04-08T15:00:00+02:00", 29 * 24 - 1),
        (BERLIN, "2027-10-10 15:00", 29, "2027-11-08T15:00:00+01:00", 29 * 24 + 1),
        ("America/New_York", "2027-03-01 9:00", 30, "2027-03-31T09:00:00-04:00", 719),
        (
            "Australia/Lord_Howe",
            "2027-03-20 15:00",
            29,
            "2027-04-18T15:00:00+10:30",
            29 * 24 + 0.5,
        ),
        # Leap day and the longest code.
        (BERLIN, "2028-02-01 08:00", 29, "2028-03-01T08:00:00+01:00", 29 * 24),
        (BERLIN, "2028-02-29 08:00", 366, "2029-03-01T08:00:00+01:00", 366 * 24),
        (BERLIN, "2026-12-01 08:00", 367, "2027-12-03T08:00:00+01:00", 367 * 24),
        ("Asia/Kolkata", "2026-12-01 08:45", 29, "2026-12-30T08:00:00+05:30", 29 * 24),
    ],
)
def test_daily_keeps_the_hour_of_the_clock(
    zone: str, start: str, days: int, expected: str, elapsed: float
) -> None:
    """Days are calendar days from the rounded start."""
    start = start.replace(" 9:", " 09:")
    made = plan(CodeKind.DAILY, zone, starts_at=start, days=days)
    assert sent(made)[1] == expected
    assert made.window.ends_at is not None
    assert (made.window.ends_at - made.window.starts_at) == timedelta(hours=elapsed)
    assert not any(notice.key.startswith("end_") for notice in made.notices)


def test_daily_from_now() -> None:
    """Days from now end at the current hour."""
    made = plan(CodeKind.DAILY, days=30)
    assert sent(made) == ("2026-11-20T14:00:00+01:00", "2026-12-20T14:00:00+01:00")
    assert [key for key, _ in told(made)] == ["start_is_current_hour"]


def test_daily_over_an_hour_the_clock_skips() -> None:
    """02:00 does not exist on the last day: the code ends a day later."""
    made = plan(CodeKind.DAILY, starts_at="2027-02-20 02:00", days=36)
    assert sent(made)[1] == "2027-03-29T02:00:00+02:00"
    assert told(made) == [
        (
            "end_does_not_exist",
            {"asked": "2027-03-28 02:00", "ends_at": "2027-03-29 02:00"},
        )
    ]
    # A whole day was skipped.
    samoa = plan(
        CodeKind.DAILY,
        "Pacific/Apia",
        "2011-11-30 09:00",
        starts_at="2011-12-01 10:00",
        days=29,
    )
    assert sent(samoa)[1] == "2011-12-31T10:00:00+14:00"
    assert told(samoa)[0][0] == "end_does_not_exist"


def test_daily_limit_where_the_last_hour_is_skipped() -> None:
    """One day later would be too long, and the longest code ends the day before."""
    key, placeholders = refusal(
        CodeKind.DAILY, now="2026-03-01 12:00", starts_at="2026-03-26 02:00", days=367
    )
    assert key == "daily_too_long"
    assert placeholders["days"] == "368"
    assert placeholders["latest_ends_at"] == "2027-03-27 02:00"


def test_daily_over_an_hour_the_clock_shows_twice() -> None:
    """The later one is meant."""
    made = plan(CodeKind.DAILY, starts_at="2027-09-20 02:00", days=41)
    assert sent(made)[1] == "2027-10-31T02:00:00+01:00"
    assert told(made) == [
        (
            "end_exists_twice",
            {"asked": "2027-10-31 02:00", "ends_at": "2027-10-31 02:00 (UTC+01:00)"},
        )
    ]
    # Given with its offset the earlier one stays what it is.
    first = plan(
        CodeKind.DAILY,
        starts_at="2027-09-20 02:00",
        ends_at="2027-10-31T02:00:00+02:00",
    )
    assert sent(first)[1] == "2027-10-31T02:00:00+02:00"
    assert told(first)[0][1]["ends_at"] == "2027-10-31 02:00 (UTC+02:00)"


@pytest.mark.parametrize(
    ("end", "choices"),
    [
        ("2027-01-15 11:00", "2027-01-14 15:00 / 2027-01-15 15:00"),
        # The end is rounded up before it is compared.
        ("2027-01-15 15:01", "2027-01-15 15:00 / 2027-01-16 15:00"),
        # 366 days fit, 367 days fit.
        ("2027-11-23 14:00", "2027-11-22 15:00 / 2027-11-23 15:00"),
    ],
)
def test_daily_hour_mismatch(end: str, choices: str) -> None:
    """Another hour at the end is refused, and both ends that fit are named."""
    key, placeholders = refusal(
        CodeKind.DAILY, starts_at="2026-11-21 15:00", ends_at=end
    )
    assert key == "daily_hour_mismatch"
    assert placeholders["choices"] == choices
    for choice in choices.split(" / "):
        assert plan(CodeKind.DAILY, starts_at="2026-11-21 15:00", ends_at=choice)


def test_daily_hour_mismatch_with_one_way_out() -> None:
    """An end that does not exist, or would be too long, is not offered."""
    start = "2026-03-26 02:00"
    now = "2026-03-01 12:00"
    # The later end, 367 days after the start, would be on the day without 02:00.
    _, placeholders = refusal(
        CodeKind.DAILY, now=now, starts_at=start, ends_at="2027-03-27 20:00"
    )
    assert placeholders["choices"] == "2027-03-27 02:00"
    # The earlier end is on that day.
    _, placeholders = refusal(
        CodeKind.DAILY,
        now=now,
        starts_at="2026-04-01 02:00",
        ends_at="2027-03-28 20:00",
    )
    assert placeholders["choices"] == "2027-03-29 02:00"


def test_daily_too_short() -> None:
    """Up to 672 hours an hourly code does it."""
    key, placeholders = refusal(CodeKind.DAILY, starts_at="2026-11-21 15:00", days=28)
    assert key == "daily_too_short"
    assert placeholders["days"] == "28"
    assert placeholders["ends_at"] == "2026-12-19 15:00"
    assert placeholders["daily_ends_at"] == "2026-12-20 15:00"


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ({"days": 368}, "368"),
        ({"ends_at": "2027-11-23 15:01"}, "368"),
        ({"ends_at": "2029-11-21 15:00"}, "1096"),
    ],
)
def test_daily_too_long(fields: dict[str, Any], days: str) -> None:
    """More than 367 calendar days are refused with the latest end."""
    key, placeholders = refusal(CodeKind.DAILY, starts_at="2026-11-21 15:00", **fields)
    assert key == "daily_too_long"
    assert placeholders["days"] == days
    assert placeholders["latest_ends_at"] == "2027-11-23 15:00"
    assert plan(
        CodeKind.DAILY, starts_at="2026-11-21 15:00", ends_at="2027-11-23 15:00"
    )


# Stays


@pytest.mark.parametrize(
    ("start", "end", "kind", "window", "keys"),
    [
        (
            "2026-11-25 14:30",
            "2026-11-28 11:30",
            CodeKind.HOURLY,
            ("2026-11-25T14:00:00+01:00", "2026-11-28T12:00:00+01:00"),
            ["start_rounded_down", "end_rounded_up"],
        ),
        (
            "2026-11-25 15:00",
            "2026-12-23 15:00",
            CodeKind.HOURLY,
            ("2026-11-25T15:00:00+01:00", "2026-12-23T15:00:00+01:00"),
            [],
        ),
        # Between the kinds: 29 days.
        (
            "2026-11-25 15:00",
            "2026-12-23 15:30",
            CodeKind.DAILY,
            ("2026-11-25T15:00:00+01:00", "2026-12-24T15:00:00+01:00"),
            ["end_moved_to_29_days"],
        ),
        # 673 hours over the autumn change.
        (
            "2027-10-10 15:00",
            "2027-11-07 15:00",
            CodeKind.DAILY,
            ("2027-10-10T15:00:00+02:00", "2027-11-08T15:00:00+01:00"),
            ["end_moved_to_29_days"],
        ),
        # Check-out is earlier in the day than check-in.
        (
            "2026-11-25 15:00",
            "2027-01-10 10:30",
            CodeKind.DAILY,
            ("2026-11-25T15:00:00+01:00", "2027-01-10T15:00:00+01:00"),
            ["end_moved_to_start_hour"],
        ),
        # Later in the day: to the next.
        (
            "2026-11-25 10:00",
            "2027-01-10 10:30",
            CodeKind.DAILY,
            ("2026-11-25T10:00:00+01:00", "2027-01-11T10:00:00+01:00"),
            ["end_moved_to_start_hour"],
        ),
        (
            "2026-11-25 10:30",
            "2027-01-10 09:30",
            CodeKind.DAILY,
            ("2026-11-25T10:00:00+01:00", "2027-01-10T10:00:00+01:00"),
            ["start_rounded_down", "end_rounded_up"],
        ),
        # Begun long ago: from the current hour.
        (
            "2026-11-10 15:00",
            "2026-11-28 11:00",
            CodeKind.HOURLY,
            ("2026-11-20T14:00:00+01:00", "2026-11-28T11:00:00+01:00"),
            ["start_moved_to_current_hour"],
        ),
    ],
)
def test_stay(
    start: str, end: str, kind: CodeKind, window: tuple[str, str], keys: list[str]
) -> None:
    """A stay gets the kind that covers it, and every change is told."""
    made = stay(start, end)
    assert made.kind is kind
    assert sent(made) == window
    assert [key for key, _ in told(made)] == keys
    assert "must_be_used_within_24_hours" in [notice.key for notice in made.notices]


@pytest.mark.parametrize(
    ("start", "end", "key"),
    [
        ("2026-11-25 15:00", "2026-11-25 15:00", "ends_before_start"),
        ("2026-11-10 15:00", "2026-11-20 14:00", "ends_in_past"),
        ("2026-11-25 15:00", "2027-11-27 15:01", "daily_too_long"),
        # 366 days and 20 hours, and the hour of the 367th day is skipped.
        ("2026-12-01 02:00", "2027-12-03 10:00", "daily_too_long"),
    ],
)
def test_stay_that_no_code_covers(start: str, end: str, key: str) -> None:
    """These are refused for stays, too."""
    with pytest.raises(RuleViolation) as caught:
        stay(start, end)
    assert caught.value.key == key
