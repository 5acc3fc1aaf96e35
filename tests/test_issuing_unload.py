"""Issuing while the account is unloaded, or Home Assistant stops."""

from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.clouds.base import (
    CloudRateLimitedError,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.ledger import LedgerUnwritableError
from custom_components.igloohome_access.model import RecordState
from simulator import Simulator

from .codes import (
    account_of,
    assert_nothing_lost,
    create,
    live_pins,
    lock_of,
    records_of,
    until,
)
from .conftest import SetUp
from .issuing import CREATE, SlowDisk, issue, path_of, requests

pytestmark = pytest.mark.usefixtures("instant_reads")


@pytest.fixture
async def patience() -> AsyncGenerator[None]:
    """Wait for the next attempt as long as in real life."""
    with patch(
        "custom_components.igloohome_access.issuing.ATTEMPT_PAUSES", (0, 3600, 3600)
    ):
        yield


type Leave = Callable[[HomeAssistant, MockConfigEntry], Any]
LEAVE: dict[str, Leave] = {
    "unload": lambda hass, entry: hass.config_entries.async_unload(entry.entry_id),
    "reload": lambda hass, entry: hass.config_entries.async_reload(entry.entry_id),
    "remove": lambda hass, entry: hass.config_entries.async_remove(entry.entry_id),
}


async def reopened(
    hass: HomeAssistant, entry: MockConfigEntry, set_up: SetUp, leave: str
) -> MockConfigEntry:
    """Return the account loaded again, after whatever was done to it."""
    if leave == "remove":
        entry = MockConfigEntry(
            domain=entry.domain, unique_id=entry.unique_id, data=dict(entry.data)
        )
        await set_up(entry)
    elif leave == "unload":
        await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


@pytest.mark.parametrize("leave", LEAVE)
async def test_account_goes_while_the_cloud_works(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    set_up: SetUp,
    leave: str,
) -> None:
    """Wait for the answer that is on its way, record it, and still answer."""
    simulator.faults.add(path_of(entry), "delay", delay=0.1)
    caller = issue(hass, entry)
    await until(lambda: requests(simulator))
    await LEAVE[leave](hass, entry)
    issued = await caller
    assert issued.record.state is RecordState.ISSUED
    entry = await reopened(hass, entry, set_up, leave)
    assert_nothing_lost(entry, simulator)
    assert [r.code_id for r in records_of(entry)] == [issued.record.code_id]
    assert requests(simulator) == 1


@pytest.mark.parametrize("leave", LEAVE)
@pytest.mark.usefixtures("patience")
async def test_account_goes_between_attempts(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    set_up: SetUp,
    leave: str,
) -> None:
    """Make no further attempt, and leave the request to who comes next."""
    simulator.faults.add(path_of(entry), "drop_after")
    caller = issue(hass, entry)
    await until(lambda: live_pins(simulator))
    await LEAVE[leave](hass, entry)
    with pytest.raises(OutcomeUnknownError):
        await caller
    assert requests(simulator) == 1
    entry = await reopened(hass, entry, set_up, leave)
    assert_nothing_lost(entry, simulator)
    assert len(live_pins(simulator)) == 1


@pytest.mark.usefixtures("patience")
async def test_account_goes_while_told_to_wait(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Free the reservation when certainly nothing was made."""
    simulator.faults.add(path_of(entry), "status", status=429, retry_after=20)
    ledger = account_of(entry).book.ledger
    caller = issue(hass, entry)
    await until(lambda: requests(simulator))
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(CloudRateLimitedError):
        await caller
    assert not ledger.records


async def test_account_goes_while_reserving(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Ask for nothing once the account is being unloaded, and leave nothing."""
    ledger = account_of(entry).book.ledger
    await account_of(entry).inventory.async_ensure_fresh(lock_of(entry))
    disk = SlowDisk()
    with disk.patched:
        reserving = issue(hass, entry)
        waiting = issue(hass, entry)
        await until(lambda: disk.waiting)
        unloading = hass.async_create_task(
            hass.config_entries.async_unload(entry.entry_id)
        )
        issuer = account_of(entry).issuer
        await until(issuer._closing.is_set)
        disk.go_on.set()
        for caller in (reserving, waiting):
            with pytest.raises(HomeAssistantError) as caught:
                await caller
            assert caught.value.translation_key == "account_not_loaded"
            assert caught.value.translation_placeholders == {"account": entry.title}
        assert await unloading
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert requests(simulator) == 0
    assert not ledger.records


async def test_account_goes_while_waiting_for_a_turn(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator
) -> None:
    """Let nobody wait for twenty requests in a row when the account goes."""
    simulator.faults.add(CREATE, "delay", delay=0.1, times=None)
    ledger = account_of(seam).book.ledger
    first = issue(hass, seam)
    await until(lambda: requests(simulator))
    second = issue(hass, seam)
    await until(lambda: len(records_of(seam)) == 2)
    await hass.config_entries.async_unload(seam.entry_id)
    assert (await first).record.state is RecordState.ISSUED
    with pytest.raises(HomeAssistantError) as caught:
        await second
    assert caught.value.translation_key == "account_not_loaded"
    assert requests(simulator) == 1
    assert len(ledger.records) == 1


async def test_reload_while_waiting_for_the_pin(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator
) -> None:
    """Answer without the PIN, and do not write over what comes after the reload."""
    with patch("custom_components.igloohome_access.issuing.PIN_PAUSES", (3600,)):
        caller = issue(hass, seam)
        await until(lambda: [r for r in records_of(seam) if r.cloud_id])
        before = account_of(seam)
        await hass.config_entries.async_reload(seam.entry_id)
        issued = await caller
    assert issued.record.pin is None
    simulator.clock.advance(timedelta(minutes=1))
    simulator.seam.switches.pin_assignment_seconds = 0
    await create(hass, seam, lock_of(seam), name="Second")
    # What still holds on to the account as it was changes nothing any more.
    await before.book.async_remove([issued.record.code_id])
    await before.inventory.async_read_lock(lock_of(seam))
    await hass.config_entries.async_reload(seam.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert_nothing_lost(seam, simulator)
    assert len(records_of(seam)) == 2


async def test_new_calls_while_home_assistant_stops(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Ask for nothing that would not be on the disk before the answer comes."""
    hass.set_state(CoreState.stopping)
    with pytest.raises(LedgerUnwritableError):
        await create(hass, entry, lock_of(entry))
    hass.set_state(CoreState.running)
    assert requests(simulator) == 0
    assert records_of(entry) == []


@pytest.mark.usefixtures("patience")
async def test_home_assistant_stops_in_between(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """Record an answer before the last write, and wait for nothing longer."""
    simulator.faults.add(path_of(entry), "delay", delay=0.1)
    caller = issue(hass, entry)
    await until(lambda: requests(simulator))
    simulator.faults.add(path_of(entry), "drop_before")
    hass.set_state(CoreState.stopping)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert caller.done()
    (key,) = (key for key in hass_storage if ".ledger_" in key)
    hass.set_state(CoreState.final_write)
    hass.bus.async_fire("homeassistant_final_write")
    await hass.async_block_till_done()
    (stored,) = hass_storage[key]["data"]["records"]
    assert stored["state"] == "issued"
    hass.set_state(CoreState.running)
    assert_nothing_lost(entry, simulator)
