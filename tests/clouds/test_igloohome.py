"""igloohome's client against the simulator: identity and devices."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.igloohome_access.clouds import igloohome as module
from custom_components.igloohome_access.clouds.base import CloudUnreachableError
from custom_components.igloohome_access.clouds.igloohome import IgloohomeCloud
from custom_components.igloohome_access.model import CodeKind, Device, DeviceType
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYBOX,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
    LOCK_UNBRIDGED,
    PADLOCK,
    UNKNOWN_TYPE,
)

from .conftest import MakeIgloohome
from .samples import NOW, PROMPT
from .scripted import ScriptedServer

OFFLINE_KINDS = [kind for kind in CodeKind if kind.offline]


async def devices_of(cloud: IgloohomeCloud) -> dict[str, Device]:
    """Return the devices by id."""
    return {device.device_id: device for device in await cloud.async_list_devices()}


# --- identity -----------------------------------------------------------------------


async def test_identify(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """The credentials are tried with one token and one list."""
    identity = await igloohome.async_identify()
    assert identity.title == "igloohome"
    assert len(identity.unique_id) == 16
    assert "sim-client-id" not in identity.unique_id
    assert identity.permissions is not None
    assert {"get-devices", "algopin-hourly"} <= identity.permissions
    assert sim.requests.counters == {
        "POST /oauth2/token": 1,
        "GET /igloohome/devices": 1,
    }


async def test_identity_is_stable(make_igloohome: MakeIgloohome) -> None:
    """The same API client is the same account, another one is not."""
    same = [(await make_igloohome().async_identify()).unique_id for _ in range(2)]
    other = await make_igloohome(
        "second-client-id", "second-client-secret"
    ).async_identify()
    assert same[0] == same[1] != other.unique_id


# --- devices ------------------------------------------------------------------------


async def test_devices(igloohome: IgloohomeCloud) -> None:
    """Links, abilities and values of the scenario "test"."""
    found = await devices_of(igloohome)
    synced = NOW - timedelta(hours=1)
    assert found[LOCK_RETROFIT] == Device(
        device_id=LOCK_RETROFIT,
        type=DeviceType.LOCK,
        name="Front Door",
        model="Retrofit Lock",
        serial_number=LOCK_RETROFIT,
        battery_level=90,
        last_sync=synced,
        can_lock=True,
        can_unlock=True,
        takes_offline_codes=True,
        takes_online_codes=True,
        code_target_id=KEYPAD_RETROFIT,
        bridge_id=BRIDGE,
        keypad_id=KEYPAD_RETROFIT,
        code_bridge_id=BRIDGE,
        can_refresh_battery=True,
        can_refresh_status=True,
        can_read_log=True,
        pin_lengths=(4, 5, 6),
    )
    assert found[KEYPAD_RETROFIT] == Device(
        device_id=KEYPAD_RETROFIT,
        type=DeviceType.KEYPAD,
        name="Front Door Keypad",
        model="Keypad",
        serial_number=KEYPAD_RETROFIT,
        battery_level=100,
        last_sync=synced,
        bridge_id=BRIDGE,
        lock_id=LOCK_RETROFIT,
        can_refresh_battery=True,
        can_refresh_status=True,
        can_read_log=True,
    )
    assert found[BRIDGE] == Device(
        device_id=BRIDGE,
        type=DeviceType.BRIDGE,
        name="Hall Bridge",
        model="Bridge",
        serial_number=BRIDGE,
        last_sync=NOW - timedelta(minutes=10),
    )
    assert found[LOCK_BRIDGED].can_unlock
    assert found[LOCK_BRIDGED].code_target_id == LOCK_BRIDGED
    assert found[LOCK_BRIDGED].takes_online_codes
    unbridged = found[LOCK_UNBRIDGED]
    assert unbridged.takes_offline_codes
    assert not (unbridged.can_lock or unbridged.can_unlock)
    assert not unbridged.takes_online_codes
    assert not (unbridged.can_refresh_battery or unbridged.can_read_log)
    assert unbridged.bridge_id is None
    assert unbridged.code_bridge_id is None
    assert unbridged.online is None
    assert found[PADLOCK].type is DeviceType.PADLOCK
    assert found[PADLOCK].model == "Padlock 2E"
    assert found[PADLOCK].last_sync is None
    assert found[KEYBOX].type is DeviceType.KEYBOX
    assert found[KEYBOX].battery_level == 9
    elevator = found[UNKNOWN_TYPE]
    assert elevator.type is DeviceType.OTHER
    assert elevator.model == "ElevatorController"
    assert not elevator.takes_codes


@pytest.mark.parametrize(
    "switches",
    [
        {"linked_devices": "strings"},
        {"home_id": "null"},
        {"home_id": "absent"},
        {"no_battery": "absent"},
        {"end_of_pages": "null", "page_size": 3},
        {"end_of_pages": "absent", "page_size": 1},
        {"future_fields": True},
    ],
)
async def test_shapes_that_mean_the_same(
    igloohome: IgloohomeCloud, sim: Simulator, switches: dict[str, Any]
) -> None:
    """Different shapes of the list give the same devices."""
    expected = await igloohome.async_list_devices()
    for name, value in switches.items():
        setattr(sim.igloohome.switches, name, value)
    assert await igloohome.async_list_devices() == expected


@pytest.mark.parametrize("form", ["null", "absent"])
async def test_no_links(igloohome: IgloohomeCloud, sim: Simulator, form: Any) -> None:
    """Without links nothing is promised that needs them."""
    sim.igloohome.switches.linked_devices = form
    sim.igloohome.switches.last_sync = form
    found = await devices_of(igloohome)
    assert found[LOCK_RETROFIT].code_target_id is None
    assert not found[LOCK_RETROFIT].takes_codes
    assert not any(device.can_unlock for device in found.values())
    # A keypad that belongs to no lock takes codes itself.
    assert found[KEYPAD_RETROFIT].code_target_id == KEYPAD_RETROFIT
    assert all(device.last_sync is None for device in found.values())


@pytest.mark.parametrize(
    ("linked", "can_unlock", "online_codes"),
    [
        ([LOCK_RETROFIT], True, False),
        ([KEYPAD_RETROFIT], False, True),
        ([], False, False),
    ],
)
async def test_bridge_of_a_retrofit_lock(
    igloohome: IgloohomeCloud,
    sim: Simulator,
    linked: list[str],
    can_unlock: bool,
    online_codes: bool,
) -> None:
    """The lock must be linked for operating it, the keypad for online codes."""
    sim.igloohome.patch_device(BRIDGE, {"linked": linked})
    lock = (await devices_of(igloohome))[LOCK_RETROFIT]
    assert (lock.can_unlock, lock.takes_online_codes) == (can_unlock, online_codes)
    assert lock.bridge_id == (BRIDGE if linked else None)


async def test_other_types(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """Types that were seen elsewhere are understood; links to nowhere are not."""
    for device_id, type_name in (
        ("ZZ1", "KeyBox"),
        ("ZZ2", "padlock"),
        ("ZZ3", ""),
        ("DBX2aa", "Lock"),
    ):
        sim.igloohome.add_device(
            {"device_id": device_id, "name": "", "type": type_name, "linked": ["gone"]}
        )
    found = await devices_of(igloohome)
    assert found["ZZ1"].type is DeviceType.KEYBOX
    assert found["ZZ2"].type is DeviceType.PADLOCK
    assert found["ZZ3"].type is DeviceType.OTHER
    assert found["ZZ3"].model is None
    assert found["ZZ1"].name == "ZZ1"
    assert found["DBX2aa"].model == "Deadbolt"


async def test_requests_for_200_locks(
    igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """Set-up is one token and the pages; a poll is the pages, unchanged ones free."""
    sim.reset("large:200")
    first = await igloohome.async_list_devices()
    assert len(first) == 240
    assert sim.requests.counters == {
        "POST /oauth2/token": 1,
        "GET /igloohome/devices": 5,
    }
    sim.requests.clear()
    assert await igloohome.async_list_devices() is first
    assert sim.requests.counters == {"GET /igloohome/devices": 5}
    sim.igloohome.patch_device(first[0].device_id, {"battery_level": 1})
    changed = await igloohome.async_list_devices()
    assert changed[0].battery_level == 1
    assert changed[1:] == first[1:]


async def test_endless_pages(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A list that repeats its cursor is not followed, and not half believed."""
    sim.igloohome.switches.page_size = 3
    sim.igloohome.switches.endless_pages = True
    with pytest.raises(CloudUnreachableError, match="no end"):
        await igloohome.async_list_devices()
    assert sim.requests.count(path="/devices$") <= 5


