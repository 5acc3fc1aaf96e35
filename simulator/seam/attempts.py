"""Action attempts, and locking and unlocking (reference/seam-api.md §7.4 and §8)."""

from datetime import datetime, timedelta

from .endpoint import POST, READ, Call, Endpoint
from .errors import SeamError, invalid_input, not_found
from .model import Attempt, Code, Device, JsonObject
from .objects import show_attempt, show_code
from .params import CURSOR, LIMIT, Param
from .store import Store

_ATTEMPTS_LIMIT = 500
_OFFLINE_ERROR = {
    "type": "uncategorized_error",
    "message": "The device or its hub is offline.",
}


def start_attempt(
    call: Call,
    action_type: str,
    device: Device,
    code: Code | None = None,
    *,
    outcome_now: bool = False,
) -> Attempt:
    """Return a new attempt, pending as the switches say.

    With `outcome_now` it is one of Seam itself, which always succeeds in time.
    """
    switches = call.store.switches
    attempt = Attempt(
        action_attempt_id=call.store.new_id(),
        workspace_id=call.workspace_id,
        action_type=action_type,
        created_at=call.now,
        device_id=device.device_id,
        access_code_id=None if code is None else code.access_code_id,
    )
    if not outcome_now:
        attempt.outcome = device.attempt_outcome or switches.attempt_outcome
    if switches.attempt_polls is None:
        attempt.due = call.now + timedelta(seconds=switches.attempt_seconds)
    else:
        attempt.polls_left = switches.attempt_polls
    call.store.attempts[attempt.action_attempt_id] = attempt
    return attempt


def settle_attempts(store: Store, now: datetime) -> None:
    """Finish the attempts whose time has come, and let doors lock themselves."""
    for attempt in store.attempts.values():
        if attempt.status == "pending" and attempt.due is not None:
            if attempt.due <= now:
                _finish(store, attempt, attempt.due)
    for device in store.devices.values():
        if device.relock_at is not None and device.relock_at <= now:
            _relock(store, device, device.relock_at)


def _relock(store: Store, device: Device, at: datetime) -> None:
    """Lock a door by itself."""
    device.relock_at = None
    if device.locked is not None:
        device.locked = True
    if device.online:
        store.device_event("lock.locked", device, at, method="automatic")


def _finish(store: Store, attempt: Attempt, at: datetime) -> None:
    """Give an attempt its outcome; a lock's state and events change only now."""
    if attempt.outcome == "pending":
        return
    device = store.devices.get(attempt.device_id or "")
    at_the_lock = attempt.action_type in ("LOCK_DOOR", "UNLOCK_DOOR")
    if at_the_lock and (device is None or not device.online):
        attempt.status, attempt.error = "error", dict(_OFFLINE_ERROR)
    elif attempt.outcome == "error":
        switches = store.switches
        attempt.status = "error"
        attempt.error = {
            "type": switches.attempt_error_type,
            "message": switches.attempt_error_message,
        }
    else:
        attempt.status = "success"
        attempt.result = _result(store, attempt, at)
    if at_the_lock and device is not None:
        _report_lock_action(store, attempt, device, at)


def _result(store: Store, attempt: Attempt, at: datetime) -> JsonObject:
    """Return the result of a successful attempt."""
    if attempt.action_type in ("LOCK_DOOR", "UNLOCK_DOOR"):
        confirmed = store.switches.was_confirmed_by_device
        return {} if confirmed is None else {"was_confirmed_by_device": confirmed}
    code = store.codes.get(attempt.access_code_id or "")
    if code is None or attempt.action_type == "DELETE_ACCESS_CODE":
        return {}
    return {"access_code": show_code(store, code, at)}


def _report_lock_action(
    store: Store, attempt: Attempt, device: Device, at: datetime
) -> None:
    """Change the lock's state and record what Seam would report."""
    locking = attempt.action_type == "LOCK_DOOR"
    ending = "succeeded" if attempt.status == "success" else "failed"
    store.device_event(
        f"action_attempt.{attempt.action_type.lower()}.{ending}",
        device,
        at,
        action_attempt_id=attempt.action_attempt_id,
        action_type=attempt.action_type,
        status=attempt.status,
    )
    if attempt.status != "success":
        return
    if device.locked is not None:
        device.locked = locking
    store.device_event(
        "lock.locked" if locking else "lock.unlocked",
        device,
        at,
        method="remote",
        action_attempt_id=attempt.action_attempt_id,
    )


def _operate(call: Call, action: str, flag: str) -> JsonObject:
    """Start locking or unlocking a door."""
    device = call.device()
    call.store.count_request(device.device_id, action, call.now)
    if not device.can(flag):
        raise SeamError(
            400,
            call.store.switches.capability_error_type,
            f"Device does not support {action}ing remotely ({flag})",
        )
    attempt = start_attempt(call, f"{action.upper()}_DOOR", device)
    return {"action_attempt": show_attempt(attempt)}


def _lock_door(call: Call) -> JsonObject:
    """Lock a door through its bridge."""
    return _operate(call, "lock", "can_remotely_lock")


def _unlock_door(call: Call) -> JsonObject:
    """Unlock a door through its bridge."""
    return _operate(call, "unlock", "can_remotely_unlock")


def _own_attempts(call: Call) -> list[Attempt]:
    """Return the attempts of the call's workspace."""
    return [
        attempt
        for attempt in call.store.attempts.values()
        if attempt.workspace_id == call.workspace_id
    ]


def _get_attempt(call: Call) -> JsonObject:
    """Answer one attempt; counts as a poll."""
    for attempt in _own_attempts(call):
        if attempt.action_attempt_id != call.params["action_attempt_id"]:
            continue
        if attempt.status == "pending" and attempt.polls_left is not None:
            if attempt.polls_left == 0:
                _finish(call.store, attempt, call.now)
            else:
                attempt.polls_left -= 1
        return {"action_attempt": show_attempt(attempt)}
    raise not_found("action_attempt_not_found", "Action attempt not found")


def _list_attempts(call: Call) -> JsonObject:
    """Answer a page of the attempts named by id or device."""
    ids = call.params.get("action_attempt_ids")
    device_id = call.params.get("device_id")
    if ids is None and device_id is None:
        raise invalid_input("Either action_attempt_ids or device_id is required")
    shown = [
        show_attempt(attempt)
        for attempt in _own_attempts(call)
        if (ids is None or attempt.action_attempt_id in ids)
        and device_id in (None, attempt.device_id)
    ]
    return call.page("action_attempts", shown, _ATTEMPTS_LIMIT)


_DEVICE = {"device_id": Param("uuid", required=True)}

ENDPOINTS = (
    Endpoint("/locks/lock_door", POST, _lock_door, _DEVICE),
    Endpoint("/locks/unlock_door", POST, _unlock_door, _DEVICE),
    Endpoint(
        "/action_attempts/get",
        READ,
        _get_attempt,
        {"action_attempt_id": Param("uuid", required=True)},
    ),
    Endpoint(
        "/action_attempts/list",
        READ,
        _list_attempts,
        {
            "action_attempt_ids": Param("uuids"),
            "device_id": Param("uuid"),
            "limit": LIMIT,
            "page_cursor": CURSOR,
        },
    ),
)
