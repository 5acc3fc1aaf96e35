"""igloohome's device list, read tolerantly and linked to locks, keypads, bridges.

Facts: reference/igloohome-api.md §2.2 and §2.3. The list is flat: which keypad
belongs to which lock and which bridge serves it, stands in ``linkedDevices`` of the
keypad and of the bridge.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..model import Device, DeviceType
from .parsing import JsonObject, as_id, as_moment, as_percent, as_text, lock_type

LOCK_SCOPE = "lock-bridge-proxied-job"
UNLOCK_SCOPE = "unlock-bridge-proxied-job"
BATTERY_SCOPE = "get-battery-level-bridge-proxied-job"
STATUS_SCOPE = "get-device-status-bridge-proxied-job"
LOG_SCOPE = "get-activity-logs-bridge-proxied-job"

PIN_LENGTHS = (4, 5, 6)
"""Digits of a PIN that goes through a bridge (§4.1)."""

_TYPES = {
    "lock": DeviceType.LOCK,
    "keypad": DeviceType.KEYPAD,
    "bridge": DeviceType.BRIDGE,
    "keybox": DeviceType.KEYBOX,
    "padlock": DeviceType.PADLOCK,
}
_LOCKS = frozenset({DeviceType.LOCK, DeviceType.KEYBOX, DeviceType.PADLOCK})

# No keypad of their own, so no algoPIN (§2.3).
_KEYPADLESS = ("OE1",)

# Names of the models whose prefixes were seen (§2.3); longer prefixes first.
_MODELS = (
    ("IGK3", "Keybox 3"),
    ("SK3E", "Keybox 3E"),
    ("SP2X", "Padlock 2E"),
    ("IGP1", "Padlock"),
    ("DBX2", "Deadbolt"),
    ("OE1", "Retrofit Lock"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDevice:
    """One entry of the list; ``linked`` are the ids in ``linkedDevices``."""

    device_id: str
    type: DeviceType
    name: str
    model: str | None
    battery_level: int | None
    last_sync: datetime | None
    linked: tuple[str, ...]


def parse_listed(raw: JsonObject) -> ListedDevice | None:
    """Return a device of the list, None if it has no id to call it by."""
    device_id = as_id(raw.get("deviceId"))
    if device_id is None:
        return None
    type_name = as_text(raw.get("type"))
    device_type = _TYPES.get((type_name or "").casefold(), DeviceType.OTHER)
    if device_type is DeviceType.LOCK:
        device_type = lock_type(device_id)
    return ListedDevice(
        device_id=device_id,
        type=device_type,
        name=as_text(raw.get("deviceName")) or device_id,
        model=_model(device_id) or type_name,
        battery_level=as_percent(raw.get("batteryLevel")),
        last_sync=as_moment(raw.get("lastSync")),
        linked=_linked_ids(raw.get("linkedDevices")),
    )


def _model(device_id: str) -> str | None:
    """Return the name of a model that the id gives away."""
    for prefix, name in _MODELS:
        if device_id.upper().startswith(prefix):
            return name
    return None


def _linked_ids(value: Any) -> tuple[str, ...]:
    """Return the ids of linked devices, which come as objects or as texts (§2.2)."""
    if not isinstance(value, list):
        return ()
    ids = (as_id(i.get("deviceId") if isinstance(i, dict) else i) for i in value)
    return tuple(device_id for device_id in ids if device_id is not None)


def link_devices(
    listed: Iterable[ListedDevice], scopes: frozenset[str] | None
) -> tuple[Device, ...]:
    """Return the devices with their links and what can be done with them.

    ``scopes`` are the granted ones: without the scope a lock cannot be operated.
    """
    by_id = {item.device_id: item for item in listed}
    bridge_of: dict[str, str] = {}
    keypad_of: dict[str, str] = {}
    for item in by_id.values():
        for linked in item.linked:
            if item.type is DeviceType.BRIDGE:
                bridge_of.setdefault(linked, item.device_id)
            elif item.type is DeviceType.KEYPAD and _is_lock(by_id.get(linked)):
                keypad_of.setdefault(linked, item.device_id)
    lock_of = {keypad: lock for lock, keypad in keypad_of.items()}
    return tuple(
        _linked_device(
            item,
            bridge_of=bridge_of,
            keypad_id=keypad_of.get(item.device_id),
            lock_id=lock_of.get(item.device_id),
            scopes=scopes,
        )
        for item in by_id.values()
    )


def _is_lock(item: ListedDevice | None) -> bool:
    """Return whether a linked device is a lock of this list."""
    return item is not None and item.type in _LOCKS


def _linked_device(
    item: ListedDevice,
    *,
    bridge_of: dict[str, str],
    keypad_id: str | None,
    lock_id: str | None,
    scopes: frozenset[str] | None,
) -> Device:
    """Return one device; see §2.3 for where PIN work has to go."""
    code_target_id: str | None = None
    if item.type in _LOCKS:
        keypadless = item.device_id.upper().startswith(_KEYPADLESS)
        code_target_id = keypad_id or (None if keypadless else item.device_id)
    elif item.type is DeviceType.KEYPAD and lock_id is None:
        code_target_id = item.device_id
    bridged = item.device_id in bridge_of
    asked = bridged and (item.type in _LOCKS or item.type is DeviceType.KEYPAD)
    operable = bridged and item.type in _LOCKS

    def granted(scope: str) -> bool:
        return scopes is None or scope in scopes

    return Device(
        device_id=item.device_id,
        type=item.type,
        name=item.name,
        model=item.model,
        serial_number=item.device_id,
        battery_level=item.battery_level,
        last_sync=item.last_sync,
        can_lock=operable and granted(LOCK_SCOPE),
        can_unlock=operable and granted(UNLOCK_SCOPE),
        takes_offline_codes=code_target_id is not None,
        takes_online_codes=code_target_id in bridge_of,
        code_target_id=code_target_id,
        bridge_id=bridge_of.get(item.device_id) or bridge_of.get(keypad_id or ""),
        keypad_id=keypad_id,
        lock_id=lock_id,
        code_bridge_id=bridge_of.get(code_target_id or ""),
        can_refresh_battery=asked and granted(BATTERY_SCOPE),
        can_refresh_status=asked and granted(STATUS_SCOPE),
        can_read_log=asked and granted(LOG_SCOPE),
        pin_lengths=() if code_target_id is None else PIN_LENGTHS,
    )
