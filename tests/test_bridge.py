"""Bridges with a lot to do: five locks, many requests, slow and lost bridges."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.bridge_queue import (
    MAX_PENDING,
    JobKind,
    QueueFullError,
)
from custom_components.igloohome_access.clouds.base import (
    Job,
    OnlineCodeRequest,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.coordinator import Account
from custom_components.igloohome_access.operations import async_follow
from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE, LOCK_BRIDGED, LOCK_RETROFIT
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT

from .codes import until
from .conftest import SetUp
from .lock_cases import IGLOOHOME, JOBS, failed, operate, shown
from .online import hold_bridges, let_bridges_go
from .surface import entity_id, told

pytestmark = pytest.mark.usefixtures("fast_jobs", "quiet_log")

LOCK_JOB, UNLOCK_JOB, CREATE_PIN_JOB = 1, 2, 4
ONE = pytest.mark.parametrize("case", [IGLOOHOME], ids=["igloohome"])
LOCKS = [f"lock.room_{number}" for number in range(1, 6)]

type Answer = HomeAssistantError | QueueFullError | Job | None


async def ask(hass: HomeAssistant, action: str, lock: str) -> Answer:
    """Operate a lock, and return what became of it."""
    try:
        await hass.services.async_call(
            "lock", action, {"entity_id": lock}, blocking=True
        )
    except HomeAssistantError as err:
        return err
    return None


async def program(account: Account, device_id: str, pin: str) -> Answer:
    """Put a code onto a lock as the action does, through the queue."""
    device = account.coordinator.data[device_id]
    request = OnlineCodeRequest(device=device, name="Guest", pin=pin)

    async def start() -> Job:
        started = await account.cloud.async_create_online_code(request)
        assert started.job is not None
        return started.job

    def work() -> Coroutine[Any, Any, Job]:
        return async_follow(account, device.code_bridge_id, start)

    try:
        return await account.bridges.async_run(
            device.code_bridge_id, device_id, JobKind.CODE, work
        )
    except QueueFullError as err:
        return err


def key_of(answer: Answer) -> str | None:
    """Return the key of an error, None for success."""
    return told(answer)[0] if isinstance(answer, HomeAssistantError) else None


async def test_five_locks_and_forty_requests(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """One job at a time, in turns, at most 20 wait, and the newest wish of a door."""
    simulator.reset("large:5")
    simulator.igloohome.switches.lock_job_seconds = 0.02
    simulator.igloohome.switches.pin_job_seconds = 0.03
    entry = await set_up(igloohome_entry)
    account: Account = entry.runtime_data
    devices = [d for d in account.coordinator.data.values() if d.takes_codes]
    assert len(devices) == len(LOCKS)
    bridge_id = devices[0].bridge_id
    pending: list[int] = []
    watching = asyncio.Event()

    async def watch() -> None:
        while not watching.is_set():
            pending.append(account.bridges.pending(bridge_id, ""))
            await asyncio.sleep(0)

    watcher = asyncio.create_task(watch())
    doors, codes = [], []
    for turn, action in enumerate(("unlock", "lock", "unlock", "lock")):
        for number, lock in enumerate(LOCKS):
            doors.append(asyncio.create_task(ask(hass, action, lock)))
            pin = f"58{turn}{number}"
            codes.append(
                asyncio.create_task(program(account, devices[number].device_id, pin))
            )
    door_answers = await asyncio.gather(*doors)
    code_answers = await asyncio.gather(*codes)
    watching.set()
    await watcher
    assert len(doors) + len(codes) == 40
    assert max(pending) <= MAX_PENDING
    assert max(pending) >= MAX_PENDING - len(LOCKS)

    # Every request was answered, and what was not done says so.
    told_of_doors = Counter(map(key_of, door_answers))
    assert told_of_doors.keys() == {None, "operation_replaced"}
    full = [a for a in code_answers if isinstance(a, QueueFullError)]
    jobs = sorted(simulator.igloohome.jobs, key=lambda job: job.created_at)
    by_type = Counter(job.job_type for job in jobs)
    assert by_type[LOCK_JOB] + by_type[UNLOCK_JOB] == told_of_doors[None]
    assert by_type[CREATE_PIN_JOB] == len(codes) - len(full)
    assert full
    # The last wish of every door came true.
    assert door_answers[-len(LOCKS) :] == [None] * len(LOCKS)
    assert all(simulator.igloohome.devices[d.device_id].locked for d in devices)
    assert [shown(hass, lock) for lock in LOCKS] == ["locked"] * len(LOCKS)

    # The bridge was given a job only when it had ended the one before.
    assert all(job.outcome for job in jobs)
    for job, following in pairwise(jobs):
        assert job.settled_at is not None
        assert following.created_at >= job.settled_at

    # Doors and codes took turns while there were both.
    is_door = [job.job_type != CREATE_PIN_JOB for job in jobs]
    last_door = max(index for index, door in enumerate(is_door) if door)
    both = is_door[: last_door + 1]
    assert both == [index % 2 == 0 for index in range(len(both))]
    # Codes kept their order.
    pins = [job.data["pin"] for job in jobs if job.job_type == CREATE_PIN_JOB]
    assert pins == sorted(pins)


async def test_one_after_the_other(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Two locks on one bridge wait for each other, and show what they wait for."""
    entry = await set_up(igloohome_entry)
    first, second = (
        entity_id(hass, entry, "lock", lock, "lock")
        for lock in (LOCK_BRIDGED, LOCK_RETROFIT)
    )
    assert first is not None and second is not None
    hold_bridges(simulator)
    asked = [
        asyncio.create_task(ask(hass, action, lock))
        for action, lock in (("unlock", first), ("lock", second))
    ]
    account: Account = entry.runtime_data
    await until(lambda: account.bridges.pending(BRIDGE, "") == 2)
    await until(lambda: simulator.igloohome.jobs)
    assert (shown(hass, first), shown(hass, second)) == ("unlocking", "locking")
    let_bridges_go(simulator)
    assert await asyncio.gather(*asked) == [None, None]
    assert (shown(hass, first), shown(hass, second)) == ("unlocked", "locked")
    one, two = simulator.igloohome.jobs
    assert one.settled_at is not None
    assert two.created_at >= one.settled_at


