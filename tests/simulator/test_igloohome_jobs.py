"""igloohome's bridge jobs."""

from datetime import timedelta
from typing import Any

import pytest

from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
)

from .igloohome_api import Api, job_result as result, start_job as start

PIN_DATA: dict[str, Any] = {
    "accessName": "Cleaner",
    "pin": "0471",
    "pinType": 4,
    "startDate": "2026-11-20T10:05:00+00:00",
    "endDate": "2026-11-20T11:59:59+00:00",
}


def locked(api: Api, device: str) -> bool:
    """Return whether the bolt is thrown, as of the last request."""
    return api.sim.igloohome.devices[device].locked


async def test_unlock_takes_time_and_relocks(api: Api) -> None:
    """A job is pending, then done; the bolt moves when it is done, and back."""
    job = await start(api, 2)
    assert await result(api, job, 4) == {
        "jobId": job,
        "expiryDate": "2026-11-20T10:22:00+00:00",
        "completed": False,
        "jobType": 2,
    }
    assert locked(api, LOCK_BRIDGED)
    done = await result(api, job, 1)
    assert (done["completed"], done["jobResponse"]) == (
        True,
        {"jobStatus": 0, "opResult": {"result": 0}},
    )
    assert not locked(api, LOCK_BRIDGED)
    api.sim.clock.advance(timedelta(seconds=5))
    await api.get(f"/devices/{LOCK_BRIDGED}")
    assert locked(api, LOCK_BRIDGED)


async def test_lock_job_and_late_settling(api: Api) -> None:
    """What happened unseen happened at its own time, in order."""
    api.sim.igloohome.patch_device(LOCK_BRIDGED, {"relock_seconds": None})
    first = await start(api, 2, {})
    await result(api, first, 600)
    assert not locked(api, LOCK_BRIDGED)
    second = await start(api, 1)
    assert (await result(api, second, 60))["jobResponse"]["jobStatus"] == 0
    assert locked(api, LOCK_BRIDGED)


@pytest.mark.parametrize(
    ("form", "extra"),
    [
        ("absent", {}),
        ("null", {"jobResponse": None}),
        ("empty", {"jobResponse": {}}),
        ("status", {"jobResponse": {"jobStatus": 1}}),
    ],
)
async def test_pending_forms(api: Api, form: Any, extra: dict[str, Any]) -> None:
    """An unfinished job has no response, in four forms."""
    api.sim.igloohome.switches.pending_response = form
    api.sim.igloohome.switches.job_type_form = "string"
    body = await result(api, await start(api, 1))
    assert body.keys() - extra.keys() == {
        "jobId",
        "expiryDate",
        "completed",
        "jobType",
    }
    assert {key: body[key] for key in extra} == extra
    assert body["jobType"] == "1"


@pytest.mark.parametrize(
    ("form", "completed", "response"),
    [
        ("completed", True, {"jobStatus": 2}),
        ("not_completed", False, {"jobStatus": 2}),
        ("silent", False, "absent"),
    ],
)
async def test_out_of_reach_expires(
    api: Api, form: Any, completed: bool, response: Any
) -> None:
    """A lock out of reach lets the job expire after two minutes."""
    api.sim.igloohome.switches.expired_job = form
    api.sim.igloohome.patch_device(LOCK_BRIDGED, {"in_reach": False})
    job = await start(api, 2)
    assert (await result(api, job, 119))["completed"] is False
    body = await result(api, job, 1)
    assert body["completed"] is completed
    assert body.get("jobResponse", "absent") == response
    assert api.sim.igloohome.devices[LOCK_BRIDGED].locked


async def test_back_in_reach(api: Api) -> None:
    """A waiting job begins when the lock comes back into reach."""
    cloud = api.sim.igloohome
    cloud.patch_device(LOCK_BRIDGED, {"in_reach": False})
    job = await start(api, 2)
    await result(api, job, 60)
    cloud.patch_device(LOCK_BRIDGED, {"in_reach": True})
    assert (await result(api, job, 4))["completed"] is False
    assert (await result(api, job, 1))["jobResponse"]["jobStatus"] == 0


async def test_bridge_lost_while_working(api: Api) -> None:
    """A bridge that goes offline leaves its jobs to expire."""
    job = await start(api, 2)
    api.sim.igloohome.patch_device(BRIDGE, {"online": False})
    assert (await result(api, job, 60))["completed"] is False
    assert (await result(api, job, 60))["jobResponse"] == {"jobStatus": 2}


async def test_one_after_another(api: Api) -> None:
    """A bridge does one job at a time; late ones expire unbegun."""
    jobs = [await start(api, 10) for _ in range(4)]
    api.sim.clock.advance(timedelta(seconds=70))
    done = [(await result(api, job))["completed"] for job in jobs]
    assert done == [True, True, False, False]
    api.sim.clock.advance(timedelta(seconds=50))
    statuses = [(await result(api, job))["jobResponse"]["jobStatus"] for job in jobs]
    assert statuses == [0, 0, 0, 2]


async def test_queue_is_limited(api: Api) -> None:
    """Twenty pending jobs are the most a bridge takes."""
    for _ in range(20):
        await start(api, 1)
    full = (406, {"error": "Too many pending jobs for the bridge"})
    assert await api.job(LOCK_BRIDGED, BRIDGE, 1) == full
    api.sim.clock.advance(timedelta(seconds=5))
    await start(api, 1)
    assert len(api.sim.igloohome.jobs) == 21


