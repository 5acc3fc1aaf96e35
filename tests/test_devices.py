"""Devices: their links, and how they come, change and go without a reload."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYBOX,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
    PADLOCK,
    UNKNOWN_TYPE,
)
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_OFFLINE,
    SEAM_LOCK_RETROFIT,
)

from .conftest import SetUp
from .surface import create, device, entity_id, poll, registry_id, state

pytestmark = pytest.mark.usefixtures("quiet_log")

SEAM_BRIDGE = "ws-sim-0001_EB1X00aa11bb22"
SEAM_KEYPAD = "ws-sim-0001_EK1X5f6a7b8c9d"


async def test_igloohome_devices(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """Every lock, keypad and bridge is there, linked to what it works through."""
    entry = await set_up(igloohome_entry)
    ids = {d: registry_id(hass, entry, d) for d in (BRIDGE, LOCK_RETROFIT)}
    expected = {
        BRIDGE: ("Hall Bridge", "Bridge", None),
        LOCK_RETROFIT: ("Front Door", "Retrofit Lock", ids[BRIDGE]),
        KEYPAD_RETROFIT: ("Front Door Keypad", "Keypad", ids[LOCK_RETROFIT]),
        LOCK_BRIDGED: ("Garden Gate", "Lock", ids[BRIDGE]),
        LOCK_UNBRIDGED: ("Guest Room", "Lock", None),
        PADLOCK: ("Bike Padlock", "Padlock 2E", None),
        KEYBOX: ("Key Box", "Keybox 3", None),
        UNKNOWN_TYPE: ("Elevator", "ElevatorController", None),
    }
    found = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert {
        d.serial_number: (d.name, d.model, d.via_device_id) for d in found
    } == expected
    assert {d.manufacturer for d in found} == {"igloohome"}
    assert {d.identifiers.copy().pop() for d in found} == {
        (DOMAIN, f"{entry.unique_id}_{device_id}") for device_id in expected
    }


async def test_seam_devices(
    hass: HomeAssistant, seam_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """Seam's locks tell of their bridge and keypad."""
    entry = await set_up(seam_entry)
    bridge = registry_id(hass, entry, SEAM_BRIDGE)
    lock, keypad, offline = (
        device(hass, entry, device_id)
        for device_id in (SEAM_LOCK_RETROFIT, SEAM_KEYPAD, SEAM_LOCK_OFFLINE)
    )
    assert lock is not None and keypad is not None and offline is not None
    assert (lock.name, lock.model, lock.serial_number, lock.via_device_id) == (
        "Apartment 4",
        "Retrofit Lock",
        "OE1X9z8y7x6w5v",
        bridge,
    )
    assert (keypad.name, keypad.via_device_id) == ("Apartment 4 Keypad", lock.id)
    assert offline.via_device_id is None


