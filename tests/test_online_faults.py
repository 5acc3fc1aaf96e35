"""Online codes on igloohome that get lost while they are made."""

from dataclasses import replace
from datetime import timedelta
import logging
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.ledger_file import LedgerStore
from custom_components.igloohome_access.model import RecordState
from custom_components.igloohome_access.work import OnlineWork, WorkStep
from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE, LOCK_BRIDGED as GATE

from .codes import account_of, until
from .online import (
    JOBS,
    POLLS,
    bridges_idle,
    change,
    delete,
    fails,
    issues,
    make,
    make_fails,
    on_gate,
    record_of,
    refused,
    restart,
    resume,
)
from .surface import Data, codes

RUNNER = "custom_components.igloohome_access.online_runner"


@pytest.fixture(autouse=True)
def quick_bridge(simulator: Simulator, instant_reads: None) -> None:
    """Let a bridge put a PIN onto a lock in a blink; repeat reads at once."""
    simulator.igloohome.switches.pin_job_seconds = 0.02


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "truncated"])
async def test_answer_lost(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome: MockConfigEntry,
    fault: str,
) -> None:
    """The same digits are asked for again: one code, whatever became of the first."""
    simulator.faults.add(JOBS, fault)
    with patch(f"{RUNNER}.ATTEMPT_PAUSES", (0, 0.1, 0.1)):
        code = await make(hass, igloohome)
    assert code["status"] == "active"
    assert list(on_gate(simulator)) == [code["pin"]]
    assert simulator.requests.count(path=JOBS) == 2
    assert issues(hass) == []


