"""Tables of bookings that vanish, and of calendars that show nothing."""

from datetime import timedelta

import pytest

from custom_components.igloohome_access.bookings.actions import (
    Announcement,
    AnnouncementKind as Kind,
)
from custom_components.igloohome_access.bookings.memory import PropertyMemory
from custom_components.igloohome_access.bookings.model import FeedEvent

from .samples import HOUR, OTHER, STAY, at, event, flat, issues, ready_flat, settings


def test_cancelled_after_three_good_reads_over_an_hour() -> None:
    """A live code is announced, once, and no other is made."""
    home = ready_flat()
    for minutes in (0, 10, 59):
        home.now = at("2026-07-07T09:00") + timedelta(minutes=minutes)
        home.read(OTHER)
        assert home.act() == []
        assert home.look().bookings[0].missing
    home.now = at("2026-07-07T10:00")
    home.read(OTHER)
    [said] = home.act()
    assert isinstance(said, Announcement)
    assert said.kind is Kind.CANCELLED
    assert (said.code_id, said.opens_until) == ("code1", at("2026-07-14T12:00"))
    assert home.state() == "cancelled"
    home.read(OTHER)
    assert home.act() == []
    home.read(STAY, OTHER)
    assert [
        action.kind for action in home.act() if isinstance(action, Announcement)
    ] == [Kind.BOOKING_BACK]
    assert home.state() == "ready"
    assert home.act() == []


def test_a_superseded_code_of_a_cancelled_booking_was_told_before() -> None:
    """Only the code itself is announced."""
    home = ready_flat()
    home.read(event("2026-07-10", "2026-07-16"), OTHER)
    home.act()
    home.told.clear()
    for _ in range(3):
        home.now += HOUR
        home.read(OTHER)
    home.act()
    assert [(said.kind, said.code_id) for said in home.told] == [
        (Kind.CANCELLED, "code2")
    ]


def test_two_reads_over_an_hour_are_not_enough() -> None:
    """Nor is a booking that shows up in between."""
    home = ready_flat()
    home.read(OTHER)
    home.now += 2 * HOUR
    home.read(OTHER)
    assert home.act() == []
    home.read(STAY, OTHER)
    home.now += HOUR
    home.read(OTHER)
    home.now += HOUR
    home.read(OTHER)
    assert home.act() == []
    assert home.state() == "ready"


def test_empty_and_failing_reads_cancel_nothing() -> None:
    """Not in a week; but a person is told after a day, and of the end by the repair."""
    home = flat("2026-07-01T09:00")
    home.read(STAY)
    for _ in range(24):
        home.read()
        home.act()
        home.now += HOUR
        assert home.plan is not None
        assert home.plan.next_at == at("2026-07-02T09:00")
    assert home.kinds() == []
    home.act()
    assert home.kinds() == ["calendar_empty"]
    assert home.repairs() == [(Kind.CALENDAR_EMPTY, None)]
    home.fail_to_read()
    assert home.look().next_at == home.now + 24 * HOUR
    home.now += 24 * HOUR
    home.fail_to_read()
    home.act()
    home.act()
    assert home.kinds() == ["calendar_failing"]
    home.now = at("2026-07-05T15:00")
    home.read()
    assert len(issues(home.act())) == 1
    home.read(STAY)
    assert home.repairs() == []


def test_an_empty_calendar_without_bookings_is_no_trouble() -> None:
    """A new property, or one that nobody has booked."""
    home = flat()
    home.fail_to_read()
    home.read()
    assert home.memory == PropertyMemory()
    home.read(event("2026-07-01", "2026-07-03"))
    home.read()
    assert home.memory.trouble is None


def test_no_code_for_a_missing_booking_until_that_is_decided() -> None:
    """For six hours, if the reads that follow decide nothing."""
    home = flat("2026-07-05T14:00")
    home.read(STAY, OTHER)
    home.read(OTHER)
    home.now = at("2026-07-05T15:00")
    assert home.act() == []
    assert home.state() == "issuing"
    assert home.look().next_at == at("2026-07-05T20:00")
    home.fail_to_read()
    home.now = at("2026-07-05T20:00")
    assert len(issues(home.act())) == 1


def test_a_cancelled_booking_gets_no_code() -> None:
    """And no failure of it is remembered."""
    home = flat("2026-07-06T09:00")
    home.read(STAY, OTHER)
    home.act(fail="x")
    for _ in range(3):
        home.now += HOUR
        home.read(OTHER)
    home.now += 9 * HOUR
    assert home.act() == []
    assert home.kinds() == ["code_delayed"]
    assert home.repairs() == []
    assert all(not known.attempts for known in home.memory.bookings.values())
    home.now = at("2026-07-16T11:31")
    home.act()
    assert len(home.memory.bookings) == 1


