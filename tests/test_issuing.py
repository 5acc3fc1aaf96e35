"""Issuing: one call one code, whatever happens to the caller or the account."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.igloohome_access.clouds.base import (
    CloudRateLimitedError,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.clouds.http import HttpPolicy
from custom_components.igloohome_access.issuing import Issued
from custom_components.igloohome_access.ledger import LedgerUnwritableError
from custom_components.igloohome_access.model import (
    CodeKind,
    CodePlan,
    CodeRequest,
    RecordState,
)
from custom_components.igloohome_access.rules import RuleViolation, plan_code
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

ALGOPIN = "/algopin/"
CREATE = "/seam/access_codes/create$"
PATHS = {"igloohome": ALGOPIN, "seam": CREATE}


@pytest.fixture
async def igloohome(igloohome_entry: MockConfigEntry, set_up: SetUp) -> MockConfigEntry:
    """Return an igloohome account that is set up."""
    return await set_up(igloohome_entry)


@pytest.fixture
async def seam(
    seam_entry: MockConfigEntry, set_up: SetUp, simulator: Simulator
) -> MockConfigEntry:
    """Return a Seam account that is set up."""
    simulator.seam.switches.rate_limits = False
    return await set_up(seam_entry)


@pytest.fixture(params=["igloohome", "seam"])
def entry(request: pytest.FixtureRequest) -> MockConfigEntry:
    """Return an account of either cloud that is set up."""
    entry: MockConfigEntry = request.getfixturevalue(request.param)
    return entry


def path_of(entry: MockConfigEntry) -> str:
    """Return where codes are asked for."""
    return PATHS[entry.data["cloud"]]


def requests(simulator: Simulator) -> int:
    """Return how often codes were asked for at both clouds."""
    return sum(simulator.requests.count(path=path) for path in PATHS.values())


def plan_of(entry: MockConfigEntry, hours: int = 2) -> CodePlan:
    """Return an hourly code from now on."""
    account = account_of(entry)
    device = account.coordinator.data[lock_of(entry)]
    return plan_code(
        CodeRequest(kind=CodeKind.HOURLY, duration=timedelta(hours=hours)),
        zone=account.coordinator.zone(device),
        now=dt_util.utcnow(),
        cloud=account.cloud.kind,
    )


def issue(
    hass: HomeAssistant, entry: MockConfigEntry, plan: CodePlan | None = None
) -> asyncio.Task[Issued]:
    """Begin to make a code, without an action around it."""
    account = account_of(entry)
    return hass.async_create_task(
        account.issuer.async_issue(
            account.coordinator.data[lock_of(entry)], plan or plan_of(entry), NAME
        )
    )


class SlowDisk:
    """A disk that writes the ledger when it is told to."""

    def __init__(self) -> None:
        """Write nothing yet."""
        self.go_on = asyncio.Event()
        self.waiting = 0

    @property
    def patched(self) -> Any:
        """Return the context in which it is in use."""
        real = Store._async_write_data

        async def write(store: Store[Any], data: dict[str, Any]) -> None:
            if "ledger" in store.key:
                self.waiting += 1
                await self.go_on.wait()
            await real(store, data)

        return patch.object(Store, "_async_write_data", write)


# Several calls at once


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
    assert "went wrong unexpectedly" in caplog.text
    assert [r.state for r in records_of(entry)] == [RecordState.REQUESTED]
    with patch("custom_components.igloohome_access.issuing.SETTLING", timedelta()):
        await settle(hass, entry)
    assert_nothing_lost(entry, simulator)


# The account


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
    assert hass.loop.time() - began < 5


# Taking up what is unfinished


async def test_window_has_passed_when_resumed(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Report a code as failed whose window passed before the cloud answered."""
    simulator.faults.add(path_of(entry), "drop_before", times=None)
    with pytest.raises(HomeAssistantError):
        await create(hass, entry, lock_of(entry), duration={"hours": 1})
    simulator.faults.clear()
    asked = requests(simulator)
    later = dt_util.utcnow() + timedelta(hours=2)
    with patch(
        "custom_components.igloohome_access.issuing.dt_util.utcnow", return_value=later
    ):
        await settle(hass, entry)
    (record,) = records_of(entry)
    assert (record.state, record.failure) == (RecordState.FAILED, "window_passed")
    assert record.failed_at == later
    assert requests(simulator) == asked


