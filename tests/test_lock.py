"""Operating locks from afar, and what their entities show meanwhile."""

import asyncio
from datetime import timedelta
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.igloohome_access.lock import RELOCK
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
)
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_HUB_DOWN,
    SEAM_LOCK_OFFLINE,
)

from .conftest import SetUp
from .lock_cases import BOTH, DOOR, IGLOOHOME, JOBS, SEAM, WRITES, Case, operate, shown
from .online import hold_bridges
from .surface import entity_id, move_to, poll, state

pytestmark = pytest.mark.usefixtures("fast_jobs")


@BOTH
@pytest.mark.parametrize(
    ("action", "meanwhile", "after"),
    [
        ("lock", "locking", "locked"),
        ("unlock", "unlocking", "unlocked"),
        ("open", "opening", "unlocked"),
    ],
)
@pytest.mark.usefixtures("quiet_log")
async def test_done(
    hass: HomeAssistant,
    simulator: Simulator,
    lock: str,
    action: str,
    meanwhile: str,
    after: str,
) -> None:
    """The state shows what is being done, and then what was done."""
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    await operate(hass, action, lock)
    states = [
        new.state
        for event in events
        if event.data["entity_id"] == lock
        and (new := event.data["new_state"]) is not None
    ]
    assert states == [meanwhile, after]
    assert simulator.requests.count(path=WRITES, method="POST") == 1


@BOTH
async def test_the_state_comes_from_where_it_is_known(
    hass: HomeAssistant,
    simulator: Simulator,
    lock: str,
    case: Case,
    freezer: FrozenDateTimeFactory,
) -> None:
    """igloohome cannot know: assumed, and soon unknown. Seam knows."""
    found = hass.states.get(lock)
    assert found is not None
    assert found.attributes.get("assumed_state", False) is (case == IGLOOHOME)
    assert found.state == (STATE_UNKNOWN if case == IGLOOHOME else "locked")
    simulator.igloohome.switches.lock_job_seconds = 0
    await operate(hass, "unlock", lock)
    assert shown(hass, lock) == "unlocked"
    # The list is read again, and would never end once the clock has jumped.
    await hass.async_block_till_done(wait_background_tasks=True)
    await move_to(hass, freezer, RELOCK - timedelta(seconds=2))
    assert shown(hass, lock) == "unlocked"
    await move_to(hass, freezer, timedelta(seconds=4))
    assert shown(hass, lock) == (STATE_UNKNOWN if case == IGLOOHOME else "unlocked")


@pytest.mark.parametrize("case", [SEAM], ids=["seam"])
async def test_seam_lists_the_state_late(
    hass: HomeAssistant, simulator: Simulator, lock: str, seam_entry: MockConfigEntry
) -> None:
    """The result of an operation is shown until Seam tells the state."""
    with patch.object(seam_entry.runtime_data.coordinator, "async_request_refresh"):
        await operate(hass, "unlock", lock)
        assert shown(hass, lock) == "unlocked"
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"battery_level": 0.5})
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"locked": True})
    await poll(hass, seam_entry)
    assert shown(hass, lock) == "locked"


@pytest.mark.parametrize("case", [SEAM], ids=["seam"])
async def test_not_confirmed_by_the_lock(
    hass: HomeAssistant, simulator: Simulator, lock: str
) -> None:
    """Done, says the cloud, but not the lock: no state is made up."""
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"locked": None})
    simulator.seam.switches.was_confirmed_by_device = False
    await operate(hass, "unlock", lock)
    assert shown(hass, lock) == STATE_UNKNOWN


@pytest.mark.usefixtures("quiet_log")
async def test_hub_disconnected(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A lock whose bridge is away for a while is unavailable, but stays."""
    entry = await set_up(seam_entry)
    # Away from the very beginning: it appears with its bridge.
    assert entity_id(hass, entry, "lock", SEAM_LOCK_HUB_DOWN, "lock") is None
    assert entity_id(hass, entry, "lock", SEAM_LOCK_OFFLINE, "lock") is None
    flags = {"can_remotely_lock": True, "can_remotely_unlock": True}
    back = {"online": True, "errors": [], "locked": True, "flags": flags}
    gone = {
        "online": False,
        "errors": [{"error_code": "hub_disconnected", "message": "Gone"}],
        "flags": dict.fromkeys(flags, False),
    }
    for change, expected in (
        (back, "locked"),
        (gone, STATE_UNAVAILABLE),
        (back, "locked"),
    ):
        simulator.seam.patch_device(SEAM_LOCK_HUB_DOWN, change)
        await poll(hass, entry)
        found = state(hass, entry, "lock", SEAM_LOCK_HUB_DOWN, "lock")
        assert found is not None and found.state == expected

    # Also over a restart, and gone for good without its bridge.
    simulator.seam.patch_device(SEAM_LOCK_HUB_DOWN, gone)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    found = state(hass, entry, "lock", SEAM_LOCK_HUB_DOWN, "lock")
    assert found is not None and found.state == STATE_UNAVAILABLE
    simulator.seam.patch_device(SEAM_LOCK_HUB_DOWN, {"bridge_id": None})
    await poll(hass, entry)
    assert entity_id(hass, entry, "lock", SEAM_LOCK_HUB_DOWN, "lock") is None


async def test_open_only_where_it_can_be_unlocked(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A lock that can only be locked from afar offers nothing else."""
    simulator.seam.patch_device(
        SEAM_LOCK_BRIDGED, {"flags": {"can_remotely_unlock": False}}
    )
    entry = await set_up(seam_entry)
    found = state(hass, entry, "lock", SEAM_LOCK_BRIDGED, "lock")
    assert found is not None and found.attributes["supported_features"] == 0
    with pytest.raises(HomeAssistantError):
        await operate(hass, "open", found.entity_id)
    assert simulator.requests.count(path=DOOR) == 0


async def test_gone_while_operated(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    quiet_log: None,
) -> None:
    """A lock that leaves the account in the middle of it does no harm."""
    entry = await set_up(igloohome_entry)
    lock = entity_id(hass, entry, "lock", LOCK_BRIDGED, "lock")
    assert lock is not None
    hold_bridges(simulator)
    operating = hass.async_create_task(
        hass.services.async_call("lock", "unlock", {"entity_id": lock}, blocking=True)
    )
    while not simulator.requests.count(path=JOBS):
        await asyncio.sleep(0.01)
    simulator.igloohome.patch_device(
        BRIDGE, {"linked": [LOCK_RETROFIT, LOCK_UNBRIDGED]}
    )
    await entry.runtime_data.coordinator.async_refresh()
    assert hass.states.get(lock) is None
    simulator.faults.add("/igloohome/jobs/", "status", status=404, times=None)
    with pytest.raises(HomeAssistantError):
        await operating
    assert hass.states.get(lock) is None
