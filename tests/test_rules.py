"""Tables of worked examples for the rules of algoPINs (design.md §4)."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.igloohome_access.model import (
    CloudKind,
    CodeKind,
    CodePlan,
    CodeRequest,
    Notice,
)
from custom_components.igloohome_access.rules import (
    RuleViolation,
    check_name,
    neighbours,
    plan_code,
    plan_stay,
    wire_time,
)
from custom_components.igloohome_access.wall_clock import (
    ceil_hour,
    floor_hour,
    local_text,
)

BERLIN = "Europe/Berlin"
NOW = "2026-11-20 14:37:20"


def at(text: str) -> datetime:
    """Return a moment from ISO text, naive where the text has no offset."""
    return datetime.fromisoformat(text)


def clock(text: str, zone: str) -> datetime:
    """Return the moment, in UTC, at which a lock's clock shows a time."""
    moment = at(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC)


def plan(
    kind: CodeKind,
    zone: str = BERLIN,
    now: str = NOW,
    cloud: CloudKind = CloudKind.IGLOOHOME,
    **fields: Any,
) -> CodePlan:
    """Plan a code; moments are given as text."""
    for name in ("starts_at", "ends_at"):
        if isinstance(fields.get(name), str):
            fields[name] = at(fields[name])
    return plan_code(
        CodeRequest(kind=kind, **fields),
        zone=ZoneInfo(zone),
        now=clock(now, zone),
        cloud=cloud,
    )


def refusal(*args: Any, **fields: Any) -> tuple[str, dict[str, str]]:
    """Return key and placeholders of the violation that planning raises."""
    with pytest.raises(RuleViolation) as caught:
        plan(*args, **fields)
    assert str(caught.value) == caught.value.key
    return caught.value.key, dict(caught.value.placeholders)


def stay(
    starts_at: str, ends_at: str, zone: str = BERLIN, now: str = NOW
) -> CodePlan:
    """Plan a stay; moments are given as text."""
    return plan_stay(
        at(starts_at),
        at(ends_at),
        zone=ZoneInfo(zone),
        now=clock(now, zone),
        cloud=CloudKind.SEAM,
    )


def sent(plan: CodePlan) -> tuple[str, str | None]:
    """Return the window as the clouds get it."""
    zone = ZoneInfo(plan.window.time_zone)
    end = plan.window.ends_at
    return wire_time(plan.window.starts_at, zone), end and wire_time(end, zone)


