"""What holds for every zone, start and length (design.md §4, promise 1).

The checks do not use the rules' own arithmetic: what would be sent is read back
from its text, whole hours are found by walking, and the simulator's strict parser
has the last word.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import re
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.igloohome_access.model import (
    CloudKind,
    CodeKind,
    CodePlan,
    CodeRequest,
)
from custom_components.igloohome_access.rules import (
    RuleViolation,
    neighbours,
    plan_code,
    plan_stay,
)
from custom_components.igloohome_access.wall_clock import (
    ceil_hour,
    floor_hour,
    wire_time,
)
from simulator.igloohome.algopin import AlgopinApi
from simulator.igloohome.fields import whole_hour
from simulator.igloohome.switches import IgloohomeSwitches

from .zone_strategies import ZONES, moments, walls, written

QUICK = settings(max_examples=400, deadline=None, database=None)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WIRE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:00:00[+-]\d\d:\d\d")

PLACEHOLDERS = {
    "out_of_range": {"value"},
    "end_missing": set(),
    "end_given_twice": set(),
    "one_time_takes_no_end": set(),
    "permanent_takes_no_end": set(),
    "permanent_not_on_seam": set(),
    "ends_before_start": {"starts_at", "ends_at"},
    "ends_in_past": {"ends_at", "now"},
    "start_in_past": {"starts_at", "earliest"},
}
LENGTH = {
    "starts_at",
    "ends_at",
    "hours",
    "days",
    "max_hours",
    "min_days",
    "max_days",
    "hourly_ends_at",
    "daily_ends_at",
}
PLACEHOLDERS |= {
    "between_hourly_and_daily": LENGTH,
    "dst_hourly_too_long": LENGTH,
    "hourly_too_long": LENGTH,
    "daily_too_short": LENGTH,
    "daily_too_long": LENGTH | {"latest_ends_at"},
    "daily_hour_mismatch": LENGTH | {"choices"},
}
NOTICES = {
    "start_is_current_hour": {"asked", "starts_at"},
    "start_moved_to_current_hour": {"asked", "starts_at"},
    "start_does_not_exist": {"asked", "starts_at"},
    "start_rounded_down": {"asked", "starts_at"},
    "start_exists_twice": {"asked", "starts_at"},
    "end_moved_to_29_days": {"asked", "ends_at"},
    "end_does_not_exist": {"asked", "ends_at"},
    "end_moved_to_start_hour": {"asked", "ends_at"},
    "end_rounded_up": {"asked", "ends_at"},
    "end_exists_twice": {"asked", "ends_at"},
    "must_be_used_within_24_hours": {"first_use_by"},
    "one_time_dies_after_use": {"ends_at"},
    "permanent_until_reset": set(),
    "cannot_be_revoked": set(),
}
CHANGED_START = {
    "start_is_current_hour",
    "start_moved_to_current_hour",
    "start_does_not_exist",
    "start_rounded_down",
}
CHANGED_END = {
    "end_moved_to_29_days",
    "end_does_not_exist",
    "end_moved_to_start_hour",
    "end_rounded_up",
}

lengths = st.one_of(
    st.integers(-60, 60 * 24 * 4),
    # Around 672 hours, 29 days and 367 days, to the minute and to the hour.
    st.builds(
        lambda days, minutes: days * 24 * 60 + minutes,
        st.sampled_from([27, 28, 29, 30, 365, 366, 367, 368]),
        st.integers(-26 * 60, 26 * 60),
    ),
    st.builds(
        lambda days, hours: (days * 24 + hours) * 60,
        st.sampled_from([28, 29, 366, 367]),
        st.integers(-2, 2),
    ),
    st.integers(0, 60 * 24 * 500),
).map(lambda minutes: timedelta(minutes=minutes))


def existing(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the moments at which the clock shows a time, earliest first."""
    found = []
    for fold in (0, 1):
        moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
            found.append(moment)
    return sorted(set(found))


