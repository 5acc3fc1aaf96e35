"""Seam's locks, locking and unlocking, and the control interface for devices."""

import re

from aiohttp import ClientSession
import pytest

from simulator import Simulator
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_HUB_DOWN,
    SEAM_LOCK_OFFLINE,
    SEAM_LOCK_PADLOCK,
    SEAM_LOCK_RETROFIT,
)

from .conftest import NOW
from .seam_api import SeamApi


@pytest.fixture
def api(sim: Simulator, http: ClientSession) -> SeamApi:
    """Return a client of the simulated Seam cloud."""
    return SeamApi(sim, http)


async def _device(api: SeamApi, device_id: str) -> dict[str, object]:
    """Return a device as the API shows it."""
    device: dict[str, object] = (await api.ok("devices/get", device_id=device_id))[
        "device"
    ]
    return device


async def _properties(api: SeamApi, device_id: str) -> dict[str, object]:
    """Return the properties of a device."""
    properties = (await _device(api, device_id))["properties"]
    assert isinstance(properties, dict)
    return properties


async def test_three_kinds_of_locks(api: SeamApi) -> None:
    """Flags, battery, warnings and errors tell bridged from bridge-less locks."""
    body = await api.ok("locks/list")
    assert body["locks"] == body["devices"]
    locks = {lock["device_id"]: lock for lock in body["locks"]}
    bridged = locks[SEAM_LOCK_BRIDGED]
    offline = locks[SEAM_LOCK_OFFLINE]
    down = locks[SEAM_LOCK_HUB_DOWN]
    assert bridged["can_remotely_unlock"] is True
    assert bridged["properties"]["battery"] == {"level": 0.86, "status": "good"}
    assert bridged["properties"]["igloohome_metadata"]["bridge_id"]
    assert bridged["location"]["time_zone"] == "Europe/Berlin"
    assert offline["can_remotely_unlock"] is False
    assert offline["can_program_offline_access_codes"] is True
    assert "battery" not in offline["properties"]
    assert "bridge_id" not in offline["properties"]["igloohome_metadata"]
    assert "location" not in offline
    (warning,) = offline["warnings"]
    assert warning["warning_code"] == "hub_required_for_additional_capabilities"
    assert [error["error_code"] for error in down["errors"]] == ["hub_disconnected"]
    assert down["properties"]["online"] is False
    assert "battery_level" not in down["properties"]
    assert down["can_program_online_access_codes"] is True


async def test_padlock_lacks_the_flags(api: SeamApi) -> None:
    """A flag that is absent differs from one that is false."""
    api.sim.reset("demo")
    padlock = await _device(api, SEAM_LOCK_PADLOCK)
    assert "can_remotely_unlock" not in padlock
    assert padlock["can_program_offline_access_codes"] is True


async def test_retrofit_keypad(api: SeamApi) -> None:
    """A retrofit lock shows its accessory keypad."""
    properties = await _properties(api, SEAM_LOCK_RETROFIT)
    assert properties["accessory_keypad"] == {
        "is_connected": True,
        "battery": {"level": 0.55},
    }


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"search": "ment 3"}, ["Apartment 3"]),
        ({"device_ids": [SEAM_LOCK_OFFLINE]}, ["Apartment 2"]),
        ({"device_type": "august_lock"}, []),
        ({"device_types": ["igloohome_lock"], "limit": 1}, ["Apartment 1"]),
        ({"manufacturer": "yale"}, []),
        ({"created_before": "2020-01-01T00:00:00Z"}, []),
        ({"connected_account_ids": [SEAM_LOCK_OFFLINE]}, []),
    ],
)
async def test_list_filters(
    api: SeamApi, filters: dict[str, object], names: list[str]
) -> None:
    """Every filter of devices/list works."""
    body = await api.ok("devices/list", **filters)
    assert [device["display_name"] for device in body["devices"]] == names


async def test_get_by_name_and_update(api: SeamApi) -> None:
    """A nickname changes the display name and is an event."""
    await api.ok(
        "devices/update",
        device_id=SEAM_LOCK_BRIDGED,
        name="Loft",
        custom_metadata={"floor": "5", "vip": True},
    )
    device = (await api.ok("devices/get", name="Loft"))["device"]
    assert (device["nickname"], device["properties"]["name"]) == ("Loft", "Apartment 1")
    assert device["custom_metadata"] == {"floor": "5", "vip": True}
    await api.ok(
        "devices/update", device_id=SEAM_LOCK_BRIDGED, custom_metadata={"floor": None}
    )
    device = await _device(api, SEAM_LOCK_BRIDGED)
    assert device["custom_metadata"] == {"vip": True}
    await api.ok("devices/update", device_id=SEAM_LOCK_BRIDGED, is_managed=False)
    assert (await api.refused("locks/get", device_id=SEAM_LOCK_BRIDGED))[0] == 404
    assert (await api.refused("devices/get"))[0] == 400
    assert (await api.refused("devices/get", name="Nowhere"))[0] == 404