@ONE
async def test_replaced(
    hass: HomeAssistant, simulator: Simulator, lock: str, igloohome_entry: Any
) -> None:
    """Who asked first is told; the door does what was asked for last."""
    hold_bridges(simulator)
    account: Account = igloohome_entry.runtime_data
    asked: list[asyncio.Task[Answer]] = []
    for action, heard in (
        ("unlock", lambda: simulator.igloohome.jobs),
        ("lock", lambda: account.bridges.pending(BRIDGE, "") == 2),
        ("open", lambda: len(asked) > 1 and asked[1].done()),
    ):
        asked.append(asyncio.create_task(ask(hass, action, lock)))
        await until(heard)
        # What is under way is shown, not what comes after it.
        assert shown(hass, lock) == "unlocking"
    let_bridges_go(simulator)
    answers = await asyncio.gather(*asked)
    assert [key_of(answer) for answer in answers] == [None, "operation_replaced", None]
    assert isinstance(answers[1], HomeAssistantError)
    assert told(answers[1])[1]["lock"] == "Garden Gate"
    assert [job.job_type for job in simulator.igloohome.jobs] == [UNLOCK_JOB] * 2
    assert shown(hass, lock) == "unlocked"


async def test_seam_queues_itself(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Two locks go side by side, what is asked of one goes one after the other."""
    simulator.seam.patch_device(
        SEAM_LOCK_RETROFIT,
        {"flags": {"can_remotely_lock": True, "can_remotely_unlock": True}},
    )
    entry = await set_up(seam_entry)
    first, second = (
        entity_id(hass, entry, "lock", lock, "lock")
        for lock in (SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT)
    )
    assert first is not None and second is not None
    simulator.seam.switches.attempt_polls = 60
    asked = [
        asyncio.create_task(ask(hass, action, lock))
        for action, lock in (("unlock", first), ("unlock", second), ("lock", first))
    ]
    while len(simulator.seam.store.attempts) < 2:
        await asyncio.sleep(0.01)
    # Which of two that are asked side by side gets there first is the network's affair.
    attempts = {a.device_id for a in simulator.seam.store.attempts.values()}
    assert attempts == {SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT}
    assert await asyncio.gather(*asked) == [None] * 3
    in_order = [a.device_id for a in simulator.seam.store.attempts.values()]
    assert in_order[2:] == [SEAM_LOCK_BRIDGED]
    assert shown(hass, first) == "locked"


@ONE
async def test_busy_with_others(
    hass: HomeAssistant, simulator: Simulator, lock: str
) -> None:
    """A bridge that others keep busy refuses; that is told and nothing is repeated."""
    simulator.igloohome.switches.queue_limit = 0
    key, placeholders = await failed(hass, "unlock", lock)
    assert key == "bridge_busy"
    assert placeholders["detail"] == "Too many pending jobs for the bridge"
    assert simulator.requests.count(path=JOBS, method="POST") == 1
    simulator.igloohome.switches.queue_limit = 20
    await operate(hass, "unlock", lock)


@ONE
async def test_full(
    hass: HomeAssistant, simulator: Simulator, lock: str, igloohome_entry: Any
) -> None:
    """A queue that is full says so at once."""
    simulator.igloohome.switches.lock_job_seconds = 3600
    account: Account = igloohome_entry.runtime_data
    release = asyncio.Event()
    waiting = [
        asyncio.create_task(
            account.bridges.async_run(BRIDGE, f"{n}", JobKind.DOOR, release.wait)
        )
        for n in range(MAX_PENDING)
    ]
    await asyncio.sleep(0)
    assert account.bridges.pending(BRIDGE, "") == MAX_PENDING
    key, placeholders = await failed(hass, "unlock", lock)
    assert (key, placeholders["lock"]) == ("bridge_queue_full", "Garden Gate")
    assert simulator.igloohome.jobs == []
    assert shown(hass, lock) == "unknown"
    release.set()
    await asyncio.gather(*waiting)


@ONE
async def test_waited_too_long(
    hass: HomeAssistant, simulator: Simulator, lock: str, igloohome_entry: Any
) -> None:
    """A door that could not be operated for minutes is left alone."""
    account: Account = igloohome_entry.runtime_data
    release = asyncio.Event()
    code = asyncio.create_task(
        account.bridges.async_run(BRIDGE, "x", JobKind.CODE, release.wait)
    )
    await asyncio.sleep(0)
    with patch("custom_components.igloohome_access.bridge_queue.MAX_DOOR_WAIT", 0.05):
        key, _ = await failed(hass, "unlock", lock)
    assert key == "operation_waited_too_long"
    release.set()
    await code
    await hass.async_block_till_done()
    assert simulator.igloohome.jobs == []


@ONE
async def test_the_bridge_is_lost_on_the_way(
    hass: HomeAssistant, simulator: Simulator, lock: str
) -> None:
    """A bridge that loses contact in the middle of a job: it expires."""
    hold_bridges(simulator)
    simulator.igloohome.switches.job_expiry_seconds = 0.5
    asked = asyncio.create_task(ask(hass, "unlock", lock))
    while not simulator.requests.count(path=JOBS):
        await asyncio.sleep(0.01)
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    assert key_of(await asked) == "operation_expired"
    assert len(simulator.igloohome.jobs) == 1
    assert simulator.igloohome.devices[LOCK_BRIDGED].locked


@ONE
async def test_cancelled_under_way(
    hass: HomeAssistant, simulator: Simulator, lock: str, igloohome_entry: Any
) -> None:
    """An automation that is stopped in the middle of it does not stop the lock."""
    hold_bridges(simulator)
    account: Account = igloohome_entry.runtime_data
    asked = asyncio.create_task(ask(hass, "unlock", lock))
    await until(lambda: simulator.igloohome.jobs)
    waiting = asyncio.create_task(ask(hass, "lock", lock))
    await until(lambda: account.bridges.pending(BRIDGE, "") == 2)
    for task in (asked, waiting):
        task.cancel()
    await asyncio.gather(asked, waiting, return_exceptions=True)
    assert shown(hass, lock) == "unlocking"
    let_bridges_go(simulator)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert shown(hass, lock) == "unlocked"
    assert [job.job_type for job in simulator.igloohome.jobs] == [UNLOCK_JOB]


@ONE
async def test_unloaded_meanwhile(
    hass: HomeAssistant, simulator: Simulator, lock: str, igloohome_entry: Any
) -> None:
    """A reload does not wait for bridges; who waits is told what is known."""
    other = entity_id(hass, igloohome_entry, "lock", LOCK_RETROFIT, "lock")
    assert other is not None
    with patch("custom_components.igloohome_access.operations.POLL_SECONDS", 3600):
        asked = asyncio.create_task(ask(hass, "unlock", lock))
        account: Account = igloohome_entry.runtime_data
        await until(lambda: simulator.igloohome.jobs)
        waiting = asyncio.create_task(ask(hass, "unlock", other))
        await until(lambda: account.bridges.pending(BRIDGE, "") == 2)
        await hass.config_entries.async_reload(igloohome_entry.entry_id)
        answers = await asyncio.gather(asked, waiting)
    assert list(map(key_of, answers)) == ["operation_unknown", "operation_stopped"]
    await hass.async_block_till_done()
    assert len(simulator.igloohome.jobs) == 1


@ONE
async def test_a_job_nobody_may_look_at(
    hass: HomeAssistant, simulator: Simulator, lock: str, igloohome_entry: Any
) -> None:
    """To follow a job raises only errors of the clouds: here, that nobody knows."""
    simulator.faults.add("/igloohome/jobs/", "status", status=404, times=None)
    account: Account = igloohome_entry.runtime_data
    with pytest.raises(OutcomeUnknownError):
        await program(account, LOCK_BRIDGED, "5803")
