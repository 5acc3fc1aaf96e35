"""Answers that were on their way when something was done, and callers who give up."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import automation
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.ledger_file import LedgerStore
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_HUB_DOWN

from .codes import account_of, create, records_of
from .lock_cases import BOTH, IGLOOHOME, SEAM, Case, failed, operate, shown
from .news import listen
from .online import change, delete, make, one, record_of
from .surface import codes, entity_id, move_to, poll

pytestmark = pytest.mark.usefixtures("fast_jobs", "instant_reads")

SECOND = timedelta(seconds=1)
WINDOW = {"starts_at": "2030-06-01 15:10:00", "ends_at": "2030-06-03 11:20:00"}
ON_IGLOOHOME = pytest.mark.parametrize("case", [IGLOOHOME], ids=["igloohome"])
ON_SEAM = pytest.mark.parametrize("case", [SEAM], ids=["seam"])


class Held:
    """An answer of a cloud that is there but has not been handed over yet."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.asked = asyncio.Event()
        self.let_go = asyncio.Event()


@contextmanager
def held(cloud: Any, method: str) -> Generator[Held]:
    """Hold the answer of the next read of a cloud until it is let go."""
    holding, real = Held(), getattr(cloud, method)

    async def read(*args: Any, **more: Any) -> Any:
        answer = await real(*args, **more)
        if not holding.asked.is_set():
            holding.asked.set()
            await holding.let_go.wait()
        return answer

    with patch.object(cloud, method, read):
        yield holding


# Locks


@ON_IGLOOHOME
async def test_who_gives_up_does_not_break_off_a_reading(
    hass: HomeAssistant, lock: str, igloohome_entry: MockConfigEntry
) -> None:
    """A script that is stopped at the end of an operation makes no lock unavailable."""
    account = account_of(igloohome_entry)
    with held(account.cloud, "async_list_devices") as listing:
        operating = asyncio.create_task(operate(hass, "unlock", lock))
        await listing.asked.wait()
        operating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await operating
        listing.let_go.set()
        await hass.async_block_till_done()
    # What is not available is not operated, and nobody is told.
    assert account.coordinator.last_update_success
    await operate(hass, "lock", lock)
    assert shown(hass, lock) == "locked"


@ON_SEAM
async def test_a_list_that_is_older_than_the_operation(
    hass: HomeAssistant, simulator: Simulator, lock: str, seam_entry: MockConfigEntry
) -> None:
    """What a poll was told before a door was unlocked does not show it as locked."""
    account = account_of(seam_entry)
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"battery_level": 0.5})
    with (
        held(account.cloud, "async_list_devices") as listing,
        patch.object(account.coordinator, "async_request_refresh"),
    ):
        polling = asyncio.create_task(account.coordinator.async_refresh())
        await listing.asked.wait()
        await operate(hass, "unlock", lock)
        listing.let_go.set()
        await polling
    assert shown(hass, lock) == "unlocked"
    # The next list is newer than what was done.
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"battery_level": 0.4})
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"locked": True})
    await poll(hass, seam_entry)
    assert shown(hass, lock) == "locked"


@ON_SEAM
async def test_a_failure_after_a_success(
    hass: HomeAssistant, simulator: Simulator, lock: str, seam_entry: MockConfigEntry
) -> None:
    """A list from before is no evidence of a bolt that was moved twice since."""
    coordinator = account_of(seam_entry).coordinator
    assert shown(hass, lock) == "locked"
    with patch.object(coordinator, "async_request_refresh"):
        await operate(hass, "unlock", lock)
        assert shown(hass, lock) == "unlocked"
        simulator.seam.switches.attempt_outcome = "error"
        key, _ = await failed(hass, "lock", lock)
        assert key == "operation_failed"
        assert shown(hass, lock) == STATE_UNKNOWN
    await poll(hass, seam_entry)
    assert shown(hass, lock) == "unlocked"
    with patch.object(coordinator, "async_request_refresh"):
        await failed(hass, "lock", lock)
        assert shown(hass, lock) == STATE_UNKNOWN
    # What it says is the same as before, but it is newer than what was tried.
    await poll(hass, seam_entry)
    assert shown(hass, lock) == "unlocked"


