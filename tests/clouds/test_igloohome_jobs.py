"""igloohome's client against the simulator: bridge jobs."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.igloohome_access.clouds.base import (
    BridgeBusyError,
    BridgeOfflineError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudRefusedError,
    CloudUnreachableError,
    DuplicateCodeError,
    Job,
    JobState,
    LockFullError,
    Operation,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.clouds.igloohome import IgloohomeCloud
from custom_components.igloohome_access.model import CodeKind, Device
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
)

from .conftest import MakeIgloohome
from .samples import NOW

OFFLINE_KINDS = [kind for kind in CodeKind if kind.offline]


async def devices_of(cloud: IgloohomeCloud) -> dict[str, Device]:
    """Return the devices by id."""
    return {device.device_id: device for device in await cloud.async_list_devices()}


# --- bridge jobs --------------------------------------------------------------------


NUMBERS = {
    Operation.LOCK: 1,
    Operation.UNLOCK: 2,
    Operation.REFRESH_BATTERY: 9,
    Operation.REFRESH_STATUS: 10,
    Operation.READ_LOG: 15,
}


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("pending", ["absent", "null", "empty", "status"])
async def test_operation(
    igloohome: IgloohomeCloud, sim: Simulator, operation: Operation, pending: Any
) -> None:
    """A job is pending until the lock has done it."""
    sim.igloohome.switches.pending_response = pending
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    job = await igloohome.async_start(lock, operation)
    assert job.state is JobState.PENDING
    job = await igloohome.async_get_job(job)
    assert job.state is JobState.PENDING
    assert job.expires_at == NOW + timedelta(seconds=120)
    sim.clock.advance(timedelta(seconds=40))
    job = await igloohome.async_get_job(job)
    assert (job.state, job.confirmed, job.detail) == (JobState.DONE, True, "")
    assert [j.job_type for j in sim.igloohome.jobs] == [NUMBERS[operation]]
    assert operation in igloohome.operations


@pytest.mark.parametrize("form", ["field", "nested", "result_only"])
async def test_refresh_battery(
    igloohome: IgloohomeCloud, sim: Simulator, form: Any
) -> None:
    """The true level reaches the cloud; the job tells it in several forms or not."""
    sim.igloohome.switches.battery_result = form
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    assert (lock.battery_level, lock.can_refresh_battery) == (64, True)
    job = await igloohome.async_start(lock, Operation.REFRESH_BATTERY)
    sim.clock.advance(timedelta(seconds=36))
    job = await igloohome.async_get_job(job)
    assert job.battery_level == (None if form == "result_only" else 61)
    assert job.locked is None
    assert (await devices_of(igloohome))[LOCK_BRIDGED].battery_level == 61


@pytest.mark.parametrize("form", ["result_only", "lock_state"])
async def test_refresh_status(
    igloohome: IgloohomeCloud, sim: Simulator, form: Any
) -> None:
    """Where the job tells the state of the lock, it is passed on."""
    sim.igloohome.switches.status_result = form
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    job = await igloohome.async_start(lock, Operation.REFRESH_STATUS)
    sim.clock.advance(timedelta(seconds=36))
    job = await igloohome.async_get_job(job)
    assert job.state is JobState.DONE
    assert job.locked is (True if form == "lock_state" else None)
    assert job.battery_level is None


@pytest.mark.parametrize(
    ("found", "battery", "locked"),
    [
        ({"batteryLevel": 0}, 0, None),
        ({"battery_level": 7, "locked": False}, 7, False),
        ({"batteryLevel": None, "Battery": 12.4}, 12, None),
        ({"battery": {"batteryPercentage": 50}}, 50, None),
        ({"battery": {"level": "50"}, "batteryLevel": 101}, None, None),
        ({"lockStatus": "Unlocked"}, None, False),
        ({"isLocked": True, "lockState": "ajar"}, None, True),
        ({"lockState": 1, "state": "LOCKED"}, None, True),
        ({"lockState": 0}, None, None),
    ],
)
async def test_results_in_every_shape(
    igloohome: IgloohomeCloud,
    sim: Simulator,
    found: dict[str, Any],
    battery: int | None,
    locked: bool | None,
) -> None:
    """Nobody knows what the results look like; what is unclear is no result."""
    answer: dict[str, Any] = {
        "completed": True,
        "jobResponse": {"jobStatus": 0, "opResult": {"result": 0, **found}},
    }
    sim.faults.add("/jobs/", "json", body=answer)
    job = await igloohome.async_get_job(Job(job_id="j", state=JobState.PENDING))
    assert (job.battery_level, job.locked) == (battery, locked)
    answer["jobResponse"]["opResult"]["result"] = 1
    sim.faults.add("/jobs/", "json", body=answer)
    job = await igloohome.async_get_job(Job(job_id="j", state=JobState.PENDING))
    assert (job.state, job.battery_level, job.locked) == (JobState.FAILED, None, None)


async def test_log_job_tells_the_time(
    igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """The job that reads a log carries the present moment with an offset."""
    keypad = (await devices_of(igloohome))[KEYPAD_RETROFIT]
    await igloohome.async_start(keypad, Operation.READ_LOG)
    (job,) = sim.igloohome.jobs
    assert job.device.device_id == KEYPAD_RETROFIT
    assert job.data == {"lockTime": "2026-11-20T10:20:00+00:00"}


async def test_jobs_out_of_order(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """What was asked for later may be done first."""
    sim.igloohome.switches.job_order = "newest_first"
    devices = await devices_of(igloohome)
    jobs = [
        await igloohome.async_start(devices[LOCK_BRIDGED], Operation.LOCK),
        await igloohome.async_start(devices[LOCK_RETROFIT], Operation.UNLOCK),
        await igloohome.async_start(devices[LOCK_BRIDGED], Operation.UNLOCK),
    ]
    sim.clock.advance(timedelta(seconds=11))
    states = [(await igloohome.async_get_job(job)).state for job in jobs]
    assert states == [JobState.DONE, JobState.PENDING, JobState.DONE]
    sim.clock.advance(timedelta(seconds=5))
    assert (await igloohome.async_get_job(jobs[1])).state is JobState.DONE


@pytest.mark.parametrize("form", ["completed", "not_completed"])
async def test_lock_out_of_reach(
    igloohome: IgloohomeCloud, sim: Simulator, form: Any
) -> None:
    """A job that the lock never got has expired."""
    sim.igloohome.switches.expired_job = form
    sim.igloohome.patch_device(LOCK_BRIDGED, {"in_reach": False})
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    job = await igloohome.async_start(lock, Operation.UNLOCK)
    sim.clock.advance(timedelta(seconds=121))
    assert (await igloohome.async_get_job(job)).state is JobState.EXPIRED


async def test_bridge_offline(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A bridge that is offline refuses at once."""
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    sim.igloohome.patch_device(BRIDGE, {"online": False})
    with pytest.raises(BridgeOfflineError, match="Unable to contact bridge") as caught:
        await igloohome.async_start(lock, Operation.LOCK)
    assert caught.value.reason == "bridge_offline"


