"""A booking in a calendar becomes a code, by itself."""

from dataclasses import replace
from datetime import date

import pytest

from custom_components.igloohome_access.bookings.model import CodeTag
from custom_components.igloohome_access.model import CodeOrigin, RecordState

from .host import Host
from .house import HOUR, MINUTE, PROPERTY_ID, kinds

pytestmark = pytest.mark.usefixtures("quiet_log")


async def test_a_booking_becomes_a_code(host: Host) -> None:
    """Read within half an hour, issued at the lead time, tagged in the ledger."""
    told = host.listen()
    host.calendar.book("a@feed", date(2026, 11, 27), date(2026, 11, 30))
    await host.pass_time(HOUR)
    state = host.arrival
    assert state.state == "planned"
    assert host.sensor("next_check_in").state == "2026-11-27T14:00:00+00:00"
    records = host.codes
    assert not records
    await host.pass_time(50 * HOUR, HOUR)
    (record,) = records.values()
    assert record.state is RecordState.ISSUED
    assert record.origin is CodeOrigin.BOOKING
    assert record.name == "Beach house 2026-11-27"
    assert record.window.starts_at.isoformat() == "2026-11-27T13:00:00+00:00"
    assert record.window.ends_at is not None
    assert record.window.ends_at.isoformat() == "2026-11-30T11:00:00+00:00"
    assert record.booking is not None
    assert CodeTag.of_text(record.booking).property_id == PROPERTY_ID
    assert kinds(told) == ["code_ready", "first_use_deadline"]
    assert told[0].attributes["code_id"] == record.code_id
    state = host.arrival
    assert state.state == "ready"
    assert state.attributes["code_ids"] == [record.code_id]


async def test_new_dates(host: Host) -> None:
    """New dates: a new code, and it is said that the old one still opens.

    With the old dates again the old code is the code again.
    """
    told = host.listen()
    await host.book_soon()
    records = host.codes
    (first,) = records
    told.clear()
    host.calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 28))
    await host.pass_time(40 * MINUTE)
    _, second = records
    assert records[first].superseded_at is not None
    assert records[second].superseded_at is None
    assert kinds(told) == ["code_ready", "first_use_deadline", "superseded_still_opens"]
    assert told[-1].attributes["code_id"] == first
    assert told[-1].attributes["replaced_by"] == second
    assert told[-1].attributes["opens_until"] == "2026-11-26T12:00:00+01:00"
    told.clear()
    host.calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 26))
    await host.pass_time(40 * MINUTE)
    assert len(records) == 2
    assert records[first].superseded_at is None
    assert records[second].superseded_at is not None
    assert "code_reinstated" in kinds(told)


async def test_a_cancelled_booking(host: Host) -> None:
    """It is told that the code of a cancelled booking still opens; once."""
    told = host.listen()
    host.calendar.book("other@feed", date(2027, 2, 1), date(2027, 2, 3))
    await host.book_soon()
    told.clear()
    del host.calendar.events["a@feed"]
    await host.pass_time(30 * MINUTE)
    assert host.runner.bookings[0].missing
    await host.pass_time(4 * HOUR)
    assert kinds(told) == ["booking_cancelled_code_still_opens"]
    assert told[0].attributes["code_id"] in host.codes
    state = host.sensor("next_check_in")
    assert state.state == "2027-02-01T14:00:00+00:00"


async def test_a_code_that_is_taken_off(host: Host) -> None:
    """What happens to a code makes for a new plan at once."""
    await host.book_soon()
    book = host.entry.runtime_data.book
    (first,) = book.ledger.records
    await book.async_remove([first])
    await host.settle()
    (second,) = book.ledger.records
    assert second != first


async def test_tags_of_others(host: Host) -> None:
    """Codes of other properties, and of a later version, are left alone."""
    await host.book_soon()
    book = host.entry.runtime_data.book
    (record,) = book.ledger.records.values()
    for number, booking in enumerate(
        (f"{PROPERTY_ID}|what|is|this|then", "other|a|stay|2026-11-23/2026-11-26")
    ):
        await book.async_update(
            replace(record, code_id=f"other{number}", booking=booking, cloud_id=None)
        )
    await host.pass_time(HOUR)
    (state,) = host.runner.bookings
    assert [code.code_id for code in host.runner.codes_of(state.booking)] == [
        record.code_id
    ]


async def test_a_mark_that_comes_too_late(host: Host) -> None:
    """A code that was taken off meanwhile is not brought back by a mark."""
    await host.runner._async_mark("gone", superseded=True)
    assert not host.codes
