"""Buttons that read battery levels and states through a bridge."""

import asyncio
from typing import Any
from unittest.mock import patch

from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
)

from .codes import until
from .conftest import SetUp
from .online import hold_bridges, let_bridges_go
from .surface import entity_id, poll, state, told

pytestmark = pytest.mark.usefixtures("fast_jobs", "quiet_log")

BATTERY_JOB, STATUS_JOB = 9, 10


@pytest.fixture
async def entry(
    simulator: Simulator, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Return a loaded igloohome account whose bridge is quick."""
    simulator.igloohome.switches.query_job_seconds = 0.02
    return await set_up(igloohome_entry)


async def press(
    hass: HomeAssistant, entry: MockConfigEntry, device_id: str, key: str
) -> None:
    """Press a button and wait for what it does."""
    button = entity_id(hass, entry, "button", device_id, key)
    assert button is not None
    await hass.services.async_call(
        "button", "press", {"entity_id": button}, blocking=True
    )


def jobs(simulator: Simulator) -> list[tuple[str, int]]:
    """Return the jobs so far, as device and number."""
    return [(job.device.device_id, job.job_type) for job in simulator.igloohome.jobs]


def battery(hass: HomeAssistant, entry: MockConfigEntry, device_id: str) -> str:
    """Return what the battery sensor shows."""
    found = state(hass, entry, "sensor", device_id, "battery")
    assert found is not None
    return found.state


async def test_where_there_are_buttons(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Every lock and keypad behind a bridge has two, a lock one more for its log."""

    def present() -> set[tuple[str, str]]:
        ids = (LOCK_BRIDGED, LOCK_RETROFIT, KEYPAD_RETROFIT)
        return {
            (device_id, key)
            for device_id in ids
            for key in ("refresh_battery", "refresh_status", "read_log")
            if entity_id(hass, entry, "button", device_id, key)
        }

    assert len(hass.states.async_entity_ids("button")) == len(present()) == 8
    assert (KEYPAD_RETROFIT, "read_log") not in present()
    registry = er.async_get(hass)
    for found in er.async_entries_for_config_entry(registry, entry.entry_id):
        if found.domain == "button":
            assert found.platform == DOMAIN
            assert found.entity_category is EntityCategory.DIAGNOSTIC
    simulator.igloohome.patch_device(BRIDGE, {"linked": [LOCK_BRIDGED]})
    await poll(hass, entry)
    assert {device_id for device_id, _ in present()} == {LOCK_BRIDGED}
    assert len(hass.states.async_entity_ids("button")) == 3


async def test_seam_reads_by_itself(
    hass: HomeAssistant, seam_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """Seam has no such operations, so there is nothing to press."""
    await set_up(seam_entry)
    assert hass.states.async_entity_ids("button") == []


@pytest.mark.parametrize("result", ["field", "nested", "result_only"])
async def test_battery(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, result: Any
) -> None:
    """The level is shown as soon as it is known, from the job or from the list."""
    simulator.igloohome.switches.battery_result = result
    assert battery(hass, entry, LOCK_BRIDGED) == "64"
    with patch.object(entry.runtime_data.coordinator, "async_request_refresh") as read:
        await press(hass, entry, LOCK_BRIDGED, "refresh_battery")
    read.assert_awaited_once()
    expected = "64" if result == "result_only" else "61"
    assert battery(hass, entry, LOCK_BRIDGED) == expected
    await poll(hass, entry)
    assert battery(hass, entry, LOCK_BRIDGED) == "61"
    assert jobs(simulator) == [(LOCK_BRIDGED, BATTERY_JOB)]


async def test_battery_of_a_keypad(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """A keypad that is linked to the bridge is read itself."""
    simulator.igloohome.patch_device(KEYPAD_RETROFIT, {"real_battery": 42})
    await press(hass, entry, KEYPAD_RETROFIT, "refresh_battery")
    assert battery(hass, entry, KEYPAD_RETROFIT) == "42"
    assert jobs(simulator) == [(KEYPAD_RETROFIT, BATTERY_JOB)]


async def test_a_level_that_is_known(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """A level that has not changed changes nothing."""
    simulator.igloohome.patch_device(LOCK_BRIDGED, {"real_battery": 64})
    coordinator = entry.runtime_data.coordinator
    before = coordinator.data
    coordinator.async_note_battery("gone", 5)
    with patch.object(coordinator, "async_request_refresh"):
        await press(hass, entry, LOCK_BRIDGED, "refresh_battery")
    assert coordinator.data is before
    assert battery(hass, entry, LOCK_BRIDGED) == "64"


async def test_status(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The state is shown where the bridge tells it, for a while."""
    await press(hass, entry, LOCK_BRIDGED, "refresh_status")
    found = state(hass, entry, "lock", LOCK_BRIDGED, "lock")
    assert found is not None and found.state == "unknown"
    simulator.igloohome.switches.status_result = "lock_state"
    for device_id, job_state in (
        (LOCK_BRIDGED, "locked"),
        (KEYPAD_RETROFIT, "unknown"),
    ):
        await press(hass, entry, device_id, "refresh_status")
        lock = LOCK_BRIDGED if device_id == LOCK_BRIDGED else LOCK_RETROFIT
        found = state(hass, entry, "lock", lock, "lock")
        assert found is not None and found.state == job_state
    assert jobs(simulator) == [
        (LOCK_BRIDGED, STATUS_JOB),
        (LOCK_BRIDGED, STATUS_JOB),
        (KEYPAD_RETROFIT, STATUS_JOB),
    ]


@pytest.mark.parametrize("key", ["refresh_battery", "refresh_status"])
async def test_failures(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, key: str
) -> None:
    """Who presses is told what went wrong."""
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    with pytest.raises(HomeAssistantError) as caught:
        await press(hass, entry, LOCK_BRIDGED, key)
    assert told(caught.value)[0] == "bridge_offline"
    simulator.igloohome.patch_device(BRIDGE, {"online": True})
    simulator.igloohome.switches.job_expiry_seconds = 0.05
    simulator.igloohome.patch_device(LOCK_BRIDGED, {"in_reach": False})
    with pytest.raises(HomeAssistantError) as caught:
        await press(hass, entry, LOCK_BRIDGED, key)
    assert told(caught.value) == (
        "operation_expired",
        {"lock": "Garden Gate", "detail": "(no reason given)"},
    )


async def test_a_door_goes_before(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Whoever stands at the door waits for one reading at most."""
    hold_bridges(simulator)
    pending = entry.runtime_data.bridges.pending
    readings = [
        asyncio.create_task(press(hass, entry, LOCK_BRIDGED, key))
        for key in ("refresh_battery", "refresh_status")
    ]
    await until(lambda: simulator.igloohome.jobs and pending(BRIDGE, "") == 2)
    lock = entity_id(hass, entry, "lock", LOCK_RETROFIT, "lock")
    locking = asyncio.create_task(
        hass.services.async_call("lock", "lock", {"entity_id": lock}, blocking=True)
    )
    await until(lambda: pending(BRIDGE, "") == 3)
    let_bridges_go(simulator)
    await asyncio.gather(locking, *readings)
    assert [number for _, number in jobs(simulator)] == [BATTERY_JOB, 1, STATUS_JOB]
