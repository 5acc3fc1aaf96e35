"""A property in Berlin on an igloohome account, at a fixed moment."""

from collections.abc import Generator
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator
from tests.conftest import SetUp

from .host import Host, OpenHost
from .house import BookingCalendar, add_calendar, add_property
from .online_house import online_property


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


@pytest.fixture
def host(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> Host:
    """Return the host of the property ``house``."""
    return Host(
        hass=hass,
        simulator=simulator,
        freezer=freezer,
        calendar=calendar,
        entry=house,
    )


@pytest.fixture
def open_host(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    igloohome_entry: MockConfigEntry,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> OpenHost:
    """Return what opens a property on the lock with a bridge."""
    entries = {"igloohome": igloohome_entry, "seam": seam_entry}

    async def open_it(cloud: str = "igloohome", **data: Any) -> Host:
        return Host(
            hass=hass,
            simulator=simulator,
            freezer=freezer,
            calendar=calendar,
            entry=await online_property(hass, entries[cloud], set_up, **data),
        )

    return open_it


@pytest.fixture
def quick_bridge(simulator: Simulator) -> Generator[None]:
    """Let bridges work in no time; frozen time would never end a pause."""
    simulator.igloohome.switches.pin_job_seconds = 0
    simulator.seam.switches.rate_limits = False
    with patch("custom_components.igloohome_access.online_bridge.POLL_SECONDS", 0):
        yield
