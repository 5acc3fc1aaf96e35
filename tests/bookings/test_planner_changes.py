"""Tables of what happens when the dates of a booking change (design.md §8)."""

from datetime import time

import pytest

from custom_components.igloohome_access.bookings.actions import (
    AnnouncementKind as Kind,
    IssueReason,
    MarkSuperseded,
)
from custom_components.igloohome_access.bookings.model import ChangePolicy, Purpose
from custom_components.igloohome_access.model import RecordState

from .online_samples import BRIDGED
from .samples import (
    HOUR,
    OTHER,
    PIN,
    STAY,
    Flat,
    at,
    event,
    flat,
    issues,
    ready_flat,
    settings,
    windows,
)


def test_new_dates_new_code_and_the_old_one_is_superseded() -> None:
    """In this order, and the announcement says until when it opens."""
    home = ready_flat()
    home.read(event("2026-07-10", "2026-07-16"), OTHER)
    actions = home.act()
    [issue] = issues(actions)
    assert issue.reason is IssueReason.DATES_CHANGED
    assert issue.replaces == ("code1",)
    assert windows([issue]) == [("front", "2026-07-10 14:00", "2026-07-16 12:00")]
    assert actions[-1] == MarkSuperseded("code1", "code2")
    superseded = home.told[-1]
    assert superseded.kind is Kind.SUPERSEDED
    assert superseded.opens_until == at("2026-07-14T12:00")
    assert superseded.replaced_by == "code2"
    assert home.kinds() == [
        "code_ready",
        "first_use_deadline",
        "superseded_still_opens",
    ]
    assert home.act() == []


def test_the_old_code_stays_until_the_new_one_is_ready() -> None:
    """A guest is never left without any; after an hour a person is told."""
    home = ready_flat()
    home.read(event("2026-07-10", "2026-07-16"), OTHER)
    home.act(state=RecordState.ISSUED, pin=None)
    assert home.kinds() == []
    assert home.look().next_at == home.now + HOUR
    home.now += HOUR
    home.act()
    assert home.kinds() == ["dates_changed_code_kept"]
    home.change("code2", pin=PIN)
    home.act()
    assert home.kinds() == [
        "code_ready",
        "first_use_deadline",
        "superseded_still_opens",
    ]


def test_a_replacement_that_comes_too_late() -> None:
    """Meanwhile the dates changed again and the guest came: the newest is the code."""
    home = ready_flat()
    home.now = at("2026-07-10T14:00")
    home.read(event("2026-07-10", "2026-07-16"), OTHER)
    home.act(state=RecordState.REQUESTED, pin=None)
    home.now = at("2026-07-10T16:00")
    home.read(event("2026-07-10", "2026-07-12"), OTHER)
    home.act()
    assert home.kinds() == ["dates_changed_code_kept"]
    home.change("code2", state=RecordState.ISSUED, pin=PIN)
    assert issues(home.act()) == []
    assert [(said.kind, said.code_id) for said in home.told] == [
        (Kind.SUPERSEDED, "code1"),
        (Kind.CODE_READY, "code2"),
        (Kind.FIRST_USE_DEADLINE, "code2"),
        (Kind.CODE_OPENS_LONGER, "code2"),
        (Kind.DATES_CHANGED_CODE_KEPT, "code2"),
    ]
    assert home.look().bookings[0].needs["front", Purpose.STAY].code_id == "code2"
    assert home.act() == []


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (
            ("2026-07-10T15:10", "2026-07-14T10:10"),
            ("2026-07-10T14:40", "2026-07-14T10:25"),
        ),
        (("2026-07-10", "2026-07-14"), ("2026-07-10T14:50", "2026-07-14T11:20")),
    ],
)
def test_a_change_that_rounding_swallows(
    first: tuple[str, str], then: tuple[str, str]
) -> None:
    """The same window is the same code."""
    home = flat()
    home.read(event(*first), OTHER)
    home.act()
    home.read(event(*then), OTHER)
    assert home.act() == []
    assert home.state() == "ready"


