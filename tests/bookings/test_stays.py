"""Tables of how the events of a calendar become stays (``bookings/stays.py``)."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings as hypothesis_settings, strategies as st
import pytest

from custom_components.igloohome_access.bookings.ignoring import (
    LONGEST_TITLE,
    IgnorePatterns,
)
from custom_components.igloohome_access.bookings.model import (
    CodeTag,
    FeedEvent,
    PropertySettings,
    Purpose,
    StayDates,
)
from custom_components.igloohome_access.bookings.stays import (
    end_of_day,
    read_stays,
    stay_of,
)

from .samples import at, event, settings

FLAT = settings()
UNHURRIED = hypothesis_settings(deadline=None)


def read(*events: FeedEvent, **known: StayDates) -> dict[str, str]:
    """Return the dates of the stays in events, by identity."""
    return {stay.booking: stay.dates.text for stay in read_stays(events, FLAT, known)}


def only(event: FeedEvent, flat: PropertySettings = FLAT) -> tuple[str, str]:
    """Return check-in and check-out of an event, on the clock of the flat."""
    [found] = read_stays([event], flat, {})
    stay = stay_of(found.dates, flat)
    zone = flat.zone
    return (
        f"{stay.check_in.astimezone(zone):%m-%d %H:%M}",
        f"{stay.check_out.astimezone(zone):%m-%d %H:%M}",
    )


@pytest.mark.parametrize(
    ("start", "end", "check_in", "check_out"),
    [
        pytest.param(
            "2026-07-01", "2026-07-05", "07-01 15:00", "07-05 11:00", id="days"
        ),
        pytest.param(
            "2026-07-01", "2026-07-02", "07-01 15:00", "07-02 11:00", id="one"
        ),
        pytest.param(
            "2026-07-01", "2026-07-01", "07-01 15:00", "07-02 11:00", id="none"
        ),
        pytest.param("2026-07-01", None, "07-01 15:00", "07-02 11:00", id="no-end"),
        pytest.param(
            "2026-07-01T16:30", "2026-07-05T10:15", "07-01 16:30", "07-05 10:15", id="t"
        ),
        pytest.param(
            "2026-07-01T16:30", None, "07-01 16:30", "07-02 11:00", id="t-no-end"
        ),
        pytest.param(
            "2026-07-01T16:30",
            "2026-07-01T16:30",
            "07-01 16:30",
            "07-02 11:00",
            id="zero",
        ),
        pytest.param(
            "2026-07-01T16:30",
            "2026-06-30T16:30",
            "07-01 16:30",
            "07-02 11:00",
            id="back",
        ),
        pytest.param(
            "2026-07-01T16:30", "2026-07-05", "07-01 16:30", "07-02 11:00", id="mixed"
        ),
        pytest.param(
            "2026-07-01", "2026-07-05T10:00", "07-01 15:00", "07-05 11:00", id="mixed-2"
        ),
    ],
)
def test_dates(start: str, end: str | None, check_in: str, check_out: str) -> None:
    """Stays are read from all shapes of dates."""
    assert only(event(start, end)) == (check_in, check_out)


@pytest.mark.parametrize(
    ("start", "end", "check_in", "check_out"),
    [
        ("2026-03-29", "2026-03-30", "03-29 03:00", "03-30 02:30"),
        ("2026-03-28", "2026-03-29", "03-28 02:30", "03-29 03:30"),
        ("2026-10-24", "2026-10-25", "10-24 02:30", "10-25 02:30"),
    ],
)
def test_times_that_a_clock_skips_or_repeats(
    start: str, end: str, check_in: str, check_out: str
) -> None:
    """Check-in and check-out at 02:30 exist on every day, to the guest's advantage."""
    flat = settings(check_in=time(2, 30), check_out=time(2, 30))
    assert only(event(start, end), flat) == (check_in, check_out)


def test_check_out_that_is_shown_twice_is_the_later_one() -> None:
    """On the night when the clock goes back, the guest has the hour."""
    flat = settings(check_out=time(2, 30))
    dates = StayDates(date(2026, 10, 24), date(2026, 10, 25))
    assert stay_of(dates, flat).check_out == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_dates_are_meant_in_the_zone_of_the_property() -> None:
    """All-day events of a property elsewhere use its clock."""
    flat = settings(zone=ZoneInfo("Asia/Kolkata"))
    stay = stay_of(StayDates(date(2026, 7, 1), date(2026, 7, 2)), flat)
    assert stay.check_in == datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
    assert end_of_day(stay.check_in, flat.zone) == datetime(
        2026, 7, 1, 18, 30, tzinfo=UTC
    )


def test_years_that_are_placeholders() -> None:
    """Ends far away are cut; what begins far away or long ago is no booking."""
    until_further_notice = event("2026-07-01", "9999-12-31")
    assert list(read(until_further_notice).values()) == ["2026-07-01/2200-12-31"]
    timed = event("2026-07-01T15:00", "2300-01-01T15:00")
    assert list(read(timed).values()) == [
        "2026-07-01T13:00:00+00:00/2200-12-31T00:00:00+00:00"
    ]
    assert read(event("1970-01-01", "2026-07-01"), event("2201-01-01", None)) == {}