async def test_shape_switches(api: SeamApi) -> None:
    """Optional parts of a device come and go."""
    switches = api.sim.seam.switches
    options = (await _properties(api, SEAM_LOCK_OFFLINE))["offline_time_frame_options"]
    assert isinstance(options, list)
    assert [option["display_name"] for option in options] == ["Hourly", "Daily"]
    switches.offline_time_frame_options = False
    switches.extra_keys = True
    switches.missing_location = "null"
    switches.microseconds = True
    device = await _device(api, SEAM_LOCK_OFFLINE)
    assert device["location"] is None
    assert "simulated_future_key" in device
    assert re.fullmatch(r".*T10:20:00\.\d{6}Z", str(device["created_at"]))
    assert "offline_time_frame_options" not in await _properties(api, SEAM_LOCK_OFFLINE)


async def test_lock_after_seconds(api: SeamApi) -> None:
    """State and events change only when the attempt has succeeded."""
    body = await api.ok("locks/unlock_door", device_id=SEAM_LOCK_BRIDGED)
    attempt = body["action_attempt"]
    assert attempt["status"] == "pending"
    assert attempt["result"] is None
    attempt_id = attempt["action_attempt_id"]
    assert (await _properties(api, SEAM_LOCK_BRIDGED))["locked"] is True
    api.advance(seconds=3)
    attempt = (await api.ok("action_attempts/get", action_attempt_id=attempt_id))[
        "action_attempt"
    ]
    assert attempt["status"] == "success"
    assert attempt["result"] == {"was_confirmed_by_device": True}
    assert (await _properties(api, SEAM_LOCK_BRIDGED))["locked"] is False
    assert await api.event_types(NOW) == [
        "action_attempt.unlock_door.succeeded",
        "lock.unlocked",
    ]
    await api.ok("locks/lock_door", device_id=SEAM_LOCK_BRIDGED)
    api.advance(seconds=3)
    assert (await _properties(api, SEAM_LOCK_BRIDGED))["locked"] is True
    listed = await api.ok("action_attempts/list", device_id=SEAM_LOCK_BRIDGED)
    assert len(listed["action_attempts"]) == 2


async def test_lock_after_polls_without_confirmation(api: SeamApi) -> None:
    """An attempt may stay pending for a number of reads."""
    switches = api.sim.seam.switches
    switches.attempt_polls = 2
    switches.was_confirmed_by_device = None
    body = await api.ok("locks/lock_door", device_id=SEAM_LOCK_BRIDGED)
    attempt_id = body["action_attempt"]["action_attempt_id"]
    seen = []
    for _ in range(3):
        body = await api.ok("action_attempts/get", action_attempt_id=attempt_id)
        seen.append(body["action_attempt"]["status"])
    assert seen == ["pending", "pending", "success"]
    assert body["action_attempt"]["result"] == {}


async def test_failing_and_endless_attempts(api: SeamApi) -> None:
    """Attempts fail with an error object, or never end; a lock may be set to either."""
    api.sim.seam.switches.attempt_outcome = "error"
    body = await api.ok("locks/lock_door", device_id=SEAM_LOCK_BRIDGED)
    failing = body["action_attempt"]["action_attempt_id"]
    api.sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"attempt_outcome": "pending"})
    body = await api.ok("locks/lock_door", device_id=SEAM_LOCK_BRIDGED)
    endless = body["action_attempt"]["action_attempt_id"]
    api.advance(hours=1)
    body = await api.ok("action_attempts/get", action_attempt_id=failing)
    assert body["action_attempt"]["status"] == "error"
    assert body["action_attempt"]["error"]["type"] == "uncategorized_error"
    body = await api.ok("action_attempts/get", action_attempt_id=endless)
    assert body["action_attempt"]["status"] == "pending"
    assert await api.event_types(NOW) == ["action_attempt.lock_door.failed"]
    unknown = "00000000-0000-4000-8000-000000000001"
    refused = await api.refused("action_attempts/get", action_attempt_id=unknown)
    assert refused[:2] == (404, "action_attempt_not_found")
    assert (await api.refused("action_attempts/list"))[0] == 400


