"""Online codes on igloohome whose change or deletion goes wrong."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.igloohome_access.upkeep import SOON
from custom_components.igloohome_access.work import OnlineWork, WorkStep
from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE, LOCK_BRIDGED as GATE

from .codes import account_of, until
from .online import (
    JOBS,
    bridges_idle,
    change,
    delete,
    fails,
    hold_bridges,
    issues,
    let_bridges_go,
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


WINDOW: Data = {"ends_at": "2030-06-03 11:20:00"}


async def test_old_digits_cannot_be_deleted(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """The new ones work, it is said that the old ones do too, and they go later."""
    code = await make(hass, igloohome, pin="4711")
    simulator.faults.add(
        JOBS,
        "status",
        skip=1,
        status=406,
        body={"error": "Unable to contact bridge"},
        times=None,
    )
    changed = await change(hass, code, pin="8041")
    assert (changed["pin"], changed["status"]) == ("8041", "active")
    assert [w["key"] for w in changed["warnings"]] == ["old_pin_still_opens"]
    assert sorted(on_gate(simulator)) == ["4711", "8041"]
    assert issues(hass) == ["code_old_pin_left"]
    # The old digits are taken; the code can wait with everything else.
    assert await refused(hass, igloohome, pin="4711") == "pin_taken"
    for action, more in (("update_online_code", {"pin": "9051"}), ("delete_code", {})):
        with pytest.raises(ServiceValidationError) as caught:
            await hass.services.async_call(
                "igloohome_access",
                action,
                {"code_id": code["code_id"], **more},
                blocking=True,
            )
        assert caught.value.translation_key == "online_code_busy"
    await resume(hass, igloohome)
    assert issues(hass) == ["code_old_pin_left"]
    simulator.faults.clear()
    await bridges_idle(simulator)
    await restart(hass, igloohome)
    assert list(on_gate(simulator)) == ["8041"]
    assert issues(hass) == []


async def test_nobody_knows_of_the_old_digits(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """The new ones are on the lock, which is what was asked for."""
    code = await make(hass, igloohome, pin="4711")
    simulator.faults.add(JOBS, "drop_before", skip=1, times=None)
    changed = await change(hass, code, pin="8041")
    assert (changed["pin"], changed["status"]) == ("8041", "active")
    assert [w["key"] for w in changed["warnings"]] == ["old_pin_still_opens"]
    assert issues(hass) == ["code_old_pin_left"]
    simulator.faults.clear()
    await bridges_idle(simulator)
    await restart(hass, igloohome)
    assert (list(on_gate(simulator)), issues(hass)) == (["8041"], [])


async def test_old_digits_are_gone_already(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A lock that has no old digits to delete needs no further try."""
    code = await make(hass, igloohome, pin="4711")
    simulator.igloohome.devices[GATE].custom_pins.clear()
    changed = await change(hass, code, pin="8041")
    assert changed["warnings"] == []
    assert (list(on_gate(simulator)), issues(hass)) == (["8041"], [])