def test_a_booking_that_is_ignored_from_now_on_is_gone() -> None:
    """The pattern was added after its code was made."""
    home = ready_flat()
    home.settings = settings(ignore=("guest",))
    for _ in range(3):
        home.read(event("2026-07-10", "2026-07-14", summary="A guest"))
        home.now += HOUR
    home.act()
    assert home.kinds() == ["booking_cancelled_code_still_opens"]


def test_what_is_out_of_the_range_of_a_read_is_not_missing() -> None:
    """Neither what is far ahead nor what is just over."""
    home = ready_flat()
    home.read(STAY, event("2028-07-10", "2028-07-14", uid="far"), OTHER)
    for day in range(9, 17):
        home.now = at(f"2026-07-{day:02}T11:40")
        home.read(*([STAY] if day < 14 else []), OTHER)
        home.act()
    assert home.kinds() == []


def test_a_clock_that_is_set_back_starts_the_count_again() -> None:
    """An hour has to pass on the clock as it is now."""
    home = ready_flat()
    home.read(OTHER)
    home.now -= HOUR
    home.read(OTHER)
    home.read(OTHER)
    assert home.state() == "ready"
    home.now += HOUR
    home.read(OTHER)
    assert home.state() == "cancelled"
    home.fail_to_read()
    home.now -= 3 * HOUR
    home.fail_to_read()
    assert home.memory.trouble is not None
    assert home.memory.trouble.since == home.now


@pytest.mark.parametrize(
    ("stay", "dropped_at"),
    [
        (STAY, "2026-07-14T00:00"),
        (STAY, "2026-07-13T12:00"),  # midnight in the feed's part of the world
        (event("2026-07-10T15:00", "2026-07-14T11:00"), "2026-07-14T11:00"),
        (event("2026-07-13T15:00", None), "2026-07-13T15:00"),
    ],
)
def test_a_feed_that_leaves_out_what_is_over(stay: FeedEvent, dropped_at: str) -> None:
    """Its guest is there until the check-out, and needs the code."""
    home = flat("2026-07-09T09:00", margin_after=240)
    home.read(stay, OTHER)
    home.act()
    home.kinds()
    home.now = at(dropped_at)
    while home.now <= at("2026-07-14T15:00"):
        home.read(OTHER)
        home.act()
        assert home.look().bookings[0].status.value in ("ready", "ended")
        home.now += HOUR / 2
    assert home.kinds() == []


def test_cancelled_on_the_day_of_arrival() -> None:
    """Of a single night, that its event may be over somewhere does not hide it."""
    home = flat("2026-07-09T09:00")
    home.read(event("2026-07-10", "2026-07-11"), OTHER)
    home.act()
    home.kinds()
    home.now = at("2026-07-10T13:00")
    for _ in range(3):
        home.read(OTHER)
        home.act()
        home.now += HOUR / 2
    assert home.kinds() == ["booking_cancelled_code_still_opens"]


def test_cancelled_during_the_stay() -> None:
    """A guest who leaves days before the event is over leaves a code behind."""
    home = ready_flat()
    home.now = at("2026-07-12T20:00")
    for _ in range(3):
        home.read(OTHER)
        home.now += HOUR / 2
    home.act()
    assert home.kinds() == ["booking_cancelled_code_still_opens"]


def test_a_feed_that_numbers_its_events_anew_at_every_read() -> None:
    """Its bookings are told by their days; each has one code, and changes with them."""
    home = flat()
    for read in range(120):
        home.now += HOUR / 2
        leaves = "2026-07-15" if home.now.day == 7 else "2026-07-14"
        home.read(
            event("2026-07-10", leaves, f"{read}a"),
            event("2026-07-10", "2026-07-12", f"{read}b"),
            event("2026-07-10", "2026-07-12", f"{read}c"),
            event("2026-12-10", "2026-12-12", f"{read}d"),
        )
        home.act()
    assert sorted(home.kinds()) == [
        "code_ready",
        "code_ready",
        "code_ready",
        "code_ready",
        "code_reinstated",
        "first_use_deadline",
        "first_use_deadline",
        "first_use_deadline",
        "first_use_deadline",
        "superseded_still_opens",
        "superseded_still_opens",
    ]
    assert home.requests == len(home.memory.bookings) == 4