@pytest.mark.parametrize(
    ("device", "bridge"),
    [
        (LOCK_UNBRIDGED, BRIDGE),
        (LOCK_BRIDGED, "EB1Xnone"),
        (LOCK_BRIDGED, LOCK_UNBRIDGED),
    ],
)
async def test_unreachable_bridge(api: Api, device: str, bridge: str) -> None:
    """A bridge that is unknown or does not know the lock is "offline"."""
    status, body = await api.job(device, bridge, 2)
    assert status == 406
    assert "Unable to contact bridge" in body["error"]
    assert "appears to be offline" in body["error"]


async def test_offline_bridge_and_unknown_things(api: Api) -> None:
    """Offline bridge 406; unknown device and job 404; foreign jobs hidden."""
    job = await start(api, 2)
    api.sim.igloohome.patch_device(BRIDGE, {"online": False})
    assert (await api.job(LOCK_BRIDGED, BRIDGE, 2))[0] == 406
    assert (await api.job("none", BRIDGE, 2))[0] == 404
    assert await api.get("/jobs/none") == (404, {"error": "Job not found"})
    await api.login("second")
    assert (await api.get(f"/jobs/{job}"))[0] == 404


@pytest.mark.parametrize(
    ("device", "job_type", "data", "error"),
    [
        (LOCK_BRIDGED, 3, None, "'jobType' must be one of 1, 2, 4, 5, 9, 10, 15"),
        (LOCK_BRIDGED, "1", None, "'jobType' must be one of 1, 2, 4, 5, 9, 10, 15"),
        (LOCK_BRIDGED, None, None, "'jobType' is required"),
        (LOCK_BRIDGED, 1, [], "'jobData' must be an object"),
        (LOCK_BRIDGED, 1, {"x": 1}, "'x' is not allowed"),
        (LOCK_BRIDGED, 4, None, "'pin' is required"),
        (LOCK_BRIDGED, 4, {"pin": "123"}, "'pin' length is 4-6 digits"),
        (LOCK_BRIDGED, 4, {"pin": "1234567"}, "'pin' length is 4-6 digits"),
        (LOCK_BRIDGED, 4, {"pin": "12a4"}, "'pin' length is 4-6 digits"),
        (LOCK_BRIDGED, 4, {"pin": 1234}, "'pin' length is 4-6 digits"),
        (LOCK_BRIDGED, 5, {"pin": "123456789"}, "'pin' length is 4-6 digits"),
        (KEYPAD_RETROFIT, 2, None, "Job type is not supported by the device"),
        (
            LOCK_RETROFIT,
            4,
            {"pin": "1234"},
            "Job type is not supported by the device",
        ),
        (
            LOCK_BRIDGED,
            15,
            {"lockTime": "now"},
            "'lockTime' must be in format YYYY-MM-DDTHH:mm:ss+hh:mm",
        ),
    ],
)
async def test_job_refusals(
    api: Api, device: str, job_type: Any, data: Any, error: str
) -> None:
    """Wrong jobs are refused before they reach the queue."""
    assert await api.job(device, BRIDGE, job_type, data) == (400, {"error": error})
    assert api.sim.igloohome.jobs == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"pinType": 3}, "'pinType' must be one of 1, 2, 4"),
        ({"pinType": "4"}, "'pinType' must be one of 1, 2, 4"),
        ({"endDate": None}, "'endDate' is required"),
        ({"accessName": ""}, "'accessName' length is 1-60 characters"),
        (
            {"startDate": "2026-11-20T09:59:59+00:00"},
            "'startDate' must not be in the past",
        ),
        (
            {"endDate": "2026-11-20T10:05:00+00:00"},
            "'endDate' must be after 'startDate'",
        ),
    ],
)
async def test_custom_pin_refusals(
    api: Api, change: dict[str, Any], error: str
) -> None:
    """The rules of job 4."""
    answer = await api.job(LOCK_BRIDGED, BRIDGE, 4, PIN_DATA | change)
    assert answer == (400, {"error": error})


async def test_battery_and_status(api: Api) -> None:
    """Job 9 brings the true level to the cloud; the result has several forms."""
    cloud = api.sim.igloohome
    body = await result(api, await start(api, 9), 35)
    assert body["jobResponse"]["opResult"] == {"result": 0, "batteryLevel": 61}
    device = (await api.get(f"/devices/{LOCK_BRIDGED}"))[1]
    assert (device["batteryLevel"], device["lastSync"]) == (
        61,
        "2026-11-20T10:20:35+00:00",
    )
    cloud.patch_device(LOCK_BRIDGED, {"real_battery": None})
    cloud.switches.battery_result = "nested"
    body = await result(api, await start(api, 9), 35)
    assert body["jobResponse"]["opResult"] == {"result": 0, "battery": {"level": 61}}
    cloud.switches.battery_result = "result_only"
    body = await result(api, await start(api, 9), 35)
    assert body["jobResponse"]["opResult"] == {"result": 0}

    body = await result(api, await start(api, 10), 35)
    assert body["jobResponse"]["opResult"] == {"result": 0}
    cloud.switches.status_result = "lock_state"
    cloud.patch_device(LOCK_BRIDGED, {"job_seconds": 1})
    body = await result(api, await start(api, 10), 1)
    assert body["jobResponse"]["opResult"] == {"result": 0, "lockState": "locked"}


async def test_removed_lock_expires_its_jobs(api: Api) -> None:
    """Jobs for a lock that was removed from the account expire."""
    job = await start(api, 2)
    api.sim.igloohome.remove_device(LOCK_BRIDGED)
    assert (await result(api, job, 120))["jobResponse"] == {"jobStatus": 2}
