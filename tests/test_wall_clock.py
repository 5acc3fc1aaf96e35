"""Hours that do not exist or exist twice, and how a moment is written."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.igloohome_access.model import CodeKind
from custom_components.igloohome_access.rules import neighbours
from custom_components.igloohome_access.wall_clock import (
    ceil_hour,
    floor_hour,
    local_text,
    wire_time,
)

from .planning import BERLIN, at, clock, plan, sent, told

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
    used = "2027-10-31 02:00 (UTC+01:00)"
    assert told(made)[:2] == [
        (
            "start_is_current_hour",
            {"asked": "2027-10-31 02:20 (UTC+01:00)", "starts_at": used},
        ),
        ("start_exists_twice", {"asked": "2027-10-31 02:00", "starts_at": used}),
    ]


def test_end_rounded_up_to_an_hour_shown_twice() -> None:
    """The time that exists twice is the rounded one; the first follows on 01:40."""
    made = plan(
        CodeKind.HOURLY, starts_at="2027-10-30 12:00", ends_at="2027-10-31 01:40"
    )
    used = "2027-10-31 02:00 (UTC+02:00)"
    assert told(made) == [
        ("end_rounded_up", {"asked": "2027-10-31 01:40", "ends_at": used}),
        ("end_exists_twice", {"asked": "2027-10-31 02:00", "ends_at": used}),
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
        (
            "America/St_Johns",
            "2026-07-01T00:30:00.9+00:00",
            "2026-06-30T22:00:00-02:30",
        ),
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
