"""Codes of stays on locks with a bridge: they follow the booking exactly."""

from dataclasses import replace

import pytest

from custom_components.igloohome_access.bookings.actions import (
    DeleteOnlineCode,
    IssueCode,
    UpdateOnlineCode,
)
from custom_components.igloohome_access.bookings.model import ChangePolicy, Purpose
from custom_components.igloohome_access.bookings.planner import preview, request_code
from custom_components.igloohome_access.model import CodeKind

from .online_samples import (
    BRIDGED,
    LONGER,
    cancel,
    live,
    online_flat,
    windows,
    with_bridge,
    without_bridge,
)
from .samples import FRONT, GATE, HOUR, OTHER, STAY, at, event, flat, issues


def test_where_codes_go_through_the_bridge() -> None:
    """Only on locks with one, only if chosen, and never the spare code."""
    home = flat(**BRIDGED, locks=(FRONT, GATE), backup_code=True)
    home.read(STAY, OTHER)
    made = {
        (issue.lock_id, issue.purpose, issue.plan.kind) for issue in issues(home.act())
    }
    assert made == {
        ("front", Purpose.STAY, CodeKind.ONLINE),
        ("gate", Purpose.STAY, CodeKind.HOURLY),
        ("front", Purpose.BACKUP, CodeKind.ONE_TIME),
        ("gate", Purpose.BACKUP, CodeKind.ONE_TIME),
    }
    home = flat(bridged=frozenset({"front"}))
    home.read(STAY, OTHER)
    assert [issue.plan.kind for issue in issues(home.act())] == [CodeKind.HOURLY]


def test_the_window() -> None:
    """To the minute, without a deadline of the first use, however long the stay."""
    home = online_flat(margin_before=45, margin_after=10)
    assert windows(home) == [("online", "07-10 14:15", "07-14 11:10")]
    home = flat(**BRIDGED)
    home.read(event("2026-07-10", "2027-09-20"), OTHER)
    assert home.state() == "ready" or home.act()
    assert home.state() == "ready"
    assert home.repairs() == []


def test_it_follows_the_dates() -> None:
    """Longer, shorter, moved beyond the lead time: changed at once, told once."""
    home = online_flat()
    for dates, window in (
        (LONGER, ("online", "07-10 14:30", "07-16 11:30")),
        (event("2026-08-20", "2026-08-22"), ("online", "08-20 14:30", "08-22 11:30")),
        (STAY, ("online", "07-10 14:30", "07-14 11:30")),
    ):
        home.read(dates, OTHER)
        done = [one for one in home.act() if not isinstance(one, UpdateOnlineCode)]
        assert windows(home) == [window]
        assert home.kinds() == ["code_changed"]
        assert not issues(done)
        assert home.state() == "ready"
    assert len(home.records) == 1


@pytest.mark.parametrize(
    ("policy", "changed"),
    [
        (ChangePolicy.BEFORE_CHECK_IN, True),
        (ChangePolicy.ALWAYS, True),
        (ChangePolicy.NEVER, False),
    ],
)
def test_after_check_in(policy: ChangePolicy, changed: bool) -> None:
    """The digits stay, so it follows a guest who is there; unless nothing shall."""
    home = online_flat(on_change=policy)
    home.now = at("2026-07-12T10:00")
    home.read(LONGER, OTHER)
    home.act()
    end = "07-16 11:30" if changed else "07-14 11:30"
    # What has begun has begun.
    assert windows(home) == [("online", "07-10 14:30", end)]
    told = "code_changed" if changed else "dates_changed_code_kept"
    assert home.kinds() == [told]
    assert home.state() == ("ready" if changed else "outdated")


def test_left_early() -> None:
    """The stay is over by now: the code is deleted."""
    home = online_flat()
    home.now = at("2026-07-13T13:00")
    home.read(event("2026-07-10", "2026-07-13"), OTHER)
    home.act(fail="bridge_offline")
    assert home.kinds() == ["dates_changed_code_kept"]
    home.now += HOUR
    home.act()
    assert live(home) == []
    assert home.kinds() == ["code_deleted"]
    home = online_flat(on_change=ChangePolicy.NEVER)
    home.now = at("2026-07-13T13:00")
    home.read(event("2026-07-10", "2026-07-13"), OTHER)
    home.act()
    assert len(live(home)) == 1
    assert home.kinds() == ["dates_changed_code_kept"]


def test_cancelled() -> None:
    """The code is deleted, and that is told; nothing opens any more."""
    home = online_flat()
    cancel(home)
    home.act()
    assert live(home) == []
    assert home.kinds() == ["code_deleted"]
    assert home.state() == "cancelled"
    # There again: another code.
    home.read(STAY, OTHER)
    home.act()
    assert windows(home) == [("online", "07-10 14:30", "07-14 11:30")]
    assert home.kinds() == ["code_ready"]


