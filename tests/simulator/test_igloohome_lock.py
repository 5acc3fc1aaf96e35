"""The lock behind igloohome's cloud: programmed PINs, its log, the keypad."""

from datetime import timedelta
from typing import Any

from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
    PADLOCK,
)

from .igloohome_api import Api, job_result as result, start_job as start

PIN_DATA: dict[str, Any] = {
    "accessName": "Cleaner",
    "pin": "0471",
    "pinType": 4,
    "startDate": "2026-11-20T10:05:00+00:00",
    "endDate": "2026-11-20T11:59:59+00:00",
}


async def test_custom_pin_life(api: Api) -> None:
    """A PIN is programmed, opens in its window, is refused twice, is deleted."""
    cloud = api.sim.igloohome
    job = await start(api, 4, PIN_DATA)
    same = await api.job(LOCK_BRIDGED, BRIDGE, 5, {"pin": "0471"})
    assert same == (406, {"error": "Existing job with the same PIN"})
    assert not cloud.enter_pin(LOCK_BRIDGED, "0471")
    assert (await result(api, job, 8))["jobResponse"]["jobStatus"] == 0
    assert cloud.enter_pin(LOCK_BRIDGED, "0471")
    (record,) = cloud.issued_pins()
    assert (record["kind"], record["pin"]) == ("custom", "0471")

    again = await result(api, await start(api, 4, PIN_DATA), 8)
    assert again["jobResponse"] == {"jobStatus": 2, "opResult": {"result": 1}}
    gone = await result(api, await start(api, 5, {"pin": "0471"}), 8)
    assert gone["jobResponse"]["jobStatus"] == 0
    assert not cloud.enter_pin(LOCK_BRIDGED, "0471")
    missing = await result(api, await start(api, 5, {"pin": "0471"}), 8)
    assert missing["jobResponse"]["jobStatus"] == 2


async def test_custom_pin_kinds_and_capacity(api: Api) -> None:
    """One-time, permanent, windowed; a full lock takes no more."""
    cloud = api.sim.igloohome
    once = PIN_DATA | {"pin": "1111", "pinType": 1, "endDate": None}
    ever = PIN_DATA | {"pin": "222222", "pinType": 2, "endDate": None}
    for data in (once, ever, PIN_DATA):
        await start(api, 4, data, device=KEYPAD_RETROFIT)
    cloud.switches.pin_capacity = 3
    full = await start(api, 4, ever | {"pin": "3333"}, device=KEYPAD_RETROFIT)
    assert (await result(api, full, 40))["jobResponse"]["jobStatus"] == 2
    retrofit = cloud.devices[LOCK_RETROFIT]
    assert cloud.enter_pin(KEYPAD_RETROFIT, "1111")
    assert not retrofit.locked
    assert not cloud.enter_pin(KEYPAD_RETROFIT, "1111")
    assert cloud.enter_pin(KEYPAD_RETROFIT, "0471")
    api.sim.clock.advance(timedelta(hours=2))
    assert not cloud.enter_pin(KEYPAD_RETROFIT, "0471")
    assert cloud.enter_pin(KEYPAD_RETROFIT, "222222")


async def test_activity(api: Api) -> None:
    """The lock's log reaches the cloud by job 15 only, newest first, in pages."""
    cloud = api.sim.igloohome
    url = f"/devices/{LOCK_BRIDGED}/activity"
    for second in range(3):
        api.sim.clock.advance(timedelta(seconds=1))
        assert not cloud.enter_pin(LOCK_BRIDGED, f"999{second}")
    assert (await api.get(url))[1] == {"nextCursor": "", "payload": []}
    lock_time = {"lockTime": "2026-11-20T10:20:03+00:00"}
    body = await result(api, await start(api, 15, lock_time), 20)
    assert body["jobResponse"]["opResult"] == {"result": 0}
    _, first = await api.get(url, pageSize="2")
    _, second_page = await api.get(url, pageSize="2", cursor=first["nextCursor"])
    rows = first["payload"] + second_page["payload"]
    assert [row["pin"] for row in rows] == ["9992", "9991", "9990"]
    assert rows[0] == {
        "activityType": "PIN_UNLOCK_FAILED",
        "localActionAt": "2026-11-20T10:20:03+00:00",
        "activityTimeAt": "2026-11-20T10:20:03+00:00",
        "pin": "9992",
        "description": "Pin unlock failed",
    }
    assert second_page["nextCursor"] == ""
    for wrong in ("0", "101", "x", "-1"):
        assert (await api.get(url, pageSize=wrong))[0] == 400
    cloud.switches.solo_scope_activity = True
    assert await api.get(url) == (403, {"message": "Forbidden"})
    await api.login(scope="igloohomeapi/get-device-activity")
    assert (await api.get(url))[0] == 200


async def test_algopins_at_the_door(api: Api) -> None:
    """Offline PINs open as §7 says: window, first use within a day, single use."""
    cloud = api.sim.igloohome

    async def pin(kind: str, start_hour: int, end: str | None = None) -> str:
        body = {
            "variance": 1,
            "startDate": f"2026-11-20T{start_hour}:00:00+00:00",
            "accessName": "Guest",
        }
        if end is not None:
            body["endDate"] = f"2026-11-{end}:00:00+00:00"
        _, answer = await api.post(f"/devices/{PADLOCK}/algopin/{kind}", body)
        return str(answer["pin"])

    def opens(digits: str) -> bool:
        return cloud.enter_pin(PADLOCK, digits)

    short = await pin("hourly", 11, "20T13")
    used, lapsed = await pin("hourly", 10, "25T10"), await pin("hourly", 10, "25T11")
    once = await pin("onetime", 10)
    ever, unused = await pin("permanent", 10), await pin("permanent", 11)
    assert not opens(short)
    assert not cloud.enter_pin(LOCK_UNBRIDGED, used)
    assert [opens(used), opens(ever), opens(once), opens(once)] == [
        True,
        True,
        True,
        False,
    ]
    api.sim.clock.advance(timedelta(hours=2))
    assert opens(short)
    api.sim.clock.advance(timedelta(hours=23))
    assert [opens(digits) for digits in (short, used, lapsed, ever, unused)] == [
        False,
        True,
        False,
        True,
        False,
    ]
    api.sim.clock.advance(timedelta(days=5))
    assert [opens(used), opens(ever)] == [False, True]


async def test_removed_keypad_target(api: Api) -> None:
    """A keypad whose lock is gone still answers, and opens nothing else."""
    cloud = api.sim.igloohome
    job = await start(api, 4, PIN_DATA, device=KEYPAD_RETROFIT)
    await result(api, job, 8)
    cloud.remove_device(LOCK_RETROFIT)
    assert cloud.enter_pin(KEYPAD_RETROFIT, "0471")
    assert cloud.devices[LOCK_BRIDGED].locked
