"""Windows of online codes: to the minute, and what is told or refused."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.igloohome_access.model import (
    CloudKind,
    CodeKind,
    CodePlan,
    CodeRequest,
    Window,
)
from custom_components.igloohome_access.online_rules import plan_change, plan_online
from custom_components.igloohome_access.rules import RuleViolation

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 12, 20, 30, tzinfo=UTC)
MINUTE = datetime(2026, 11, 20, 12, 20, tzinfo=UTC)
DAY = timedelta(days=1)
IGLOOHOME, SEAM = CloudKind


def asked(starts_at: str | None = None, ends_at: str | None = None) -> CodeRequest:
    """Return a request for an online code."""

    def moment(text: str | None) -> datetime | None:
        return None if text is None else datetime.fromisoformat(text)

    return CodeRequest(
        kind=CodeKind.ONLINE, starts_at=moment(starts_at), ends_at=moment(ends_at)
    )


def plan(request: CodeRequest, cloud: CloudKind = IGLOOHOME, **more: Any) -> CodePlan:
    """Return the plan of a code in Berlin, 13:20:30 there."""
    return plan_online(request, zone=BERLIN, now=NOW, cloud=cloud, **more)


def keys(plan: CodePlan) -> list[str]:
    """Return what is told of a plan."""
    return [notice.key for notice in plan.notices]


@pytest.mark.parametrize("cloud", CloudKind)
def test_from_now_on(cloud: CloudKind) -> None:
    """Without times a code works from this minute until it is deleted."""
    found = plan(asked(), cloud)
    assert found == CodePlan(
        kind=CodeKind.ONLINE,
        window=Window(MINUTE, None, "Europe/Berlin"),
        first_use_by=None,
    )


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "window", "told"),
    [
        # Minutes are kept, a start is rounded down and an end up to one.
        (
            "2026-11-21 15:10:40",
            "2026-11-22 11:05:01",
            ("2026-11-21T14:10", "2026-11-22T10:06"),
            [],
        ),
        # With an offset.
        (
            "2026-11-21T15:10:00+00:00",
            "2026-11-22T11:05:00-05:00",
            ("2026-11-21T15:10", "2026-11-22T16:05"),
            [],
        ),
        # A start that has passed is now; the very minute is not worth a word.
        (
            "2026-11-20 08:00",
            "2026-11-20 18:00",
            ("2026-11-20T12:20", "2026-11-20T17:00"),
            ["start_moved_to_now"],
        ),
        (
            "2026-11-20 13:20:10",
            "2026-11-20 18:00",
            ("2026-11-20T12:20", "2026-11-20T17:00"),
            [],
        ),
        # The clock is set on, and back.
        (
            "2027-03-28 02:30",
            "2027-03-28 12:00",
            ("2027-03-28T01:00", "2027-03-28T10:00"),
            ["start_does_not_exist"],
        ),
        (
            "2027-10-31 02:30",
            "2027-10-31 12:00",
            ("2027-10-31T00:30", "2027-10-31T11:00"),
            ["start_exists_twice"],
        ),
        (
            "2027-03-27 12:00",
            "2027-03-28 02:30",
            ("2027-03-27T11:00", "2027-03-28T01:30"),
            ["end_does_not_exist"],
        ),
        (
            "2027-10-30 12:00",
            "2027-10-31 02:30",
            ("2027-10-30T10:00", "2027-10-31T01:30"),
            ["end_exists_twice"],
        ),
    ],
)
def test_window(
    starts_at: str, ends_at: str, window: tuple[str, str], told: list[str]
) -> None:
    """The window is what was asked for, to the minute; changes are told."""
    found = plan(asked(starts_at, ends_at))
    start, end = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in window)
    assert found.window == Window(start, end, "Europe/Berlin")
    assert keys(found) == told
    old = Window(MINUTE - DAY, None, "Europe/Berlin")
    changed, notices = plan_change(
        old, asked(starts_at, ends_at), zone=BERLIN, now=NOW, cloud=IGLOOHOME
    )
    assert changed == found.window
    assert notices == found.notices


def test_opens_once() -> None:
    """A one-time code says so; Seam has none."""
    assert keys(plan(asked(), one_time=True)) == ["online_code_opens_once"]
    with pytest.raises(RuleViolation, match="one_time_not_online_on_seam"):
        plan(asked(), SEAM, one_time=True)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "key", "told"),
    [
        (
            None,
            "2026-11-20 13:20",
            "ends_in_past",
            {"ends_at": "2026-11-20 13:20", "now": "2026-11-20 13:20"},
        ),
        (
            "2026-11-21 12:00",
            "2026-11-21 12:00",
            "ends_before_start",
            {"starts_at": "2026-11-21 12:00", "ends_at": "2026-11-21 12:00"},
        ),
    ],
)
@pytest.mark.parametrize("cloud", CloudKind)
def test_impossible(
    cloud: CloudKind,
    starts_at: str | None,
    ends_at: str,
    key: str,
    told: dict[str, str],
) -> None:
    """A window that is over or empty is refused."""
    with pytest.raises(RuleViolation) as caught:
        plan(asked(starts_at, ends_at), cloud)
    assert (caught.value.key, dict(caught.value.placeholders)) == (key, told)


def test_start_without_an_end() -> None:
    """Seam starts a code without an end at once; a bridge job may start later."""
    later = asked("2026-11-21 12:00")
    assert plan(later).window.starts_at == datetime(2026, 11, 21, 11, tzinfo=UTC)
    with pytest.raises(RuleViolation) as caught:
        plan(later, SEAM)
    assert caught.value.key == "online_start_needs_end"
    assert caught.value.placeholders == {"starts_at": "2026-11-21 12:00"}


def test_what_is_left_out_stays() -> None:
    """A start that has passed stays as it is, given again or not."""
    old = Window(MINUTE - DAY, MINUTE + DAY, "Europe/Berlin")

    def change(request: CodeRequest) -> Window:
        window, notices = plan_change(old, request, zone=BERLIN, now=NOW, cloud=SEAM)
        assert notices == ()
        return window

    assert change(asked()) == old
    assert change(asked("2026-11-19 13:20", "2026-11-21 13:20")) == old
    longer = change(asked(ends_at="2026-11-22 13:20"))
    assert (longer.starts_at, longer.ends_at) == (old.starts_at, MINUTE + 2 * DAY)
    with pytest.raises(RuleViolation, match="ends_in_past"):
        change(asked(ends_at="2026-11-20 13:00"))
    over = Window(MINUTE - DAY, MINUTE, "Europe/Berlin")
    assert plan_change(over, asked(), zone=BERLIN, now=NOW, cloud=SEAM) == (over, ())
