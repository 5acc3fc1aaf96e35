"""Routes: devices, and locks as far as they only read (reference/seam-api.md §8)."""

from .endpoint import PATCH, READ, Call, Endpoint
from .errors import invalid_input
from .model import Device, JsonObject
from .objects import show_device
from .params import CURSOR, LIMIT, SEARCH, Param

_DEVICES_LIMIT = 500
_PROVIDER_CATEGORIES = frozenset(
    {
        "stable",
        "consumer_smartlocks",
        "beta",
        "thermostats",
        "noise_sensors",
        "access_control_systems",
        "cameras",
        "connectors",
    }
)
_MANUFACTURERS = frozenset({"igloohome", "igloo", "august", "yale", "schlage", "nuki"})
_DEVICE_TYPES = frozenset(
    {"igloohome_lock", "igloo_lock", "august_lock", "yale_lock", "schlage_lock"}
)
_TYPE = Param(choices=_DEVICE_TYPES)

_COMMON_FILTERS = {
    "connected_account_id": Param("uuid"),
    "connected_account_ids": Param("uuids"),
    "device_type": _TYPE,
    "device_types": Param("strings", choices=_DEVICE_TYPES),
    "manufacturer": Param(choices=_MANUFACTURERS),
    "device_ids": Param("uuids"),
    "created_before": Param("datetime"),
    "search": SEARCH,
}
_ONE_DEVICE = {"device_id": Param("uuid"), "name": Param()}


def _matches(device: Device, call: Call) -> bool:
    """Return whether a device passes the filters of a list request."""
    params = call.params
    account = device.connected_account_id
    types = params.get("device_types")
    ids = params.get("device_ids")
    accounts = params.get("connected_account_ids")
    search = params.get("search", "").casefold()
    texts = (device.nickname or "", device.name, device.device_id)
    return (
        device.workspace_id == call.workspace_id
        and device.is_managed
        and params.get("connected_account_id", account) == account
        and (accounts is None or account in accounts)
        and params.get("device_type", device.device_type) == device.device_type
        and (types is None or device.device_type in types)
        and params.get("manufacturer", "igloohome") == "igloohome"
        and (ids is None or device.device_id in ids)
        and (
            "created_before" not in params
            or device.created_at < params["created_before"]
        )
        and any(search in text.casefold() for text in texts)
    )


def _chosen(call: Call) -> list[JsonObject]:
    """Return the answer objects of the devices a list request wants."""
    store = call.store
    return [show_device(store, d) for d in store.devices.values() if _matches(d, call)]


def _list_devices(call: Call) -> JsonObject:
    """Answer a page of devices."""
    return call.page("devices", _chosen(call), _DEVICES_LIMIT)


def _list_locks(call: Call) -> JsonObject:
    """Answer all locks, twice, without pages (§5)."""
    locks = _chosen(call)
    return {"locks": locks, "devices": locks}


def _named_device(call: Call) -> JsonObject:
    """Return the answer object of the device a get request names."""
    if not call.params:
        raise invalid_input("Either device_id or name is required")
    return show_device(call.store, call.device())


def _get_device(call: Call) -> JsonObject:
    """Answer one device."""
    return {"device": _named_device(call)}


def _get_lock(call: Call) -> JsonObject:
    """Answer one lock, under both names."""
    shown = _named_device(call)
    return {"lock": shown, "device": shown}


def _update_device(call: Call) -> JsonObject:
    """Change what Seam itself keeps about a device."""
    device = call.device()
    params = call.params
    if "name" in params and params["name"] != device.nickname:
        device.nickname = params["name"]
        call.store.device_event(
            "device.name_changed",
            device,
            call.now,
            device_name=device.nickname or device.name,
        )
    for key, value in params.get("custom_metadata", {}).items():
        if value is None:
            device.custom_metadata.pop(key, None)
        elif isinstance(value, (str, bool)):
            device.custom_metadata[key] = value
        else:
            raise invalid_input(
                "custom_metadata values are texts or booleans",
                custom_metadata="Invalid input",
            )
    if "backup_access_code_pool_enabled" in params:
        device.backup_pool_enabled = params["backup_access_code_pool_enabled"]
    if params.get("is_managed") is False:
        device.is_managed = False
        call.store.device_event("device.converted_to_unmanaged", device, call.now)
    return {}


def _list_providers(call: Call) -> JsonObject:
    """Answer the device providers: igloohome is the only one here."""
    categories = ["stable", "consumer_smartlocks"]
    if call.params.get("provider_category", "stable") not in categories:
        return {"device_providers": []}
    provider = {
        "device_provider_name": "igloohome",
        "display_name": "igloohome",
        "image_url": f"{call.origin}/images/igloohome.png",
        "provider_categories": categories,
        "can_remotely_lock": True,
        "can_remotely_unlock": True,
        "can_program_online_access_codes": True,
        "can_program_offline_access_codes": True,
    }
    return {"device_providers": [provider]}


ENDPOINTS = (
    Endpoint(
        "/devices/list",
        READ,
        _list_devices,
        {**_COMMON_FILTERS, "limit": LIMIT, "page_cursor": CURSOR},
    ),
    Endpoint("/devices/get", READ, _get_device, _ONE_DEVICE),
    Endpoint(
        "/devices/update",
        PATCH,
        _update_device,
        {
            "device_id": Param("uuid", required=True),
            "name": Param(nullable=True),
            "custom_metadata": Param("object"),
            "is_managed": Param("bool"),
            "backup_access_code_pool_enabled": Param("bool"),
        },
    ),
    Endpoint(
        "/devices/list_device_providers",
        READ,
        _list_providers,
        {"provider_category": Param(choices=_PROVIDER_CATEGORIES)},
    ),
    Endpoint("/locks/list", READ, _list_locks, _COMMON_FILTERS),
    Endpoint("/locks/get", READ, _get_lock, _ONE_DEVICE),
)
