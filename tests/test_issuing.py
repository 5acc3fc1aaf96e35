"""Issuing: one call one code, whatever happens to the caller or the disk."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.igloohome_access.issuing import REQUESTS_AT_A_TIME
from custom_components.igloohome_access.ledger import LedgerUnwritableError
from custom_components.igloohome_access.model import CodeKind, RecordState
from custom_components.igloohome_access.rules import RuleViolation
from simulator import Simulator

from .codes import (
    NAME,
    account_of,
    assert_nothing_lost,
    create,
    live_pins,
    lock_of,
    records_of,
    settle,
    until,
)
from .conftest import SetUp
from .issuing import ALGOPIN, SlowDisk, issue, path_of, plan_of, requests
from .surface import act

pytestmark = pytest.mark.usefixtures("instant_reads")


# Several calls at once


async def test_many_locks(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """However many codes are wanted, each cloud has to make a few at a time."""
    simulator.reset("large:20")
    simulator.seam.switches.rate_limits = False
    simulator.seam.switches.pin_assignment_seconds = 0
    for entry in (igloohome_entry, seam_entry):
        await set_up(entry)
        # Long enough that a busy machine has begun as many as may be under way.
        simulator.faults.add(path_of(entry), "delay", delay=1.0, times=None)
    locks = {
        entity.device_id
        for entity in er.async_get(hass).entities.values()
        if entity.domain == "lock"
    }
    making = hass.async_create_task(
        act(hass, "create_one_time_code", device_id=sorted(locks), name=NAME)
    )
    most = 0
    while not making.done():
        await asyncio.sleep(0.01)
        for entry in (igloohome_entry, seam_entry):
            asked = simulator.requests.select(path=path_of(entry))
            most = max(most, sum(request.status == 0 for request in asked))
    assert most == REQUESTS_AT_A_TIME
    assert ["pin" in code for code in making.result()["codes"]] == [True] * 40
    assert requests(simulator) == 40


@pytest.mark.parametrize("count", [2, 20])
@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        (CodeKind.HOURLY, 3),
        (CodeKind.DAILY, 3),
        (CodeKind.ONE_TIME, 5),
        (CodeKind.PERMANENT, 3),
    ],
)
async def test_simultaneous_calls(
    hass: HomeAssistant,
    igloohome: MockConfigEntry,
    simulator: Simulator,
    kind: CodeKind,
    limit: int,
    count: int,
) -> None:
    """Give each call a variance of its own, then refuse without asking."""
    results = await asyncio.gather(
        *(create(hass, igloohome, lock_of(igloohome), kind) for _ in range(count)),
        return_exceptions=True,
    )
    made = [result for result in results if isinstance(result, dict)]
    refused = [r for r in results if isinstance(r, ServiceValidationError)]
    assert len(made) == min(count, limit)
    assert len(made) + len(refused) == count
    assert {err.translation_key for err in refused} <= {"no_variance_left"}
    assert len({code["pin"] for code in made}) == len(made)
    assert requests(simulator) == len(made)
    variances = {record.variance for record in records_of(igloohome)}
    assert variances == set(range(1, len(made) + 1))
    assert_nothing_lost(igloohome, simulator)


@pytest.mark.parametrize("count", [2, 20])
async def test_simultaneous_calls_on_seam(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator, count: int
) -> None:
    """Refuse what Seam could only refuse, without asking it."""
    simulator.requests.clear()
    # The lists that were read after the start are not fresh any more.
    account_of(seam).inventory._read_at.clear()
    results = await asyncio.gather(
        *(create(hass, seam, lock_of(seam)) for _ in range(count)),
        return_exceptions=True,
    )
    made = [result for result in results if isinstance(result, dict)]
    assert len(made) == min(count, 3)
    assert requests(simulator) == len(made)
    # One reading of the lock for all of them.
    assert simulator.requests.count(path="/unmanaged/list$") == 1
    assert_nothing_lost(seam, simulator)


async def test_two_accounts_at_once(
    hass: HomeAssistant,
    igloohome: MockConfigEntry,
    seam: MockConfigEntry,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """Keep the codes of two accounts apart."""
    await asyncio.gather(
        create(hass, igloohome, lock_of(igloohome)), create(hass, seam, lock_of(seam))
    )
    assert len(records_of(igloohome)) == len(records_of(seam)) == 1
    ledgers = {key: v for key, v in hass_storage.items() if ".ledger_" in key}
    assert len(ledgers) == 2
    for stored in ledgers.values():
        assert len(stored["data"]["records"]) == 1
    await hass.config_entries.async_remove(seam.entry_id)
    await create(hass, igloohome, lock_of(igloohome))
    assert len(records_of(igloohome)) == 2


async def test_preview_sends_and_keeps_nothing(
    igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Tell what a code would be, and that there is none left."""
    account, plan = account_of(igloohome), plan_of(igloohome)
    device = account.coordinator.data[lock_of(igloohome)]
    for _ in range(5):
        notices = account.issuer.preview(device, plan)
    assert [n.key for n in notices] == [n.key for n in plan.notices]
    assert requests(simulator) == 0
    for _ in range(3):
        await account.issuer.async_issue(device, plan, NAME)
    with pytest.raises(RuleViolation) as caught:
        account.issuer.preview(device, plan)
    assert caught.value.key == "no_variance_left"