async def test_new_digits_are_refused(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """The code is as it was before."""
    code = await make(hass, igloohome, pin="4711")
    other = await make(hass, igloohome, pin="8041")
    await account_of(igloohome).book.async_remove([other["code_id"]])
    assert (
        await fails(hass, "update_online_code", code_id=code["code_id"], pin="8041")
        == "lock_refused"
    )
    (shown,) = await codes(hass, include_pins=True)
    assert (shown["pin"], shown["status"]) == ("4711", "active")
    assert record_of(igloohome).work is None


async def test_unclear_change_of_digits(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Until it is known, the old digits are the code; then the change is finished."""
    code = await make(hass, igloohome, pin="4711")
    simulator.faults.add(JOBS, "drop_after", times=None)
    assert (
        await fails(hass, "update_online_code", code_id=code["code_id"], pin="8041")
        == "change_outcome_unknown"
    )
    assert issues(hass) == ["code_change_unknown"]
    (shown,) = await codes(hass, include_pins=True)
    assert (shown["pin"], shown["status"]) == ("4711", "active")
    simulator.faults.clear()
    await bridges_idle(simulator)
    await restart(hass, igloohome)
    (shown,) = await codes(hass, include_pins=True)
    assert (shown["pin"], shown["status"]) == ("8041", "active")
    assert list(on_gate(simulator)) == ["8041"]
    assert issues(hass) == []


async def test_off_the_lock(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A code that cannot be put back does not work, is told, and comes back."""
    code = await make(hass, igloohome, pin="4711")
    simulator.faults.add(
        JOBS,
        "status",
        skip=1,
        status=406,
        body={"error": "Unable to contact bridge"},
        times=None,
    )
    assert (
        await fails(hass, "update_online_code", code_id=code["code_id"], **WINDOW)
        == "code_off_the_lock"
    )
    assert on_gate(simulator) == {}
    # Tried several times at once, for somebody may stand at the door.
    assert simulator.requests.count(path=JOBS) == 5
    (shown,) = await codes(hass)
    assert (shown["status"], shown["ends_at"]) == ("setting", None)
    assert issues(hass) == ["code_missing_on_lock"]
    simulator.faults.clear()
    await bridges_idle(simulator)
    await restart(hass, igloohome)
    (shown,) = await codes(hass)
    assert shown["status"] == "active"
    assert shown["ends_at"] is not None
    assert list(on_gate(simulator)) == ["4711"]
    assert issues(hass) == []


async def test_put_back_soon(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Nobody has to do anything about it: a minute later it is tried again."""
    code = await make(hass, igloohome, pin="4711")
    offline = {"error": "Unable to contact bridge"}
    simulator.faults.add(JOBS, "status", skip=1, status=406, body=offline, times=3)
    code_id = code["code_id"]
    key = await fails(hass, "update_online_code", code_id=code_id, **WINDOW)
    assert key == "code_off_the_lock"
    async_fire_time_changed(hass, dt_util.utcnow() + SOON)
    await hass.async_block_till_done()
    assert list(on_gate(simulator)) == ["4711"]
    assert issues(hass) == []


async def test_put_back_with_the_second_try(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """One failure on the way does not leave anybody at a closed door."""
    code = await make(hass, igloohome, pin="4711")
    simulator.faults.add(JOBS, "status", skip=1, status=406, body={"error": "offline"})
    changed = await change(hass, code, **WINDOW)
    assert (changed["status"], list(on_gate(simulator))) == ("active", ["4711"])


async def test_over_before_it_is_back(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """What would be over anyway is not put back, and a change to it is not made."""
    await make(hass, igloohome, pin="4711")
    record = record_of(igloohome)
    past = dt_util.utcnow() - timedelta(minutes=1)
    simulator.requests.clear()
    for step, expected in ((WorkStep.ADD_NEW, None), (WorkStep.ADD_AGAIN, past)):
        work = OnlineWork(
            step=step,
            pin="8041",
            name="Anna",
            starts_at=past - timedelta(hours=1),
            ends_at=past,
        )
        await account_of(igloohome).book.async_update(replace(record, work=work))
        await resume(hass, igloohome)
        assert record_of(igloohome).work is None
        assert record_of(igloohome).window.ends_at == expected
    assert simulator.requests.count(path=JOBS) == 0


async def test_unclear_deletion(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """It may open until it is known that it is gone; a lock without it says so."""
    code = await make(hass, igloohome, pin="4711")
    simulator.faults.add(JOBS, "drop_after", times=None)
    assert (
        await fails(hass, "delete_code", code_id=code["code_id"])
        == "deletion_outcome_unknown"
    )
    assert [c["status"] for c in await codes(hass)] == ["removing"]
    assert issues(hass) == ["code_deletion_unfinished"]
    simulator.faults.clear()
    await bridges_idle(simulator)
    await restart(hass, igloohome)
    assert (await codes(hass), on_gate(simulator), issues(hass)) == ([], {}, [])


async def test_deleting_once_more(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Somebody may insist instead of waiting."""
    code = await make(hass, igloohome, pin="4711")
    simulator.faults.add(JOBS, "drop_before", times=3)
    assert (
        await fails(hass, "delete_code", code_id=code["code_id"])
        == "deletion_outcome_unknown"
    )
    assert (await delete(hass, code))["still_opens"] is False


async def test_deleting_what_may_be_there(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A code of which nobody knows whether it was made can be deleted."""
    simulator.faults.add(JOBS, "drop_after", times=3)
    assert await make_fails(hass, igloohome, pin="4711") == "outcome_unknown"
    (code,) = await codes(hass)
    # Not while nothing can be reached: then it is as unknown as before.
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    assert (
        await fails(hass, "delete_code", code_id=code["code_id"])
        == "deletion_outcome_unknown"
    )
    simulator.igloohome.patch_device(BRIDGE, {"online": True})
    with patch(f"{RUNNER}.ATTEMPT_PAUSES", (0, 0.1, 0.1)):
        assert (await delete(hass, code))["still_opens"] is False
    assert (await codes(hass), on_gate(simulator)) == ([], {})


async def test_forgetting_what_cannot_be_deleted(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """It is tried, and said how long it still opens; twice is the same."""
    code = await make(hass, igloohome, pin="4711", **WINDOW)
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    for _ in range(2):
        answer = await delete(hass, code, forget=True)
        assert (answer["still_opens"], answer["certain"]) == (True, True)
        assert answer["still_opens_until"] is not None
    assert await codes(hass) == []
    assert list(on_gate(simulator)) == ["4711"]


async def test_two_at_a_time(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """While something is being done with a code, nothing else is."""
    code = await make(hass, igloohome, pin="4711")
    hold_bridges(simulator)
    first = hass.async_create_task(change(hass, code, pin="8041"))
    await until(lambda: account_of(igloohome).online.is_under_way(code["code_id"]))
    with pytest.raises(ServiceValidationError) as caught:
        await delete(hass, code, forget=True)
    assert caught.value.translation_key == "online_code_busy"
    await until(lambda: len(simulator.igloohome.jobs) == 2)
    let_bridges_go(simulator)
    assert (await first)["pin"] == "8041"


async def test_ever_more_patiently(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """What fails again and again is tried ever more rarely."""
    with patch(f"{RUNNER}.RETRY_AFTER", 1000):
        simulator.faults.add(JOBS, "drop_before", times=None)
        assert await make_fails(hass, igloohome) == "outcome_unknown"
        tried = simulator.requests.count(path=JOBS)
        await resume(hass, igloohome)
        assert simulator.requests.count(path=JOBS) == tried
        loop = hass.loop.time()
        for ahead, more in ((1001, 1), (1500, 1), (3002, 2), (6500, 2), (6700, 3)):
            with patch.object(hass.loop, "time", return_value=loop + ahead):
                account_of(igloohome).online._runner._hass = hass
                await resume(hass, igloohome)
            assert simulator.requests.count(path=JOBS) == tried + more


async def test_deleting_refused_while_nothing_is_known(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A code that may have been made and cannot be deleted is as unknown as before."""
    simulator.faults.add(JOBS, "drop_before", times=3)
    assert await make_fails(hass, igloohome, pin="4711") == "outcome_unknown"
    (code,) = await codes(hass)
    simulator.faults.add(JOBS, "status", status=400, times=None)
    assert (
        await fails(hass, "delete_code", code_id=code["code_id"])
        == "deletion_outcome_unknown"
    )
    await resume(hass, igloohome)
    work = record_of(igloohome).work
    assert work is not None
    assert (work.step, work.unclear) == (WorkStep.ADD, True)
    assert [c["status"] for c in await codes(hass)] == ["requested"]