async def test_lost_while_the_job_waits(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A job with the same digits is under way: that can only be ours."""
    simulator.igloohome.switches.pin_job_seconds = 0.3
    simulator.faults.add(JOBS, "drop_after")
    with patch(f"{RUNNER}.ATTEMPT_PAUSES", (0, 0, 0.4)):
        code = await make(hass, igloohome)
    assert code["status"] == "active"
    assert list(on_gate(simulator)) == [code["pin"]]
    assert len(simulator.igloohome.jobs) == 2


async def test_outcome_unknown(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What stays unclear stays visible, and is cleared up later with the same PIN."""
    caplog.set_level(logging.DEBUG)
    simulator.faults.add(JOBS, "drop_after", times=None)
    assert await make_fails(hass, igloohome, pin="4711") == "outcome_unknown"
    (code,) = await codes(hass, include_pins=True)
    assert (code["status"], code["pin"]) == ("requested", "4711")
    assert issues(hass) == ["code_outcome_unknown"]
    # Meanwhile the digits count as taken, and the code cannot be changed.
    assert await refused(hass, igloohome, pin="4711") == "pin_taken"
    with pytest.raises(ServiceValidationError) as caught:
        await change(hass, code, pin="8041")
    assert caught.value.translation_key == "online_code_busy"

    await restart(hass, igloohome)
    assert [c["status"] for c in await codes(hass)] == ["requested"]
    simulator.faults.clear()
    await bridges_idle(simulator)
    await restart(hass, igloohome)
    (code,) = await codes(hass, include_pins=True)
    assert (code["status"], code["pin"]) == ("active", "4711")
    assert list(on_gate(simulator)) == ["4711"]
    assert issues(hass) == []
    assert "4711" not in "".join(
        record.getMessage() for record in caplog.records if "pytest" not in record.name
    )


async def test_refused_after_an_unclear_request(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Who is refused for another reason does not know more than before."""
    simulator.faults.add(JOBS, "drop_after")
    simulator.faults.add(
        JOBS,
        "status",
        status=406,
        body={"error": "Unable to contact bridge"},
        times=None,
    )
    assert await make_fails(hass, igloohome) == "outcome_unknown"
    await resume(hass, igloohome)
    assert [c["status"] for c in await codes(hass)] == ["requested"]
    simulator.faults.clear()
    # The lock is gone, so nobody will ever need the code.
    simulator.igloohome.remove_device(GATE)
    await account_of(igloohome).coordinator.async_refresh()
    await resume(hass, igloohome)
    (code,) = await codes(hass)
    assert (code["status"], issues(hass)) == ("failed", ["code_failed"])


async def test_refused_for_good_after_an_unclear_request(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A request that the cloud looked at and refused will not be made."""
    simulator.faults.add(JOBS, "drop_before")
    simulator.faults.add(
        JOBS, "status", status=400, body={"error": "Bad PIN 4711"}, times=None
    )
    assert await make_fails(hass, igloohome, pin="4711") == "outcome_unknown"
    await resume(hass, igloohome)
    (code,) = await codes(hass)
    assert code["status"] == "failed"
    (notice,) = code["cloud_notices"]
    assert notice["message"] == "Bad PIN ***"
    assert record_of(igloohome).failure == "cloud_refused"


async def test_expired_after_an_unclear_request(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A repeated job that expired leaves it open; the next one tells."""
    simulator.faults.add(JOBS, "drop_before")
    simulator.igloohome.switches.job_expiry_seconds = 0.02
    simulator.igloohome.patch_device(GATE, {"in_reach": False})
    assert await make_fails(hass, igloohome) == "outcome_unknown"
    assert record_of(igloohome).work is not None
    simulator.igloohome.patch_device(GATE, {"in_reach": True})
    simulator.igloohome.switches.job_expiry_seconds = 120
    await resume(hass, igloohome)
    assert [c["status"] for c in await codes(hass)] == ["active"]


async def test_nobody_can_look_at_the_job(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A known job is looked at again, never asked for again."""
    simulator.faults.add(POLLS, "drop_before", times=None)
    with patch(
        "custom_components.igloohome_access.online_bridge.LONGEST_JOB",
        timedelta(seconds=0.1),
    ):
        assert await make_fails(hass, igloohome) == "outcome_unknown"
    work = record_of(igloohome).work
    assert work is not None
    assert (work.job_id is not None, work.unclear) == (True, False)
    # With a bridge: it is on its way.
    assert [c["status"] for c in await codes(hass)] == ["setting"]
    simulator.faults.clear()
    await bridges_idle(simulator)
    await restart(hass, igloohome)
    assert [c["status"] for c in await codes(hass)] == ["active"]
    assert simulator.requests.count(path=JOBS) == 1


async def test_told_to_wait_while_looking(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A job goes on while the cloud is busy."""
    simulator.faults.add(POLLS, "status", status=429, retry_after=0.01, times=4)
    assert (await make(hass, igloohome))["status"] == "active"


async def test_told_to_wait_for_long_while_looking(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """The bridge is free again when the job must be over: doors wait for it."""
    simulator.faults.add(POLLS, "status", status=429, retry_after=3600, times=None)
    with patch(
        "custom_components.igloohome_access.online_bridge.LONGEST_JOB",
        timedelta(seconds=0.1),
    ):
        assert await make_fails(hass, igloohome) == "outcome_unknown"
    simulator.faults.clear()
    await bridges_idle(simulator)
    await restart(hass, igloohome)
    assert [c["status"] for c in await codes(hass)] == ["active"]
    assert simulator.requests.count(path=JOBS) == 1


async def test_looking_is_refused(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Without the permission to look nobody knows; with it, it is found out."""
    simulator.faults.add(POLLS, "status", status=403, times=None)
    assert await make_fails(hass, igloohome) == "outcome_unknown"
    simulator.faults.clear()
    await resume(hass, igloohome)
    assert [c["status"] for c in await codes(hass)] == ["active"]
    assert simulator.requests.count(path=JOBS) == 1


async def test_job_forgotten_by_the_cloud(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A job nobody knows any more may have been done: it is asked for again."""
    simulator.faults.add(POLLS, "status", status=404)
    with patch(f"{RUNNER}.ATTEMPT_PAUSES", (0, 0.1, 0.1)):
        assert (await make(hass, igloohome))["status"] == "active"
    assert simulator.requests.count(path=JOBS) == 2
    assert len(on_gate(simulator)) == 1


async def test_asked_to_wait(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A short while is waited, a long one is told; a cloud out of reach as well."""
    simulator.faults.add(JOBS, "status", status=429, retry_after=0.01)
    assert (await make(hass, igloohome))["status"] == "active"
    simulator.faults.add(JOBS, "status", status=429, retry_after=3600)
    assert await make_fails(hass, igloohome) == "cloud_rate_limited"
    simulator.faults.clear()
    simulator.faults.add(JOBS, "html", status=404, times=None)
    assert await make_fails(hass, igloohome) == "cloud_unreachable"
    assert len(await codes(hass)) == 1


async def test_wrong_credentials(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """They are asked for anew."""
    simulator.faults.add(JOBS, "status", status=401, times=None)
    assert await make_fails(hass, igloohome) == "cloud_auth_failed"
    assert [
        flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()
    ] == ["reauth"]


async def test_ledger_cannot_be_written(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Nothing is asked for that is not on disk, and nothing is forgotten."""

    async def full(store: LedgerStore, _: object) -> None:
        store.write_failed = True

    disk = patch.object(LedgerStore, "_async_write_data", full)
    with disk:
        assert await make_fails(hass, igloohome) == "ledger_unwritable"
    assert await codes(hass) == []
    code = await make(hass, igloohome, pin="4711")
    simulator.requests.clear()
    tries: list[tuple[str, Data]] = [
        ("update_online_code", {"pin": "8041"}),
        ("delete_code", {}),
    ]
    for action, more in tries:
        with disk:
            assert (
                await fails(hass, action, code_id=code["code_id"], **more)
                == "ledger_unwritable"
            )
        assert record_of(igloohome).work is None
    assert simulator.requests.count(path=JOBS) == 0
    assert (await delete(hass, code))["still_opens"] is False


async def test_who_asked_gives_up(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """The code is made all the same, and is in the ledger."""
    simulator.faults.add(POLLS, "drop_before", times=3)
    task = hass.async_create_task(make(hass, igloohome))
    await until(lambda: simulator.requests.count(path=JOBS))
    task.cancel()
    await hass.async_block_till_done()
    assert task.cancelled()
    assert [code["status"] for code in await codes(hass)] == ["active"]
    assert list(on_gate(simulator)) == [record_of(igloohome).pin]


async def test_unloaded_while_the_bridge_works(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """The wait is over at once; the code is found out about after the next start."""
    simulator.igloohome.switches.pin_job_seconds = 30
    task = hass.async_create_task(make(hass, igloohome))
    await until(lambda: simulator.requests.count(path=POLLS))
    await hass.config_entries.async_unload(igloohome.entry_id)
    with pytest.raises(HomeAssistantError) as caught:
        await task
    assert caught.value.translation_key == "outcome_unknown"
    simulator.clock.advance(timedelta(seconds=31))
    await hass.config_entries.async_setup(igloohome.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [code["status"] for code in await codes(hass)] == ["active"]
    assert simulator.requests.count(path=JOBS) == 1


async def test_unloaded_while_the_bridge_is_busy(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """What was never asked for is not asked for any more."""
    simulator.igloohome.switches.pin_job_seconds = 30
    account = account_of(igloohome)
    first = hass.async_create_task(make(hass, igloohome))
    await until(lambda: simulator.requests.count(path=POLLS))
    second = hass.async_create_task(make(hass, igloohome, name="Second"))
    await until(lambda: account.bridges.pending(BRIDGE, GATE) == 2)
    await hass.config_entries.async_unload(igloohome.entry_id)
    for task, key in ((first, "outcome_unknown"), (second, "account_not_loaded")):
        with pytest.raises(HomeAssistantError) as caught:
            await task
        assert caught.value.translation_key == key
    assert [record.name for record in account.book.ledger.records.values()] == [
        "Cleaner"
    ]
    with pytest.raises(HomeAssistantError) as caught:
        await account.online.async_create([], "Third")
    assert caught.value.translation_key == "account_not_loaded"


async def test_stopping(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """When Home Assistant stops, nobody waits for a bridge."""
    simulator.igloohome.switches.pin_job_seconds = 30
    account = account_of(igloohome)
    task = hass.async_create_task(make(hass, igloohome))
    await until(lambda: simulator.requests.count(path=POLLS))
    await account.online.async_drain()
    with pytest.raises(HomeAssistantError) as caught:
        await task
    assert caught.value.translation_key == "outcome_unknown"
    work = record_of(igloohome).work
    assert work is not None
    assert work.job_id is not None
    await resume(hass, igloohome)
    assert record_of(igloohome).work == work


async def test_power_cut_before_the_answer(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A record that was written and never heard of again is finished."""
    code = await make(hass, igloohome, pin="4711")
    record = record_of(igloohome)
    work = OnlineWork(step=WorkStep.ADD, asked_at=dt_util.utcnow())
    for left in (
        # The job was done: the lock says no to the same digits.
        replace(record, state=RecordState.REQUESTED, issued_at=None, work=work),
        # It was not.
        replace(
            record, state=RecordState.REQUESTED, issued_at=None, pin="8041", work=work
        ),
    ):
        await account_of(igloohome).book.async_update(left)
        await restart(hass, igloohome)
        (shown,) = await codes(hass, include_pins=True)
        assert (shown["status"], shown["pin"]) == ("active", left.pin)
        assert left.pin in on_gate(simulator)
    assert shown["code_id"] == code["code_id"]


async def test_too_late(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A code whose window passed before it was made failed; nothing is sent."""
    await make(hass, igloohome, ends_at="2030-06-03 11:20:00")
    record = record_of(igloohome)
    now = dt_util.utcnow()
    over = replace(record.window, ends_at=now - timedelta(minutes=1))
    simulator.requests.clear()
    await account_of(igloohome).book.async_update(
        replace(
            record,
            window=over,
            state=RecordState.REQUESTED,
            work=OnlineWork(step=WorkStep.ADD, asked_at=now),
        )
    )
    await resume(hass, igloohome)
    record = record_of(igloohome)
    assert (record.state, record.failure) == (RecordState.FAILED, "window_passed")
    assert simulator.requests.count(path=JOBS) == 0
