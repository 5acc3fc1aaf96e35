"""Locks of Seam in every shape: old, new, half empty, and odd."""

from typing import Any

import pytest

from custom_components.igloohome_access.clouds.seam_devices import (
    IGLOOHOME_TYPES,
    ListedLock,
    all_devices,
    parse_lock,
    parse_notices,
)
from custom_components.igloohome_access.model import CloudNotice, Device, DeviceType

from .samples import PIN

BASE: dict[str, Any] = {"device_id": "d1", "device_type": "igloohome_lock"}


def parsed(
    raw: dict[str, Any], types: frozenset[str] | None = IGLOOHOME_TYPES
) -> ListedLock:
    """Return a lock that can be parsed."""
    found = parse_lock(raw, types)
    assert found is not None
    return found


def test_least() -> None:
    """A lock needs an id and a type, everything else may be missing."""
    assert parsed(BASE) == ListedLock(
        device=Device(device_id="d1", type=DeviceType.LOCK, name="d1"),
        bridge=None,
        keypad=None,
    )


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"device_type": "igloohome_lock"},
        {"device_id": "d1", "device_type": "august_lock"},
        {"device_id": "d1"},
        {"device_id": "d1", "device_type": ["igloohome_lock"]},
        {"device_id": "d1", "device_manufacturer": {"manufacturer": ["igloohome"]}},
    ],
)
def test_not_ours(raw: dict[str, Any]) -> None:
    """Devices without an id and devices of other makers are left out."""
    assert parse_lock(raw, IGLOOHOME_TYPES) is None


@pytest.mark.parametrize(
    "raw",
    [
        {"device_type": "igloo_lock"},
        {"device_manufacturer": {"manufacturer": "igloohome"}},
        {"device_provider": {"device_provider_name": "igloohome"}},
        {"properties": {"manufacturer": "igloohome"}},
    ],
)
def test_ours(raw: dict[str, Any]) -> None:
    """The type or the maker tells that a device is igloohome's."""
    assert parse_lock({"device_id": "d1", **raw}, IGLOOHOME_TYPES) is not None


def test_every_lock() -> None:
    """Without types every device that is a lock is taken, and no other."""
    lock = {"device_id": "d1", "device_type": "august_lock", "can_remotely_lock": True}
    assert parsed(lock, None).device.can_lock
    thermostat = {"device_id": "d1", "device_type": "ecobee", "can_hvac_heat": True}
    assert parse_lock(thermostat, None) is None


@pytest.mark.parametrize(
    ("raw", "lock", "offline", "online"),
    [
        ({"can_remotely_lock": True, "can_remotely_unlock": True}, True, False, False),
        (
            {
                "can_remotely_lock": False,
                "can_program_offline_access_codes": True,
                "capabilities_supported": ["lock"],
            },
            False,
            True,
            False,
        ),
        ({"can_program_online_access_codes": True}, False, False, True),
        ({"can_program_online_access_codes": "yes"}, False, False, False),
        # The shape of 2023: no flag at all.
        (
            {
                "capabilities_supported": ["access_code", "lock"],
                "properties": {
                    "offline_access_codes_enabled": True,
                    "online_access_codes_enabled": True,
                    "igloohome_metadata": {"bridge_id": "EB1"},
                },
            },
            True,
            True,
            True,
        ),
        (
            {
                "capabilities_supported": ["access_code", "lock"],
                "properties": {"igloohome_metadata": {"device_id": "SP2X"}},
            },
            False,
            False,
            False,
        ),
        ({"capabilities_supported": ["lock"]}, True, False, False),
        ({"capabilities_supported": "lock"}, False, False, False),
    ],
)
def test_flags(raw: dict[str, Any], lock: bool, offline: bool, online: bool) -> None:
    """Only what works now is offered."""
    device = parsed({**BASE, **raw}).device
    assert (device.can_lock, device.can_unlock) == (lock, lock)
    assert device.takes_offline_codes is offline
    assert device.takes_online_codes is online
    assert device.code_target_id == ("d1" if offline or online else None)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (
            {
                "display_name": "A",
                "properties": {"appearance": {"name": "B"}, "name": "C"},
            },
            "A",
        ),
        ({"properties": {"appearance": {"name": "B"}, "name": "C"}}, "B"),
        ({"properties": {"name": "C"}}, "C"),
        ({"display_name": " ", "properties": {"appearance": None}}, "d1"),
    ],
)
def test_names(raw: dict[str, Any], name: str) -> None:
    """The newest place that has a name wins."""
    assert parsed({**BASE, **raw}).device.name == name


