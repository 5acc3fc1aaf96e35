"""Properties of the planner that hold for all bookings, settings and moments."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
import json
from time import process_time
from zoneinfo import ZoneInfo

from hypothesis import given, settings as hypothesis_settings, strategies as st

from custom_components.igloohome_access.bookings.actions import (
    AnnouncementKind as Kind,
    IssueCode,
)
from custom_components.igloohome_access.bookings.memory import PropertyMemory
from custom_components.igloohome_access.bookings.model import (
    ChangePolicy,
    CodeSource,
    FeedEvent,
    PropertyLock,
    PropertySettings,
    Purpose,
)
from custom_components.igloohome_access.bookings.planner import make_plan
from custom_components.igloohome_access.bookings.presence import bounds
from custom_components.igloohome_access.bookings.stays import read_stays, stay_of
from custom_components.igloohome_access.model import CloudKind, CodeKind, RecordState

from .samples import FRONT, Flat, at, event, issues, settings

UNHURRIED = hypothesis_settings(deadline=None)
"""A machine may be busy; how long things take is tested at the end."""
ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "America/St_Johns",
        "Africa/Cairo",
        "Pacific/Apia",
        "UTC",
    ]
).map(ZoneInfo)
CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30, 59]))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)


@st.composite
def properties(draw: st.DrawFn) -> PropertySettings:
    """Return any settings."""
    zone = draw(ZONES)
    locks = [PropertyLock("front", zone), PropertyLock("gate", draw(ZONES))]
    return PropertySettings(
        property_id="p",
        cloud=draw(st.sampled_from(CloudKind)),
        locks=tuple(locks[: draw(st.integers(1, 2))]),
        zone=zone,
        lead_days=draw(st.integers(1, 14)),
        margin_before=draw(st.integers(0, 240)),
        margin_after=draw(st.integers(0, 240)),
        check_in=draw(CLOCKS),
        check_out=draw(CLOCKS),
        on_change=draw(st.sampled_from(ChangePolicy)),
        backup_code=draw(st.booleans()),
    )


@st.composite
def events(draw: st.DrawFn, uids: st.SearchStrategy[str | None]) -> FeedEvent:
    """Return any event that begins in these two years."""
    start, nights = draw(MOMENTS), draw(st.integers(0, 420))
    if draw(st.booleans()):
        first = start.date()
        return FeedEvent(
            start=first, end=first + timedelta(days=nights), uid=draw(uids)
        )
    length = timedelta(days=nights, minutes=draw(st.integers(0, 1439)))
    end = draw(st.sampled_from([start + length, None]))
    return FeedEvent(start=start, end=end, uid=draw(uids))


ONE = events(st.just("a"))
GUESTS = st.text(max_size=30).map("§ Erika 5550123 §{}".format)
MANY = st.lists(events(st.sampled_from(["a", "b", "c", "d", None])), max_size=6)


@UNHURRIED
@given(ONE, properties(), st.integers(-15 * 24 * 60, 400 * 24 * 60))
def test_the_window_of_any_stay(
    event: FeedEvent, flat: PropertySettings, minutes: int
) -> None:
    """A code opens from check-in to check-out with the margins, by whole hours."""
    [found] = read_stays([event], flat, {})
    stay = stay_of(found.dates, flat)
    now = stay.check_in + timedelta(minutes=minutes)
    start, end = bounds(stay, flat)
    home = Flat(now=now, settings=flat)
    home.read(event)
    made = issues(home.act())
    told = {said.kind for said in home.told}
    if now < stay.check_in - flat.lead or now >= end:
        assert made == []
        return
    if end - start > timedelta(days=368):
        assert Kind.STAY_TOO_LONG in told
    if Kind.STAY_TOO_LONG in told:
        assert end - start > timedelta(days=365)
        assert all(issue.purpose is Purpose.BACKUP for issue in made)
        return
    of_stay = [issue for issue in made if issue.purpose is Purpose.STAY]
    assert [issue.lock_id for issue in of_stay] == [lock.lock_id for lock in flat.locks]
    for issue in of_stay:
        window = issue.plan.window
        assert window.ends_at is not None
        assert window.starts_at <= max(start, now)
        assert window.ends_at >= end
        assert window.local_start.minute == 0 or window.time_zone.endswith("Howe")
        hours = (window.ends_at - window.starts_at) / timedelta(hours=1)
        if issue.plan.kind is CodeKind.HOURLY:
            assert hours <= 672
            assert window.ends_at - end < timedelta(hours=2)
        longer = window.ends_at - end >= timedelta(hours=1)
        assert longer is any(
            said.kind is Kind.CODE_OPENS_LONGER
            and said.lock_id == issue.lock_id
            and said.purpose is Purpose.STAY
            for said in home.told
        )
    for said in home.told:
        if said.kind is Kind.CODE_READY and said.first_use_by is not None:
            assert any(
                other.kind is Kind.FIRST_USE_DEADLINE and other.code_id == said.code_id
                for other in home.told
            )


ONLINE = properties().map(
    lambda flat: replace(
        flat, code_source=CodeSource.RANDOM, bridged=frozenset({"front"})
    )
)


@UNHURRIED
@given(ONE, ONLINE, st.integers(-15 * 24 * 60, 400 * 24 * 60))
def test_the_online_window_of_any_stay(
    event: FeedEvent, flat: PropertySettings, minutes: int
) -> None:
    """A code opens from check-in to check-out with the margins, by whole minutes."""
    [found] = read_stays([event], flat, {})
    stay = stay_of(found.dates, flat)
    now = stay.check_in + timedelta(minutes=minutes)
    start, end = bounds(stay, flat)
    home = Flat(now=now, settings=replace(flat, locks=flat.locks[:1]))
    home.read(event)
    made = [one for one in issues(home.act()) if one.purpose is Purpose.STAY]
    due = stay.check_in - flat.lead <= now < end
    # Where somebody shifted the clock by more than a stay is long nothing fits.
    told = {said.kind for said in home.told if said.purpose is Purpose.STAY}
    assert len(made) == (due and Kind.STAY_TOO_LONG not in told)
    assert Kind.STAY_TOO_LONG not in told or end - start < timedelta(minutes=1)
    for issue in made:
        assert issue.plan.kind is CodeKind.ONLINE
        window, minute = issue.plan.window, timedelta(minutes=1)
        assert window.ends_at is not None
        assert timedelta() <= max(start, now) - window.starts_at < minute
        assert timedelta() <= window.ends_at - end < minute
        assert told == {Kind.CODE_READY}


@UNHURRIED
@given(
    st.lists(
        st.tuples(
            MANY,
            st.booleans(),
            st.integers(-90, 9 * 24 * 60),
            st.sampled_from(["read", "read", "fail", "nothing"]),
            st.sampled_from([None, None, "cloud_unreachable"]),
            st.sampled_from([*RecordState, RecordState.ISSUED]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.one_of(properties(), ONLINE),
    MOMENTS,
)
def test_any_history(
    steps: list[tuple[list[FeedEvent], bool, int, str, str | None, RecordState]],
    flat: PropertySettings,
    now: datetime,
) -> None:
    """Whatever happens, a plan is sound, and planning again adds nothing to it."""
    home = Flat(now=now, settings=flat)
    for seen, bridge, minutes, kind, failure, state in steps:
        home.settings = replace(flat, bridged=flat.bridged if bridge else frozenset())
        if kind == "read":
            home.read(*seen)
        elif kind == "fail":
            home.fail_to_read()
        home.act(fail=failure, state=state)
        again = home.look()
        assert again.actions == ()
        assert again.memory == home.memory
        assert again.next_at is None or again.next_at > home.now
        data = json.loads(json.dumps(home.memory.as_data()))
        assert PropertyMemory.of_data(data) == home.memory
        live: set[tuple[str, str, Purpose]] = set()
        for code in home.codes():
            need = (code.tag.booking, code.lock_id, code.tag.purpose)
            if code.opens and not code.superseded:
                if code.status.value != "requested":
                    assert need not in live
                    live.add(need)
            if code.online and code.opens and failure is None and bridge:
                tried = home.memory.bookings[code.tag.booking].attempts
                key = f"delete:{code.code_id}"
                # Nothing that can be deleted is left to be superseded.
                assert not code.superseded or key in tried
        before = home.now
        home.now += timedelta(minutes=minutes)
        if again.next_at is not None and before < home.now < again.next_at:
            # Nothing to do before the moment it asked for, unless a code changed.
            statuses = [code.status for code in home.codes()]
            home.now = before
            changed = [code.status for code in home.codes()] != statuses
            home.now += timedelta(minutes=minutes)
            assert changed or home.look().actions == ()
        elif again.next_at is None and home.now > before:
            early = make_plan(home.memory, home.codes(), flat, home.now)
            assert not any(isinstance(one, IssueCode) for one in early.actions)


@UNHURRIED
@given(MANY, properties(), MOMENTS, st.randoms())
def test_the_order_of_a_feed_does_not_matter(
    seen: list[FeedEvent], flat: PropertySettings, now: datetime, random: object
) -> None:
    """The same codes, in the same order."""
    home, other = Flat(now=now, settings=flat), Flat(now=now, settings=flat)
    home.read(*seen)
    shuffled = list(seen)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other.read(*shuffled)
    assert {key: one.dates for key, one in home.memory.bookings.items()} == {
        key: one.dates for key, one in other.memory.bookings.items()
    }
    wanted = [(issue.booking, issue.plan) for issue in issues(home.look().actions)]
    found = [(issue.booking, issue.plan) for issue in issues(other.look().actions)]
    assert sorted(wanted, key=repr) == sorted(found, key=repr)


@UNHURRIED
@given(GUESTS, GUESTS, ONE, properties())
def test_nothing_of_a_guest_gets_out(
    uid: str, title: str, event: FeedEvent, flat: PropertySettings
) -> None:
    """Neither the uid nor the title is in the memory or in what is told."""
    [found] = read_stays([event], flat, {})
    now = stay_of(found.dates, flat).check_in - timedelta(hours=3)
    home = Flat(now=now, settings=flat)
    home.read(
        replace(event, uid=uid, summary=title, recurrence_id=title, phone="550123")
    )
    home.act(fail="x")
    home.now += timedelta(hours=1)
    home.act()
    text = json.dumps(home.memory.as_data()) + repr(home.memory) + repr(home.look())
    text += repr(home.told) + repr(home.records)
    for secret in (uid, title, "§", "Erika", "550123"):
        assert secret not in text


def test_ten_thousand_bookings() -> None:
    """One call stays well under a second, and twice as many take twice as long."""

    def seconds(count: int) -> float:
        home = Flat(now=at("2027-02-01T09:00"), settings=settings(locks=(FRONT,)))
        home.read(
            *(
                event(
                    f"2027-{1 + number % 12:02}-{1 + number % 28:02}",
                    f"2027-{1 + number % 12:02}-{2 + number % 28:02}",
                    uid=str(number),
                )
                for number in range(count)
            )
        )
        home.act()
        began = process_time()
        plan = home.look()
        spent = process_time() - began
        assert len(plan.bookings) > 0.9 * count
        return spent

    assert seconds(10_000) < 1
    assert min(seconds(8_000) for _ in range(3)) < 8 * max(
        0.001, min(seconds(2_000) for _ in range(3))
    )