async def test_lock_without_capability_or_bridge(api: SeamApi) -> None:
    """A false flag is a refusal; a bridge that went offline fails the attempt."""
    refused = await api.refused("locks/unlock_door", device_id=SEAM_LOCK_OFFLINE)
    assert refused[:2] == (400, "invalid_input")
    body = await api.ok("locks/unlock_door", device_id=SEAM_LOCK_BRIDGED)
    attempt_id = body["action_attempt"]["action_attempt_id"]
    api.sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"online": False})
    api.advance(seconds=5)
    body = await api.ok("action_attempts/get", action_attempt_id=attempt_id)
    assert body["action_attempt"]["status"] == "error"


async def test_control_of_devices(api: SeamApi) -> None:
    """Locks come, change and go over the control interface, with events."""
    url = f"{api.sim.url}/_control/seam/devices"
    async with api.http.post(
        url, json={"name": "Attic", "preset": "bridged"}
    ) as answer:
        assert answer.status == 200
        device = await answer.json()
    url = f"{url}/{device['device_id']}"
    changes = {
        "online": False,
        "flags": {"can_remotely_lock": None},
        "errors": [{"error_code": "brand_new_error"}],
    }
    async with api.http.patch(url, json=changes) as answer:
        assert answer.status == 200
    shown = await _device(api, device["device_id"])
    assert "can_remotely_lock" not in shown
    assert shown["errors"] == [
        {
            "error_code": "brand_new_error",
            "message": "Injected by the simulator.",
            "is_device_error": True,
            "created_at": "2026-11-20T10:20:00.000Z",
        }
    ]
    async with api.http.patch(url, json={"online": True}) as answer:
        assert answer.status == 200
    async with api.http.patch(url, json={"colour": "red"}) as answer:
        assert answer.status == 400
    async with api.http.delete(url) as answer:
        assert answer.status == 200
    async with api.http.delete(url) as answer:
        assert answer.status == 404
    refused = await api.refused("devices/get", device_id=device["device_id"])
    assert refused[0] == 404
    before = NOW.replace(minute=0)
    assert await api.event_types(before, device_id=device["device_id"]) == [
        "device.added",
        "device.disconnected",
        "device.connected",
        "device.removed",
    ]


async def test_large_scenario_and_state(api: SeamApi) -> None:
    """Many locks take many pages, and the state dump shows no PIN."""
    api.sim.reset("large:12")
    body = await api.ok("devices/list", limit=10)
    assert len(body["devices"]) == 10
    bridges = {
        device["properties"]["igloohome_metadata"]["bridge_id"]
        for device in (await api.ok("devices/list"))["devices"]
    }
    assert len(bridges) == 3
    api.sim.reset("demo")
    dump = api.sim.seam.dump()
    pins = [item["pin"] for item in api.sim.seam.issued_pins()]
    assert len(pins) >= 6
    assert not [pin for pin in pins if pin in str(dump)]
    statuses = {code["status"] for code in dump["codes"]}
    assert statuses == {"set", "unset"}
    api.sim.reset("empty")
    assert (await api.ok("devices/list"))["devices"] == []
    with pytest.raises(ValueError, match="unknown scenario"):
        api.sim.seam.load("huge")


async def test_account_disconnected(api: SeamApi) -> None:
    """A lost account shows on its devices and makes every code's status unknown."""
    code = await api.create(SEAM_LOCK_BRIDGED)
    account = next(iter(api.sim.seam.store.accounts.values()))
    account.errors = [
        {
            "error_code": "account_disconnected",
            "message": "Sign in again.",
            "created_at": "2026-11-20T10:20:00.000Z",
            "is_connected_account_error": True,
            "is_device_error": False,
        }
    ]
    device = await _device(api, SEAM_LOCK_BRIDGED)
    assert device["errors"] == account.errors
    code = await api.read(code)
    assert (code["status"], code["errors"]) == ("unknown", account.errors)
    (listed,) = (await api.ok("connected_accounts/list"))["connected_accounts"]
    own = {k: v for k, v in account.errors[0].items() if k != "is_device_error"}
    assert listed["errors"] == [own]
    refused = await api.refused("connected_accounts/get", email="nobody@example.com")
    assert refused[0] == 404
    assert (await api.refused("connected_accounts/get"))[0] == 400


async def test_device_providers(api: SeamApi) -> None:
    """Only igloohome's categories have providers."""
    body = await api.ok("devices/list_device_providers", provider_category="stable")
    assert body["device_providers"][0]["device_provider_name"] == "igloohome"
    body = await api.ok("devices/list_device_providers", provider_category="cameras")
    assert body["device_providers"] == []
