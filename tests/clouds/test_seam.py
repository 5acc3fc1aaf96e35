"""Seam's client against the simulator: identity and devices."""

from typing import Any

import pytest

from custom_components.igloohome_access.clouds import seam_api
from custom_components.igloohome_access.clouds.base import (
    CloudAuthError,
    CloudRefusedError,
    CloudUnreachableError,
)
from custom_components.igloohome_access.clouds.seam import (
    SeamCloud,
    Workspace,
    is_personal_access_token,
)
from custom_components.igloohome_access.model import Device, DeviceType
from simulator import Simulator
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_HUB_DOWN,
    SEAM_LOCK_OFFLINE,
    SEAM_LOCK_RETROFIT,
    SEAM_LOCK_SECOND_WORKSPACE,
    WORKSPACE,
    WORKSPACE_SECOND,
)

from .conftest import MakeSeam

TOKEN = "seam_at_simtoken_0001"
BRIDGE = f"{WORKSPACE}_EB1X00aa11bb22"
KEYPAD = f"{WORKSPACE}_EK1X5f6a7b8c9d"
NOWHERE = "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d9999"


async def devices_of(cloud: SeamCloud) -> dict[str, Device]:
    """Return the devices by id."""
    return {device.device_id: device for device in await cloud.async_list_devices()}


# --- identity -----------------------------------------------------------------------


async def test_identify(seam: SeamCloud, sim: Simulator) -> None:
    """A key belongs to one workspace."""
    identity = await seam.async_identify()
    assert identity.unique_id == WORKSPACE
    assert identity.title == "Simulated Homes"
    assert identity.permissions is None
    assert sim.requests.counters == {"POST /seam/workspaces/get": 1}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("seam_at1_longtoken", True),
        (" seam_at_simtoken_0001\n", True),
        ("seam_apikey1_token", False),
        ("seam_test_simkey_0001", False),
        ("", False),
    ],
)
def test_is_personal_access_token(key: str, expected: bool) -> None:
    """Only a personal access token needs a workspace."""
    assert is_personal_access_token(key) is expected


async def test_personal_access_token(make_seam: MakeSeam) -> None:
    """Such a token lists its workspaces, and works for the one that is chosen."""
    assert await make_seam(TOKEN).async_list_workspaces() == (
        Workspace(WORKSPACE, "Simulated Homes", True),
        Workspace(WORKSPACE_SECOND, "Simulated Cabins", True),
    )
    cloud = make_seam(f" {TOKEN}\n", workspace_id=WORKSPACE_SECOND)
    assert (await cloud.async_identify()).unique_id == WORKSPACE_SECOND
    assert SEAM_LOCK_SECOND_WORKSPACE in await devices_of(cloud)
    with pytest.raises(CloudRefusedError) as caught:
        await make_seam(TOKEN).async_identify()
    assert caught.value.reason == "missing_workspace_id"
    with pytest.raises(CloudAuthError):
        await make_seam(TOKEN, workspace_id="ws-other").async_list_devices()


async def test_workspace_of_an_api_key(make_seam: MakeSeam) -> None:
    """An API key knows its workspace; the header is left out."""
    cloud = make_seam(workspace_id=WORKSPACE_SECOND)
    assert (await cloud.async_identify()).unique_id == WORKSPACE


@pytest.mark.parametrize("key", ["seam_test_wrong_key_0007", "seam_cst_x", "schlüssel"])
async def test_wrong_key(make_seam: MakeSeam, key: str) -> None:
    """A wrong key is a matter of credentials."""
    for call in (make_seam(key).async_identify(), make_seam(key).async_list_devices()):
        with pytest.raises(CloudAuthError) as caught:
            await call
        assert key not in str(caught.value)


async def test_key_that_is_not_recognised(seam: SeamCloud, sim: Simulator) -> None:
    """Some servers miss the workspace where they do not know the key (§15)."""
    sim.faults.add(
        "workspaces/get",
        "status",
        status=400,
        body={"error": {"type": "missing_workspace_id", "message": "Missing"}},
    )
    with pytest.raises(CloudAuthError, match="Missing"):
        await seam.async_identify()


@pytest.mark.parametrize("body", [{}, {"workspace": {}}, [], {"workspaces": {}}])
async def test_answers_about_nothing(
    seam: SeamCloud, sim: Simulator, body: Any
) -> None:
    """A success without the workspace says nothing about the key."""
    sim.faults.add("workspaces/", "json", body=body, times=None)
    for call in (seam.async_identify(), seam.async_list_workspaces()):
        with pytest.raises(CloudUnreachableError, match="workspace"):
            await call


async def test_odd_workspaces(seam: SeamCloud, sim: Simulator) -> None:
    """A workspace without a name is called by its id; one without id is left out."""
    body = {"workspaces": [{"workspace_id": "w1"}, {"name": "no id"}, None]}
    sim.faults.add("workspaces/list", "json", body=body)
    assert await seam.async_list_workspaces() == (Workspace("w1", "w1", False),)


# --- devices ------------------------------------------------------------------------