def told(plan: CodePlan) -> list[tuple[str, dict[str, str]]]:
    """Return the notices without those every code has."""
    return [
        (notice.key, dict(notice.placeholders))
        for notice in plan.notices
        if notice.key not in ("cannot_be_revoked", "must_be_used_within_24_hours")
    ]


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
    made = plan(
        CodeKind.HOURLY, zone, "2026-11-20 12:00", starts_at=start, ends_at=end
    )
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
    key, placeholders = refusal(
        CodeKind.HOURLY, zone, starts_at=start, ends_at=end
    )
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
    day = {"starts_at": "2026-11-21 15:00", "ends_at": "2026-11-22 15:00"}
    assert plan(CodeKind.HOURLY, **day).first_use_by is None
    # One day over the autumn change has 25 hours.
    longer = {"starts_at": "2027-10-30 15:00", "ends_at": "2027-10-31 15:00"}
    made = plan(CodeKind.HOURLY, **longer)
    assert made.first_use_by == clock("2027-10-31 14:00", BERLIN)
    assert made.notices[0] == Notice(
        "must_be_used_within_24_hours", {"first_use_by": "2027-10-31 14:00"}
    )


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
        CodeKind.DAILY, now=now, starts_at="2026-04-01 02:00", ends_at="2027-03-28 20:00"
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
    key, placeholders = refusal(
        CodeKind.DAILY, starts_at="2026-11-21 15:00", **fields
    )
    assert key == "daily_too_long"
    assert placeholders["days"] == days
    assert placeholders["latest_ends_at"] == "2027-11-23 15:00"
    assert plan(
        CodeKind.DAILY, starts_at="2026-11-21 15:00", ends_at="2027-11-23 15:00"
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


# Past, order, and moments out of this world


def test_start_in_the_current_hour() -> None:
    """It is rounded down like any other."""
    made = plan(
        CodeKind.HOURLY, starts_at="2026-11-20 14:10", ends_at="2026-11-20 16:00"
    )
    assert sent(made)[0] == "2026-11-20T14:00:00+01:00"
    assert [key for key, _ in told(made)] == ["start_rounded_down"]


@pytest.mark.parametrize("start", ["2026-11-20 13:59", "2026-11-20 13:37:20"])
def test_start_up_to_an_hour_ago(start: str) -> None:
    """It is moved to the current hour and told."""
    made = plan(CodeKind.HOURLY, starts_at=start, ends_at="2026-11-20 16:00")
    assert sent(made)[0] == "2026-11-20T14:00:00+01:00"
    assert told(made) == [
        (
            "start_moved_to_current_hour",
            {"asked": start, "starts_at": "2026-11-20 14:00"},
        )
    ]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (CodeKind.HOURLY, {"ends_at": "2026-11-20 16:00"}),
        (CodeKind.DAILY, {"days": 30}),
        (CodeKind.ONE_TIME, {}),
        (CodeKind.PERMANENT, {}),
    ],
)
def test_start_in_past(kind: CodeKind, fields: dict[str, Any]) -> None:
    """More than an hour ago is an error that names the current hour."""
    assert refusal(kind, starts_at="2026-11-20 13:37:19", **fields) == (
        "start_in_past",
        {"starts_at": "2026-11-20 13:37:19", "earliest": "2026-11-20 14:00"},
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"starts_at": "2026-11-21 12:00", "ends_at": "2026-11-21 12:00"},
            ("ends_before_start", "2026-11-21 12:00", "2026-11-21 12:00"),
        ),
        (
            {"starts_at": "2026-11-21 12:00", "duration": timedelta(hours=-1)},
            ("ends_before_start", "2026-11-21 12:00", "2026-11-21 11:00"),
        ),
        (
            {"starts_at": "2026-11-21 12:00", "days": 0},
            ("ends_before_start", "2026-11-21 12:00", "2026-11-21 12:00"),
        ),
        (
            {"duration": timedelta(0)},
            ("ends_before_start", "2026-11-20 14:37", "2026-11-20 14:37"),
        ),
    ],
)
def test_ends_before_start(
    fields: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    """A window needs a length."""
    key, start, end = expected
    assert refusal(CodeKind.HOURLY, **fields) == (
        key,
        {"starts_at": start, "ends_at": end},
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"ends_at": "2026-11-20 14:37:20"},
        {"ends_at": "2026-11-19 10:00"},
        {"starts_at": "2026-11-20 13:50", "ends_at": "2026-11-20 14:37"},
        {"starts_at": "2026-11-19 13:50", "duration": timedelta(hours=2)},
    ],
)
def test_ends_in_past(fields: dict[str, Any]) -> None:
    """A window that is over is refused, not only turned around."""
    key, placeholders = refusal(CodeKind.HOURLY, **fields)
    assert key == "ends_in_past"
    assert placeholders["now"] == "2026-11-20 14:37:20"


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"starts_at": datetime.max, "days": 30}, "9999-12-31 23:59:59"),
        (
            {"ends_at": datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))},
            "9999-12-31 23:59:59",
        ),
        ({"ends_at": datetime.min}, "0001-01-01 00:00"),
        ({"duration": timedelta.max}, str(timedelta.max)),
        ({"duration": timedelta.min}, str(timedelta.min)),
        ({"days": 10**12}, str(10**12)),
        ({"days": -(10**12)}, str(-(10**12))),
    ],
)
def test_out_of_range(fields: dict[str, Any], value: str) -> None:
    """Nothing a person can type overflows."""
    assert refusal(CodeKind.DAILY, **fields) == ("out_of_range", {"value": value})


# Hours that do not exist or exist twice


def test_start_and_end_in_a_skipped_hour() -> None:
    """The start is the jump, the end is read with the old offset."""
    made = plan(
        CodeKind.HOURLY, starts_at="2027-03-28 02:30", ends_at="2027-03-29 12:00"
    )
    assert sent(made)[0] == "2027-03-28T03:00:00+02:00"
    assert told(made) == [
        (
            "start_does_not_exist",
            {"asked": "2027-03-28 02:30", "starts_at": "2027-03-28 03:00"},
        )
    ]
    made = plan(
        CodeKind.HOURLY, starts_at="2027-03-27 12:00", ends_at="2027-03-28 02:30"
    )
    assert sent(made)[1] == "2027-03-28T04:00:00+02:00"
    assert told(made) == [
        (
            "end_does_not_exist",
            {"asked": "2027-03-28 02:30", "ends_at": "2027-03-28 04:00"},
        )
    ]
    # From the jump to twenty past is a window, although 02:30 + 1 h is later.
    short = plan(
        CodeKind.HOURLY, starts_at="2027-03-28 02:30", ends_at="2027-03-28 03:20"
    )
    assert sent(short) == ("2027-03-28T03:00:00+02:00", "2027-03-28T04:00:00+02:00")


