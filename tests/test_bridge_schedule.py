"""Readings through bridges that nobody asks for: when, how quietly, and no longer."""

from datetime import datetime, timedelta
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.bridge_schedule import PERIODS, TRY_AGAIN
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.turns import next_turn
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
)

from .conftest import IGLOOHOME_UNIQUE_ID, SetUp
from .lock_cases import failed
from .surface import NOW, entity_id, move_to, poll, state

pytestmark = pytest.mark.usefixtures("fast_jobs", "quiet_log")

BATTERY_JOB, STATUS_JOB = 9, 10
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
READABLE = (LOCK_BRIDGED, LOCK_RETROFIT, KEYPAD_RETROFIT)


@pytest.mark.parametrize("period", PERIODS.values())
def test_turns_are_spread(period: timedelta) -> None:
    """Each device has its own moment in a period, and keeps to it."""
    turns = [next_turn(f"IGB4{number:08x}", period, NOW) for number in range(100)]
    assert all(NOW < turn <= NOW + period for turn in turns)
    tenths = {int((turn - NOW) / period * 10) for turn in turns}
    assert tenths == set(range(10))
    for number, turn in enumerate(turns):
        name = f"IGB4{number:08x}"
        assert next_turn(name, period, turn - SECOND) == turn
        assert next_turn(name, period, turn) == turn + period
        assert next_turn(name, period, turn + 3.5 * period) == turn + 4 * period


@pytest.fixture
async def entry(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    request: pytest.FixtureRequest,
) -> MockConfigEntry:
    """Return an account at a fixed moment, whose bridge is done at once."""
    freezer.move_to(NOW)
    simulator.igloohome.switches.query_job_seconds = 0
    simulator.igloohome.switches.lock_job_seconds = 0
    igloohome_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        igloohome_entry, options={"bridge_refresh": getattr(request, "param", "off")}
    )
    await hass.config_entries.async_setup(igloohome_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return igloohome_entry


DAILY = pytest.mark.parametrize("entry", ["daily"], indirect=True)


async def wait_until(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, moment: datetime | timedelta
) -> None:
    """Let time pass, and everything that it brings about."""
    await move_to(hass, freezer, moment)
    await hass.async_block_till_done(wait_background_tasks=True)


def jobs(simulator: Simulator) -> list[tuple[str, int]]:
    """Return the jobs so far, as device and number."""
    return [(job.device.device_id, job.job_type) for job in simulator.igloohome.jobs]


def both(device_id: str) -> list[tuple[str, int]]:
    """Return the two readings of a device."""
    return [(device_id, BATTERY_JOB), (device_id, STATUS_JOB)]


@pytest.mark.parametrize("entry", ["daily", "weekly"], indirect=True)
async def test_in_turn(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Every device is read once a period, at its own moment, and shown at once."""
    period = PERIODS[entry.options["bridge_refresh"]]
    turns = sorted((next_turn(name, period, NOW), name) for name in READABLE)
    expected: list[tuple[str, int]] = []
    for moment, name in turns:
        await wait_until(hass, freezer, moment - 30 * SECOND)
        assert jobs(simulator) == expected
        await wait_until(hass, freezer, moment + SECOND)
        expected += both(name)
        assert jobs(simulator) == expected
    found = state(hass, entry, "sensor", LOCK_BRIDGED, "battery")
    assert found is not None
    assert found.state == "61"
    moment, name = turns[0]
    await wait_until(hass, freezer, moment + period + SECOND)
    assert jobs(simulator) == [*expected, *both(name)]


async def test_off(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Without the option nothing is read."""
    for _ in range(3):
        await wait_until(hass, freezer, 5 * DAY)
    assert jobs(simulator) == []


@DAILY
async def test_all_that_was_missed(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """After a computer slept, each device is read once, one job at a time."""
    await wait_until(hass, freezer, 3 * DAY)
    assert sorted(jobs(simulator)) == sorted(
        job for name in READABLE for job in both(name)
    )


@DAILY
async def test_locks_come_and_go(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Only what a bridge has now is read."""
    simulator.igloohome.patch_device(BRIDGE, {"linked": []})
    await poll(hass, entry)
    await wait_until(hass, freezer, 2 * DAY)
    assert jobs(simulator) == []
    simulator.igloohome.patch_device(BRIDGE, {"linked": [LOCK_BRIDGED]})
    await poll(hass, entry)
    await wait_until(hass, freezer, DAY)
    assert jobs(simulator) == both(LOCK_BRIDGED)


@DAILY
async def test_quiet(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A reading that fails is no reason to tell anybody, and not repeated."""
    caplog.set_level(logging.DEBUG)
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    turn = next_turn(LOCK_BRIDGED, DAY, NOW)
    await wait_until(hass, freezer, turn + SECOND)
    assert jobs(simulator) == []
    assert "A reading came to nothing: bridge_offline" in caplog.text


@DAILY
async def test_ends_with_the_account(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """An account that is not loaded reads nothing."""
    await hass.config_entries.async_unload(entry.entry_id)
    await wait_until(hass, freezer, 2 * DAY)
    assert jobs(simulator) == []


async def test_seam_reads_by_itself(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """There is nothing to schedule where the cloud has no such operations."""
    seam_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        seam_entry, options={"bridge_refresh": "daily"}
    )
    await hass.config_entries.async_setup(seam_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await wait_until(hass, freezer, 2 * DAY)
    assert len(simulator.seam.store.attempts) == 0


def _is_reported(hass: HomeAssistant) -> bool:
    issue_id = f"device_{IGLOOHOME_UNIQUE_ID}:{BRIDGE}"
    return ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None


async def test_a_lost_bridge_is_tried(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Once an hour, also without the option: so it is noticed when it is back."""
    lock = entity_id(hass, entry, "lock", LOCK_BRIDGED, "lock")
    bridge = entity_id(hass, entry, "binary_sensor", BRIDGE, "online")
    assert lock is not None and bridge is not None

    def connected() -> Any:
        found = hass.states.get(bridge)
        return None if found is None else found.state

    await wait_until(hass, freezer, TRY_AGAIN + SECOND)
    assert jobs(simulator) == []
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    await failed(hass, "unlock", lock)
    assert connected() == STATE_OFF
    for hours in (1, 2):
        assert not _is_reported(hass), hours
        await wait_until(hass, freezer, TRY_AGAIN)
    assert _is_reported(hass)
    simulator.igloohome.patch_device(BRIDGE, {"online": True})
    assert connected() == STATE_OFF
    await wait_until(hass, freezer, TRY_AGAIN)
    assert connected() == STATE_ON
    assert not _is_reported(hass)
    assert [number for _, number in jobs(simulator)] == [STATUS_JOB]
    await wait_until(hass, freezer, TRY_AGAIN)
    assert len(jobs(simulator)) == 1


async def test_a_lost_bridge_without_locks(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A bridge that has nothing to read cannot be tried."""
    lock = entity_id(hass, entry, "lock", LOCK_BRIDGED, "lock")
    assert lock is not None
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    await failed(hass, "unlock", lock)
    simulator.igloohome.patch_device(BRIDGE, {"linked": [], "online": True})
    await poll(hass, entry)
    await wait_until(hass, freezer, TRY_AGAIN)
    assert jobs(simulator) == []
