"""igloohome's lock logs on their way to the cloud, and bridges out of order."""

from datetime import timedelta
from typing import Any

import pytest

from simulator.igloohome.scenarios import BRIDGE, LOCK_BRIDGED, PADLOCK

from .igloohome_api import Api, job_result as result, start_job as start
from .test_control import Control

URL = f"/devices/{LOCK_BRIDGED}/activity"
DURATION: dict[str, Any] = {
    "accessName": "Cleaner",
    "pin": "0471",
    "pinType": 4,
    "startDate": "2026-11-20T10:05:00+00:00",
    "endDate": "2026-11-20T11:59:59+00:00",
}


@pytest.fixture
def control(sim: Any, http: Any) -> Control:
    """Return the control interface of the running simulator."""
    return Control(sim, http)


async def rows(api: Api) -> list[dict[str, Any]]:
    """Return the log as the cloud tells it."""
    status, body = await api.get(URL)
    assert status == 200
    found: list[dict[str, Any]] = body["payload"]
    return found


async def test_raw_rows(api: Api) -> None:
    """The numbers tell first use, further use, kinds of PINs and wrong ones."""
    cloud = api.sim.igloohome
    cloud.switches.activity_shape = "raw"
    await start(api, 4, DURATION)
    await start(api, 4, DURATION | {"pin": "1111", "pinType": 1})
    await start(api, 4, DURATION | {"pin": "222222", "pinType": 2})
    api.sim.clock.advance(timedelta(seconds=40))
    for pin in ("0471", "0471", "1111", "222222", "1111"):
        api.sim.clock.advance(timedelta(seconds=10))
        cloud.enter_pin(LOCK_BRIDGED, pin)
    cloud.upload_log(LOCK_BRIDGED)
    found = await rows(api)
    told = [(row["logType"], row.get("pin")) for row in found if "pin" in row]
    assert told == [
        (16, "1111"),
        (21, "222222"),
        (20, "1111"),
        (19, "0471"),
        (22, "0471"),
    ]
    assert found[0]["entryDate"] == 1795170090
    assert 48 in [row["logType"] for row in found]


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [("hourly", [22, 19]), ("onetime", [20, 16]), ("permanent", [21, 21])],
)
async def test_raw_rows_of_algopins(api: Api, kind: str, numbers: list[int]) -> None:
    """Offline PINs are logged by their kind, at once on any lock."""
    cloud = api.sim.igloohome
    body = {
        "variance": 1,
        "startDate": "2026-11-20T10:00:00+00:00",
        "accessName": "Guest",
    }
    if kind == "hourly":
        body["endDate"] = "2026-11-20T15:00:00+00:00"
    _, answer = await api.post(f"/devices/{PADLOCK}/algopin/{kind}", body)
    for _ in range(2):
        cloud.enter_pin(PADLOCK, answer["pin"])
    log = cloud.devices[PADLOCK].lock_log
    assert [row.log_type for row in log] == numbers
    assert answer["pin"] not in repr(log)


async def test_orders_and_repeats(api: Api, control: Control) -> None:
    """Rows come sorted either way, or as they were uploaded, perhaps twice."""
    switches = api.sim.igloohome.switches
    api.sim.igloohome.enter_pin(LOCK_BRIDGED, "9990")
    late = {
        "activity_type": "PIN_UNLOCK",
        "log_type": 22,
        "at": "2026-11-20T08:00:00+00:00",
        "pin": "8880",
    }
    path = f"igloohome/devices/{LOCK_BRIDGED}/log"
    await control("POST", path, {"rows": [late]})
    assert [row["pin"] for row in await rows(api)] == ["9990", "8880"]
    switches.activity_order = "oldest_first"
    assert [row["pin"] for row in await rows(api)] == ["8880", "9990"]
    switches.activity_order = "arrival"
    switches.activity_repeats = True
    switches.activity_shape = "mixed"
    found = await rows(api)
    assert [row["pin"] for row in found] == ["9990", "9990", "8880", "8880"]
    assert ["logType" in row for row in found] == [False, True, False, True]
    await control("POST", path)
    refused: list[Any] = [1, [1], [{}], [{"at": 1}]]
    for wrong in ({"rows": rows} for rows in refused):
        await control("POST", path, wrong, 400)
    await control("POST", "igloohome/devices/none/log", {}, 404)


async def test_newest_job_first(api: Api) -> None:
    """A bridge may take the newest waiting job, but finishes what it began."""
    api.sim.igloohome.switches.job_order = "newest_first"
    jobs = [await start(api, 1) for _ in range(3)]

    async def done() -> list[bool]:
        return [(await result(api, job))["completed"] for job in jobs]

    api.sim.clock.advance(timedelta(seconds=5))
    assert await done() == [True, False, False]
    api.sim.clock.advance(timedelta(seconds=5))
    assert await done() == [True, False, True]
    # Losing the bridge makes the running job wait, not the ones behind it.
    api.sim.igloohome.patch_device(BRIDGE, {"online": False})
    api.sim.clock.advance(timedelta(seconds=60))
    api.sim.igloohome.patch_device(BRIDGE, {"online": True})
    api.sim.clock.advance(timedelta(seconds=4))
    assert await done() == [True, False, True]
    api.sim.clock.advance(timedelta(seconds=1))
    assert await done() == [True, True, True]


async def test_jobs_that_nobody_asked_about(api: Api) -> None:
    """What a bridge has done shows everywhere, also when no job was looked at."""
    await start(api, 9)
    api.sim.clock.advance(timedelta(seconds=36))
    _, device = await api.get(f"/devices/{LOCK_BRIDGED}")
    assert device["batteryLevel"] == 61