def test_skipped_day() -> None:
    """A start on the day Samoa left out is the beginning of the next."""
    made = plan(
        CodeKind.HOURLY,
        "Pacific/Apia",
        "2011-12-29 09:00",
        starts_at="2011-12-30 10:00",
        ends_at="2011-12-31 12:00",
    )
    assert sent(made)[0] == "2011-12-31T00:00:00+14:00"
    kwajalein = plan(
        CodeKind.HOURLY,
        "Pacific/Kwajalein",
        "1993-08-20 09:00",
        starts_at="1993-08-20 22:10",
        ends_at="1993-08-22 01:00",
    )
    assert sent(kwajalein) == ("1993-08-20T22:00:00-12:00", "1993-08-22T01:00:00+12:00")
    assert kwajalein.window.ends_at is not None
    length = kwajalein.window.ends_at - kwajalein.window.starts_at
    assert length == timedelta(hours=3)


def test_start_and_end_shown_twice() -> None:
    """The earlier one for a start, the later one for an end."""
    made = plan(
        CodeKind.HOURLY, starts_at="2027-10-31 02:30", ends_at="2027-10-31 02:30"
    )
    assert sent(made) == ("2027-10-31T02:00:00+02:00", "2027-10-31T03:00:00+01:00")
    start = {"asked": "2027-10-31 02:30", "starts_at": "2027-10-31 02:00 (UTC+02:00)"}
    end = {"asked": "2027-10-31 02:30", "ends_at": "2027-10-31 03:00"}
    assert told(made) == [
        ("start_rounded_down", start),
        ("start_exists_twice", start),
        ("end_rounded_up", end),
        ("end_exists_twice", end),
    ]


def test_start_shown_twice_with_fold() -> None:
    """Who says which one gets that one."""
    second = datetime(2027, 10, 31, 2, 30, fold=1)
    made = plan(CodeKind.HOURLY, starts_at=second, ends_at="2027-10-31 12:00")
    assert sent(made)[0] == "2027-10-31T02:00:00+01:00"
    aware = second.replace(tzinfo=ZoneInfo(BERLIN))
    made = plan(CodeKind.HOURLY, starts_at=aware, ends_at="2027-10-31 12:00")
    assert sent(made)[0] == "2027-10-31T02:00:00+01:00"
    assert told(made)[0] == (
        "start_rounded_down",
        {
            "asked": "2027-10-31 02:30 (UTC+01:00)",
            "starts_at": "2027-10-31 02:00 (UTC+01:00)",
        },
    )
    # fold says nothing about a time that exists once or not at all.
    plain = datetime(2027, 10, 31, 5, 0, fold=1)
    assert plan(CodeKind.ONE_TIME, starts_at=plain).window.starts_at == clock(
        "2027-10-31 05:00", BERLIN
    )
    skipped = datetime(2027, 3, 28, 2, 30, fold=1)
    assert plan(CodeKind.ONE_TIME, starts_at=skipped).window.starts_at == clock(
        "2027-03-28 03:00", BERLIN
    )


def test_default_start_in_an_hour_shown_twice() -> None:
    """Also the current hour says which one it is."""
    made = plan(
        CodeKind.HOURLY,
        now="2027-10-31T02:20:00+01:00",
        duration=timedelta(hours=1),
    )
    assert sent(made) == ("2027-10-31T02:00:00+01:00", "2027-10-31T04:00:00+01:00")
    assert [key for key, _ in told(made)] == [
        "start_is_current_hour",
        "start_exists_twice",
        "end_rounded_up",
    ]


@pytest.mark.parametrize(
    ("moment", "floor", "ceil"),
    [
        # Forward at 02:00 to 02:30: the clock shows 01:00 and next 03:00.
        ("2026-10-04T02:40:00+11:00", "01:00:00+10:30", "03:00:00+11:00"),
        ("2026-10-04T01:10:00+10:30", "01:00:00+10:30", "03:00:00+11:00"),
        # Back at 02:00 to 01:30: between 01:00 and 02:00 lie 90 minutes.
        ("2026-04-05T01:45:00+10:30", "01:00:00+11:00", "02:00:00+10:30"),
        ("2026-04-05T01:45:00+11:00", "01:00:00+11:00", "02:00:00+10:30"),
        ("2026-04-05T02:00:00+10:30", "02:00:00+10:30", "02:00:00+10:30"),
    ],
)
def test_hours_of_lord_howe(moment: str, floor: str, ceil: str) -> None:
    """Where the clock jumps half an hour, rounding goes to hours it really shows."""
    zone = ZoneInfo("Australia/Lord_Howe")
    assert wire_time(floor_hour(at(moment), zone), zone)[11:] == floor
    assert wire_time(ceil_hour(at(moment), zone), zone)[11:] == ceil


