"""A property in Berlin on an igloohome account, at a fixed moment."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.conftest import SetUp

from .house import BookingCalendar, add_calendar, add_property


@pytest.fixture
async def calendar(hass: HomeAssistant, berlin: None) -> BookingCalendar:
    """Return an empty calendar."""
    return await add_calendar(hass)


@pytest.fixture
async def house(
    hass: HomeAssistant,
    calendar: BookingCalendar,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> MockConfigEntry:
    """Return a loaded account with a property, whose calendar is empty so far."""
    igloohome_entry.add_to_hass(hass)
    add_property(hass, igloohome_entry)
    return await set_up(igloohome_entry)