async def test_new_gone_and_returned(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A lock appears, disappears with its entities, and appears again."""
    entry = await set_up(igloohome_entry)
    new = {"device_id": "IGM3new", "name": "Attic", "keypad": True, "battery_level": 70}
    assert device(hass, entry, "IGM3new") is None
    for _ in range(2):
        simulator.igloohome.add_device(new)
        await poll(hass, entry)
        assert device(hass, entry, "IGM3new") is not None
        for key, value in (("battery", "70"), ("live_codes", "0")):
            found = state(hass, entry, "sensor", "IGM3new", key)
            assert found is not None and found.state == value

        simulator.igloohome.remove_device("IGM3new")
        await poll(hass, entry)
        assert device(hass, entry, "IGM3new") is None
        assert entity_id(hass, entry, "sensor", "IGM3new", "battery") is None
        assert "attic" not in " ".join(hass.states.async_entity_ids())


async def test_codes_of_a_lock_that_returns(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The sensors of its codes leave with a lock and come back with it."""
    entry = await set_up(igloohome_entry)
    target = registry_id(hass, entry, LOCK_UNBRIDGED)
    code = await create(hass, "hourly", target, duration={"hours": 3})
    lock = simulator.igloohome.devices.pop(LOCK_UNBRIDGED)
    await poll(hass, entry)
    assert entity_id(hass, entry, "sensor", code["code_id"]) is None
    simulator.igloohome.devices[LOCK_UNBRIDGED] = lock
    await poll(hass, entry)
    found = state(hass, entry, "sensor", code["code_id"])
    assert found is not None and found.state == "active"
    found = state(hass, entry, "sensor", LOCK_UNBRIDGED, "live_codes")
    assert found is not None and found.state == "1"


async def test_gone_while_home_assistant_was_off(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """What disappeared in the meantime is cleared away at the start."""
    entry = await set_up(igloohome_entry)
    await hass.config_entries.async_unload(entry.entry_id)
    simulator.igloohome.remove_device(PADLOCK)
    simulator.igloohome.patch_device(BRIDGE, {"linked": [LOCK_RETROFIT]})
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert device(hass, entry, PADLOCK) is None
    assert entity_id(hass, entry, "sensor", PADLOCK, "battery") is None
    assert entity_id(hass, entry, "lock", LOCK_BRIDGED, "lock") is None
    assert entity_id(hass, entry, "lock", LOCK_RETROFIT, "lock") is not None


async def test_renamed(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A new name arrives with the next poll; what a person chose goes first."""
    entry = await set_up(seam_entry)
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"nickname": "Penthouse"})
    await poll(hass, entry)
    found = device(hass, entry, SEAM_LOCK_BRIDGED)
    assert found is not None and found.name == "Penthouse"
    assert (await create(hass, "one_time", found.id))["lock"] == "Penthouse"

    dr.async_get(hass).async_update_device(found.id, name_by_user="Top")
    assert (await create(hass, "one_time", found.id))["lock"] == "Top"


async def test_a_bridge_is_linked_and_unlinked(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """With its bridge a lock gets and loses the entity to operate it."""
    entry = await set_up(igloohome_entry)
    assert entity_id(hass, entry, "lock", LOCK_UNBRIDGED, "lock") is None
    linked = [LOCK_RETROFIT, KEYPAD_RETROFIT, LOCK_BRIDGED]
    for _ in range(2):
        simulator.igloohome.patch_device(BRIDGE, {"linked": [*linked, LOCK_UNBRIDGED]})
        await poll(hass, entry)
        found = state(hass, entry, "lock", LOCK_UNBRIDGED, "lock")
        assert found is not None and found.state == "unknown"
        lock = device(hass, entry, LOCK_UNBRIDGED)
        assert lock is not None
        assert lock.via_device_id == registry_id(hass, entry, BRIDGE)

        simulator.igloohome.patch_device(BRIDGE, {"linked": linked})
        await poll(hass, entry)
        assert entity_id(hass, entry, "lock", LOCK_UNBRIDGED, "lock") is None
        assert hass.states.get("lock.guest_room") is None
        lock = device(hass, entry, LOCK_UNBRIDGED)
        assert lock is not None and lock.via_device_id is None


async def test_disabled_entities_stay_disabled(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An entity a person has switched off does not come back by itself."""
    entry = await set_up(igloohome_entry)
    battery = entity_id(hass, entry, "sensor", LOCK_BRIDGED, "battery")
    sync = entity_id(hass, entry, "sensor", LOCK_BRIDGED, "last_sync")
    assert battery is not None and sync is not None
    registry = er.async_get(hass)
    found = registry.async_get(sync)
    assert found is not None
    assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    registry.async_update_entity(battery, disabled_by=er.RegistryEntryDisabler.USER)
    simulator.igloohome.patch_device(LOCK_BRIDGED, {"battery_level": 63})
    await poll(hass, entry)
    assert hass.states.get(battery) is None
    assert registry.async_get(battery) is not None