def test_a_feed_that_numbers_its_events_anew_until_they_are_over() -> None:
    """Also on its last day a booking is told by its days, and needs no other code."""
    home = flat("2026-07-09T08:00")
    for read in range(240):
        home.now += HOUR / 2
        home.read(
            event("2026-07-10", "2026-07-12", f"{read}a"),
            event("2026-07-12", "2026-07-14", f"{read}b"),
            event("2026-12-10", "2026-12-12", f"{read}c"),
        )
        home.act()
    assert home.now > at("2026-07-14T00:00")
    assert home.kinds() == ["code_ready", "first_use_deadline"] * 2
    assert home.requests == 2


@pytest.mark.parametrize("at_once", [True, False])
def test_a_feed_that_numbers_its_events_anew_once(at_once: bool) -> None:
    """What is booked then, or later, is new; all others stay the bookings they were."""
    home = flat("2026-07-07T20:00")
    first = (("2026-07-10", "2026-07-12"), ("2026-07-12", "2026-07-14"))
    new = event("2026-07-08", "2026-07-10", "new")
    home.read(*(event(*stay, f"old {stay[0]}") for stay in first), OTHER)
    home.act()
    renumbered = [event(*stay, f"then {stay[0]}") for stay in first]
    renumbered.append(event("2027-03-01", "2027-03-05", "then"))
    for read in range(8):
        home.now += HOUR / 2
        booked = [new] if at_once or read > 2 else []
        home.read(*renumbered, *booked)
        home.act()
        # Over a restart as well.
        home.memory = PropertyMemory.of_data(home.memory.as_data())
    assert home.kinds() == ["code_ready", "first_use_deadline"] * 3
    assert home.requests == 3
    assert len(home.memory.bookings) == 4
    # By their new uids they are followed like any other.
    home.read(
        event("2026-07-11", "2026-07-13", "then 2026-07-10"), *renumbered[1:], new
    )
    home.act()
    assert home.kinds() == [
        "code_ready",
        "first_use_deadline",
        "superseded_still_opens",
    ]
    # A hiccup of the feed does not make another booking of one that is shown again.
    home.read(new, OTHER)
    home.read(
        event("2026-07-11", "2026-07-13", "then 2026-07-10"), *renumbered[1:], new
    )
    home.act()
    assert home.requests == 4
    # Where one is shown by both its uids, there are two.
    home.read(event("2026-07-11", "2026-07-13", "old 2026-07-10"), *renumbered, new)
    assert len(home.memory.bookings) == 5


def test_a_feed_that_numbers_its_only_event_anew_at_every_read() -> None:
    """After one code too many, which is told, that is understood, and remembered."""
    home = flat()
    for read in range(60):
        home.now += HOUR / 2
        home.read(event("2026-07-10", "2026-07-14", f"{read}"))
        home.act()
        home.memory = PropertyMemory.of_data(home.memory.as_data())
    assert sorted(home.kinds()) == [
        "booking_cancelled_code_still_opens",
        "code_ready",
        "code_ready",
        "first_use_deadline",
        "first_use_deadline",
    ]
    assert home.requests == len(home.memory.bookings) == 2
    home.read(event("2026-07-10", "2026-07-15", "later"))
    home.act()
    assert "superseded_still_opens" in home.kinds()
    assert home.memory.renumbers
    home.read(event("2026-07-10", "2026-07-15", "later"), event("2026-07-20", None))
    home.read(event("2026-07-20", None))
    assert not home.memory.renumbers


def test_the_days_of_the_only_guest_booked_by_another() -> None:
    """That is another booking, with a code of its own that is told."""
    home = ready_flat()
    home.read()
    home.now += 30 * HOUR
    home.act()
    for _ in range(4):
        home.read(event("2026-07-10", "2026-07-14", uid="b"))
        home.act()
        home.now += HOUR / 2
    assert sorted(set(home.kinds())) == [
        "booking_cancelled_code_still_opens",
        "calendar_empty",
        "code_ready",
        "first_use_deadline",
    ]
    assert home.requests == 2


def test_a_feed_with_other_events_than_before() -> None:
    """The same day of arrival does not make two bookings one."""
    home = ready_flat()
    for _ in range(3):
        home.now += HOUR
        home.read(event("2026-07-10", "2026-07-15", uid="b"))
    home.act()
    assert home.kinds() == [
        "booking_cancelled_code_still_opens",
        "code_ready",
        "first_use_deadline",
    ]
    assert len(home.memory.bookings) == 3
