"""What locks, keypads and bridges report."""

from datetime import timedelta
from unittest.mock import PropertyMock, patch

from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYPAD_RETROFIT,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
    PADLOCK,
)
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE

from .conftest import SetUp
from .surface import entity_id, poll, state

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

ATTRIBUTES = {
    "code_id",
    "kind",
    "origin",
    "starts_at",
    "ends_at",
    "first_use_by",
    "options",
    "device_class",
    "friendly_name",
}


async def test_batteries(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A battery level that is withheld keeps its sensor; it comes with the first."""
    entry = await set_up(seam_entry)
    found = state(hass, entry, "sensor", SEAM_LOCK_BRIDGED, "battery")
    assert found is not None
    assert (found.state, found.attributes["unit_of_measurement"]) == ("86", "%")
    assert found.attributes["device_class"] == "battery"
    found = state(hass, entry, "sensor", "ws-sim-0001_EK1X5f6a7b8c9d", "battery")
    assert found is not None and found.state == "55"
    assert entity_id(hass, entry, "sensor", SEAM_LOCK_OFFLINE, "battery") is None

    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"online": False})
    simulator.seam.patch_device(SEAM_LOCK_OFFLINE, {"online": True})
    await poll(hass, entry)
    found = state(hass, entry, "sensor", SEAM_LOCK_BRIDGED, "battery")
    assert found is not None and found.state == STATE_UNKNOWN
    found = state(hass, entry, "sensor", SEAM_LOCK_OFFLINE, "battery")
    assert found is not None and found.state == "86"

    # Also over a restart.
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    found = state(hass, entry, "sensor", SEAM_LOCK_BRIDGED, "battery")
    assert found is not None and found.state == STATE_UNKNOWN


@pytest.mark.usefixtures("quiet_log")
async def test_igloohome_sensors(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Each device has what the cloud tells of it, and counts where it takes codes."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        PropertyMock(return_value=True),
    ):
        entry = await set_up(igloohome_entry)
    keys = ("battery", "last_sync", "live_codes", "next_change")
    assert {
        device_id: [
            key
            for key in keys
            if entity_id(hass, entry, "sensor", device_id, key) is not None
        ]
        for device_id in (
            BRIDGE,
            KEYPAD_RETROFIT,
            LOCK_RETROFIT,
            LOCK_UNBRIDGED,
            PADLOCK,
        )
    } == {
        BRIDGE: ["last_sync"],
        KEYPAD_RETROFIT: ["battery", "last_sync"],
        LOCK_RETROFIT: list(keys),
        LOCK_UNBRIDGED: list(keys),
        PADLOCK: ["battery", "live_codes", "next_change"],
    }
    found = state(hass, entry, "sensor", LOCK_UNBRIDGED, "last_sync")
    synced = simulator.igloohome.devices[LOCK_UNBRIDGED].last_sync
    assert found is not None and synced is not None
    assert found.state == synced.isoformat(timespec="seconds")
    registry = er.async_get(hass)
    categories = {
        key: registry.entities[entity].entity_category
        for key in keys
        if (entity := entity_id(hass, entry, "sensor", LOCK_UNBRIDGED, key))
    }
    assert categories == {
        "battery": "diagnostic",
        "last_sync": "diagnostic",
        "live_codes": None,
        "next_change": None,
    }
