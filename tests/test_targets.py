"""Which locks an action is for, whatever the target is made of."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component
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
from simulator.seam.scenarios import SEAM_LOCK_OFFLINE

from .conftest import SetUp
from .surface import act, entity_id, registry_id, told

CAN_EXCLUDE = "exclude" in {str(key) for key in cv.ENTITY_SERVICE_FIELDS}


@pytest.fixture
async def entry(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Return a loaded igloohome account."""
    return await set_up(igloohome_entry)


@pytest.fixture
def foreign(hass: HomeAssistant) -> str:
    """Return a device of somebody else."""
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", "1")}, name="Lamp"
    )
    return device.id


async def locks(hass: HomeAssistant, **target: Any) -> list[str]:
    """Return the names of the locks a target means."""
    answer = await act(hass, "create_one_time_code", target, name="Anna", dry_run=True)
    return [code["lock"] for code in answer["codes"]]


async def refused(hass: HomeAssistant, **target: Any) -> tuple[Any, Any]:
    """Return the key and placeholders of the error a target leads to."""
    with pytest.raises(ServiceValidationError) as caught:
        await locks(hass, **target)
    return told(caught.value)


async def test_devices_and_entities(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Devices and entities of locks mean the lock, each lock once, in order."""
    gate = registry_id(hass, entry, LOCK_BRIDGED)
    room = registry_id(hass, entry, LOCK_UNBRIDGED)
    assert await locks(hass, device_id=room) == ["Guest Room"]
    lock = entity_id(hass, entry, "lock", LOCK_BRIDGED, "lock")
    battery = entity_id(hass, entry, "sensor", LOCK_UNBRIDGED, "battery")
    assert await locks(hass, entity_id=lock) == ["Garden Gate"]
    assert await locks(hass, entity_id=battery) == ["Guest Room"]
    assert await locks(
        hass, device_id=[room, gate, room], entity_id=[lock, battery]
    ) == ["Garden Gate", "Guest Room"]


async def test_keypads_mean_their_lock(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """A code for a keypad is a code for the lock it belongs to, asked of the keypad."""
    keypad = registry_id(hass, entry, KEYPAD_RETROFIT)
    lock = registry_id(hass, entry, LOCK_RETROFIT)
    battery = entity_id(hass, entry, "sensor", KEYPAD_RETROFIT, "battery")
    assert await locks(hass, device_id=[keypad, lock], entity_id=battery) == [
        "Front Door"
    ]
    answer = await act(hass, "create_one_time_code", device_id=keypad, name="Anna")
    assert answer["codes"][0]["device_id"] == lock
    (issued,) = simulator.igloohome.issued
    assert issued.device == KEYPAD_RETROFIT


async def test_areas_floors_and_labels(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: str
) -> None:
    """Of everything in an area, a floor or under a label the locks are meant."""
    devices, entities = dr.async_get(hass), er.async_get(hass)
    floor = fr.async_get(hass).async_create("Ground")
    garden = ar.async_get(hass).async_create("Garden", floor_id=floor.floor_id)
    hall = ar.async_get(hass).async_create("Hall", floor_id=floor.floor_id)
    cellar = ar.async_get(hass).async_create("Cellar")
    guests = lr.async_get(hass).async_create("Guests")
    for device_id, area in (
        (LOCK_BRIDGED, garden),
        (KEYPAD_RETROFIT, hall),
        (BRIDGE, hall),
        (UNKNOWN_TYPE, cellar),
    ):
        devices.async_update_device(
            registry_id(hass, entry, device_id), area_id=area.id
        )
    devices.async_update_device(foreign, area_id=garden.id)
    devices.async_update_device(
        registry_id(hass, entry, KEYBOX), labels={guests.label_id}
    )
    battery = entity_id(hass, entry, "sensor", PADLOCK, "battery")
    assert battery is not None
    entities.async_update_entity(battery, labels={guests.label_id})

    assert await locks(hass, area_id=garden.id) == ["Garden Gate"]
    assert await locks(hass, area_id=[hall.id, cellar.id]) == ["Front Door"]
    assert await locks(hass, floor_id=floor.floor_id) == ["Front Door", "Garden Gate"]
    assert await locks(hass, label_id=guests.label_id) == ["Bike Padlock", "Key Box"]
    assert await refused(hass, area_id=cellar.id) == ("no_lock_in_target", {})


async def test_what_is_named_must_be_a_lock(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: str
) -> None:
    """A wrong device or entity is told, not passed over."""
    gate = registry_id(hass, entry, LOCK_BRIDGED)
    for device_id, name in ((BRIDGE, "Hall Bridge"), (UNKNOWN_TYPE, "Elevator")):
        device = registry_id(hass, entry, device_id)
        assert await refused(hass, device_id=[gate, device]) == (
            "device_takes_no_codes",
            {"name": name},
        )
    assert await refused(hass, device_id=[gate, foreign]) == (
        "not_a_lock",
        {"name": "Lamp"},
    )
    assert await refused(hass, device_id="nobody") == ("not_a_lock", {"name": "nobody"})
    hass.states.async_set("lock.helper", "locked")
    for name in ("lock.helper", "lock.missing"):
        assert await refused(hass, entity_id=name) == ("not_a_lock", {"name": name})
    for name in ("all", "none"):
        assert await refused(hass, entity_id=name) == ("no_lock_in_target", {})


async def test_groups(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A group stands for its members."""
    assert await async_setup_component(
        hass,
        "group",
        {
            "group": {
                "guests": {
                    "entities": [
                        entity_id(hass, entry, "lock", LOCK_BRIDGED, "lock"),
                        entity_id(hass, entry, "sensor", KEYBOX, "battery"),
                    ]
                }
            }
        },
    )
    await hass.async_block_till_done()
    assert await locks(hass, entity_id="group.guests") == ["Garden Gate", "Key Box"]


@pytest.mark.parametrize("kind", ["area_id", "floor_id", "label_id"])
async def test_a_target_that_does_not_exist(
    hass: HomeAssistant, entry: MockConfigEntry, kind: str
) -> None:
    """A misspelt area does not silently mean fewer locks."""
    gate = registry_id(hass, entry, LOCK_BRIDGED)
    assert await refused(hass, device_id=gate, **{kind: "gardn"}) == (
        "target_not_found",
        {"name": "gardn"},
    )


async def test_an_account_that_is_not_loaded(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Nothing is made when one of the locks meant cannot be reached."""
    gate = registry_id(hass, entry, LOCK_BRIDGED)
    area = ar.async_get(hass).async_create("Garden")
    dr.async_get(hass).async_update_device(gate, area_id=area.id)
    await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    expected = ("account_not_loaded", {"account": "igloohome"})
    assert await refused(hass, device_id=gate) == expected
    assert await refused(hass, area_id=area.id) == expected


async def test_disabled_devices(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A lock that was switched off is only meant when it is named."""
    gate = registry_id(hass, entry, LOCK_BRIDGED)
    area = ar.async_get(hass).async_create("Garden")
    dr.async_get(hass).async_update_device(
        gate, area_id=area.id, disabled_by=dr.DeviceEntryDisabler.USER
    )
    assert await refused(hass, area_id=area.id) == ("no_lock_in_target", {})
    assert await locks(hass, device_id=gate) == ["Garden Gate"]


async def test_a_device_the_account_does_not_list(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A device that is in the registry only takes no codes."""
    area = ar.async_get(hass).async_create("Attic")
    registry = dr.async_get(hass)
    ghost = registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "ghost")}, name="Ghost"
    )
    registry.async_update_device(ghost.id, area_id=area.id)
    assert await refused(hass, device_id=ghost.id) == (
        "device_takes_no_codes",
        {"name": "Ghost"},
    )
    assert await refused(hass, area_id=area.id) == ("no_lock_in_target", {})


async def test_locks_of_two_accounts(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """One call may be for locks of several accounts."""
    await set_up(seam_entry)
    assert await locks(
        hass,
        device_id=[
            registry_id(hass, entry, LOCK_BRIDGED),
            registry_id(hass, seam_entry, SEAM_LOCK_OFFLINE),
        ],
    ) == ["Apartment 2", "Garden Gate"]


@pytest.mark.skipif(not CAN_EXCLUDE, reason="targets have no exceptions in 2026.10")
async def test_exceptions(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A lock that is taken out, or one of its entities, gets no code."""
    devices = dr.async_get(hass)
    garden = ar.async_get(hass).async_create("Garden")
    gate, room, box = (
        registry_id(hass, entry, device_id)
        for device_id in (LOCK_BRIDGED, LOCK_UNBRIDGED, KEYBOX)
    )
    for device_id in (gate, room, box):
        devices.async_update_device(device_id, area_id=garden.id)
    lock = entity_id(hass, entry, "lock", LOCK_BRIDGED, "lock")
    battery = entity_id(hass, entry, "sensor", KEYBOX, "battery")
    assert await locks(
        hass, area_id=garden.id, exclude={"entity_id": [lock, battery]}
    ) == ["Guest Room"]
    assert await locks(
        hass, area_id=garden.id, device_id=gate, exclude={"device_id": [gate]}
    ) == ["Guest Room", "Key Box"]
    assert await refused(hass, area_id=garden.id, exclude={"area_id": garden.id}) == (
        "no_lock_in_target",
        {},
    )
