"""Shows devices, codes and action attempts the way Seam's answers do.

Field lists: reference/seam-api.md §7. What may be absent depends on the switches.
"""

from datetime import datetime, timedelta

from .lifecycle import JUST_IN_TIME, scheduled_at
from .model import Attempt, Code, Device, JsonObject, Phase
from .store import Store

_LOW, _CRITICAL = 0.2, 0.1
_SECONDS_TO_DELAY_WARNING = 60

_DISPLAY_STATUS = {
    Phase.ASSIGNING: "Waiting for code",
    Phase.DEFERRED: "Scheduled",
    Phase.PROGRAMMING: "Setting on device",
    Phase.SCHEDULED: "Scheduled",
    Phase.SETTING: "Setting on device",
    Phase.SET: "Active",
    Phase.REMOVING: "Removing from device",
    Phase.FAILED: "Issue",
    Phase.GONE: "Expired",
}


def _battery_status(level: float) -> str:
    """Return Seam's word for a battery level from 0 to 1."""
    if level < _CRITICAL:
        return "critical"
    if level < _LOW:
        return "low"
    return "good" if level < 1 else "full"


def show_device(store: Store, device: Device) -> JsonObject:
    """Return the answer object of a lock."""
    account = store.account(device)
    result: JsonObject = {
        "device_id": device.device_id,
        "workspace_id": device.workspace_id,
        "connected_account_id": device.connected_account_id,
        "device_type": device.device_type,
        "display_name": device.nickname or device.name,
        "capabilities_supported": ["access_code", "lock", "battery"],
        "properties": _properties(store, device),
        "errors": [
            *device.errors,
            *_empty_pool(store, device),
            *account.errors_elsewhere,
        ],
        "warnings": list(device.warnings),
        "created_at": store.time(device.created_at),
        "is_managed": True,
        "custom_metadata": dict(device.custom_metadata),
        "space_ids": [],
        "device_provider": {
            "device_provider_name": "igloohome",
            "display_name": "igloohome",
            "provider_category": "stable",
        },
        "device_manufacturer": {
            "display_name": "igloohome",
            "manufacturer": "igloohome",
        },
    }
    if device.nickname is not None:
        result["nickname"] = device.nickname
    result |= {name: on for name, on in device.flags.items() if on is not None}
    if device.time_zone is not None:
        result["location"] = {
            "time_zone": device.time_zone,
            "timezone": device.time_zone,
        }
    elif store.switches.missing_location == "null":
        result["location"] = None
    elif store.switches.missing_location == "empty":
        result["location"] = {}
    if store.switches.extra_keys:
        result["simulated_future_key"] = {"value": 1}
    return result


def _empty_pool(store: Store, device: Device) -> list[JsonObject]:
    """Return the error of a lock that has no spare code left (§7.1)."""
    if not device.backup_pool_enabled or device.backup_codes > 0:
        return []
    return [
        {
            "error_code": "empty_backup_access_code_pool",
            "message": "The backup access code pool is empty.",
            "is_device_error": True,
            "created_at": store.time(device.created_at),
        }
    ]


def _properties(store: Store, device: Device) -> JsonObject:
    """Return `properties` of a lock."""
    result: JsonObject = {
        "name": device.name,
        "appearance": {"name": device.name},
        "online": device.online,
        "manufacturer": "igloohome",
        "model": {
            "display_name": device.model,
            "manufacturer_display_name": "igloohome",
            "has_built_in_keypad": device.keypad_id is None,
            "can_connect_accessory_keypad": device.keypad_id is not None,
        },
        "supported_code_lengths": list(device.supported_code_lengths),
        "max_active_codes_supported": device.max_active_codes,
        "code_constraints": list(device.code_constraints),
        "supports_backup_access_code_pool": device.supports_backup_pool,
        "backup_access_code_pool_enabled": device.backup_pool_enabled,
        "has_native_entry_events": False,
        "igloohome_metadata": _metadata(device),
    }
    if device.serial_number is not None:
        result["serial_number"] = device.serial_number
    if device.locked is not None:
        result["locked"] = device.locked
    if device.online and device.battery_level is not None:
        level = device.battery_level
        result["battery_level"] = level
        result["battery"] = {"level": level, "status": _battery_status(level)}
    if device.keypad_id is not None:
        keypad: JsonObject = {"is_connected": device.online}
        if device.online and device.keypad_battery_level is not None:
            keypad["battery"] = {"level": device.keypad_battery_level}
        result["accessory_keypad"] = keypad
    if store.switches.offline_time_frame_options and device.can(
        "can_program_offline_access_codes"
    ):
        result["offline_time_frame_options"] = [
            {
                "display_name": "Hourly",
                "min_duration": "PT1H",
                "max_duration": "PT672H",
            },
            {
                "display_name": "Daily",
                "min_duration": "P29D",
                "max_duration": "P367D",
                "matching_start_end_time": True,
            },
        ]
    return result | device.extra_properties


def _metadata(device: Device) -> JsonObject:
    """Return `igloohome_metadata`; bridge_id is there when there is a bridge."""
    values = {
        "device_id": device.serial_number or device.device_id,
        "device_name": device.name,
        "bridge_id": device.bridge_id,
        "bridge_name": device.bridge_name,
        "keypad_id": device.keypad_id,
        "is_accessory_keypad_linked_to_bridge": device.keypad_linked_to_bridge,
    }
    return {name: value for name, value in values.items() if value is not None}


