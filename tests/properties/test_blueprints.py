"""The blueprints about bookings, run by Home Assistant."""

from collections.abc import Generator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator
from simulator.faults import FaultKind
from tests.conftest import SetUp

from .automations import Inbox, automate, kept_traces, notify, own_blueprints
from .house import (
    BookingCalendar,
    add_property,
    pass_time,
    property_entity,
    property_state,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ARRIVAL = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def blueprints() -> Generator[None]:
    """Let Home Assistant find the blueprints in the repository."""
    with own_blueprints():
        yield


async def _automate(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, **inputs: Any
) -> Inbox:
    """Set up an automation about the bookings of the property."""
    bookings = [property_entity(hass, entry, "event", "bookings")]
    return await automate(hass, name, bookings=bookings, **inputs)


async def test_sending_the_code(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """The guest gets the PIN, once for each code, and not again after a restart."""
    inbox = await _automate(
        hass, house, "send_booking_code", send=notify("guest"), failed=notify("host")
    )
    calendar.book("a@feed", ARRIVAL, date(2026, 11, 26))
    calendar.book("b@feed", date(2026, 11, 24), date(2026, 11, 26))
    await pass_time(hass, freezer, 40 * MINUTE)
    records = list(house.runtime_data.book.ledger.records.values())
    assert len(records) == 2
    assert len(inbox.guest) == 2
    for record, text in zip(records, inbox.guest, strict=True):
        assert f"Your code for Guest Room is {record.pin}. It works from " in text
    assert "from 2026-11-23 14:00 until 2026-11-26 12:00." in inbox.guest[0]
    assert inbox.guest[0].endswith("for the first time before 2026-11-24 14:00.")
    await hass.config_entries.async_reload(house.entry_id)
    await pass_time(hass, freezer, HOUR)
    assert len(inbox.guest) == 2
    assert inbox.host == []
    shown = str([state.as_dict() for state in hass.states.async_all()])
    for record in records:
        assert str(record.pin) not in shown + kept_traces(hass)


async def test_sending_the_spare_code(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The guest can tell the spare code from the one for the stay."""
    igloohome_entry.add_to_hass(hass)
    add_property(hass, igloohome_entry, backup_code=True, lead_days=1)
    entry = await set_up(igloohome_entry)
    inbox = await _automate(hass, entry, "send_booking_code", send=notify("guest"))
    calendar.book("a@feed", date(2026, 11, 20), date(2026, 11, 22))
    await pass_time(hass, freezer, 40 * MINUTE)
    pins = {
        record.kind.value: record.pin
        for record in entry.runtime_data.book.ledger.records.values()
    }
    texts = [text.partition(" from ")[0] for text in inbox.guest]
    assert texts == [
        f"Your code for Guest Room is {pins['hourly']}. It works",
        f"Your spare code for Guest Room is {pins['one_time']}. It works once",
    ]


async def test_a_pin_that_cannot_be_fetched(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """The guest gets no message without a PIN, and the host is told."""
    inbox = await _automate(
        hass, house, "send_booking_code", send=notify("guest"), failed=notify("host")
    )
    calendar.book("a@feed", ARRIVAL, date(2026, 11, 26))
    await pass_time(hass, freezer, 40 * MINUTE)
    told = property_state(hass, house, "event", "bookings")
    inbox.clear()
    for code_id in ("gone", None):
        record = next(iter(house.runtime_data.book.ledger.records.values()))
        if code_id is None:
            await house.runtime_data.book.async_update(replace(record, pin=None))
        attributes = dict(told.attributes) | {
            "event_type": "code_ready",
            "code_id": code_id or record.code_id,
        }
        hass.states.async_set(told.entity_id, f"{code_id}", attributes)
        await pass_time(hass, freezer, MINUTE, MINUTE)
    assert inbox.guest == []
    assert (
        inbox.host
        == [
            "The code for Guest Room for the booking from 2026-11-23 to 2026-11-26 is made, "
            "but its PIN could not be fetched, so it was not sent. The log of Home "
            "Assistant says why."
        ]
        * 2
    )


@pytest.mark.parametrize("replaced_too", [True, False])
async def test_a_code_that_still_opens(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
    replaced_too: bool,
) -> None:
    """The host is told of a code that is not wanted any more and still opens."""
    inbox = await _automate(
        hass,
        house,
        "cancelled_booking_still_opens",
        tell=notify("host"),
        replaced_too=replaced_too,
    )
    calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 26))
    calendar.book("b@feed", date(2027, 11, 23), date(2027, 11, 26))
    await pass_time(hass, freezer, 40 * MINUTE)
    calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 27))
    await pass_time(hass, freezer, 40 * MINUTE)
    assert (
        inbox.host
        == [
            "The code of the booking from 2026-11-23 to 2026-11-27 was replaced, but the "
            "old one opens Guest Room until 2026-11-26 12:00. It cannot be revoked."
        ][: int(replaced_too)]
    )
    inbox.clear()
    del calendar.events["a@feed"]
    await pass_time(hass, freezer, 2 * HOUR)
    assert inbox.host == [
        "The booking from 2026-11-23 to 2026-11-27 was cancelled, but its code opens "
        "Guest Room until 2026-11-27 12:00. It cannot be revoked."
    ]
    await hass.config_entries.async_reload(house.entry_id)
    await pass_time(hass, freezer, HOUR)
    assert len(inbox.host) == 1


@pytest.mark.parametrize("delays_too", [True, False])
@pytest.mark.usefixtures("instant_reads")
async def test_no_code(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
    delays_too: bool,
) -> None:
    """The host is told of the first failure and of the last, with the reason."""
    inbox = await _automate(
        hass,
        house,
        "no_code_for_booking",
        tell=notify("host"),
        delays_too=delays_too,
    )
    simulator.faults.add("/algopin", FaultKind.STATUS, status=400, times=None)
    calendar.book("a@feed", date(2026, 11, 20), date(2026, 11, 22))
    await pass_time(hass, freezer, 3 * HOUR, HOUR)
    assert len(inbox.host) == int(delays_too)
    for text in inbox.host:
        assert text.startswith(
            "The code for Guest Room for the booking of Beach house from 2026-11-20 to "
            "2026-11-22 could not be made yet. The cloud refused this; nothing was done."
        )
        assert text.endswith(
            " It is tried again every hour, until midnight at the end of the day of the "
            "check-in."
        )
    inbox.clear()
    await pass_time(hass, freezer, 12 * HOUR, HOUR)
    (text,) = inbox.host
    assert text.startswith(
        "There is no code for Guest Room for the booking of Beach house from 2026-11-20 "
        "to 2026-11-22, and none will be made any more. The cloud refused this; nothing "
        "was done."
    )
    assert text.endswith(
        " Let the guest in another way, or have a code made now with the action "
        '"Issue code of a booking".'
    )
    await hass.config_entries.async_reload(house.entry_id)
    await pass_time(hass, freezer, HOUR)
    assert len(inbox.host) == 1


async def test_a_stay_that_is_too_long(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """The host is told long before the arrival."""
    inbox = await _automate(hass, house, "no_code_for_booking", tell=notify("host"))
    calendar.book("a@feed", date(2027, 3, 1), date(2028, 3, 20))
    await pass_time(hass, freezer, HOUR)
    assert inbox.host == [
        "No code lasts as long as the booking of Beach house from 2027-03-01 to "
        "2028-03-20. Make one that has to be renewed, with the action "
        '"Create daily code".'
    ]


@pytest.mark.parametrize("calendar_too", [True, False])
async def test_a_calendar_in_trouble(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
    calendar_too: bool,
) -> None:
    """The host is told that nothing is seen, if that is wanted."""
    inbox = await _automate(
        hass,
        house,
        "no_code_for_booking",
        tell=notify("host"),
        calendar_too=calendar_too,
    )
    calendar.book("a@feed", date(2027, 3, 1), date(2027, 3, 20))
    await pass_time(hass, freezer, HOUR)
    calendar.events.clear()
    await pass_time(hass, freezer, 26 * HOUR, HOUR)
    calendar.read_error = RuntimeError()
    await pass_time(hass, freezer, 26 * HOUR, HOUR)
    assert (
        inbox.host
        == [
            "The calendar of Beach house has shown nothing for a day, although bookings are "
            "known. See if its address still works.",
            "The calendar of Beach house could not be read for a day. New bookings, changes "
            "and cancellations are not seen.",
        ][: 2 * int(calendar_too)]
    )