def asked_readings(given_moment: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the moments that may be meant; for a skipped time, those around it."""
    if given_moment.tzinfo is not None:
        return [given_moment.astimezone(UTC)]
    wall = given_moment.replace(fold=0)
    # fold=0 is the offset before a jump: the later reading of a skipped time.
    return existing(wall, zone) or [wall.replace(tzinfo=zone).astimezone(UTC)]


def whole_hours(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the moments in between at which the clock shows a whole hour."""
    moment = start.replace(second=0, microsecond=0)
    while moment <= end:
        if moment >= start and moment.astimezone(zone).minute == 0:
            yield moment
        moment += timedelta(minutes=1)


def check_by_simulator(plan: CodePlan, start: str, end: str | None) -> None:
    """Let the strict parser of the simulated igloohome cloud refuse the window."""
    switches = IgloohomeSwitches()
    first = whole_hour({"startDate": start}, "startDate", switches)
    if end is not None and plan.kind is not CodeKind.ONE_TIME:
        last = whole_hour({"endDate": end}, "endDate", switches)
        api = AlgopinApi(cast(Any, SimpleNamespace(switches=switches)))
        api._check_window(cast(Any, plan.kind.value), first, last)


def check_legal(plan: CodePlan, zone: ZoneInfo, now: datetime) -> None:
    """Check a plan by what would be sent."""
    window = plan.window
    start_text = wire_time(window.starts_at, zone)
    end_text = None if window.ends_at is None else wire_time(window.ends_at, zone)
    check_by_simulator(plan, start_text, end_text)
    assert WIRE.fullmatch(start_text)
    start = datetime.fromisoformat(start_text)
    assert start == window.starts_at
    assert start.utcoffset() == start.astimezone(zone).utcoffset()
    # Never before the current hour.
    assert not [
        hour for hour in whole_hours(start + HOUR / 60, now, zone) if hour <= now
    ]
    elapsed = None
    if end_text is not None:
        end = datetime.fromisoformat(end_text)
        assert end == window.ends_at
        assert end.utcoffset() == end.astimezone(zone).utcoffset()
        elapsed = end.astimezone(UTC) - start.astimezone(UTC)
        on_the_wall = end.replace(tzinfo=None) - start.replace(tzinfo=None)
        if plan.kind is CodeKind.ONE_TIME:
            assert elapsed == DAY
        else:
            assert WIRE.fullmatch(end_text)
        if plan.kind is CodeKind.HOURLY:
            assert HOUR <= elapsed <= 672 * HOUR
        if plan.kind is CodeKind.DAILY:
            assert on_the_wall % DAY == timedelta(0)
            assert 29 * DAY <= on_the_wall <= 367 * DAY
    must_be_used = elapsed is None or elapsed > DAY
    assert plan.first_use_by == (start + DAY if must_be_used else None)
    keys = [notice.key for notice in plan.notices]
    assert ("must_be_used_within_24_hours" in keys) is must_be_used
    assert ("one_time_dies_after_use" in keys) is (plan.kind is CodeKind.ONE_TIME)
    assert ("permanent_until_reset" in keys) is (plan.kind is CodeKind.PERMANENT)
    assert keys.count("cannot_be_revoked") == 1
    for notice in plan.notices:
        assert set(notice.placeholders) == NOTICES[notice.key]


def check_start(
    plan: CodePlan, asked: datetime | None, zone: ZoneInfo, now: datetime
) -> None:
    """Check that the start covers what was asked, and that a change is told."""
    keys = {notice.key for notice in plan.notices}
    start = plan.window.starts_at
    if asked is None:
        assert start <= now
        assert ("start_is_current_hour" in keys) or now - start < HOUR / 60
        return
    readings = asked_readings(asked, zone)
    assert start <= max(readings[0], now)
    # No whole hour between the start and what was asked: not too early either.
    if asked.tzinfo is not None or existing(asked, zone):
        until = max(readings[0], start)
        assert list(whole_hours(start, until, zone)) == [start]
    assert bool(keys & CHANGED_START) is (
        start != readings[0] or not (asked.tzinfo or existing(asked, zone))
    )
    ambiguous = asked.tzinfo is None and len(readings) > 1
    assert not ambiguous or "start_exists_twice" in keys


def check_end(plan: CodePlan, asked: datetime, zone: ZoneInfo) -> None:
    """Check that the end covers what was asked, and that a change is told."""
    keys = {notice.key for notice in plan.notices}
    end = plan.window.ends_at
    readings = asked_readings(asked, zone)
    assert end is not None
    assert end >= readings[-1]
    assert bool(keys & CHANGED_END) is (
        end != readings[-1] or not (asked.tzinfo or existing(asked, zone))
    )
    if plan.kind is CodeKind.HOURLY and end - plan.window.starts_at > HOUR:
        assert list(whole_hours(readings[-1], end, zone)) == [end]
    assert len(keys & CHANGED_END) < 2
    ambiguous = asked.tzinfo is None and len(readings) > 1
    assert not ambiguous or "end_exists_twice" in keys


def check_violation(violation: RuleViolation) -> None:
    """Check that the text of a violation gets all it needs, ready to read."""
    assert set(violation.placeholders) == PLACEHOLDERS[violation.key]
    assert all(isinstance(value, str) for value in violation.placeholders.values())


def check_stay_refused(
    violation: RuleViolation, first: list[datetime], last: list[datetime], now: datetime
) -> None:
    """Check that no code could have covered the stay."""
    deserved = {
        "ends_before_start": last[-1] <= first[0],
        "ends_in_past": last[-1] <= now,
        "daily_too_long": last[-1] - max(first[0], now) > 365 * DAY,
    }
    assert deserved[violation.key]


@QUICK
@given(st.data(), st.sampled_from(ZONES))
def test_any_request(data: st.DataObject, name: str) -> None:
    """A request gives a legal window that covers it and tells all, or a violation."""
    zone = ZoneInfo(name)
    start = data.draw(moments(name), "start")
    now = start - data.draw(
        st.one_of(st.just(timedelta(0)), st.timedeltas(-2 * HOUR, 3 * DAY)), "ahead"
    )
    kind = data.draw(
        st.sampled_from([kind for kind in CodeKind if kind.offline]), "kind"
    )
    fields: dict[str, Any] = {}
    if data.draw(st.booleans(), "start given"):
        form = st.one_of(written(start, zone), walls(zone, start))
        fields["starts_at"] = data.draw(form, "starts_at")
    length = data.draw(lengths, "length")
    ways = ["ends_at", "duration", "days"]
    if kind in (CodeKind.ONE_TIME, CodeKind.PERMANENT):
        ways = [""]
    way = data.draw(st.sampled_from(ways), "way")
    if way == "ends_at":
        end = start + length
        form = st.one_of(written(end, zone), walls(zone, end))
        fields["ends_at"] = data.draw(form, "ends_at")
    elif way == "duration":
        fields["duration"] = length
    elif way == "days":
        fields["days"] = length.days
    request = CodeRequest(kind=kind, **fields)
    try:
        plan = plan_code(request, zone=zone, now=now, cloud=CloudKind.IGLOOHOME)
    except RuleViolation as violation:
        check_violation(violation)
        return
    assert plan.kind is kind
    check_legal(plan, zone, now)
    check_start(plan, fields.get("starts_at"), zone, now)
    window = plan.window
    if way == "ends_at":
        check_end(plan, fields["ends_at"], zone)
        assert window.ends_at is not None
        assert window.ends_at > now
    if way == "duration":
        assert window.ends_at is not None
        asked = fields.get("starts_at")
        first = (
            now.replace(second=0, microsecond=0)
            if asked is None
            else asked_readings(asked, zone)[0]
        )
        if asked is None or asked.tzinfo or existing(asked, zone):
            check_end(plan, first + length, zone)
    if way == "days" and kind is CodeKind.DAILY:
        assert window.ends_at is not None
        first = window.starts_at.astimezone(zone).replace(tzinfo=None, fold=0)
        there = existing(first + fields["days"] * DAY, zone)
        if there:
            assert window.ends_at == there[-1]
        else:
            assert "end_does_not_exist" in {notice.key for notice in plan.notices}
            assert (
                window.ends_at == existing(first + (fields["days"] + 1) * DAY, zone)[-1]
            )


@QUICK
@given(st.data(), st.sampled_from(ZONES))
def test_any_stay(data: st.DataObject, name: str) -> None:
    """A stay is covered whatever its length, by the kind that fits, all told."""
    zone = ZoneInfo(name)
    start = data.draw(moments(name), "start")
    now = start - data.draw(st.timedeltas(-5 * DAY, 3 * DAY), "ahead")
    end = start + data.draw(lengths, "length")
    starts_at = data.draw(st.one_of(written(start, zone), walls(zone, start)), "starts")
    ends_at = data.draw(st.one_of(written(end, zone), walls(zone, end)), "ends")
    try:
        plan = plan_stay(starts_at, ends_at, zone=zone, now=now, cloud=CloudKind.SEAM)
    except RuleViolation as violation:
        check_violation(violation)
        first, last = asked_readings(starts_at, zone), asked_readings(ends_at, zone)
        check_stay_refused(violation, first, last, now)
        return
    check_legal(plan, zone, now)
    check_start(plan, starts_at, zone, now)
    check_end(plan, ends_at, zone)
    rounded = ceil_hour(asked_readings(ends_at, zone)[-1], zone)
    fits_hourly = rounded - plan.window.starts_at <= 672 * HOUR
    assert (plan.kind is CodeKind.HOURLY) is fits_hourly


@QUICK
@given(st.data(), st.sampled_from(ZONES))
def test_whole_hours(data: st.DataObject, name: str) -> None:
    """Rounding finds the nearest whole hour the clock really shows, for any zone."""
    zone = ZoneInfo(name)
    moment = data.draw(moments(name), "moment")
    floor, ceil = floor_hour(moment, zone), ceil_hour(moment, zone)
    minute = moment.replace(second=0, microsecond=0)
    if data.draw(st.booleans(), "to the minute"):
        moment = minute
        floor, ceil = floor_hour(moment, zone), ceil_hour(moment, zone)
    # Offsets with seconds are cut to the minute, which walking cannot see.
    offsets = [(moment + k * HOUR).astimezone(zone).utcoffset() for k in (-3, 0, 3)]
    if any(offset and offset.seconds % 60 for offset in offsets):
        return
    assert floor <= moment <= ceil
    assert list(whole_hours(floor, moment, zone)) == [floor]
    assert list(whole_hours(moment, ceil, zone)) == [ceil]


@settings(max_examples=200, deadline=None, database=None)
@given(st.data(), st.sampled_from(ZONES))
def test_neighbours_are_exact(data: st.DataObject, name: str) -> None:
    """What the errors suggest works, and an hour beside it does not."""
    zone = ZoneInfo(name)
    start = ceil_hour(data.draw(moments(name), "start"), zone)
    hourly, daily = neighbours(start, zone)

    def plan(kind: CodeKind, end: datetime) -> CodePlan:
        request = CodeRequest(kind=kind, starts_at=start, ends_at=end)
        return plan_code(request, zone=zone, now=start, cloud=CloudKind.SEAM)

    assert plan(CodeKind.HOURLY, hourly).window.ends_at == hourly
    with pytest.raises(RuleViolation) as caught:
        plan(CodeKind.HOURLY, hourly + HOUR / 60)
    check_violation(caught.value)
    assert plan(CodeKind.DAILY, daily).window.ends_at == daily
    with pytest.raises(RuleViolation) as caught:
        plan(CodeKind.DAILY, daily - 2 * HOUR)
    check_violation(caught.value)


def test_every_zone() -> None:
    """28 days and 29 days from now on, in every zone without exception."""
    for name in ZONES:
        zone = ZoneInfo(name)
        for month in range(12):
            now = datetime(2027, 1, 15, 10, 7, tzinfo=UTC) + month * 30 * DAY
            daily = CodeRequest(kind=CodeKind.DAILY, days=29)
            plan = plan_code(daily, zone=zone, now=now, cloud=CloudKind.SEAM)
            check_legal(plan, zone, now)
            month_long = now.astimezone(zone).replace(tzinfo=None) + 28 * DAY
            stay = plan_stay(now, month_long, zone=zone, now=now, cloud=CloudKind.SEAM)
            check_legal(stay, zone, now)
            check_end(stay, month_long, zone)
