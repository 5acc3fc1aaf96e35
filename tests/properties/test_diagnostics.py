"""What a report says of a property: counts and settings, nothing of guests."""

from datetime import date, timedelta
import json

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.diagnostics import (
    async_get_config_entry_diagnostics,
)

from .house import (
    CALENDAR,
    GUEST,
    PROPERTY_ID,
    BookingCalendar,
    book_soon,
    pass_time,
    runner_of,
)


async def test_a_property(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """By an allow-list; no name, id, title, calendar or pattern."""
    calendar.book("b@feed", date(2026, 12, 23), date(2026, 12, 26))
    calendar.book("c@feed", date(2026, 12, 23), date(2028, 12, 26))
    await book_soon(hass, freezer, calendar)
    del calendar.events["b@feed"]
    await pass_time(hass, freezer, timedelta(minutes=30))
    found = await async_get_config_entry_diagnostics(hass, house)
    assert found["properties"] == [
        {
            "locks": 1,
            "locks_with_bridge": 0,
            "time_zone": "Europe/Berlin",
            "lead_days": 5,
            "margin_before": 30,
            "margin_after": 30,
            "check_in": "15:00:00",
            "check_out": "11:00:00",
            "ignore_patterns": 1,
            "on_change": "before_check_in",
            "code_source": "algopin",
            "backup_code": False,
            "last_read_ok": True,
            "bookings": {"planned": 1, "ready": 1, "too_long": 1},
            "missing": 1,
            "repairs": {"stay_too_long": 1},
        }
    ]
    text = json.dumps(found)
    bookings = [state.booking for state in runner_of(house).bookings]
    for secret in (
        GUEST,
        CALENDAR,
        PROPERTY_ID,
        "Beach house",
        "cleaning",
        "@feed",
        *bookings,
    ):
        assert secret not in text
