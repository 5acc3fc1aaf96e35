"""The downloads for reports: counts and kinds, and nothing else."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.igloohome_access.devices import device_identifier
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_UNBRIDGED

from .conftest import SetUp

ACCOUNT_KEYS = {
    "cloud",
    "options",
    "last_update_success",
    "last_error",
    "update_interval_seconds",
    "devices",
    "codes",
    "ledger_records",
    "properties",
}
DEVICE_KEYS = {
    "type",
    "model",
    "battery_level",
    "online",
    "last_sync",
    "time_zone",
    "locked",
    "can_lock",
    "can_unlock",
    "takes_offline_codes",
    "takes_online_codes",
    "has_bridge",
    "has_keypad",
    "notices",
}


async def test_account(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
) -> None:
    """An account is counts by an allow-list; names, ids and PINs stay out."""
    assert await async_setup_component(hass, "diagnostics", {})
    await set_up(igloohome_entry)
    await _make_code(hass)
    found: Any = await get_diagnostics_for_config_entry(
        hass, hass_client, igloohome_entry
    )
    assert set(found) == ACCOUNT_KEYS
    assert all(set(device) == DEVICE_KEYS for device in found["devices"])
    assert found["codes"] == {
        "status": {"active": 1},
        "kind": {"hourly": 1},
        "origin": {"action": 1},
    }
    assert found["ledger_records"] == {"issued": 1}
    assert found["last_error"] is None
    text = json.dumps(found)
    (issued,) = simulator.igloohome.issued
    for secret in (issued.pin, "Somebody", "Guest Room", LOCK_UNBRIDGED, "127.0.0.1"):
        assert secret not in text


async def test_account_in_trouble(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
) -> None:
    """The kind of the last error is told, not its text."""
    assert await async_setup_component(hass, "diagnostics", {})
    await set_up(igloohome_entry)
    simulator.faults.add("/igloohome/devices", "status", times=None, status=400)
    await igloohome_entry.runtime_data.coordinator.async_refresh()
    found: Any = await get_diagnostics_for_config_entry(
        hass, hass_client, igloohome_entry
    )
    assert found["last_update_success"] is False
    assert found["last_error"] == "UpdateFailed"


async def test_device(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A device has its own; one that is gone has nothing to tell."""
    assert await async_setup_component(hass, "diagnostics", {})
    await set_up(igloohome_entry)
    await _make_code(hass)
    registry = dr.async_get(hass)
    assert igloohome_entry.unique_id is not None
    lock = registry.async_get_device_by_identifier(
        device_identifier(igloohome_entry.unique_id, LOCK_UNBRIDGED),
        igloohome_entry.entry_id,
    )
    assert lock is not None
    found: Any = await get_diagnostics_for_device(
        hass, hass_client, igloohome_entry, lock
    )
    assert set(found) == {"device", "codes"}
    assert set(found["device"]) == DEVICE_KEYS
    assert found["codes"]["status"] == {"active": 1}

    gone = registry.async_get_or_create(
        config_entry_id=igloohome_entry.entry_id,
        identifiers={("igloohome_access", "gone")},
    )
    found = await get_diagnostics_for_device(hass, hass_client, igloohome_entry, gone)
    assert found["device"] is None
    assert found["codes"]["status"] == {}


async def _make_code(hass: HomeAssistant) -> None:
    await hass.services.async_call(
        "igloohome_access",
        "create_hourly_code",
        {
            "entity_id": "sensor.guest_room_live_codes",
            "name": "Somebody",
            "duration": "02:00:00",
        },
        blocking=True,
    )
