"""The doors of Seam's locks, spare codes, and events that are brought about."""

from datetime import timedelta
from typing import Any

import pytest

from simulator.seam.scenarios import (
    ACCOUNT,
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_HUB_DOWN,
    SEAM_LOCK_OFFLINE,
)

from .conftest import NOW
from .seam_api import START, SeamApi
from .test_control import Control

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def api(sim: Any, http: Any) -> SeamApi:
    """Return a client of the first workspace."""
    return SeamApi(sim, http)


@pytest.fixture
def control(sim: Any, http: Any) -> Control:
    """Return the control interface of the running simulator."""
    return Control(sim, http)


def window(start: timedelta, length: timedelta) -> dict[str, str]:
    """Return the window of a code, counted from now."""
    return {
        "starts_at": (NOW + start).isoformat(),
        "ends_at": (NOW + start + length).isoformat(),
    }


async def door_events(api: SeamApi) -> list[dict[str, Any]]:
    """Return what happened at doors."""
    body = await api.ok("events/list", since=(NOW - HOUR).isoformat())
    return [e for e in body["events"] if e["event_type"].startswith("lock.")]


async def test_online_code_at_the_door(api: SeamApi) -> None:
    """A code opens in its window as long as it is on the lock."""
    seam = api.sim.seam
    code = await api.create(SEAM_LOCK_BRIDGED, code="4829", **window(HOUR, HOUR))
    api.advance(seconds=30)
    assert not seam.enter_pin(SEAM_LOCK_BRIDGED, "4829")
    api.advance(minutes=61)
    assert seam.enter_pin(SEAM_LOCK_BRIDGED, "4829")
    assert not seam.enter_pin(SEAM_LOCK_OFFLINE, "4829")
    device = await api.ok("devices/get", device_id=SEAM_LOCK_BRIDGED)
    assert device["device"]["properties"]["locked"] is False
    api.advance(seconds=5)
    device = await api.ok("devices/get", device_id=SEAM_LOCK_BRIDGED)
    assert device["device"]["properties"]["locked"] is True
    await api.ok("access_codes/delete", access_code_id=code["access_code_id"])
    api.advance(minutes=1)
    assert not seam.enter_pin(SEAM_LOCK_BRIDGED, "4829")
    events = await door_events(api)
    assert [event["event_type"] for event in events] == [
        "lock.access_denied",
        "lock.unlocked",
        "lock.locked",
        "lock.access_denied",
    ]
    assert events[0]["reason"]["reason_code"] == "expired_code"
    assert events[1]["method"] == "keycode"
    assert "access_code_id" not in events[1]
    assert events[2]["method"] == "automatic"
    assert events[3]["reason"]["reason_code"] == "unknown_code"


async def test_offline_codes_at_the_door(api: SeamApi) -> None:
    """Windows, single use, the first use within a day; Seam hears of nothing."""
    seam = api.sim.seam
    api.sim.clock.set(START - HOUR)

    async def pin(hours: float, **params: Any) -> str:
        code = await api.offline(SEAM_LOCK_OFFLINE, START, hours, **params)
        api.advance(seconds=31)
        return str((await api.read(code))["code"])

    once = await pin(24, is_one_time_use=True)
    short, used, lapsed = await pin(3), await pin(100), await pin(101)

    def opens(digits: str) -> bool:
        return seam.enter_pin(SEAM_LOCK_OFFLINE, digits)

    assert not opens(short)
    api.sim.clock.set(START)
    assert [opens(once), opens(once), opens(short), opens(used)] == [
        True,
        False,
        True,
        True,
    ]
    api.sim.clock.set(START + DAY)
    assert [opens(short), opens(used), opens(lapsed)] == [False, True, False]
    assert await door_events(api) == []


async def test_deleted_offline_code_still_opens(api: SeamApi) -> None:
    """What Seam forgets, the lock does not."""
    api.sim.seam.switches.offline_delete = "remove"
    code = await api.offline(SEAM_LOCK_BRIDGED, START, 3)
    api.advance(seconds=31)
    pin = (await api.read(code))["code"]
    await api.ok("access_codes/delete", access_code_id=code["access_code_id"])
    api.sim.clock.set(START)
    assert api.sim.seam.enter_pin(SEAM_LOCK_BRIDGED, pin)