def test_cancelled_without_a_bridge() -> None:
    """It still opens, and that is said at once; deleted when the bridge is back."""
    home = online_flat()
    without_bridge(home)
    cancel(home)
    home.act()
    assert home.kinds() == ["booking_cancelled_code_still_opens"]
    assert len(live(home)) == 1
    with_bridge(home)
    home.act()
    assert live(home) == []
    assert home.kinds() == ["code_deleted"]


def test_the_bridge_is_gone_when_the_dates_change() -> None:
    """A new algoPIN; the online code still opens, and is deleted when it can be."""
    home = online_flat()
    without_bridge(home)
    home.act()
    assert home.kinds() == []  # as long as the dates stay, so does the code
    home.read(LONGER, OTHER)
    home.act()
    assert windows(home) == [
        ("online", "07-10 14:30", "07-14 11:30"),
        ("hourly", "07-10 14:00", "07-16 12:00"),
    ]
    assert home.kinds() == [
        "code_ready",
        "first_use_deadline",
        "superseded_still_opens",
    ]
    with_bridge(home)
    home.act()
    assert windows(home) == [("hourly", "07-10 14:00", "07-16 12:00")]
    assert home.kinds() == ["code_deleted"]
    # The next change goes through the bridge.
    home.read(STAY, OTHER)
    home.act()
    assert windows(home) == [
        ("hourly", "07-10 14:00", "07-16 12:00"),
        ("online", "07-10 14:30", "07-14 11:30"),
    ]
    assert home.kinds() == ["code_ready", "superseded_still_opens"]


def test_back_to_the_dates_of_a_code_out_of_reach() -> None:
    """A superseded online code that could not be deleted is the code again."""
    home = online_flat()
    without_bridge(home)
    home.read(LONGER, OTHER)
    home.act()
    home.kinds()
    home.read(STAY, OTHER)
    home.act()
    assert "code_reinstated" in home.kinds()
    assert home.state() == "ready"
    assert [code.superseded for code in home.codes()] == [False, True]


def test_minutes_without_a_bridge() -> None:
    """No algoPIN is made that would open for the very hours of the code there is."""
    home = online_flat(margin_before=0, margin_after=0)
    without_bridge(home)
    home.settings = replace(home.settings, margin_before=0, margin_after=0)
    home.read(event("2026-07-10T15:20", "2026-07-14T10:50"), OTHER)
    assert home.act() == []
    assert home.state() == "ready"
    home.read(event("2026-07-10T14:50", "2026-07-14T10:50"), OTHER)
    assert len(issues(home.act())) == 1
    assert home.kinds() == [
        "code_ready",
        "first_use_deadline",
        "superseded_still_opens",
    ]


def test_moved_far_away_without_a_bridge() -> None:
    """The new code is not due: the old one is superseded at once."""
    home = online_flat()
    without_bridge(home)
    home.read(event("2026-09-10", "2026-09-14"), OTHER)
    home.act()
    assert home.kinds() == ["superseded_still_opens"]
    assert home.state() == "planned"
    with_bridge(home)
    home.act()
    assert live(home) == []


def test_asked_for_another() -> None:
    """A new online code first, then the old one is deleted."""
    home = online_flat()
    booking = home.look().bookings[0].booking
    plan = preview(home.memory, booking, FRONT, Purpose.STAY, home.settings, home.now)
    assert plan.kind is CodeKind.ONLINE
    home.memory = request_code(home.memory, booking, home.codes())
    order = [
        type(one) for one in home.act() if isinstance(one, IssueCode | DeleteOnlineCode)
    ]
    assert order == [IssueCode, DeleteOnlineCode]
    assert [code.code_id for code in live(home)] == ["code2"]
    assert home.kinds() == ["code_ready", "code_deleted"]


def test_held_while_the_booking_is_missing() -> None:
    """A booking that the last read did not show is not changed either."""
    home = online_flat()
    home.read(LONGER, OTHER)
    home.read(OTHER)
    assert home.act() == []
    assert home.state() == "issuing"


def test_the_source_is_another_now() -> None:
    """Codes that are out keep following; new ones are algoPINs."""
    home = online_flat()
    home.settings = flat(bridged=frozenset({"front"})).settings
    home.read(LONGER, OTHER, event("2026-07-08", "2026-07-09", uid="b"))
    home.act()
    assert sorted(kind for kind, *_ in windows(home)) == ["hourly", "online"]
    assert ("online", "07-10 14:30", "07-16 11:30") in windows(home)