async def test_window_passes_before_the_request(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Refuse a code whose window has passed by the time it could be asked for."""
    plan = plan_of(entry, hours=1)
    await account_of(entry).inventory.async_ensure_fresh(lock_of(entry))
    with patch(
        "custom_components.igloohome_access.issuing.dt_util.utcnow",
        return_value=plan.window.ends_at,
    ):
        caller = issue(hass, entry, plan)
        with pytest.raises(RuleViolation) as caught:
            await caller
    assert caught.value.key == "window_passed"
    assert records_of(entry) == []
    assert requests(simulator) == 0


async def test_resumed_twice_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Finish each request once, however many rounds overlap."""
    simulator.faults.add(path_of(entry), "drop_before", times=None)
    for name in ("One", "Two", "Three"):
        with pytest.raises(HomeAssistantError):
            await create(hass, entry, lock_of(entry), name=name)
    simulator.faults.clear()
    simulator.faults.add(path_of(entry), "delay", delay=0.05, times=None)
    simulator.requests.clear()
    issuer = account_of(entry).issuer
    with patch("custom_components.igloohome_access.issuing.SETTLING", timedelta()):
        await asyncio.gather(*(issuer.async_resume() for _ in range(3)))
    await hass.async_block_till_done()
    assert requests(simulator) == 3
    assert len(live_pins(simulator)) == 3
    assert_nothing_lost(entry, simulator)


async def test_resuming_leaves_alone_what_is_under_way(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Do not take up a request that a call is waiting for, nor one taken off."""
    simulator.faults.add(path_of(entry), "delay", delay=0.1)
    caller = issue(hass, entry)
    await until(lambda: requests(simulator))
    await settle(hass, entry)
    await caller
    assert requests(simulator) == 1
    assert_nothing_lost(entry, simulator)


async def test_taken_off_while_resuming(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Pass over a request that was taken off while others were finished."""
    simulator.faults.add(ALGOPIN, "drop_before", times=None)
    for name in ("One", "Two"):
        with pytest.raises(HomeAssistantError):
            await create(hass, igloohome, lock_of(igloohome), name=name)
    simulator.faults.clear()
    simulator.faults.add(ALGOPIN, "delay", delay=0.1)
    simulator.requests.clear()
    account = account_of(igloohome)
    resuming = hass.async_create_task(account.issuer.async_resume())
    await until(lambda: requests(simulator))
    await account.book.async_remove([records_of(igloohome)[1].code_id])
    await resuming
    assert requests(simulator) == 1
    assert [record.name for record in records_of(igloohome)] == ["One"]


async def test_resuming_ends_with_the_account(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Take nothing up any more once the account is being unloaded."""
    simulator.faults.add(ALGOPIN, "drop_before", times=None)
    for name in ("One", "Two"):
        with pytest.raises(HomeAssistantError):
            await create(hass, igloohome, lock_of(igloohome), name=name)
    simulator.faults.clear()
    simulator.faults.add(ALGOPIN, "delay", delay=0.1)
    simulator.requests.clear()
    issuer = account_of(igloohome).issuer
    ledger = account_of(igloohome).book.ledger
    resuming = hass.async_create_task(issuer.async_resume())
    await until(lambda: requests(simulator))
    await hass.config_entries.async_unload(igloohome.entry_id)
    await resuming
    assert requests(simulator) == 1
    assert [record.state for record in ledger.records.values()] == [
        RecordState.ISSUED,
        RecordState.REQUESTED,
    ]


async def test_learned_meanwhile(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Keep what was learned of a code while its request was under way."""
    simulator.faults.add(ALGOPIN, "delay", delay=0.1)
    caller = issue(hass, igloohome)
    await until(lambda: requests(simulator))
    (record,) = records_of(igloohome)
    now = dt_util.utcnow()
    await account_of(igloohome).book.async_update(replace(record, superseded_at=now))
    issued = await caller
    assert issued.record.superseded_at == now
    assert issued.record.pin is not None


async def test_listener(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Tell when a request has come to an end, with nothing under way any more."""
    issuer, calls = account_of(igloohome).issuer, []
    remove = issuer.async_listen(
        lambda: calls.append(
            [issuer.is_under_way(record.code_id) for record in records_of(igloohome)]
        )
    )
    await create(hass, igloohome, lock_of(igloohome))
    remove()
    await create(hass, igloohome, lock_of(igloohome))
    assert calls == [[False]]


@pytest.fixture(autouse=True)
def impatient() -> Any:
    """Repeat reads without pauses."""
    with patch(
        "custom_components.igloohome_access.clouds.http.DEFAULT_POLICY",
        HttpPolicy(pause=0),
    ):
        yield