async def test_queue_full(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A bridge takes no more than its queue holds."""
    sim.igloohome.switches.queue_limit = 1
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    await igloohome.async_start(lock, Operation.LOCK)
    with pytest.raises(BridgeBusyError) as caught:
        await igloohome.async_start(lock, Operation.UNLOCK)
    assert caught.value.reason == "too_many_jobs"


@pytest.mark.parametrize(
    ("text", "reason", "error"),
    [
        ("Existing job with the same PIN", "duplicate_job", DuplicateCodeError),
        ("The job queue is full", "too_many_jobs", BridgeBusyError),
        ("The lock is full", "no_space", LockFullError),
        ("No space left for a PIN", "no_space", LockFullError),
        ("Not successfully asked", "not_acceptable", CloudRefusedError),
    ],
)
async def test_other_406(
    igloohome: IgloohomeCloud,
    sim: Simulator,
    text: str,
    reason: str,
    error: type[CloudRefusedError],
) -> None:
    """406 has several meanings; none of them is repeated."""
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    sim.faults.add("/jobs/bridges/", "status", status=406, body={"error": text})
    with pytest.raises(CloudRefusedError) as caught:
        await igloohome.async_start(lock, Operation.LOCK)
    assert type(caught.value) is error
    assert caught.value.reason == reason
    assert sim.igloohome.jobs == []


async def test_no_bridge(igloohome: IgloohomeCloud) -> None:
    """A lock without a bridge cannot be operated."""
    lock = (await devices_of(igloohome))[LOCK_UNBRIDGED]
    with pytest.raises(CloudRefusedError) as caught:
        await igloohome.async_start(lock, Operation.LOCK)
    assert caught.value.reason == "no_bridge"


async def test_job_without_id(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """The lock may be on its way although the answer names no job."""
    lock = (await devices_of(igloohome))[LOCK_BRIDGED]
    sim.faults.add("/jobs/bridges/", "json", body={"jobId": ""})
    with pytest.raises(OutcomeUnknownError, match="no job"):
        await igloohome.async_start(lock, Operation.UNLOCK)
    assert len(sim.igloohome.jobs) == 1


async def test_unknown_job(igloohome: IgloohomeCloud) -> None:
    """A job may be forgotten by the cloud."""
    with pytest.raises(CloudNotFoundError, match="Job not found"):
        await igloohome.async_get_job(Job(job_id="gone", state=JobState.PENDING))


@pytest.mark.parametrize(
    ("answer", "state", "confirmed"),
    [
        ({"completed": False}, JobState.PENDING, True),
        ({"jobResponse": None}, JobState.PENDING, True),
        ({"completed": False, "jobResponse": {"jobStatus": 0}}, JobState.PENDING, True),
        (
            {
                "completed": False,
                "jobResponse": {"jobStatus": 0, "opResult": {"result": 0}},
            },
            JobState.DONE,
            True,
        ),
        ({"completed": True}, JobState.DONE, False),
        ({"completed": True, "jobResponse": {"jobStatus": 0}}, JobState.DONE, False),
        (
            {
                "completed": True,
                "jobResponse": {"jobStatus": 0, "opResult": {"result": 5}},
            },
            JobState.FAILED,
            True,
        ),
        ({"completed": True, "jobResponse": {"jobStatus": 7}}, JobState.FAILED, True),
        ({"completed": True, "jobResponse": {"jobStatus": 2}}, JobState.EXPIRED, True),
        (
            {"jobResponse": {"jobStatus": 2, "opResult": {"result": 1}}},
            JobState.FAILED,
            True,
        ),
        (
            {"payload": {"completed": True, "jobResponse": {"jobStatus": 2}}},
            JobState.EXPIRED,
            True,
        ),
    ],
)
async def test_answers_about_a_job(
    igloohome: IgloohomeCloud,
    sim: Simulator,
    answer: dict[str, Any],
    state: JobState,
    confirmed: bool,
) -> None:
    """Every shape a job's answer may have."""
    sim.faults.add("/jobs/", "json", body=answer)
    expires = NOW + timedelta(seconds=60)
    job = await igloohome.async_get_job(
        Job(job_id="j", state=JobState.PENDING, expires_at=expires)
    )
    assert (job.state, job.confirmed) == (state, confirmed)
    assert bool(job.detail) is (state is JobState.FAILED)
    assert (job.job_id, job.expires_at) == ("j", expires)


async def test_answer_that_is_no_job(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """An answer about something else says nothing about the job."""
    sim.faults.add("/jobs/", "json", body={}, times=None)
    with pytest.raises(CloudUnreachableError, match="no job"):
        await igloohome.async_get_job(Job(job_id="j", state=JobState.PENDING))


async def test_permissions_decide_what_can_be_operated(
    make_igloohome: MakeIgloohome,
) -> None:
    """Without the scope a lock offers no remote operation, and none is tried."""
    cloud = make_igloohome("limited-client-id", "limited-client-secret")
    lock = (await devices_of(cloud))[LOCK_BRIDGED]
    assert not (lock.can_lock or lock.can_unlock or lock.can_refresh_battery)
    assert not (lock.can_refresh_status or lock.can_read_log)
    with pytest.raises(CloudPermissionError) as caught:
        await cloud.async_start(lock, Operation.UNLOCK)
    assert caught.value.permission == "unlock-bridge-proxied-job"
