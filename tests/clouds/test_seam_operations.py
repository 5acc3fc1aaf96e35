"""Seam's client against the simulator: operations."""

from datetime import timedelta

import pytest

from custom_components.igloohome_access.clouds.base import (
    CloudNotFoundError,
    CloudRefusedError,
    Job,
    JobState,
    Operation,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.clouds.seam import SeamCloud
from custom_components.igloohome_access.model import Device
from simulator import Simulator
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE, WORKSPACE

TOKEN = "seam_at_simtoken_0001"
BRIDGE = f"{WORKSPACE}_EB1X00aa11bb22"
KEYPAD = f"{WORKSPACE}_EK1X5f6a7b8c9d"
NOWHERE = "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d9999"


async def devices_of(cloud: SeamCloud) -> dict[str, Device]:
    """Return the devices by id."""
    return {device.device_id: device for device in await cloud.async_list_devices()}


# --- operations ---------------------------------------------------------------------


@pytest.mark.parametrize("operation", [Operation.LOCK, Operation.UNLOCK])
@pytest.mark.parametrize("confirmed", [True, False, None])
async def test_operation(
    seam: SeamCloud, sim: Simulator, operation: Operation, confirmed: bool | None
) -> None:
    """An action attempt is pending until the lock has done it."""
    sim.seam.switches.was_confirmed_by_device = confirmed
    lock = (await devices_of(seam))[SEAM_LOCK_BRIDGED]
    job = await seam.async_start(lock, operation)
    assert job.state is JobState.PENDING
    job = await seam.async_get_job(job)
    assert job.state is JobState.PENDING
    sim.clock.advance(timedelta(seconds=4))
    job = await seam.async_get_job(job)
    assert (job.state, job.confirmed) == (JobState.DONE, confirmed is not False)
    locked = (await devices_of(seam))[SEAM_LOCK_BRIDGED].locked
    assert locked is (operation is Operation.LOCK)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("uncategorized_error", JobState.FAILED),
        ("action_attempt_expired", JobState.EXPIRED),
    ],
)
async def test_failed_operation(
    seam: SeamCloud, sim: Simulator, word: str, state: JobState
) -> None:
    """A failure stands inside of a good answer, with its reason."""
    sim.seam.switches.attempt_outcome = "error"
    sim.seam.switches.attempt_error_type = word
    lock = (await devices_of(seam))[SEAM_LOCK_BRIDGED]
    job = await seam.async_start(lock, Operation.UNLOCK)
    sim.clock.advance(timedelta(seconds=4))
    job = await seam.async_get_job(job)
    assert (job.state, job.detail) == (state, "The lock did not answer.")


async def test_operation_that_stays_pending(seam: SeamCloud, sim: Simulator) -> None:
    """Seam may never tell."""
    sim.seam.switches.attempt_outcome = "pending"
    lock = (await devices_of(seam))[SEAM_LOCK_BRIDGED]
    job = await seam.async_start(lock, Operation.UNLOCK)
    sim.clock.advance(timedelta(hours=1))
    assert (await seam.async_get_job(job)).state is JobState.PENDING


async def test_operation_refused(seam: SeamCloud) -> None:
    """A lock that cannot be operated is refused; so is an attempt nobody knows."""
    lock = (await devices_of(seam))[SEAM_LOCK_OFFLINE]
    with pytest.raises(CloudRefusedError) as caught:
        await seam.async_start(lock, Operation.LOCK)
    assert caught.value.reason == "invalid_input"
    with pytest.raises(CloudNotFoundError):
        await seam.async_get_job(Job(job_id=NOWHERE, state=JobState.PENDING))


@pytest.mark.parametrize(
    "operation",
    [Operation.REFRESH_BATTERY, Operation.REFRESH_STATUS, Operation.READ_LOG],
)
async def test_operations_seam_does_not_have(
    seam: SeamCloud, sim: Simulator, operation: Operation
) -> None:
    """Nothing is asked of Seam that it cannot do, and no lock claims it."""
    lock = (await devices_of(seam))[SEAM_LOCK_BRIDGED]
    assert operation not in seam.operations
    assert not (lock.can_refresh_battery or lock.can_refresh_status)
    assert not lock.can_read_log
    sim.requests.clear()
    with pytest.raises(CloudRefusedError) as caught:
        await seam.async_start(lock, operation)
    assert caught.value.reason == "operation_not_supported"
    assert sim.requests.all == []


async def test_operation_of_unknown_outcome(seam: SeamCloud, sim: Simulator) -> None:
    """The lock may have opened although the answer is lost."""
    lock = (await devices_of(seam))[SEAM_LOCK_BRIDGED]
    sim.faults.add("locks/unlock_door", "drop_after")
    with pytest.raises(OutcomeUnknownError):
        await seam.async_start(lock, Operation.UNLOCK)
    assert sim.requests.count(path="unlock_door") == 1