def test_settings_do_not_replace_codes() -> None:
    """A guest was told what the code does; new settings are for new codes."""
    home = ready_flat()
    home.settings = settings(margin_before=240, check_out=time(10), lead_days=1)
    assert home.act() == []
    # Not even together with a change that the new settings swallow.
    home.read(event("2026-07-10T11:20", "2026-07-14T11:20"), OTHER)
    home.settings = settings(margin_before=0, margin_after=0)
    home.read(event("2026-07-10T14:10", "2026-07-14T11:10"), OTHER)
    assert home.act() == []


@pytest.mark.parametrize(
    ("policy", "now", "start", "end", "issued"),
    [
        (ChangePolicy.NEVER, "2026-07-06T09:10", "2026-07-10", "2026-07-16", False),
        (
            ChangePolicy.BEFORE_CHECK_IN,
            "2026-07-10T14:59",
            "2026-07-10",
            "2026-07-16",
            True,
        ),
        (
            ChangePolicy.BEFORE_CHECK_IN,
            "2026-07-10T15:00",
            "2026-07-10",
            "2026-07-16",
            False,
        ),
        # Moved before the guest came: to later, and to now.
        (
            ChangePolicy.BEFORE_CHECK_IN,
            "2026-07-10T18:00",
            "2026-07-11",
            "2026-07-16",
            True,
        ),
        (
            ChangePolicy.BEFORE_CHECK_IN,
            "2026-07-09T18:00",
            "2026-07-09",
            "2026-07-13",
            True,
        ),
        (ChangePolicy.ALWAYS, "2026-07-12T09:10", "2026-07-10", "2026-07-16", True),
        (ChangePolicy.ALWAYS, "2026-07-12T09:10", "2026-07-10", "2026-07-13", True),
    ],
)
def test_policies(
    policy: ChangePolicy, now: str, start: str, end: str, issued: bool
) -> None:
    """Never, before check-in, always; what is not replaced is told."""
    home = ready_flat(on_change=policy)
    home.now = at(now)
    home.read(event(start, end), OTHER)
    assert bool(issues(home.act())) is issued
    last = Kind.SUPERSEDED if issued else Kind.DATES_CHANGED_CODE_KEPT
    assert home.told[-1].kind is last
    assert home.state() == ("ready" if issued else "outdated")
    home.told.clear()
    assert home.act() == []


def test_a_stay_that_is_longer_after_its_code_ended() -> None:
    """The guest has no code; a person is told."""
    home = ready_flat()
    home.now = at("2026-07-14T12:30")
    home.read(event("2026-07-10", "2026-07-16"), OTHER)
    assert issues(home.act()) == []
    assert home.kinds() == ["dates_changed_code_kept"]
    assert home.state() == "outdated"


def test_a_start_that_is_past_does_not_count() -> None:
    """Check-in was corrected afterwards: the code still does all that is left."""
    home = ready_flat(on_change=ChangePolicy.ALWAYS)
    home.now = at("2026-07-12T09:10")
    home.read(event("2026-07-11", "2026-07-14"), OTHER)
    assert home.act() == []
    assert home.state() == "ready"


def test_a_stay_that_is_over_by_its_new_dates() -> None:
    """The code opens for days more, which is told; nothing is issued."""
    home = ready_flat(on_change=ChangePolicy.ALWAYS)
    home.now = at("2026-07-12T09:10")
    home.read(event("2026-07-10", "2026-07-11"), OTHER)
    assert issues(home.act()) == []
    assert home.kinds() == ["dates_changed_code_kept"]
    assert home.state() == "ended"
    # Remembered for as long as the code opens.
    home.now = at("2026-07-14T11:59")
    home.act()
    assert home.kinds() == []
    assert len(home.memory.bookings) == 2
    home.now = at("2026-07-14T12:00")
    home.act()
    assert len(home.memory.bookings) == 1


