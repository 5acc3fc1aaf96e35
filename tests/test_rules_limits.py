"""What no code can be: moments in the past or out of range, and names."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from custom_components.igloohome_access.model import CodeKind
from custom_components.igloohome_access.rules import RuleViolation, check_name

from .planning import plan, refusal, sent, told

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