def _status(store: Store, code: Code, now: datetime) -> str:
    """Return Seam's coarse `status` of a code (§9)."""
    device = store.devices[code.device_id]
    if store.account(device).disconnected:
        return "unknown"
    started = code.starts_at is None or code.starts_at <= now
    just_in_time = not code.native and not code.is_offline
    match code.phase:
        case Phase.SETTING:
            return "setting"
        case Phase.PROGRAMMING | Phase.FAILED if not code.is_offline:
            return "setting" if started or just_in_time else "unset"
        case Phase.SET:
            return "setting" if code.updates else "set"
        case Phase.REMOVING:
            return "removing"
    return "unset"


def _mutations(store: Store, code: Code) -> list[JsonObject]:
    """Return `pending_mutations` of a code (§7.2)."""
    created = store.time(code.created_at)
    result: list[JsonObject] = []
    match code.phase:
        case Phase.DEFERRED:
            result.append(
                {
                    "mutation_code": "deferring_creation",
                    "message": "The access code is sent to the device later.",
                    "created_at": created,
                    "scheduled_at": store.time(scheduled_at(code)),
                }
            )
        case Phase.ASSIGNING | Phase.PROGRAMMING | Phase.SETTING | Phase.FAILED:
            result.append(
                {
                    "mutation_code": "creating",
                    "message": "The access code is being created.",
                    "created_at": created,
                }
            )
        case Phase.REMOVING:
            result.append(
                {
                    "mutation_code": "deleting",
                    "message": "The access code is being removed.",
                    "created_at": store.time(code.phase_since),
                }
            )
    result += [
        {
            "mutation_code": update.mutation_code,
            "message": "The access code is being changed on the device.",
            "created_at": store.time(update.requested_at),
            "from": update.before,
            "to": update.after,
        }
        for update in code.updates
    ]
    return result


def _code_errors(store: Store, code: Code) -> list[JsonObject]:
    """Return the code's own errors and those of its device and account (§7.2)."""
    device = store.devices[code.device_id]
    errors = list(code.errors)
    if code.phase is Phase.REMOVING and not device.online and not code.native:
        errors.append(
            {
                "error_code": "failed_to_remove_from_device",
                "message": "The access code could not be removed from the device.",
                "is_access_code_error": True,
                "created_at": store.time(code.phase_since),
            }
        )
    if not code.is_offline:
        errors += device.errors
    return errors + store.account(device).errors_elsewhere


def _code_warnings(store: Store, code: Code, now: datetime) -> list[JsonObject]:
    """Return the code's warnings, with a delay a bridge causes."""
    warnings = list(code.warnings)
    waited = now - code.phase_since > timedelta(seconds=_SECONDS_TO_DELAY_WARNING)
    due = code.starts_at is None or code.starts_at - JUST_IN_TIME <= now
    if code.phase is Phase.PROGRAMMING and waited and due:
        warnings.append(
            {
                "warning_code": "delay_in_setting_on_device",
                "message": "There is a delay in setting the access code.",
                "created_at": store.time(code.phase_since),
            }
        )
    return warnings


def show_code(store: Store, code: Code, now: datetime) -> JsonObject:
    """Return the answer object of a managed access code."""
    device = store.devices[code.device_id]
    result: JsonObject = {
        "access_code_id": code.access_code_id,
        "device_id": code.device_id,
        "workspace_id": code.workspace_id,
        "name": code.name,
        "code": code.code,
        "type": code.type,
        "status": _status(store, code, now),
        "errors": _code_errors(store, code),
        "warnings": _code_warnings(store, code, now),
        "common_code_key": code.common_code_key,
        "created_at": store.time(code.created_at),
        "is_managed": True,
        "is_offline_access_code": code.is_offline,
        "is_one_time_use": code.is_one_time,
        "is_external_modification_allowed": code.is_external_modification_allowed,
        "is_scheduled_on_device": code.phase is Phase.SCHEDULED and not code.is_offline,
        "is_waiting_for_code_assignment": code.is_offline and code.code is None,
        "is_backup": code.is_backup,
        "is_backup_access_code_available": device.backup_pool_enabled
        and not code.is_offline
        and code.type == "time_bound"
        and (device.backup_codes > 0 or code.pulled_backup_id is not None),
    }
    if code.type == "time_bound":
        result["starts_at"] = store.time(code.starts_at)
        if code.ends_at is not None:
            result["ends_at"] = store.time(code.ends_at)
    if code.pulled_backup_id is not None:
        result["pulled_backup_access_code_id"] = code.pulled_backup_id
    if store.switches.object_shape != "old":
        result["pending_mutations"] = _mutations(store, code)
    if store.switches.object_shape == "new":
        result["display_status"] = _DISPLAY_STATUS[code.phase]
    if store.switches.appearance:
        length = store.switches.appearance_name_length
        result["appearance"] = {"name": (code.name or "")[:length]}
    if store.switches.extra_keys:
        result["simulated_future_key"] = {"value": 1}
    return result | code.extra


def show_unmanaged_code(store: Store, code: Code) -> JsonObject:
    """Return the answer object of a code made elsewhere (§7.3)."""
    result: JsonObject = {
        "access_code_id": code.access_code_id,
        "device_id": code.device_id,
        "workspace_id": code.workspace_id,
        "name": code.name,
        "code": code.code,
        "type": code.type,
        "status": "set" if code.phase is Phase.SET else "unset",
        "errors": list(code.errors),
        "warnings": list(code.warnings),
        "created_at": store.time(code.created_at),
        "is_managed": False,
        "cannot_be_managed": True,
    }
    if code.type == "time_bound":
        result["starts_at"] = store.time(code.starts_at)
        result["ends_at"] = store.time(code.ends_at)
    return result | code.extra


def show_attempt(attempt: Attempt) -> JsonObject:
    """Return the answer object of an action attempt (§7.4)."""
    return {
        "action_attempt_id": attempt.action_attempt_id,
        "action_type": attempt.action_type,
        "status": attempt.status,
        "result": attempt.result,
        "error": attempt.error,
    }