async def test_devices(seam: SeamCloud) -> None:
    """Locks of the scenario "test", and the keypad and bridge behind them."""
    found = await devices_of(seam)
    assert list(found) == [
        SEAM_LOCK_BRIDGED,
        SEAM_LOCK_OFFLINE,
        SEAM_LOCK_HUB_DOWN,
        SEAM_LOCK_RETROFIT,
        KEYPAD,
        BRIDGE,
    ]
    assert found[SEAM_LOCK_BRIDGED] == Device(
        device_id=SEAM_LOCK_BRIDGED,
        type=DeviceType.LOCK,
        name="Apartment 1",
        model="Deadbolt 2S",
        serial_number="IGB400c0ffee1a",
        battery_level=86,
        online=True,
        time_zone="Europe/Berlin",
        locked=True,
        can_lock=True,
        can_unlock=True,
        takes_offline_codes=True,
        takes_online_codes=True,
        code_target_id=SEAM_LOCK_BRIDGED,
        bridge_id=BRIDGE,
        code_bridge_id=BRIDGE,
        pin_lengths=(4, 5, 6),
        max_codes=100,
        backup_pool=False,
    )
    offline = found[SEAM_LOCK_OFFLINE]
    assert offline.online is False
    assert offline.battery_level is None
    assert offline.time_zone is None
    assert offline.locked is None
    assert offline.takes_offline_codes
    assert not (offline.can_lock or offline.can_unlock or offline.takes_online_codes)
    (notice,) = offline.notices
    assert notice.code == "hub_required_for_additional_capabilities"
    assert not notice.error
    hub_down = found[SEAM_LOCK_HUB_DOWN]
    assert [(n.code, n.error) for n in hub_down.notices] == [("hub_disconnected", True)]
    assert found[SEAM_LOCK_RETROFIT].keypad_id == KEYPAD
    assert found[SEAM_LOCK_RETROFIT].code_target_id == SEAM_LOCK_RETROFIT
    assert found[KEYPAD] == Device(
        device_id=KEYPAD,
        type=DeviceType.KEYPAD,
        name="Apartment 4 Keypad",
        model="Keypad",
        serial_number="EK1X5f6a7b8c9d",
        battery_level=55,
        online=True,
        bridge_id=BRIDGE,
        lock_id=SEAM_LOCK_RETROFIT,
    )
    assert found[BRIDGE] == Device(
        device_id=BRIDGE,
        type=DeviceType.BRIDGE,
        name="Hall Bridge",
        model="Bridge",
        serial_number="EB1X00aa11bb22",
        online=True,
    )


async def test_bridge_that_no_lock_reaches(seam: SeamCloud, sim: Simulator) -> None:
    """The bridge is offline when locks miss it and none is reached through it."""
    for lock in (SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT):
        sim.seam.patch_device(lock, {"online": False})
    assert (await devices_of(seam))[BRIDGE].online is False
    sim.seam.patch_device(SEAM_LOCK_HUB_DOWN, {"errors": []})
    assert (await devices_of(seam))[BRIDGE].online is None


@pytest.mark.parametrize(
    "switches",
    [
        {"extra_keys": True},
        {"missing_location": "null"},
        {"missing_location": "empty"},
        {"microseconds": True},
        {"offline_time_frame_options": False},
        {"object_shape": "old"},
        {"page_size_cap": 1},
    ],
)
async def test_shapes_that_mean_the_same(
    seam: SeamCloud, sim: Simulator, switches: dict[str, Any]
) -> None:
    """Different shapes of the list give the same devices."""
    expected = await seam.async_list_devices()
    for name, value in switches.items():
        setattr(sim.seam.switches, name, value)
    assert await seam.async_list_devices() == expected


async def test_pages(make_seam: MakeSeam, sim: Simulator) -> None:
    """All pages are read; an unchanged poll gives the very same devices."""
    sim.reset("large:200")
    cloud = make_seam(page_size=90)
    first = await cloud.async_list_devices()
    assert len(first) == 240
    assert sim.requests.counters == {"POST /seam/devices/list": 3}
    assert [r.body.get("limit") for r in sim.requests.all] == [90, 90, 90]
    assert await cloud.async_list_devices() is first
    sim.seam.patch_device(first[150].device_id, {"name": "Renamed"})
    changed = await cloud.async_list_devices()
    assert changed[150].name == "Renamed"
    assert changed[0] is first[0]


async def test_poll_of_200_locks(seam: SeamCloud, sim: Simulator) -> None:
    """With Seam's own page size it is one request."""
    sim.reset("large:200")
    await seam.async_list_devices()
    assert sim.requests.counters == {"POST /seam/devices/list": 1}


async def test_endless_pages(make_seam: MakeSeam, sim: Simulator) -> None:
    """A repeated cursor ends the reading, and half a list is not believed."""
    sim.seam.switches.repeat_cursor = True
    with pytest.raises(CloudUnreachableError, match="no end"):
        await make_seam(page_size=1).async_list_devices()
    assert sim.requests.count("seam") <= 3


async def test_too_many_pages(
    make_seam: MakeSeam, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list may also go on with ever new cursors."""
    monkeypatch.setattr(seam_api, "MAX_PAGES", 2)
    with pytest.raises(CloudUnreachableError, match="no end"):
        await make_seam(page_size=1).async_list_devices()
    assert sim.requests.count("seam") == 2


async def test_no_list(seam: SeamCloud, sim: Simulator) -> None:
    """An answer without the list is not an empty list."""
    sim.faults.add("devices/list", "json", body={"ok": True}, times=None)
    with pytest.raises(CloudUnreachableError, match="no list devices"):
        await seam.async_list_devices()