# Identity


def test_identity_is_the_uid_and_nothing_else() -> None:
    """Titles and dates may change; a uid is a booking."""
    [one] = read(event("2026-07-01", "2026-07-05", summary="Reserved"))
    [moved] = read(event("2026-08-01", "2026-08-09", summary="Erika"))
    [other] = read(event("2026-07-01", "2026-07-05", uid="b", summary="Reserved"))
    assert one == moved != other
    assert len(one) == 24


def test_identity_does_not_show_the_uid() -> None:
    """A uid may hold an address of mail."""
    [found] = read(event("2026-07-01", "2026-07-05", uid="erika@example.org"))
    assert "erika" not in found
    assert "erika" not in repr(event("2026-07-01", None, uid="erika@example.org"))


def test_equal_events_are_one_booking() -> None:
    """Some feeds list a booking twice."""
    twin = event("2026-07-01", "2026-07-05")
    assert len(read(twin, replace(twin, summary="again"))) == 1


def test_parts_of_a_series_are_bookings_of_their_own() -> None:
    """With recurrence ids a part keeps its identity when it is moved."""
    first = event("2026-07-01", "2026-07-03", recurrence_id="20260701")
    second = event("2026-07-08", "2026-07-10", recurrence_id="20260708")
    both = read(first, second)
    assert len(both) == 2
    moved = event("2026-07-09", "2026-07-11", recurrence_id="20260708")
    assert read(first, moved).keys() == both.keys()


def test_parts_of_a_series_without_recurrence_ids() -> None:
    """The day of check-in tells them apart, also when only one is left."""
    first, second = event("2026-07-01", "2026-07-03"), event("2026-07-08", "2026-07-10")
    both = read(first, second)
    assert len(both) == 2
    known = {key: StayDates.of_text(text) for key, text in both.items()}
    assert read(second, **known).keys() < both.keys()
    # Not known as a series, it is the plain uid, and remains it when a part appears.
    [plain] = read(second)
    assert plain not in both
    dates = StayDates(date(2026, 7, 8), date(2026, 7, 10))
    assert plain in read(first, second, **{plain: dates})
    # A calendar that says that it is a series is believed.
    alone = read(replace(second, recurring=True))
    assert alone.keys() < both.keys()


def test_one_uid_twice_on_one_day_is_the_longer_stay() -> None:
    """Two ends of one booking: nobody is locked out."""
    short, long = event("2026-07-01", "2026-07-03"), event("2026-07-01", "2026-07-08")
    for events in (
        (short, long),
        (long, short),
        (replace(long, recurring=True), short),
    ):
        assert list(read(*events).values())[-1:] == ["2026-07-01/2026-07-08"]
    part, second = replace(long, recurring=True), event("2026-07-09", "2026-07-10")
    for three in ((part, short, second), (second, short, part)):
        assert sorted(read(*three).values()) == [
            "2026-07-01/2026-07-08",
            "2026-07-09/2026-07-10",
        ]


@pytest.mark.parametrize("uid", [None, ""])
def test_without_a_uid_the_day_of_check_in_is_the_identity(uid: str | None) -> None:
    """A new end is a change, a new start another booking."""
    [one] = read(event("2026-07-01", "2026-07-05", uid=uid))
    assert read(event("2026-07-01", "2026-07-09", uid=uid)).keys() == {one}
    assert read(event("2026-07-02", "2026-07-05", uid=uid)).keys() != {one}
    timed = event("2026-07-01T15:00", "2026-07-05T11:00", uid=uid)
    assert read(timed).keys() == {one}


def test_without_a_uid_two_on_one_day_are_numbered() -> None:
    """By their ends, whatever the order of the feed."""
    short = event("2026-07-01", "2026-07-05", uid=None)
    long = event("2026-07-01", "2026-07-09", uid=None)
    assert read(short, long) == read(long, short)
    assert len(read(short, long)) == 2
    assert read(short).keys() < read(short, long).keys()


EVENTS = st.lists(
    st.builds(
        lambda start, nights, uid, part, recurring: FeedEvent(
            start=date(2026, 1, 1) + timedelta(days=start),
            end=date(2026, 1, 1) + timedelta(days=start + nights),
            uid=uid,
            recurrence_id=part,
            recurring=recurring,
        ),
        st.integers(0, 30),
        st.integers(-2, 30),
        st.sampled_from(["a", "b", "c", "", None]),
        st.sampled_from([None, None, "1", "2"]),
        st.booleans(),
    ),
    max_size=12,
)


