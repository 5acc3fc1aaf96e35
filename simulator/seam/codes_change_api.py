"""Routes that change and delete access codes (reference/seam-api.md §8 and §10)."""

from datetime import datetime
from typing import Any

from .attempts import start_attempt
from .code_rules import check_pin, check_window
from .endpoint import CHANGE, DELETE, PATCH, Call, Endpoint
from .errors import SeamError, invalid_input, not_found
from .lifecycle import request_removal, reschedule
from .model import Code, JsonObject, PendingUpdate, Phase, online_pin
from .objects import show_attempt
from .params import CODE, EXTERNAL, WINDOW, Param


def _own_code(call: Call) -> Code:
    """Return the code a change or deletion names, with its device checked."""
    code = call.store.code(
        call.workspace_id, call.params["access_code_id"], managed=True
    )
    if call.params.get("device_id", code.device_id) != code.device_id:
        raise not_found("access_code_not_found", "Access code not found")
    return code


def _new_window(call: Call, code: Code) -> tuple[datetime | None, datetime | None]:
    """Return the window a code has after a change."""
    params = call.params
    if params.get("type") == "ongoing":
        if "starts_at" in params or "ends_at" in params:
            raise invalid_input("An ongoing code has no starts_at and no ends_at")
        return None, None
    starts_at = params.get("starts_at", code.starts_at)
    ends_at = params.get("ends_at", code.ends_at)
    if params.get("type") == "time_bound" and starts_at is None and ends_at is None:
        raise invalid_input("A time-bound code needs starts_at and ends_at")
    if (starts_at is None) != (ends_at is None):
        raise invalid_input("Both starts_at and ends_at must be provided if one is")
    if ends_at is not None and starts_at is not None and ends_at <= starts_at:
        raise invalid_input("ends_at must be after starts_at", ends_at="Invalid")
    if starts_at != code.starts_at:
        check_window(starts_at, ends_at, call.now)
    return starts_at, ends_at


def _change(call: Call, code: Code) -> None:
    """Change name, PIN and window of an online code."""
    store, params = call.store, call.params
    device = store.devices[code.device_id]
    if code.is_offline:
        raise SeamError(
            400,
            store.switches.offline_error_type,
            "Offline access codes cannot be updated",
        )
    if code.phase in (Phase.REMOVING, Phase.GONE):
        raise invalid_input("The access code is being removed")
    starts_at, ends_at = _new_window(call, code)
    pin = params.get("code", code.code)
    name = params.get("name", code.name)
    check_pin(store, device, pin, name, own_id=code.access_code_id)

    def update(mutation: Any, before: JsonObject, after: JsonObject) -> None:
        if before != after:
            code.updates.append(PendingUpdate(mutation, before, after, call.now))

    update("updating_name", {"name": code.name}, {"name": name})
    update("updating_code", {"code": code.code}, {"code": pin})
    update(
        "updating_time_frame",
        {"starts_at": store.time(code.starts_at), "ends_at": store.time(code.ends_at)},
        {"starts_at": store.time(starts_at), "ends_at": store.time(ends_at)},
    )
    if not code.was_programmed:
        code.updates.clear()
    new_window = (starts_at, ends_at) != (code.starts_at, code.ends_at)
    issue = pin != code.code or new_window
    code.name, code.code = name, pin
    code.starts_at, code.ends_at = starts_at, ends_at
    code.type = "ongoing" if starts_at is None else "time_bound"
    for key in ("is_external_modification_allowed", "allow_external_modification"):
        if key in params:
            code.is_external_modification_allowed = params[key]
    if issue:
        store.issue(online_pin(code, "updated", call.now))
    if new_window:
        reschedule(store, code, call.now)


def _answer(call: Call, kind: str, action: str, code: Code) -> JsonObject:
    """Return the attempt of a change or deletion, or nothing, by a switch."""
    if kind == "ok":
        return {}
    device = call.store.devices[code.device_id]
    attempt = start_attempt(call, action, device, code, outcome_now=True)
    return {"action_attempt": show_attempt(attempt)}


def _update(call: Call) -> JsonObject:
    """Change one online code."""
    code = _own_code(call)
    call.store.count_request(code.device_id, "update", call.now)
    _change(call, code)
    answer = call.store.switches.update_answer
    return _answer(call, answer, "UPDATE_ACCESS_CODE", code)


def _update_multiple(call: Call) -> JsonObject:
    """Change the codes that were created together."""
    store = call.store
    key = call.params["common_code_key"]
    codes = [
        code
        for code in store.codes.values()
        if code.workspace_id == call.workspace_id
        and code.common_code_key == key
        and code.phase is not Phase.GONE
    ]
    if not codes:
        raise not_found("access_code_not_found", "No access code has this key")
    for code in codes:
        store.count_request(code.device_id, "update", call.now)
        _change(call, code)
    return {}


def _delete(call: Call) -> JsonObject:
    """Delete a code; what happens to an offline one depends on a switch (§10.2)."""
    code = _own_code(call)
    store = call.store
    store.count_request(code.device_id, "delete", call.now)
    if code.phase is Phase.GONE:
        code.deleted = True
    elif code.is_offline and store.switches.offline_delete == "refuse":
        raise SeamError(
            400,
            store.switches.offline_error_type,
            "Offline access codes cannot be deleted",
        )
    else:
        request_removal(store, code, call.now)
    return _answer(call, store.switches.delete_answer, "DELETE_ACCESS_CODE", code)


ENDPOINTS = (
    Endpoint(
        "/access_codes/update",
        CHANGE,
        _update,
        {
            **WINDOW,
            **EXTERNAL,
            "access_code_id": Param("uuid", required=True),
            "device_id": Param("uuid"),
            "name": Param(),
            "code": CODE,
            "type": Param(choices=frozenset({"ongoing", "time_bound"})),
            "is_managed": Param("bool"),
            "attempt_for_offline_device": Param("bool"),
            "sync": Param("bool"),
        },
    ),
    Endpoint(
        "/access_codes/update_multiple",
        PATCH,
        _update_multiple,
        {**WINDOW, "common_code_key": Param(required=True), "name": Param()},
    ),
    Endpoint(
        "/access_codes/delete",
        DELETE,
        _delete,
        {
            "access_code_id": Param("uuid", required=True),
            "device_id": Param("uuid"),
            "sync": Param("bool"),
        },
    ),
)