@ON_SEAM
async def test_a_list_from_the_middle_of_an_operation(
    hass: HomeAssistant, simulator: Simulator, lock: str, seam_entry: MockConfigEntry
) -> None:
    """It does not know either how an operation ended that nobody can tell of."""
    account = account_of(seam_entry)
    simulator.seam.switches.attempt_outcome = "pending"
    with (
        held(account.cloud, "async_get_job") as looking,
        patch.object(account.coordinator, "async_request_refresh"),
    ):
        operating = asyncio.create_task(failed(hass, "unlock", lock))
        await looking.asked.wait()
        await account.coordinator.async_refresh()
        simulator.faults.add("/seam/action_attempts/get", "status", status=404)
        looking.let_go.set()
        key, _ = await operating
        assert key == "operation_unknown"
        assert shown(hass, lock) == STATE_UNKNOWN


@ON_SEAM
async def test_a_failed_operation_has_the_list_read(
    hass: HomeAssistant, simulator: Simulator, lock: str
) -> None:
    """The cloud may know how the bolt is now; nobody else does."""
    simulator.seam.switches.attempt_outcome = "error"
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"locked": False})
    await failed(hass, "lock", lock)
    assert shown(hass, lock) == "unlocked"


@ON_IGLOOHOME
async def test_a_failed_operation_has_the_log_read(
    hass: HomeAssistant,
    simulator: Simulator,
    lock: str,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A job that nobody can tell of may still have opened the door."""
    simulator.faults.add("/igloohome/jobs/", "status", status=404, times=None)
    key, _ = await failed(hass, "unlock", lock)
    assert key == "operation_unknown"
    await move_to(hass, freezer, 10 * SECOND)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests.count(path=f"{LOCK_BRIDGED}/activity$") == 1


@BOTH
async def test_unloaded_in_the_middle_of_an_operation(
    hass: HomeAssistant,
    simulator: Simulator,
    lock: str,
    case: Case,
    igloohome_entry: MockConfigEntry,
    seam_entry: MockConfigEntry,
) -> None:
    """Nothing is read any more, which unloading would have to wait for."""
    entry = igloohome_entry if case == IGLOOHOME else seam_entry
    simulator.seam.switches.attempt_outcome = "pending"
    with held(account_of(entry).cloud, "async_get_job") as looking:
        operating = asyncio.create_task(failed(hass, "unlock", lock))
        await looking.asked.wait()
        lists = simulator.requests.count(path="/devices(/list)?$")
        assert lists > 0
        assert await hass.config_entries.async_unload(entry.entry_id)
        key, _ = await operating
    assert key == "operation_unknown"
    await hass.async_block_till_done()
    assert simulator.requests.count(path="/devices(/list)?$") == lists


@ON_SEAM
async def test_an_automation_in_the_middle_of_a_reading(
    hass: HomeAssistant,
    simulator: Simulator,
    lock: str,
    freezer: FrozenDateTimeFactory,
    seam_entry: MockConfigEntry,
) -> None:
    """What a door is found to be may at once have another one operated."""
    account = account_of(seam_entry)
    works = {"can_remotely_lock": True, "can_remotely_unlock": True}
    simulator.seam.patch_device(
        SEAM_LOCK_HUB_DOWN,
        {"online": True, "errors": [], "locked": True, "flags": works},
    )
    await poll(hass, seam_entry)
    other = entity_id(hass, seam_entry, "lock", SEAM_LOCK_HUB_DOWN, "lock")
    assert other is not None
    follows = {
        "triggers": {"trigger": "state", "entity_id": lock, "to": "locked"},
        "actions": {"action": "lock.unlock", "target": {"entity_id": other}},
    }
    assert await async_setup_component(
        hass, automation.DOMAIN, {automation.DOMAIN: follows}
    )
    freezer.tick(SECOND)
    account.evidence.async_note(SEAM_LOCK_BRIDGED, None, None, dt_util.utcnow())
    assert shown(hass, lock) == STATE_UNKNOWN
    freezer.tick(SECOND)
    await poll(hass, seam_entry)
    assert account.coordinator.last_update_success
    assert shown(hass, lock) == "locked"
    assert shown(hass, other) == "unlocked"


@ON_SEAM
async def test_a_clock_that_was_set_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    lock: str,
    seam_entry: MockConfigEntry,
) -> None:
    """What is done after that is shown, although it seems older than what was."""
    coordinator = account_of(seam_entry).coordinator
    with patch.object(coordinator, "async_request_refresh"):
        await operate(hass, "unlock", lock)
        assert shown(hass, lock) == "unlocked"
        freezer.tick(-timedelta(hours=1))
        await operate(hass, "lock", lock)
        assert shown(hass, lock) == "locked"
        freezer.tick(SECOND)
        await operate(hass, "unlock", lock)
        assert shown(hass, lock) == "unlocked"


# Online codes on Seam


async def test_a_list_that_is_older_than_the_deletion(
    hass: HomeAssistant, seam: MockConfigEntry
) -> None:
    """A code that was deleted meanwhile does not come back."""
    code = await make(hass, seam, **WINDOW)
    account = account_of(seam)
    with held(account.cloud, "async_list_codes") as listing:
        reading = asyncio.create_task(
            account.inventory.async_read_list(SEAM_LOCK_BRIDGED, managed=True)
        )
        await listing.asked.wait()
        assert (await delete(hass, code))["still_opens"] is False
        listing.let_go.set()
        await reading
    assert record_of(seam).vanished_at is not None
    assert await codes(hass) == []


async def test_a_list_that_is_older_than_the_change(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """A code that was changed meanwhile keeps its new digits; later ones count."""
    code = await make(hass, seam, pin="4711")
    account = account_of(seam)
    cloud_id = one(simulator)["access_code_id"]
    with held(account.cloud, "async_get_codes") as listing:
        reading = asyncio.create_task(account.inventory.async_read_codes((cloud_id,)))
        await listing.asked.wait()
        await change(hass, code, pin="8293")
        listing.let_go.set()
        await reading
    assert record_of(seam).pin == "8293"
    simulator.seam.patch_code(cloud_id, {"code": "5527"})
    await account.inventory.async_read_codes((cloud_id,))
    assert record_of(seam).pin == "5527"


# What happened at the door


async def test_who_reads_a_log_gives_up(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Every row that was read is told, and every use recorded, once."""
    for _ in range(2):
        await create(hass, igloohome, LOCK_BRIDGED)
    door = listen(hass, igloohome, LOCK_BRIDGED, "door")
    for record in records_of(igloohome):
        assert record.pin is not None
        assert simulator.igloohome.enter_pin(LOCK_BRIDGED, record.pin)
        simulator.clock.advance(SECOND)
    simulator.igloohome.upload_log(LOCK_BRIDGED)
    news = account_of(igloohome).news
    writing, let_go = asyncio.Event(), asyncio.Event()
    write = LedgerStore._async_write_data

    async def slowly(store: LedgerStore, data: dict[str, Any]) -> None:
        writing.set()
        await let_go.wait()
        await write(store, data)

    with patch.object(LedgerStore, "_async_write_data", slowly):
        reading = asyncio.create_task(news.async_read_log(LOCK_BRIDGED))
        await writing.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        let_go.set()
        await hass.async_block_till_done()
    await news.async_read_log(LOCK_BRIDGED)
    await hass.async_block_till_done()
    assert door.types == ["unlocked", "unlocked"]
    assert [r.first_used_at is None for r in records_of(igloohome)] == [False, False]
