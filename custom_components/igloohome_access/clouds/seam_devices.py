"""Seam's devices, read tolerantly: locks, and the keypads and bridges behind them.

Facts: reference/seam-api.md §7.1. Seam lists locks only; a bridge or a separate keypad
is known from the lock's metadata. Old and new object shapes are both understood.
"""

from collections.abc import Iterable
from dataclasses import dataclass
import re
from typing import Any

from ..model import CloudNotice, Device, DeviceType
from .parsing import (
    JsonObject,
    as_count,
    as_flag,
    as_id,
    as_object,
    as_objects,
    as_percent,
    as_text,
    lock_type,
)
from .redaction import redact, safe_word

IGLOOHOME_TYPES = frozenset({"igloohome_lock", "igloo_lock"})

_MAKER = "igloohome"
_HUB_REQUIRED = "hub_required_for_additional_capabilities"
# The spellings of one warning (§7.1, last bullet).
_SPELLINGS = {
    "hub_required_for_addtional_capabilities": _HUB_REQUIRED,
    "functional_offline_device": _HUB_REQUIRED,
}
_BRIDGE_GONE = frozenset(
    {"hub_disconnected", "bridge_disconnected", "igloohome_bridge_offline"}
)
_ZONE = re.compile(r"[A-Za-z][\w+-]*(/[\w+-]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLock:
    """A lock with what it tells of its bridge and keypad.

    ``bridge`` is the bridge as this lock alone would describe it.
    """

    device: Device
    bridge: Device | None
    keypad: Device | None


def parse_notices(raw: JsonObject) -> tuple[CloudNotice, ...]:
    """Return the errors and warnings of a device or code, each code once.

    The codes are open strings; the messages are for people and lose what looks like
    a secret.
    """
    found: dict[tuple[str, bool], CloudNotice] = {}
    for key, error in (("errors", True), ("warnings", False)):
        for item in as_objects(raw.get(key)):
            word = safe_word(item.get("error_code") or item.get("warning_code"))
            code = _SPELLINGS.get(word, word) or "unknown"
            message = redact(as_text(item.get("message")) or "")
            found.setdefault(
                (code, error), CloudNotice(code, message, error, _about_code(item))
            )
    return tuple(found.values())


def _about_code(item: JsonObject) -> bool:
    """Return False for what a code only has from its device or account (§7.2)."""
    return item.get("is_access_code_error") is True or not any(
        item.get(key) is True
        for key in (
            "is_device_error",
            "is_connected_account_error",
            "is_bridge_error",
        )
    )


def parse_lock(raw: JsonObject, types: frozenset[str] | None) -> ListedLock | None:
    """Return a lock, None for a device of another maker or without an id.

    ``types`` are the accepted values of ``device_type``; None accepts every device
    that can be locked or takes codes.
    """
    device_id = as_id(raw.get("device_id"))
    properties = as_object(raw.get("properties"))
    if device_id is None or not _accepted(raw, properties, types):
        return None
    metadata = as_object(properties.get("igloohome_metadata"))
    bluetooth_id = as_id(metadata.get("device_id"))
    model = as_object(properties.get("model"))
    location = as_object(raw.get("location"))
    online = as_flag(properties.get("online"))
    notices = parse_notices(raw)
    flags = _flags(raw, properties)
    # Bridges and keypads have no id of their own at Seam. The workspace is part of
    # theirs, so that another account that knows the same bridge has another device.
    workspace = as_id(raw.get("workspace_id")) or "seam"
    bridge = _bridge(metadata, workspace, online, notices)
    keypad = _keypad(
        metadata,
        properties,
        workspace,
        device_id,
        _name(raw, properties, device_id),
        None if bridge is None else bridge.device_id,
    )
    takes_codes = flags["offline"] or flags["online"]
    device = Device(
        device_id=device_id,
        type=lock_type(bluetooth_id),
        name=_name(raw, properties, device_id),
        model=as_text(model.get("display_name")),
        manufacturer=_manufacturer(raw, properties),
        serial_number=bluetooth_id or as_id(properties.get("serial_number")),
        # Withheld while offline: it would be of unknown age.
        battery_level=None if online is False else _battery(properties),
        online=online,
        time_zone=_time_zone(location),
        locked=as_flag(properties.get("locked")),
        can_lock=flags["lock"],
        can_unlock=flags["unlock"],
        takes_offline_codes=flags["offline"],
        takes_online_codes=flags["online"],
        code_target_id=device_id if takes_codes else None,
        bridge_id=None if bridge is None else bridge.device_id,
        keypad_id=None if keypad is None else keypad.device_id,
        notices=notices,
        code_bridge_id=bridge.device_id if bridge and takes_codes else None,
        pin_lengths=_lengths(properties),
        pin_constraints=_constraints(properties),
        max_codes=as_count(properties.get("max_active_codes_supported")),
        backup_pool=_backup_pool(properties),
    )
    return ListedLock(device=device, bridge=bridge, keypad=keypad)


def all_devices(locks: Iterable[ListedLock]) -> tuple[Device, ...]:
    """Return locks, keypads and bridges; a bridge is told by all of its locks.

    A bridge is online if a lock is reached through it, else offline if a lock misses
    it, else nothing is known.
    """
    devices: dict[str, Device] = {}
    bridges: dict[str, Device] = {}
    for lock in locks:
        devices[lock.device.device_id] = lock.device
        if lock.keypad is not None:
            devices[lock.keypad.device_id] = lock.keypad
        if (bridge := lock.bridge) is not None:
            known = bridges.get(bridge.device_id)
            if known is None or bridge.online or known.online is None:
                bridges[bridge.device_id] = bridge
    return (*devices.values(), *bridges.values())


def _accepted(
    raw: JsonObject, properties: JsonObject, types: frozenset[str] | None
) -> bool:
    """Return whether a device is one of those asked for."""
    if types is None:
        return any(_flags(raw, properties).values())
    makers = (
        as_object(raw.get("device_manufacturer")).get("manufacturer"),
        as_object(raw.get("device_provider")).get("device_provider_name"),
        properties.get("manufacturer"),
    )
    return as_text(raw.get("device_type")) in types or _MAKER in makers


def _flags(raw: JsonObject, properties: JsonObject) -> dict[str, bool]:
    """Return what works now: ``lock``, ``unlock``, ``offline`` and ``online`` codes.

    The flags are three-valued: true is "works now", false "not now", absent "never"
    (§1.6). A device without any flag has the old shape, which tells it otherwise.
    """
    if any(key.startswith("can_") for key in raw):
        return {
            "lock": raw.get("can_remotely_lock") is True,
            "unlock": raw.get("can_remotely_unlock") is True,
            "offline": raw.get("can_program_offline_access_codes") is True,
            "online": raw.get("can_program_online_access_codes") is True,
        }
    supported = raw.get("capabilities_supported")
    metadata = properties.get("igloohome_metadata")
    # An igloohome lock without a bridge cannot be reached.
    reachable = not isinstance(metadata, dict) or as_id(metadata.get("bridge_id"))
    lock = isinstance(supported, list) and "lock" in supported and bool(reachable)
    return {
        "lock": lock,
        "unlock": lock,
        "offline": properties.get("offline_access_codes_enabled") is True,
        "online": properties.get("online_access_codes_enabled") is True,
    }


def _name(raw: JsonObject, properties: JsonObject, device_id: str) -> str:
    """Return the name for people, from the newest place that has one."""
    appearance = as_object(properties.get("appearance"))
    return (
        as_text(raw.get("display_name"))
        or as_text(appearance.get("name"))
        or as_text(properties.get("name"))
        or device_id
    )


def _manufacturer(raw: JsonObject, properties: JsonObject) -> str:
    """Return the maker's name for people."""
    maker = as_object(raw.get("device_manufacturer"))
    return (
        as_text(maker.get("display_name"))
        or as_text(properties.get("manufacturer"))
        or _MAKER
    )


def _battery(properties: JsonObject) -> int | None:
    """Return the lock's battery in percent; Seam's level is 0 to 1."""
    level = as_percent(as_object(properties.get("battery")).get("level"), full=1)
    if level is None:
        return as_percent(properties.get("battery_level"), full=1)
    return level


def _lengths(properties: JsonObject) -> tuple[int, ...]:
    """Return how many digits a PIN may have, each number once, lowest first."""
    value = properties.get("supported_code_lengths")
    found = map(as_count, value if isinstance(value, list) else [])
    return tuple(sorted({length for length in found if length}))


def _constraints(properties: JsonObject) -> tuple[str, ...]:
    """Return Seam's words for what else a PIN or a name has to keep to."""
    rows = as_objects(properties.get("code_constraints"))
    words = (safe_word(row.get("constraint_type")) for row in rows)
    return tuple(dict.fromkeys(word for word in words if word))


def _backup_pool(properties: JsonObject) -> bool | None:
    """Return whether spare codes are kept on the lock, None where they cannot be."""
    if properties.get("supports_backup_access_code_pool") is not True:
        return None
    return properties.get("backup_access_code_pool_enabled") is True


def _time_zone(location: JsonObject) -> str | None:
    """Return the IANA name of the lock's zone, None for what cannot be one."""
    name = as_text(location.get("time_zone")) or as_text(location.get("timezone"))
    return name if name is not None and _ZONE.fullmatch(name) else None


def _bridge(
    metadata: JsonObject,
    workspace: str,
    lock_online: bool | None,
    notices: tuple[CloudNotice, ...],
) -> Device | None:
    """Return the lock's bridge, which Seam knows by its lock only."""
    bridge_id = as_id(metadata.get("bridge_id"))
    if bridge_id is None:
        return None
    gone = any(notice.code in _BRIDGE_GONE for notice in notices)
    return Device(
        device_id=f"{workspace}_{bridge_id}",
        type=DeviceType.BRIDGE,
        name=as_text(metadata.get("bridge_name")) or bridge_id,
        model="Bridge",
        serial_number=bridge_id,
        online=False if gone else (lock_online or None),
    )


def _keypad(
    metadata: JsonObject,
    properties: JsonObject,
    workspace: str,
    lock_id: str,
    lock_name: str,
    bridge_id: str | None,
) -> Device | None:
    """Return the lock's separate keypad, which Seam knows by its lock only."""
    keypad_id = as_id(metadata.get("keypad_id"))
    if keypad_id is None:
        return None
    accessory = as_object(properties.get("accessory_keypad"))
    battery: Any = as_object(accessory.get("battery")).get("level")
    if battery is None:
        battery = as_object(properties.get("keypad_battery")).get("level")
    # Two spellings (reference/igloohome-api.md §11).
    linked = (
        metadata.get("is_accessory_keypad_linked_to_bridge") is True
        or metadata.get("is_keypad_linked_to_bridge") is True
    )
    return Device(
        device_id=f"{workspace}_{keypad_id}",
        type=DeviceType.KEYPAD,
        name=f"{lock_name} Keypad",
        model="Keypad",
        serial_number=keypad_id,
        battery_level=as_percent(battery, full=1),
        online=as_flag(accessory.get("is_connected")),
        bridge_id=bridge_id if linked else None,
        lock_id=lock_id,
    )