@UNHURRIED
@given(EVENTS, st.randoms())
def test_the_order_of_a_feed_does_not_matter(
    events: list[FeedEvent], random: object
) -> None:
    """A feed is a set; and reading it again changes nothing."""
    found = read_stays(events, FLAT, {})
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert read_stays(shuffled, FLAT, {}) == found
    known = {stay.booking: stay.dates for stay in found}
    assert len(known) == len(found) <= len(events)
    assert {stay.booking for stay in read_stays(events, FLAT, known)} == set(known)


@UNHURRIED
@given(
    st.dates(date(2000, 1, 1), date(2199, 12, 31)),
    st.integers(1, 500),
    st.times(),
    st.times(),
    st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]),
)
def test_a_stay_always_lasts(
    first: date, nights: int, check_in: time, check_out: time, zone: str
) -> None:
    """One night is at least some moment, whatever clock and times."""
    flat = settings(zone=ZoneInfo(zone), check_in=check_in, check_out=check_out)
    dates = StayDates(first, min(first + timedelta(days=nights), date(2200, 12, 31)))
    stay = stay_of(dates, flat)
    assert stay.check_in.tzinfo is UTC
    assert stay.check_in <= stay.check_out
    assert StayDates.of_text(dates.text) == dates
    assert dates.all_day


# Text forms


@pytest.mark.parametrize(
    "text",
    [
        "2026-07-01/2026-07-05",
        "2026-07-01T13:00:00+00:00/2026-07-05T09:00:00+00:00",
        "2026-07-01T13:00:00+00:00/",
    ],
)
def test_dates_as_text(text: str) -> None:
    """Dates and tags survive being written."""
    dates = StayDates.of_text(text)
    assert dates.text == text
    tag = CodeTag("property", "booking", Purpose.BACKUP, dates)
    assert CodeTag.of_text(tag.text) == tag


@pytest.mark.parametrize("text", ["", "2026-07-01", "2026-07-01/", "x/y", "|||"])
def test_what_is_no_text_of_dates(text: str) -> None:
    """Anything else is a ValueError."""
    with pytest.raises(ValueError):
        StayDates.of_text(text)
    with pytest.raises(ValueError):
        CodeTag.of_text(text)


def test_parts_of_a_second_do_not_matter() -> None:
    """Calendars that add microseconds show no change."""
    plain = event("2026-07-01T15:00", "2026-07-05T11:00")
    odd = replace(plain, start=at("2026-07-01T15:00") + timedelta(microseconds=9))
    assert read(plain) == read(odd)


# Ignoring


@pytest.mark.parametrize(
    ("pattern", "title", "ignored"),
    [
        ("not available", "Airbnb (Not available)", True),
        ("Not  Available", "airbnb (NOT\tAVAILABLE)", True),
        ("not available", "Reserved", False),
        ('"Not available"', "not available ", True),
        ('"Not available"', "CLOSED - Not available", False),
        ("block*owner", "Blocked by the owner", True),
        ("owner*block", "Blocked by the owner", False),
        ('"block*owner"', "Blocked by the owner", True),
        ('"block*owner"', "Blocked by the owners", False),
        ('"*owner*"', "Blocked by the owners", True),
        ('"b*ck*d"', "Blocked", True),
        ('"b*x*d"', "Blocked", False),
        ('"aba*aba"', "aba", False),
        ('"aba*aba"', "abaaba", True),
        ("STRASSE", "Hauptstraße", True),
        ("ﬁne", "fine", True),
        ("*", "anything", False),
        ("", "anything", False),
        ('"', 'a " b', True),
        ('""', "", False),
        ("(.+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!", False),
        ("[", "[blocked]", True),
        ("end", "x" * LONGEST_TITLE + "end", False),
    ],
)
def test_ignore_patterns(pattern: str, title: str, ignored: bool) -> None:
    """Text with stars, anywhere in the title or, in quotes, all of it."""
    assert IgnorePatterns([pattern]).match(title) is ignored


def test_any_pattern_ignores() -> None:
    """One of several is enough; an ignored event is no stay."""
    flat = settings(ignore=("blocked", "closed"))
    shut = event("2026-07-01", "2026-07-05", summary="CLOSED")
    assert read_stays([shut], flat, {}) == []
    assert len(read_stays([replace(shut, summary="Guest")], flat, {})) == 1


@UNHURRIED
@given(st.text(), st.text(max_size=60))
def test_a_title_contains_itself(title: str, more: str) -> None:
    """Any text may stand in a title and in a pattern; nothing is special but stars."""
    plain = title.replace("*", "").replace('"', "")
    patterns = IgnorePatterns([plain])
    empty = not "".join(plain.split())
    assert patterns.match(f"{more} {plain} {more}"[-LONGEST_TITLE:]) is not empty


# Settings


@pytest.mark.parametrize(
    "change",
    [
        {"lead_days": 0},
        {"lead_days": 15},
        {"margin_before": -1},
        {"margin_after": 241},
    ],
)
def test_settings_out_of_range(change: dict[str, int]) -> None:
    """What no form should let through is refused."""
    with pytest.raises(ValueError, match="out of range"):
        settings(**change)
