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
from .host import Host, OpenHost
from .house import (
    BookingCalendar,
    add_property,
    pass_time,
    property_entity,
    property_state,
)
from .online_house import break_bridge

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


@pytest.mark.parametrize("replaced_too", [True, False])
async def test_a_stay_that_moves_or_ends_early(host: Host, replaced_too: bool) -> None:
    """The host is told what opens when the guest has left, and what never came."""
    inbox = await _automate(
        host.hass,
        host.entry,
        "cancelled_booking_still_opens",
        tell=notify("host"),
        replaced_too=replaced_too,
    )
    host.calendar.book("a@feed", date(2026, 11, 20), date(2026, 11, 24))
    host.calendar.book("b@feed", date(2026, 11, 24), date(2026, 11, 26))
    await host.pass_time(5 * HOUR)
    assert inbox.host == []
    # A night more is nothing that opens for too long.
    host.calendar.book("a@feed", date(2026, 11, 20), date(2026, 11, 25))
    await host.pass_time(HOUR)
    assert inbox.host == []
    host.calendar.book("a@feed", date(2026, 11, 20), date(2026, 11, 22))
    host.calendar.book("b@feed", date(2026, 12, 24), date(2026, 12, 26))
    await host.pass_time(HOUR)
    assert (
        sorted(inbox.host)
        == [
            "The booking now lasts from 2026-11-20 to 2026-11-22, but its code opens "
            "Guest Room until 2026-11-24 12:00. It cannot be revoked.",
            "The booking was moved to 2026-12-24 to 2026-12-26, but the code for its "
            "old dates opens Guest Room until 2026-11-26 12:00. It cannot be revoked.",
        ][: 2 * int(replaced_too)]
    )


@pytest.mark.usefixtures("quick_bridge")
@pytest.mark.parametrize(
    ("on_change", "told"),
    [
        (
            "always",
            "The booking from 2026-11-23 to 2026-11-26 was cancelled, but its code "
            "opens Garden Gate until 2026-11-26 11:30. It is deleted as soon as the "
            "bridge allows.",
        ),
        (
            "never",
            "The booking now lasts from 2026-11-23 to 2026-11-24, but its code opens "
            "Garden Gate until 2026-11-26 11:30. You can delete it with the action "
            '"Delete code".',
        ),
    ],
    ids=["cancelled", "kept"],
)
async def test_an_online_code_that_still_opens(
    open_host: OpenHost, on_change: str, told: str
) -> None:
    """What a bridge can take off is not said to stay for ever."""
    host = await open_host(on_change=on_change)
    inbox = await _automate(
        host.hass, host.entry, "cancelled_booking_still_opens", tell=notify("host")
    )
    await host.book()
    if on_change == "never":
        await host.book((23, 24))
    else:
        break_bridge(host.simulator, host.entry)
        del host.calendar.events["a@feed"]
        await host.pass_time(4 * HOUR)
    assert inbox.host == [told]


@pytest.mark.parametrize("dates_too", [True, False])
async def test_a_guest_who_stays_longer(host: Host, dates_too: bool) -> None:
    """The host is told of a code that was kept and does not last; once."""
    inbox = await _automate(
        host.hass,
        host.entry,
        "no_code_for_booking",
        tell=notify("host"),
        dates_too=dates_too,
    )
    host.calendar.book("o@feed", date(2027, 2, 1), date(2027, 2, 3))
    host.calendar.book("a@feed", date(2026, 11, 20), date(2026, 11, 24))
    await host.pass_time(5 * HOUR)
    # One who leaves earlier needs no other code.
    host.calendar.book("a@feed", date(2026, 11, 20), date(2026, 11, 23))
    await host.pass_time(HOUR)
    assert inbox.host == []
    host.calendar.book("a@feed", date(2026, 11, 20), date(2026, 11, 25))
    await host.pass_time(HOUR)
    assert (
        inbox.host
        == [
            "The dates of the booking of Beach house from 2026-11-20 to 2026-11-25 "
            "have changed, but its code for Guest Room was kept. It opens from "
            "2026-11-20 14:00 until 2026-11-24 12:00. Let the guest in another way, "
            'or have a code made now with the action "Issue code of a booking".'
        ][: int(dates_too)]
    )


async def test_no_spare_code(open_host: OpenHost) -> None:
    """The host does not take it for the code of the stay."""
    host = await open_host(code_source="algopin", backup_code=True)
    inbox = await _automate(
        host.hass, host.entry, "no_code_for_booking", tell=notify("host")
    )
    host.simulator.faults.add("/algopin/onetime", "status", status=400, times=None)
    await host.book()
    await host.pass_time(84 * HOUR, 30 * MINUTE)
    delayed, failed = inbox.host
    assert delayed.startswith("The spare code for Garden Gate for the booking of ")
    assert failed.startswith("There is no spare code for Garden Gate for the booking ")
    assert failed.endswith(". This does not concern the code for the stay itself.")


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
