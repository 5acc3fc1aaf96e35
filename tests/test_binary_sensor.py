"""Whether locks, keypads and bridges can be reached."""

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE, LOCK_BRIDGED
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_HUB_DOWN,
    SEAM_LOCK_OFFLINE,
    SEAM_LOCK_RETROFIT,
)

from .conftest import SetUp
from .lock_cases import failed, operate, shown
from .surface import entity_id, poll, state
from .test_devices import SEAM_BRIDGE, SEAM_KEYPAD

pytestmark = pytest.mark.usefixtures("quiet_log")


def _online(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, str | None]:
    """Return the state of each device's sensor, None where it has none."""
    found = {
        device_id: state(hass, entry, "binary_sensor", device_id, "online")
        for device_id in (
            SEAM_BRIDGE,
            SEAM_KEYPAD,
            SEAM_LOCK_BRIDGED,
            SEAM_LOCK_HUB_DOWN,
            SEAM_LOCK_OFFLINE,
            SEAM_LOCK_RETROFIT,
        )
    }
    return {
        device_id: None if sensor is None else sensor.state
        for device_id, sensor in found.items()
    }


async def test_online(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Each device tells whether the cloud reaches it, and follows the polls."""
    entry = await set_up(seam_entry)
    assert _online(hass, entry) == {
        SEAM_BRIDGE: STATE_ON,
        SEAM_KEYPAD: STATE_ON,
        SEAM_LOCK_BRIDGED: STATE_ON,
        SEAM_LOCK_HUB_DOWN: STATE_OFF,
        SEAM_LOCK_OFFLINE: STATE_OFF,
        SEAM_LOCK_RETROFIT: STATE_ON,
    }
    found = state(hass, entry, "binary_sensor", SEAM_BRIDGE, "online")
    assert found is not None
    assert found.attributes["device_class"] == "connectivity"

    gone = {
        "online": False,
        "errors": [{"error_code": "hub_disconnected", "message": "Gone"}],
    }
    for lock in (SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT):
        simulator.seam.patch_device(lock, gone)
    await poll(hass, entry)
    now = _online(hass, entry)
    assert now[SEAM_BRIDGE] == now[SEAM_LOCK_BRIDGED] == STATE_OFF


async def test_a_connection_nobody_knows_any_more(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A sensor that is there stays, and says that it does not know."""
    entry = await set_up(seam_entry)
    for lock in (SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT, SEAM_LOCK_HUB_DOWN):
        simulator.seam.patch_device(lock, {"online": False, "errors": []})
    await poll(hass, entry)
    assert _online(hass, entry)[SEAM_BRIDGE] == STATE_UNKNOWN


async def test_a_bridge_of_igloohome(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    fast_jobs: None,
) -> None:
    """Its list of devices does not tell: what comes of the jobs does."""
    entry = await set_up(igloohome_entry)
    bridge = entity_id(hass, entry, "binary_sensor", BRIDGE, "online")
    lock = entity_id(hass, entry, "lock", LOCK_BRIDGED, "lock")
    assert bridge is not None and lock is not None
    assert hass.states.async_entity_ids("binary_sensor") == [bridge]
    found = hass.states.get(bridge)
    assert found is not None
    assert found.attributes["device_class"] == "connectivity"
    assert found.state == STATE_UNKNOWN

    await operate(hass, "unlock", lock)
    assert shown(hass, bridge) == STATE_ON
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    assert (await failed(hass, "unlock", lock))[0] == "bridge_offline"
    assert shown(hass, bridge) == STATE_OFF
    # It is back, but who knows whether the lock or the bridge did not answer?
    simulator.igloohome.switches.job_expiry_seconds = 0.05
    simulator.igloohome.patch_device(BRIDGE, {"online": True})
    simulator.igloohome.patch_device(LOCK_BRIDGED, {"in_reach": False})
    assert (await failed(hass, "unlock", lock))[0] == "operation_expired"
    assert shown(hass, bridge) == STATE_OFF
    simulator.igloohome.patch_device(LOCK_BRIDGED, {"in_reach": True})
    await operate(hass, "lock", lock)
    assert shown(hass, bridge) == STATE_ON