@pytest.mark.parametrize(
    ("properties", "level"),
    [
        ({"online": True, "battery": {"level": 0.5}, "battery_level": 0.4}, 50),
        ({"online": True, "battery": {}, "battery_level": 0.4}, 40),
        ({"battery": None, "battery_level": 0}, 0),
        ({"online": False, "battery_level": 0.4}, None),
        ({"online": True, "battery_level": 40}, None),
        ({"online": True}, None),
    ],
)
def test_battery(properties: dict[str, Any], level: int | None) -> None:
    """A level is 0 to 1, and withheld where the lock is offline."""
    assert parsed({**BASE, "properties": properties}).device.battery_level == level


@pytest.mark.parametrize(
    ("location", "zone"),
    [
        ({"time_zone": "Europe/Berlin", "timezone": "UTC"}, "Europe/Berlin"),
        (
            {"timezone": "America/Argentina/Buenos_Aires"},
            "America/Argentina/Buenos_Aires",
        ),
        ({"timezone": "Etc/GMT+5"}, "Etc/GMT+5"),
        ({"time_zone": "../../etc/passwd"}, None),
        ({"time_zone": "/etc/localtime"}, None),
        ({"time_zone": 7}, None),
        (None, None),
    ],
)
def test_time_zone(location: object, zone: str | None) -> None:
    """Only what can be an IANA name is passed on."""
    assert parsed({**BASE, "location": location}).device.time_zone == zone


@pytest.mark.parametrize(
    ("properties", "manufacturer", "serial", "device_type"),
    [
        ({}, "igloohome", None, DeviceType.LOCK),
        ({"manufacturer": "Igloo"}, "Igloo", None, DeviceType.LOCK),
        ({"serial_number": "IGK3"}, "igloohome", "IGK3", DeviceType.LOCK),
        (
            {"serial_number": "x", "igloohome_metadata": {"device_id": "SP2X1"}},
            "igloohome",
            "SP2X1",
            DeviceType.PADLOCK,
        ),
    ],
)
def test_make(
    properties: dict[str, Any],
    manufacturer: str,
    serial: str | None,
    device_type: DeviceType,
) -> None:
    """The Bluetooth id is the serial number, and a hint at what the lock is."""
    device = parsed({**BASE, "properties": properties}).device
    assert device.manufacturer == manufacturer
    assert device.serial_number == serial
    assert device.type is device_type


def test_manufacturer_of_the_new_shape() -> None:
    """Newer objects have a place of their own for the maker."""
    raw = {**BASE, "device_manufacturer": {"display_name": "igloohome Pte"}}
    assert parsed(raw).device.manufacturer == "igloohome Pte"


@pytest.mark.parametrize(
    ("metadata", "extra", "bridge_id", "battery", "online"),
    [
        ({"is_accessory_keypad_linked_to_bridge": True}, {}, "w_EB1", None, None),
        ({"is_keypad_linked_to_bridge": True}, {}, "w_EB1", None, None),
        ({}, {"accessory_keypad": {"is_connected": False}}, None, None, False),
        ({}, {"accessory_keypad": {"battery": {"level": 0.3}}}, None, 30, None),
        ({}, {"keypad_battery": {"level": 0.2}}, None, 20, None),
    ],
)
def test_keypad(
    metadata: dict[str, Any],
    extra: dict[str, Any],
    bridge_id: str | None,
    battery: int | None,
    online: bool | None,
) -> None:
    """A separate keypad is a device with its own battery and link."""
    raw = {
        **BASE,
        "workspace_id": "w",
        "display_name": "Door",
        "properties": {
            "igloohome_metadata": {"keypad_id": "EK1", "bridge_id": "EB1", **metadata},
            **extra,
        },
    }
    lock = parsed(raw)
    assert lock.device.keypad_id == "w_EK1"
    assert lock.keypad == Device(
        device_id="w_EK1",
        type=DeviceType.KEYPAD,
        name="Door Keypad",
        model="Keypad",
        serial_number="EK1",
        battery_level=battery,
        online=online,
        bridge_id=bridge_id,
        lock_id="d1",
    )