async def test_switches_of_the_door(api: SeamApi) -> None:
    """A code may be named, and a door may stay open, or not tell its state."""
    seam = api.sim.seam
    seam.switches.events_name_code = True
    seam.switches.relock_seconds = None
    seam.patch_device(SEAM_LOCK_BRIDGED, {"locked": None})
    code = await api.create(SEAM_LOCK_BRIDGED, code="4829")
    api.advance(minutes=1)
    assert seam.enter_pin(SEAM_LOCK_BRIDGED, "4829")
    api.advance(hours=1)
    (event,) = await door_events(api)
    assert (event["access_code_id"], event["code"]) == (code["access_code_id"], "4829")
    seam.switches.events_repeated = True
    assert await door_events(api) == [event, event]


async def test_relocking_unseen(api: SeamApi) -> None:
    """A lock that has lost its bridge by then locks itself unheard."""
    seam = api.sim.seam
    seam.patch_device(SEAM_LOCK_BRIDGED, {"locked": None})
    await api.create(SEAM_LOCK_BRIDGED, code="4829")
    api.advance(minutes=1)
    seam.enter_pin(SEAM_LOCK_BRIDGED, "4829")
    seam.patch_device(SEAM_LOCK_BRIDGED, {"online": False})
    api.advance(minutes=1)
    assert [event["event_type"] for event in await door_events(api)] == [
        "lock.unlocked"
    ]


async def test_empty_backup_pool(api: SeamApi) -> None:
    """Spare codes are used up; the code that has one keeps it."""
    api.sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"backup_codes": 1})
    codes = [
        await api.create(
            SEAM_LOCK_BRIDGED, use_backup_access_code_pool=True, **window(HOUR, DAY)
        )
        for _ in range(2)
    ]
    route = "access_codes/pull_backup_access_code"
    first, second = [{"access_code_id": code["access_code_id"]} for code in codes]
    await api.ok(route, **first)
    await api.ok(route, **first)
    refused = await api.refused(route, **second)
    assert refused[1] == "backup_access_code_not_available"
    device = await api.ok("devices/get", device_id=SEAM_LOCK_BRIDGED)
    (error,) = device["device"]["errors"]
    assert error["error_code"] == "empty_backup_access_code_pool"


async def test_page_of_events(api: SeamApi) -> None:
    """An answer holds so many events, if the request does not say."""
    api.sim.seam.switches.events_page = 1
    since = (NOW - timedelta(days=400)).isoformat()
    assert len((await api.ok("events/list", since=since))["events"]) == 1
    assert len((await api.ok("events/list", since=since, limit=2))["events"]) == 2


async def test_control(api: SeamApi, control: Control) -> None:
    """Doors and events can be moved from another process."""
    path = f"seam/devices/{SEAM_LOCK_BRIDGED}/keypad"
    assert await control("POST", path, {"pin": "0000"}) == {"opened": False}
    await control("POST", path, {"pin": 1}, 400)
    await control("POST", "seam/devices/none/keypad", {"pin": "0000"}, 404)

    late = {
        "event_type": "lock.unlocked",
        "device_id": SEAM_LOCK_BRIDGED,
        "occurred_at": "2026-11-20T09:00:00+01:00",
        "method": "card",
    }
    event = await control("POST", "seam/events", late)
    assert event["occurred_at"] == "2026-11-20T08:00:00.000Z"
    assert event["created_at"] == "2026-11-20T10:20:00.000Z"
    code = await api.create(SEAM_LOCK_BRIDGED, code="4829")
    answers = [
        await control("POST", "seam/events", body)
        for body in (
            {
                "event_type": "access_code.set_on_device",
                "access_code_id": code["access_code_id"],
                "code": "4829",
            },
            {"event_type": "device.low_battery", "device_id": SEAM_LOCK_BRIDGED},
            {
                "event_type": "device.low_battery",
                "device_id": SEAM_LOCK_HUB_DOWN,
                "battery_level": 0.05,
            },
            {
                "event_type": "connected_account.disconnected",
                "connected_account_id": ACCOUNT,
            },
        )
    ]
    assert answers[0]["device_id"] == SEAM_LOCK_BRIDGED
    assert answers[0]["code"] is None
    assert [answer.get("battery_level") for answer in answers] == [
        None,
        0.86,
        0.05,
        None,
    ]
    assert answers[3]["connected_account_errors"] == []
    body = await api.ok("events/list", since=(NOW - HOUR).isoformat())
    assert len(body["events"]) == 7
    for wrong in (
        {"event_type": "lock.exploded", "device_id": SEAM_LOCK_BRIDGED},
        {"event_type": "lock.locked"},
        {**late, "occurred_at": "noon"},
    ):
        await control("POST", "seam/events", wrong, 400)
    await control(
        "POST", "seam/events", {"event_type": "lock.locked", "device_id": "x"}, 404
    )
