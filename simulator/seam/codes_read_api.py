"""Routes that read access codes, and backup codes (reference/seam-api.md §8, §9)."""

from .code_rules import new_pin, require_capability
from .endpoint import POST, READ, Call, Endpoint
from .errors import SeamError, invalid_input, not_found
from .model import Code, JsonObject, Phase, online_pin
from .objects import show_code, show_unmanaged_code
from .params import CURSOR, LIMIT, SEARCH, Param

_CODES_LIMIT = 55_000
_UNMANAGED_LIMIT = 300_000
_FILTERS = ("device_id", "access_code_ids", "search")


def _found(call: Call, *, managed: bool) -> list[Code]:
    """Return the codes a list request wants, backup codes left out."""
    params, store = call.params, call.store
    ids = params.get("access_code_ids")
    search = params.get("search", "").casefold()

    def matches(code: Code) -> bool:
        texts = (code.name or "", code.code or "", code.access_code_id)
        return (
            code.workspace_id == call.workspace_id
            and code.is_managed is managed
            and not code.is_backup
            and store.visible(code)
            and params.get("device_id", code.device_id) == code.device_id
            and (ids is None or code.access_code_id in ids)
            and any(search in text.casefold() for text in texts)
        )

    return [code for code in store.codes.values() if matches(code)]


def _list_codes(call: Call) -> JsonObject:
    """Answer a page of managed codes."""
    store = call.store
    if store.switches.list_requires_filter and not any(
        name in call.params for name in _FILTERS
    ):
        raise invalid_input("device_id, access_code_ids or search is required")
    if device_id := call.params.get("device_id"):
        store.device(call.workspace_id, device_id)
    shown = [show_code(store, code, call.now) for code in _found(call, managed=True)]
    return call.page("access_codes", shown, _CODES_LIMIT)


def _named(call: Call, *, managed: bool) -> Code:
    """Return the code a get request names by id, or by device and PIN."""
    params, store = call.params, call.store
    if "access_code_id" in params:
        return store.code(call.workspace_id, params["access_code_id"], managed=managed)
    if "device_id" not in params or "code" not in params:
        raise invalid_input("access_code_id, or device_id and code, is required")
    for code in store.live_codes(params["device_id"]):
        if (
            code.workspace_id == call.workspace_id
            and code.code == params["code"]
            and code.is_managed is managed
        ):
            return code
    raise not_found("access_code_not_found", "Access code not found")


def _get_code(call: Call) -> JsonObject:
    """Answer one managed code."""
    code = _named(call, managed=True)
    return {"access_code": show_code(call.store, code, call.now)}


def _list_unmanaged(call: Call) -> JsonObject:
    """Answer a page of the codes of a lock that were made elsewhere."""
    call.device()
    codes = _found(call, managed=False)
    shown = [show_unmanaged_code(call.store, code) for code in codes]
    return call.page("access_codes", shown, _UNMANAGED_LIMIT)


def _get_unmanaged(call: Call) -> JsonObject:
    """Answer one code that was made elsewhere."""
    code = _named(call, managed=False)
    return {"access_code": show_unmanaged_code(call.store, code)}


def _generate_code(call: Call) -> JsonObject:
    """Answer digits the lock could take; nothing is put on it."""
    device = call.device()
    require_capability(call.store, device, "can_program_online_access_codes")
    preview = Code(
        access_code_id=call.store.new_id(),
        workspace_id=call.workspace_id,
        device_id=device.device_id,
        name=None,
        code=new_pin(call.store, device, None),
        created_at=call.now,
        phase=Phase.DEFERRED,
        phase_since=call.now,
    )
    return {"generated_code": show_code(call.store, preview, call.now)}


def _backup_of(call: Call, code: Code) -> Code:
    """Return the backup code of a code; repeated pulls give the same one."""
    store = call.store
    if code.pulled_backup_id is not None:
        return store.codes[code.pulled_backup_id]
    device = store.devices[code.device_id]
    device.backup_codes -= 1
    backup = Code(
        access_code_id=store.new_id(),
        workspace_id=code.workspace_id,
        device_id=code.device_id,
        name=f"Backup {code.access_code_id[:8]} (Seam)",
        code=new_pin(store, device, None),
        created_at=call.now,
        phase=Phase.SET,
        phase_since=call.now,
        type="time_bound",
        starts_at=call.now,
        ends_at=code.ends_at,
        is_backup=True,
        was_programmed=True,
    )
    store.codes[backup.access_code_id] = backup
    store.issue(online_pin(backup, "backup", call.now))
    code.pulled_backup_id = backup.access_code_id
    code.warnings.append(
        {
            "warning_code": "using_backup_access_code",
            "message": "A backup access code was pulled for this code.",
            "created_at": store.time(call.now),
        }
    )
    store.code_event(
        "access_code.backup_access_code_pulled",
        code,
        call.now,
        backup_access_code_id=backup.access_code_id,
    )
    return backup


def _pull_backup(call: Call) -> JsonObject:
    """Hand out a code that is on the lock already (§9)."""
    store = call.store
    code = store.code(call.workspace_id, call.params["access_code_id"], managed=True)
    if code.type != "time_bound":
        raise SeamError(
            400, "access_code_not_time_bound", "Only a time-bound code has a backup"
        )
    shown = show_code(store, code, call.now)
    if code.phase is Phase.GONE or not shown["is_backup_access_code_available"]:
        raise SeamError(
            400,
            "backup_access_code_not_available",
            "No backup access code is available",
        )
    backup = _backup_of(call, code)
    return {
        "access_code": show_code(store, code, call.now),
        "backup_access_code": show_code(store, backup, call.now),
    }


_ONE_CODE = {
    "access_code_id": Param("uuid"),
    "device_id": Param("uuid"),
    "code": Param(),
}
_PAGED = {"search": SEARCH, "limit": LIMIT, "page_cursor": CURSOR}

ENDPOINTS = (
    Endpoint(
        "/access_codes/list",
        READ,
        _list_codes,
        {**_PAGED, "device_id": Param("uuid"), "access_code_ids": Param("uuids")},
    ),
    Endpoint("/access_codes/get", READ, _get_code, _ONE_CODE),
    Endpoint(
        "/access_codes/generate_code",
        READ,
        _generate_code,
        {"device_id": Param("uuid", required=True)},
    ),
    Endpoint(
        "/access_codes/pull_backup_access_code",
        POST,
        _pull_backup,
        {"access_code_id": Param("uuid", required=True)},
    ),
    Endpoint(
        "/access_codes/unmanaged/list",
        READ,
        _list_unmanaged,
        {**_PAGED, "device_id": Param("uuid", required=True)},
    ),
    Endpoint("/access_codes/unmanaged/get", READ, _get_unmanaged, _ONE_CODE),
)
