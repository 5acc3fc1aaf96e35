"""Capacity and variances of algoPINs (design.md §4)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.igloohome_access.model import CodeKind, CodePlan, Notice, Window
from custom_components.igloohome_access.rules import RuleViolation
from custom_components.igloohome_access.slots import (
    MAX_PINS,
    SLOT_LIMIT,
    WARN_PINS,
    Taken,
    reserve_variance,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ZONE = "Asia/Kathmandu"
START = datetime(2026, 11, 21, 15, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
ENDS = {
    CodeKind.HOURLY: START + 20 * HOUR,
    CodeKind.DAILY: START + 30 * DAY,
    CodeKind.ONE_TIME: START + DAY,
    CodeKind.PERMANENT: None,
}
KINDS = list(ENDS)


def plan(kind: CodeKind) -> CodePlan:
    """Return a planned code."""
    return CodePlan(
        kind=kind, window=Window(START, ENDS[kind], ZONE), first_use_by=None
    )


def out(kind: CodeKind, variance: int | None, *, live: bool = True) -> Taken:
    """Return a code that is out with the window of the plan."""
    return Taken(kind, START, ENDS[kind], variance, live)


def test_first_code() -> None:
    """An empty lock gives variance 1 and nothing to tell."""
    for kind in KINDS:
        assert reserve_variance(plan(kind), [], 0) == (1, ())


@pytest.mark.parametrize("kind", KINDS)
def test_every_variance_once(kind: CodeKind) -> None:
    """The codes of one window get all variances, then the next is refused."""
    taken: list[Taken] = []
    for expected in range(1, SLOT_LIMIT[kind] + 1):
        variance, notices = reserve_variance(plan(kind), taken, len(taken))
        assert (variance, notices) == (expected, ())
        taken.append(out(kind, variance))
    with pytest.raises(RuleViolation) as caught:
        reserve_variance(plan(kind), taken, len(taken))
    assert caught.value.key == "no_variance_left"
    end = {
        CodeKind.HOURLY: "2026-11-22 11:00",
        CodeKind.DAILY: "2026-12-21 15:00",
        CodeKind.ONE_TIME: "2026-11-22 15:00",
        CodeKind.PERMANENT: "–",
    }
    assert caught.value.placeholders == {
        "limit": str(SLOT_LIMIT[kind]),
        "starts_at": "2026-11-21 15:00",
        "ends_at": end[kind],
    }


def test_limits() -> None:
    """The maker's numbers (reference/igloohome-api.md §3.2)."""
    assert {kind.value: limit for kind, limit in SLOT_LIMIT.items()} == {
        "hourly": 3,
        "daily": 3,
        "one_time": 5,
        "permanent": 3,
    }
    assert (MAX_PINS, WARN_PINS) == (199, 190)


def test_freed_variance_is_used_again() -> None:
    """A gap is filled."""
    taken = [out(CodeKind.HOURLY, 1), out(CodeKind.HOURLY, 3)]
    assert reserve_variance(plan(CodeKind.HOURLY), taken, 2)[0] == 2


def test_used_code_keeps_its_variance() -> None:
    """Its PIN would come again, and that one is used up."""
    taken = [out(CodeKind.ONE_TIME, number, live=False) for number in range(1, 6)]
    with pytest.raises(RuleViolation, match="no_variance_left"):
        reserve_variance(plan(CodeKind.ONE_TIME), taken, 0)


def test_codes_made_elsewhere() -> None:
    """They take one of the variances, we do not know which."""
    taken = [out(CodeKind.HOURLY, None), out(CodeKind.HOURLY, 1)]
    assert reserve_variance(plan(CodeKind.HOURLY), taken, 2)[0] == 2
    taken.append(out(CodeKind.HOURLY, None))
    with pytest.raises(RuleViolation, match="no_variance_left"):
        reserve_variance(plan(CodeKind.HOURLY), taken, 3)