def test_keypad_without_bridge_or_workspace() -> None:
    """A keypad whose link goes nowhere has none."""
    metadata = {"keypad_id": "EK1", "is_keypad_linked_to_bridge": True}
    lock = parsed({**BASE, "properties": {"igloohome_metadata": metadata}})
    assert lock.keypad is not None
    assert (lock.keypad.device_id, lock.keypad.bridge_id) == ("seam_EK1", None)


def bridged(device_id: str, online: bool | None, *errors: str) -> ListedLock:
    """Return a lock on the bridge EB1."""
    return parsed(
        {
            "device_id": device_id,
            "device_type": "igloohome_lock",
            "errors": [{"error_code": error, "message": ""} for error in errors],
            "properties": {
                "online": online,
                "igloohome_metadata": {"bridge_id": "EB1"},
            },
        }
    )


@pytest.mark.parametrize(
    ("locks", "online"),
    [
        ([bridged("a", True), bridged("b", False, "hub_disconnected")], True),
        ([bridged("b", False, "hub_disconnected"), bridged("a", True)], True),
        ([bridged("a", None), bridged("b", False, "hub_disconnected")], False),
        ([bridged("b", False, "bridge_disconnected"), bridged("a", None)], False),
        ([bridged("a", True, "igloohome_bridge_offline")], False),
        ([bridged("a", False), bridged("b", None)], None),
    ],
)
def test_bridge(locks: list[ListedLock], online: bool | None) -> None:
    """What is known of a bridge comes from all of its locks."""
    *_, bridge = all_devices(locks)
    assert (bridge.device_id, bridge.name) == ("seam_EB1", "EB1")
    assert bridge.online is online


def test_notices() -> None:
    """Errors and warnings keep their words, one spelling each, without secrets."""
    raw = {
        "errors": [
            {"error_code": "provider_issue", "message": f"Code {PIN} failed"},
            {"error_code": "provider_issue", "message": "again"},
            {"message": "nameless"},
            "odd",
        ],
        "warnings": [
            {"warning_code": "hub_required_for_addtional_capabilities"},
            {"warning_code": "functional_offline_device", "message": "old"},
            {"warning_code": "brand_new_warning", "message": 7},
            {"warning_code": "code 1234"},
        ],
    }
    hub = "hub_required_for_additional_capabilities"
    assert parse_notices(raw) == (
        CloudNotice("provider_issue", "Code *** failed", True),
        CloudNotice("unknown", "nameless", True),
        CloudNotice(hub, "", False),
        CloudNotice("brand_new_warning", "", False),
        CloudNotice("unknown", "", False),
    )
    assert parse_notices({"errors": None, "warnings": {}}) == ()


@pytest.mark.parametrize(
    ("properties", "lengths", "constraints", "most", "pool"),
    [
        ({}, (), (), None, None),
        (
            {
                "supported_code_lengths": [6, 4, 4, "5", True, None, 0, -1, 4.5],
                "code_constraints": [
                    {"constraint_type": "no_zeros"},
                    {"constraint_type": "name_length", "max_length": 20},
                    {"constraint_type": "no_zeros"},
                    {"constraint_type": 7},
                    "no_zeros",
                ],
                "max_active_codes_supported": 100.0,
                "supports_backup_access_code_pool": True,
            },
            (4, 6),
            ("no_zeros", "name_length"),
            100,
            False,
        ),
        (
            {
                "supported_code_lengths": 6,
                "code_constraints": {},
                "max_active_codes_supported": -1,
                "supports_backup_access_code_pool": True,
                "backup_access_code_pool_enabled": True,
            },
            (),
            (),
            None,
            True,
        ),
        ({"backup_access_code_pool_enabled": True}, (), (), None, None),
    ],
)
def test_what_codes_keep_to(
    properties: dict[str, Any],
    lengths: tuple[int, ...],
    constraints: tuple[str, ...],
    most: int | None,
    pool: bool | None,
) -> None:
    """Lengths, constraints, room and spare codes, as far as a lock tells."""
    device = parsed({**BASE, "properties": properties}).device
    assert device.pin_lengths == lengths
    assert device.pin_constraints == constraints
    assert device.max_codes == most
    assert device.backup_pool is pool