def test_a_stay_that_moved_far_away() -> None:
    """The old code is superseded at once, the new one comes with its lead time."""
    home = ready_flat()
    home.read(event("2026-09-10", "2026-09-14"), OTHER)
    assert issues(home.act()) == []
    assert home.kinds() == ["superseded_still_opens"]
    assert home.state() == "planned"
    assert home.look().next_at == at("2026-09-05T15:00")
    home.now = at("2026-09-05T15:00")
    assert len(issues(home.act())) == 1


def test_a_booking_that_moves_after_its_end() -> None:
    """A uid that is used again next month; the code of last month is nobody's."""
    home = ready_flat()
    home.now = at("2026-08-06T16:00")
    home.read(event("2026-08-10", "2026-08-14"), OTHER)
    assert len(issues(home.act())) == 1
    assert home.kinds() == ["code_ready", "first_use_deadline"]
    home.read(event("2026-08-10", "2026-08-16"), OTHER)
    assert len(issues(home.act())) == 1
    assert [said.code_id for said in home.told if said.kind is Kind.SUPERSEDED] == [
        "code2"
    ]


def test_dates_that_go_back_take_the_old_code_back() -> None:
    """A flipping feed burns two codes, not one for every flip."""
    home = ready_flat()
    moved = event("2026-07-10", "2026-07-16")
    for _ in range(3):
        home.read(moved, OTHER)
        home.act()
        home.read(STAY, OTHER)
        home.act()
    assert len(home.records) == 2
    assert home.kinds() == [
        "code_ready",
        "first_use_deadline",
        "superseded_still_opens",
        *["superseded_still_opens", "code_reinstated"] * 5,
    ]
    assert home.state() == "ready"
    superseded = [code.code_id for code in home.codes() if code.superseded]
    assert superseded == ["code2"]


def test_a_doubtful_code_is_not_taken_back() -> None:
    """It may have lapsed unused."""
    home = ready_flat(on_change=ChangePolicy.ALWAYS)
    home.read(event("2026-07-10", "2026-07-16"), OTHER)
    home.act()
    home.now = at("2026-07-12T09:00")
    home.read(STAY, OTHER)
    assert len(issues(home.act())) == 1


def _of_stay(home: Flat) -> list[str]:
    """Return the codes for the first stay that open."""
    return [code.code_id for code in home.codes() if code.opens]


@pytest.mark.parametrize("bridged", [False, True])
def test_a_feed_that_shows_what_is_left_of_a_stay(bridged: bool) -> None:
    """From today on, every day anew: the guest in the house keeps the code."""
    home = flat("2026-07-09T12:00", **(BRIDGED if bridged else {}))
    home.read(STAY, OTHER)
    home.act()
    before = _of_stay(home)
    window = home.codes()[0].window
    home.kinds()
    for day in ("11", "12", "13"):
        for hour in ("00:10", "09:00", "16:00"):
            home.now = at(f"2026-07-{day}T{hour}")
            home.read(event(f"2026-07-{day}", "2026-07-14"), OTHER)
            assert home.act() == []
            assert home.kinds() == []
            assert home.state() == "ready"
    assert _of_stay(home) == before
    assert home.codes()[0].window == window
    # The end of the stay is still what the calendar says.
    home.read(event("2026-07-13", "2026-07-15"), OTHER)
    known = {each.dates.text for each in home.memory.bookings.values()}
    assert "2026-07-10/2026-07-15" in known


def test_a_stay_that_is_moved_before_or_beyond_today() -> None:
    """Before the check-in, and to another day than today, it is moved as ever."""
    home = flat("2026-07-09T12:00")
    home.read(STAY, OTHER)
    home.act()
    home.kinds()
    home.now = at("2026-07-10T09:00")
    home.read(event("2026-07-11", "2026-07-14"), OTHER)
    home.act()
    assert home.kinds() == [
        "code_ready",
        "first_use_deadline",
        "superseded_still_opens",
    ]
    home.now = at("2026-07-11T16:00")
    home.read(event("2026-07-12", "2026-07-14"), OTHER)
    assert len(issues(home.act())) == 1