def test_codes_made_elsewhere_with_minutes() -> None:
    """Seam may show a window as it was asked for; rounded it is the same."""
    rough = Taken(
        CodeKind.HOURLY,
        START + timedelta(minutes=10),
        START + 19 * HOUR + timedelta(minutes=1),
        None,
        live=True,
    )
    with pytest.raises(RuleViolation, match="no_variance_left"):
        reserve_variance(plan(CodeKind.HOURLY), [rough] * 3, 3)
    # A one-time code may be shown without an end.
    endless = Taken(CodeKind.ONE_TIME, START, None, None, live=True)
    with pytest.raises(RuleViolation, match="no_variance_left"):
        reserve_variance(plan(CodeKind.ONE_TIME), [endless] * 5, 5)
    # For the other kinds that is no window of ours.
    endless = replace(endless, kind=CodeKind.HOURLY)
    variance, notices = reserve_variance(plan(CodeKind.HOURLY), [endless] * 3, 3)
    assert (variance, notices[0].key) == (1, "slot_limit_reached")


def test_start_with_other_ends() -> None:
    """As many codes with the same start but other ends: allowed with a warning."""
    kind = CodeKind.HOURLY
    taken = [
        Taken(kind, START, START + hours * HOUR, hours, live=True)
        for hours in (1, 2, 3)
    ]
    assert reserve_variance(plan(kind), taken[:2], 2) == (3, ())
    variance, notices = reserve_variance(plan(kind), taken, 3)
    assert variance == 1
    told = {"count": "3", "limit": "3", "starts_at": "2026-11-21 15:00"}
    assert notices == (Notice("slot_limit_reached", told),)
    # A code that is over counts no more, and an hour later is another slot.
    assert reserve_variance(plan(kind), [replace(taken[0], live=False)], 0)[1] == ()
    later = [replace(code, starts_at=START + HOUR) for code in taken]
    assert reserve_variance(plan(kind), later, 3) == (1, ())


def test_slot_of_a_daily_code_is_the_day() -> None:
    """The day on the clock of the lock: 15:00 in Nepal is 09:15 in UTC."""
    kind = CodeKind.DAILY

    def taken(*hours: int) -> list[Taken]:
        return [
            Taken(kind, START + hour * HOUR, START + hour * HOUR + 29 * DAY, 1, True)
            for hour in hours
        ]

    assert reserve_variance(plan(kind), taken(-15, 3, 8), 3)[1] != ()
    assert reserve_variance(plan(kind), taken(-16, 3, 8), 3)[1] == ()
    assert reserve_variance(plan(kind), taken(-15, 3, 9), 3)[1] == ()


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_do_not_share(kind: CodeKind) -> None:
    """Codes of another kind take nothing, online codes neither."""
    others = [
        Taken(other, START, ENDS[kind], 1, live=True)
        for other in CodeKind
        if other is not kind
    ] * 6
    assert reserve_variance(plan(kind), others, 30) == (1, ())


def test_capacity_of_the_lock() -> None:
    """199 PINs, a warning from 190."""
    wanted = plan(CodeKind.HOURLY)
    assert reserve_variance(wanted, [], 189) == (1, ())
    told = {"count": "190", "limit": "199"}
    assert reserve_variance(wanted, [], 190) == (
        1,
        (Notice("lock_nearly_full", told),),
    )
    assert reserve_variance(wanted, [], 198)[1][0].placeholders["count"] == "198"
    for count in (199, 250):
        with pytest.raises(RuleViolation) as caught:
            reserve_variance(wanted, [], count)
        assert caught.value.key == "lock_full"
        assert caught.value.placeholders == {"count": str(count), "limit": "199"}


@settings(max_examples=150, deadline=None, database=None)
@given(
    st.sampled_from(KINDS),
    st.lists(
        st.builds(
            lambda kind, start, length, variance, live: Taken(
                kind, START + start * HOUR, START + length * HOUR, variance, live
            ),
            st.sampled_from(CodeKind),
            st.integers(0, 2),
            st.sampled_from([20, 21, 24, 720]),
            st.none() | st.integers(1, 5),
            st.booleans(),
        ),
        max_size=8,
    ),
)
def test_variance_is_free_and_allowed(kind: CodeKind, taken: list[Taken]) -> None:
    """A variance is in range and not taken in this window."""
    try:
        variance, _ = reserve_variance(plan(kind), taken, len(taken))
    except RuleViolation:
        assert sum(code.kind is kind for code in taken) >= SLOT_LIMIT[kind]
        return
    assert 1 <= variance <= SLOT_LIMIT[kind]
    same_end = (ENDS[kind],) if kind in (CodeKind.HOURLY, CodeKind.DAILY) else None
    assert variance not in {
        code.variance
        for code in taken
        if code.kind is kind
        and code.starts_at == START
        and (same_end is None or code.ends_at in same_end)
    }