async def test_too_many_pages(
    igloohome: IgloohomeCloud, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list may also go on with ever new cursors."""
    monkeypatch.setattr(module, "MAX_PAGES", 2)
    sim.igloohome.switches.page_size = 1
    with pytest.raises(CloudUnreachableError, match="no end"):
        await igloohome.async_list_devices()
    assert sim.requests.count(path="/devices$") == 3


async def test_odd_lists(session: ClientSession, scripted: ScriptedServer) -> None:
    """A bare list and odd entries are read; an answer without a list is not."""
    cloud = IgloohomeCloud(
        session,
        "id",
        "secret",
        api_url=scripted.url,
        auth_url=f"{scripted.url}/token",
        policy=replace(PROMPT, tries=1),
    )
    scripted.answers = [
        web.json_response({"access_token": "opaque", "token_type": "Bearer"}),
        web.json_response(
            [
                {"deviceId": "IGB1", "type": "Lock", "linkedDevices": [None, 7, {}]},
                {"type": "Lock"},
                "IGB2",
                {"deviceId": "EB1", "type": 5, "batteryLevel": "full"},
            ]
        ),
        web.json_response({"nextCursor": "", "payload": None}),
        web.json_response("no"),
    ]
    found = await cloud.async_list_devices()
    assert [(d.device_id, d.type) for d in found] == [
        ("IGB1", DeviceType.LOCK),
        ("EB1", DeviceType.OTHER),
    ]
    for _ in range(2):
        with pytest.raises(CloudUnreachableError, match="no list of devices"):
            await cloud.async_list_devices()