def test_hour_of_half_an_hour() -> None:
    """Caracas went from 02:30 to 03:00: an hourly code gets an hour more."""
    made = plan(
        CodeKind.HOURLY,
        "America/Caracas",
        "2016-04-30 12:00",
        starts_at="2016-05-01 02:00",
        ends_at="2016-05-01 02:20",
    )
    assert sent(made) == ("2016-05-01T02:00:00-04:30", "2016-05-01T04:00:00-04:00")
    assert told(made)[0] == (
        "end_rounded_up",
        {"asked": "2016-05-01 02:20", "ends_at": "2016-05-01 04:00"},
    )


# Text and wire format


@pytest.mark.parametrize(
    ("zone", "moment", "expected"),
    [
        (BERLIN, "2026-07-01T12:00:00+00:00", "2026-07-01T14:00:00+02:00"),
        ("UTC", "2026-07-01T12:00:00+02:00", "2026-07-01T10:00:00+00:00"),
        ("Asia/Kathmandu", "2026-07-01T00:15:00+00:00", "2026-07-01T06:00:00+05:45"),
        ("America/St_Johns", "2026-07-01T00:30:00.9+00:00", "2026-06-30T22:00:00-02:30"),
        # Local mean time: +00:53:28 and -00:44:30, cut down to the minute.
        (BERLIN, "1890-01-01T00:07:00+00:00", "1890-01-01T01:00:00+00:53"),
        ("Africa/Monrovia", "1960-01-01T00:45:00+00:00", "1960-01-01T00:00:00-00:45"),
    ],
)
def test_wire_time(zone: str, moment: str, expected: str) -> None:
    """Numeric offset of the moment, whole seconds, never ``Z``."""
    assert wire_time(at(moment), ZoneInfo(zone)) == expected


def test_rules_hold_where_offsets_have_seconds() -> None:
    """What is sent then still has whole hours."""
    made = plan(
        CodeKind.DAILY,
        "Africa/Monrovia",
        "1960-01-01 12:00",
        starts_at="1960-01-02 10:20",
        days=40,
    )
    assert sent(made) == ("1960-01-02T10:00:00-00:45", "1960-02-11T10:00:00-00:45")


def test_local_text() -> None:
    """The offset is added only where it tells two moments apart."""
    zone = ZoneInfo(BERLIN)
    assert local_text(at("2027-10-31T00:00:00+00:00"), zone) == (
        "2027-10-31 02:00 (UTC+02:00)"
    )
    assert local_text(at("2027-10-31T01:00:00+00:00"), zone) == (
        "2027-10-31 02:00 (UTC+01:00)"
    )
    assert local_text(at("2027-10-31T02:00:00+00:00"), zone) == "2027-10-31 03:00"
    assert local_text(at("2027-10-31T02:00:05.5+00:00"), zone) == "2027-10-31 03:00:05"


def test_neighbours() -> None:
    """The longest hourly and the shortest daily code from a start."""
    zone = ZoneInfo(BERLIN)
    assert neighbours(clock("2026-11-21 15:00", BERLIN), zone) == (
        clock("2026-12-19 15:00", BERLIN),
        clock("2026-12-20 15:00", BERLIN),
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


# Names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("  Plumber ", "Plumber"),
        ("x" * 60, "x" * 60),
        ("Ünal 👩‍🔧", "Ünal 👩‍🔧"),
    ],
)
def test_name(name: str, expected: str) -> None:
    """Blanks around a name are dropped."""
    assert check_name(name) == expected


@pytest.mark.parametrize(
    ("name", "key", "placeholders"),
    [
        ("", "name_empty", {}),
        (" \n\t", "name_empty", {}),
        ("\u200b\u200d", "name_empty", {}),
        ("x" * 61, "name_too_long", {"length": "61", "max_length": "60"}),
        ("a\nb", "name_invalid", {}),
        ("a\x00b", "name_invalid", {}),
        ("a\u2028b", "name_invalid", {}),
        ("a\ud800", "name_invalid", {}),
    ],
)
def test_name_refused(name: str, key: str, placeholders: dict[str, str]) -> None:
    """A name must be what igloohome takes."""
    with pytest.raises(RuleViolation) as caught:
        check_name(name)
    assert caught.value.key == key
    assert caught.value.placeholders == placeholders
