"""Routes that create access codes (reference/seam-api.md §8.1 and §10)."""

from datetime import timedelta
from typing import Any

from .attempts import start_attempt
from .code_rules import (
    check_online_room,
    check_pin,
    check_room,
    check_window,
    live_windows,
    new_pin,
    require_capability,
)
from .endpoint import POST, PUT, Call, Endpoint
from .errors import SeamError, invalid_input
from .lifecycle import JUST_IN_TIME, PRELOAD, settle_code
from .model import Code, Device, JsonObject, Phase, online_pin
from .objects import show_attempt, show_code
from .offline import SlotsExhaustedError, offline_window
from .params import CODE, EXTERNAL, WINDOW, Param

_DAY = timedelta(hours=24)
_ROUNDING = Param(choices=frozenset({"1hour", "1h", "1day", "1d"}))


def _add_code(call: Call, device: Device, **values: Any) -> Code:
    """Store a new code that has just been asked for."""
    params = call.params
    allowed = params.get(
        "is_external_modification_allowed",
        params.get("allow_external_modification", False),
    )
    code = Code(
        access_code_id=call.store.new_id(),
        workspace_id=call.workspace_id,
        device_id=device.device_id,
        name=params.get("name"),
        created_at=call.now,
        phase_since=call.now,
        is_external_modification_allowed=allowed,
        **values,
    )
    call.store.codes[code.access_code_id] = code
    call.store.code_event("access_code.created", code, call.now)
    return code


def _create_online(call: Call, device: Device, pin: str | None) -> Code:
    """Store a new code for the bridge; a random PIN when none is given."""
    store, params = call.store, call.params
    require_capability(store, device, "can_program_online_access_codes")
    if params.get("is_one_time_use"):
        raise invalid_input("is_one_time_use is for offline access codes only")
    starts_at, ends_at = params.get("starts_at"), params.get("ends_at")
    check_window(starts_at, ends_at, call.now)
    if params.get("use_backup_access_code_pool"):
        if starts_at is None:
            raise invalid_input("Backup access codes are for time-bound codes only")
        if not device.supports_backup_pool:
            raise invalid_input("Device does not support backup access codes")
        device.backup_pool_enabled = True
    if not params.get("attempt_for_offline_device", True) and not device.online:
        raise SeamError(400, "device_offline", "Device is offline")
    check_pin(store, device, pin, params.get("name"))
    check_room(store, device, call.now)
    check_online_room(store, device)
    native = params.get("prefer_native_scheduling", True)
    lead = PRELOAD if native else JUST_IN_TIME
    later = starts_at is not None and starts_at - lead > call.now
    length = params.get("preferred_code_length")
    code = _add_code(
        call,
        device,
        code=pin or new_pin(store, device, length),
        phase=Phase.DEFERRED if later else Phase.PROGRAMMING,
        type="ongoing" if starts_at is None else "time_bound",
        starts_at=starts_at,
        ends_at=ends_at,
        native=native,
        common_code_key=params.get("common_code_key"),
    )
    store.issue(online_pin(code, "created", call.now))
    settle_code(store, code, call.now)
    return code


def _create_offline(call: Call, device: Device) -> Code:
    """Store a new algoPIN; its PIN comes later (§1.1)."""
    store, params, switches = call.store, call.params, call.store.switches
    require_capability(store, device, "can_program_offline_access_codes")
    if "code" in params:
        raise invalid_input(
            "code cannot be specified for offline access codes", code="Not allowed"
        )
    if params.get("use_backup_access_code_pool"):
        raise invalid_input("Offline access codes have no backup access codes")
    check_room(store, device, call.now)
    one_time = params.get("is_one_time_use", False)
    errors: list[JsonObject] = []
    window = None
    try:
        window = offline_window(
            device,
            starts_at=params.get("starts_at"),
            ends_at=params.get("ends_at"),
            one_time=one_time,
            rounding=params.get("max_time_rounding", "1hour"),
            now=call.now,
            out=live_windows(store, device.device_id, call.now),
            switches=switches,
        )
    except SlotsExhaustedError:
        message = "The maximum number of codes for this time frame is reached"
        if switches.slot_exhausted == "refuse":
            raise SeamError(400, switches.offline_error_type, message) from None
        errors.append(
            {
                "error_code": "failed_to_set_on_device",
                "message": message,
                "is_access_code_error": True,
                "created_at": store.time(call.now),
            }
        )
    code = _add_code(
        call,
        device,
        code=None,
        phase=Phase.FAILED if window is None else Phase.ASSIGNING,
        type="time_bound",
        starts_at=params.get("starts_at"),
        ends_at=params.get("ends_at"),
        is_offline=True,
        is_one_time=one_time,
        offline_window=window,
        errors=errors,
    )
    if window is not None:
        if switches.echo_rounded_times:
            code.starts_at, code.ends_at = window.starts_at, window.ends_at
        if window.ends_at - window.starts_at > _DAY:
            code.warnings.append(
                {
                    "warning_code": "igloo_algopin_must_be_used_within_24_hours",
                    "message": "This code must be used within 24 hours of its start.",
                    "created_at": store.time(call.now),
                }
            )
    settle_code(store, code, call.now)
    return code