async def test_refused_code_frees_its_variance(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Use the number of a refused code again."""
    simulator.faults.add(ALGOPIN, "status", status=400)
    with pytest.raises(HomeAssistantError):
        await create(hass, igloohome, lock_of(igloohome))
    await create(hass, igloohome, lock_of(igloohome))
    assert [record.variance for record in records_of(igloohome)] == [1]


# The disk


async def test_disk_full_before(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Ask for nothing that could not be recorded."""
    with (
        patch.object(Store, "_async_write_data", side_effect=WriteError("full")),
        pytest.raises(LedgerUnwritableError) as caught,
    ):
        await create(hass, entry, lock_of(entry))
    assert caught.value.translation_key == "ledger_unwritable"
    assert requests(simulator) == 0
    assert records_of(entry) == []
    assert list(account_of(entry).book) == []
    await create(hass, entry, lock_of(entry))
    assert_nothing_lost(entry, simulator)


async def test_disk_full_after(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """Answer with the code although it could not be recorded yet, and record it."""
    simulator.seam.switches.pin_assignment_seconds = 0
    real, full = Store._async_write_data, False

    async def write(store: Store[Any], data: dict[str, Any]) -> None:
        if full and "ledger" in store.key:
            raise WriteError("full")
        await real(store, data)

    cloud = account_of(entry).cloud
    make = cloud.async_create_offline_code

    async def fill(request: Any) -> Any:
        nonlocal full
        full = True
        return await make(request)

    with (
        patch.object(Store, "_async_write_data", write),
        patch.object(cloud, "async_create_offline_code", fill),
    ):
        code = await create(hass, entry, lock_of(entry))
        assert len(code["pin"]) == 9
        (key,) = (key for key in hass_storage if ".ledger_" in key)
        stored = hass_storage[key]["data"]["records"]
        assert [record["state"] for record in stored] == ["requested"]
        # A reload does not lose it either.
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert [record.pin for record in records_of(entry)] == [code["pin"]]
        full = False
        freezer.tick(timedelta(minutes=15))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    stored = hass_storage[key]["data"]["records"]
    assert [record["pin"] for record in stored] == [code["pin"]]
    assert requests(simulator) == 1


async def test_crash_before_the_answer_was_recorded(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """Find or finish after a restart what was only reserved on the disk."""
    await create(hass, entry, lock_of(entry))
    (key,) = (key for key in hass_storage if ".ledger_" in key)
    await hass.config_entries.async_unload(entry.entry_id)
    (stored,) = hass_storage[key]["data"]["records"]
    stored |= {"state": "requested", "cloud_id": None, "pin": None, "issued_at": None}
    hass.data.pop("igloohome_access_ledger_stores")
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert_nothing_lost(entry, simulator)
    assert len(live_pins(simulator)) == 1


# The caller


async def test_caller_gives_up_while_reserving(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Make nothing for a caller who gave up before the request left."""
    await account_of(entry).inventory.async_ensure_fresh(lock_of(entry))
    disk = SlowDisk()
    with disk.patched:
        caller = issue(hass, entry)
        waiting = issue(hass, entry)
        await until(lambda: disk.waiting)
        caller.cancel()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        disk.go_on.set()
        await hass.async_block_till_done()
    assert requests(simulator) == 0
    assert records_of(entry) == []
    assert list(account_of(entry).book) == []
    await settle(hass, entry)
    assert live_pins(simulator) == set()


async def test_caller_gives_up_while_the_cloud_works(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Record the code for a caller who gave up after the request left."""
    simulator.faults.add(path_of(entry), "delay", delay=0.1)
    caller = issue(hass, entry)
    await until(lambda: requests(simulator))
    (code_id,) = account_of(entry).book.ledger.records
    assert account_of(entry).issuer.is_under_way(code_id)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await hass.async_block_till_done()
    assert not account_of(entry).issuer.is_under_way(code_id)
    assert_nothing_lost(entry, simulator)
    assert len(live_pins(simulator)) == 1


async def test_caller_gives_up_and_it_fails(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Say nothing in the log about a refusal nobody waits for any more."""
    simulator.faults.add(path_of(entry), "status", status=400, delay=0.1)
    caller = issue(hass, entry)
    await until(lambda: requests(simulator))
    caller.cancel()
    await hass.async_block_till_done()
    assert records_of(entry) == []
    assert not [r for r in caplog.records if r.levelname in ("ERROR", "WARNING")][1:]


async def test_caller_gives_up_while_recording(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Record the code for a caller who gave up while the disk was busy."""
    await account_of(entry).inventory.async_ensure_fresh(lock_of(entry))
    simulator.faults.add(path_of(entry), "delay", delay=0.1)
    disk = SlowDisk()
    caller = issue(hass, entry)
    await until(lambda: requests(simulator))
    with disk.patched:
        await until(lambda: disk.waiting)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        disk.go_on.set()
        await hass.async_block_till_done()
    assert_nothing_lost(entry, simulator)
    assert len(live_pins(simulator)) == 1


async def test_something_goes_wrong_unexpectedly(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Keep the reservation and tell of the mistake, also when nobody waits."""
    cloud = account_of(entry).cloud
    with patch.object(cloud, "async_create_offline_code", side_effect=KeyError("oops")):
        with pytest.raises(KeyError):
            await issue(hass, entry)
        await hass.async_block_till_done()
    # Kind and place; the text of such an error might hold a PIN.
    assert "went wrong unexpectedly: KeyError" in caplog.text
    assert "oops" not in caplog.text
    assert [r.state for r in records_of(entry)] == [RecordState.REQUESTED]
    with patch("custom_components.igloohome_access.issuing.SETTLING", timedelta()):
        await settle(hass, entry)
    assert_nothing_lost(entry, simulator)


# Waiting as the cloud asks


async def test_waits_as_long_as_asked(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Wait for the moment the cloud names, but never after the last attempt."""
    simulator.faults.add(ALGOPIN, "status", status=429, retry_after=0.2, times=2)
    began = hass.loop.time()
    await create(hass, igloohome, lock_of(igloohome))
    assert hass.loop.time() - began >= 0.4
    simulator.faults.add(ALGOPIN, "status", status=429, retry_after=20, skip=2)
    simulator.faults.add(ALGOPIN, "status", status=429, times=2)
    began = hass.loop.time()
    with pytest.raises(HomeAssistantError) as caught:
        await create(hass, igloohome, lock_of(igloohome))
    assert caught.value.translation_placeholders == {"seconds": "20"}
    assert hass.loop.time() - began < 20
