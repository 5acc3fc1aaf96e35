"""The calendar of a property: its stays, and nothing of a guest."""

from datetime import date, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.bookings.actions import BookingStatus
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_UNBRIDGED
from tests.surface import NOW

from .house import (
    DATA,
    GUEST,
    PROPERTY_ID,
    BookingCalendar,
    pass_time,
    property_entity,
    property_state,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("quiet_log")


async def _stays(
    hass: HomeAssistant, entry: MockConfigEntry, start: datetime, end: datetime
) -> list[dict[str, Any]]:
    calendar = property_entity(hass, entry, "calendar", "stays")
    answer = await hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": calendar, "start_date_time": start, "end_date_time": end},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    events: Any = answer[calendar]
    return list(events["events"])


async def test_stays(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """Stays are shown from check-in to check-out, by what their codes are called."""

    def shown() -> tuple[str, str | None]:
        state = property_state(hass, house, "calendar", "stays")
        return state.state, state.attributes.get("message")

    state = property_state(hass, house, "calendar", "stays")
    assert state.name == "Beach house Stays"
    assert shown() == ("off", None)
    calendar.book("b@feed", date(2026, 11, 27), date(2026, 11, 30))
    calendar.book("a@feed", date(2026, 11, 22), date(2026, 11, 24))
    await pass_time(hass, freezer, HOUR)
    assert shown() == ("off", "Beach house 2026-11-22")
    first, second = await _stays(hass, house, NOW, NOW + 30 * DAY)
    assert first == {
        "start": "2026-11-22T15:00:00+01:00",
        "end": "2026-11-24T11:00:00+01:00",
        "summary": "Beach house 2026-11-22",
        "description": "Code: Ready",
    }
    assert second["summary"] == "Beach house 2026-11-27"
    assert second["description"] == "Code: Planned"
    # It overlaps what it shares a moment with; its end is not in it.
    check_in = datetime.fromisoformat(first["start"])
    check_out = datetime.fromisoformat(first["end"])
    assert not await _stays(hass, house, check_in - DAY, check_in)
    assert len(await _stays(hass, house, check_in - DAY, check_in + HOUR)) == 1
    assert len(await _stays(hass, house, check_out - HOUR, check_out)) == 1
    assert not await _stays(hass, house, check_out, check_out + DAY)

    await pass_time(hass, freezer, check_in - NOW - 2 * HOUR, HOUR)
    assert shown()[0] == "off"
    await pass_time(hass, freezer, 2 * HOUR, timedelta(minutes=20))
    assert shown() == ("on", "Beach house 2026-11-22")
    await pass_time(hass, freezer, check_out - check_in, 4 * HOUR)
    assert shown() == ("off", "Beach house 2026-11-27")
    # Nothing of a guest, no PIN, anywhere in it.
    everything = str(await _stays(hass, house, NOW - 9 * DAY, NOW + 30 * DAY))
    everything += str(property_state(hass, house, "calendar", "stays"))
    pins = [r.pin for r in house.runtime_data.book.ledger.records.values()]
    assert pins
    for secret in (*GUEST.split(), "@feed", *pins):
        assert str(secret) not in everything


async def test_cancelled(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """A stay that was cancelled leaves; its code is still on the lock's calendar."""
    calendar.book("a@feed", date(2026, 11, 22), date(2026, 11, 24))
    calendar.book("b@feed", date(2026, 12, 27), date(2026, 12, 30))
    await pass_time(hass, freezer, HOUR)
    del calendar.events["a@feed"]
    await pass_time(hass, freezer, 26 * HOUR, HOUR)
    runner = house.runtime_data.properties[PROPERTY_ID]
    assert runner.bookings[0].status is BookingStatus.CANCELLED
    (left,) = await _stays(hass, house, NOW, NOW + 90 * DAY)
    assert left["summary"] == "Beach house 2026-12-27"
    lock = er.async_get(hass).async_get_entity_id(
        "calendar", "igloohome_access", f"{house.unique_id}_{LOCK_UNBRIDGED}_codes"
    )
    assert lock is not None
    state = hass.states.get(lock)
    assert state is not None
    assert state.attributes["message"] == "Beach house 2026-11-22"


async def test_own_calendars_are_no_source(
    hass: HomeAssistant, calendar: BookingCalendar, house: MockConfigEntry
) -> None:
    """Bookings cannot come from the calendar that shows them."""
    own = property_entity(hass, house, "calendar", "stays")
    form = await hass.config_entries.subentries.async_init(
        (house.entry_id, "property"), context={"source": "user"}
    )
    assert form["data_schema"] is not None
    fields = {str(key): value for key, value in form["data_schema"].schema.items()}
    excluded = fields["calendar"].config["exclude_entities"]
    assert own in excluded
    assert DATA["calendar"] not in excluded
    with pytest.raises(InvalidData) as refused:
        await hass.config_entries.subentries.async_configure(
            form["flow_id"], {"name": "Loop", "locks": DATA["locks"], "calendar": own}
        )
    assert refused.value.path == ["calendar"]