def _create(call: Call) -> JsonObject:
    """Create one access code."""
    device = call.device()
    params = call.params
    offline = params.get("is_offline_access_code", False)
    if params.get("use_offline_access_code", offline) != offline:
        offline = True
    call.store.count_request(device.device_id, "create", call.now)
    if offline:
        code = _create_offline(call, device)
    else:
        code = _create_online(call, device, params.get("code"))
    result = {"access_code": show_code(call.store, code, call.now)}
    if call.store.switches.create_answers_attempt:
        attempt = start_attempt(
            call, "CREATE_ACCESS_CODE", device, code, outcome_now=True
        )
        result["action_attempt"] = show_attempt(attempt)
    return result


def _create_multiple(call: Call) -> JsonObject:
    """Create one code with the same PIN on several locks, or none at all."""
    store, params = call.store, call.params
    ids = params["device_ids"]
    if not ids or len(set(ids)) != len(ids):
        raise invalid_input("device_ids must name different devices")
    devices = [store.device(call.workspace_id, device_id) for device_id in ids]
    share = params.get("behavior_when_code_cannot_be_shared", "throw") == "throw"
    pin = params.get("code")
    for device in devices:
        store.count_request(device.device_id, "create", call.now)
        require_capability(store, device, "can_program_online_access_codes")
        check_window(params.get("starts_at"), params.get("ends_at"), call.now)
        check_room(store, device, call.now)
        check_online_room(store, device)
    common_key = None
    if pin is None:
        common_key = f"auto_set_by_create_multiple_{store.new_id()}"
        pin = new_pin(store, devices[0], params.get("preferred_code_length"))
    pins: list[str | None] = []
    for device in devices:
        try:
            check_pin(store, device, pin, params.get("name"))
        except SeamError:
            if share:
                raise
            pins.append(None)
        else:
            pins.append(pin)
    codes = [
        _create_online(call, device, digits)
        for device, digits in zip(devices, pins, strict=True)
    ]
    for code in codes:
        code.common_code_key = common_key
    return {"access_codes": [show_code(store, code, call.now) for code in codes]}


_ONLINE = {
    **WINDOW,
    **EXTERNAL,
    "name": Param(),
    "code": CODE,
    "preferred_code_length": Param("number", minimum=1),
    "prefer_native_scheduling": Param("bool"),
    "use_backup_access_code_pool": Param("bool"),
    "attempt_for_offline_device": Param("bool"),
}

ENDPOINTS = (
    Endpoint(
        "/access_codes/create",
        POST,
        _create,
        {
            **_ONLINE,
            "device_id": Param("uuid", required=True),
            "common_code_key": Param(),
            "is_offline_access_code": Param("bool"),
            "use_offline_access_code": Param("bool"),
            "is_one_time_use": Param("bool"),
            "max_time_rounding": _ROUNDING,
            "sync": Param("bool"),
        },
    ),
    Endpoint(
        "/access_codes/create_multiple",
        PUT,
        _create_multiple,
        {
            **_ONLINE,
            "device_ids": Param("uuids", required=True),
            "behavior_when_code_cannot_be_shared": Param(
                choices=frozenset({"throw", "create_random_code"})
            ),
        },
    ),
)
