"""Routes: connect webviews (reference/seam-api.md, appendix).

The sign-in page itself is not simulated: `SeamCloudSim.complete_connect_webview`
plays the person.
"""

from .endpoint import DELETE, POST, READ, Call, Endpoint
from .errors import invalid_input, not_found
from .model import JsonObject, Webview
from .params import CURSOR, LIMIT, SEARCH, Param

_WEBVIEWS_LIMIT = 500
_CAPABILITIES = frozenset(
    {"lock", "thermostat", "noise_sensor", "access_control", "camera"}
)


def _show(call: Call, webview: Webview) -> JsonObject:
    """Return the answer object of a connect webview."""
    options = webview.options
    providers = options.get("accepted_providers", [])
    authorized = webview.status == "authorized"
    result: JsonObject = {
        "connect_webview_id": webview.connect_webview_id,
        "workspace_id": webview.workspace_id,
        "created_at": call.store.time(webview.created_at),
        "url": f"{call.origin}/connect_webviews/view"
        f"?connect_webview_id={webview.connect_webview_id}",
        "status": webview.status,
        "login_successful": authorized,
        "connected_account_id": webview.connected_account_id,
        "authorized_at": call.store.time(webview.authorized_at),
        "selected_provider": "igloohome" if authorized else None,
        "accepted_providers": providers,
        "any_provider_allowed": not providers,
        "accepted_devices": [],
        "any_device_allowed": True,
        "accepted_capabilities": options.get("accepted_capabilities", ["lock"]),
        "automatically_manage_new_devices": options.get(
            "automatically_manage_new_devices", True
        ),
        "wait_for_device_creation": options.get("wait_for_device_creation", False),
        "device_selection_mode": "none",
        "custom_metadata": options.get("custom_metadata", {}),
        "custom_redirect_url": options.get("custom_redirect_url"),
        "custom_redirect_failure_url": options.get("custom_redirect_failure_url"),
    }
    if "customer_key" in options:
        result["customer_key"] = options["customer_key"]
    return result


def _own(call: Call) -> Webview:
    """Return the webview a request names or raise a 404."""
    webview = call.store.webviews.get(call.params["connect_webview_id"])
    if webview is None or webview.workspace_id != call.workspace_id:
        raise not_found("connect_webview_not_found", "Connect webview not found")
    return webview


def _create(call: Call) -> JsonObject:
    """Make the page on which somebody signs in to igloohome once."""
    providers = call.params.get("accepted_providers", ["igloohome"])
    if unknown := [name for name in providers if name != "igloohome"]:
        raise invalid_input(
            f"Unknown providers: {', '.join(unknown)}",
            accepted_providers="Invalid enum value",
        )
    webview = Webview(
        connect_webview_id=call.store.new_id(),
        workspace_id=call.workspace_id,
        created_at=call.now,
        options=call.params,
    )
    call.store.webviews[webview.connect_webview_id] = webview
    return {"connect_webview": _show(call, webview)}


def _get(call: Call) -> JsonObject:
    """Answer one webview."""
    return {"connect_webview": _show(call, _own(call))}


def _list(call: Call) -> JsonObject:
    """Answer a page of webviews."""
    key = call.params.get("customer_key")
    search = call.params.get("search", "").casefold()
    shown = [
        _show(call, webview)
        for webview in call.store.webviews.values()
        if webview.workspace_id == call.workspace_id
        and key in (None, webview.options.get("customer_key"))
        and search in webview.connect_webview_id
    ]
    return call.page("connect_webviews", shown, _WEBVIEWS_LIMIT)


def _delete(call: Call) -> JsonObject:
    """Remove a webview; the account it linked stays."""
    del call.store.webviews[_own(call).connect_webview_id]
    return {}


_ONE = {"connect_webview_id": Param("uuid", required=True)}

ENDPOINTS = (
    Endpoint(
        "/connect_webviews/create",
        POST,
        _create,
        {
            "accepted_providers": Param("strings"),
            "provider_category": Param(),
            "accepted_capabilities": Param("strings", choices=_CAPABILITIES),
            "automatically_manage_new_devices": Param("bool"),
            "wait_for_device_creation": Param("bool"),
            "custom_metadata": Param("object"),
            "custom_redirect_url": Param(uri=True),
            "custom_redirect_failure_url": Param(uri=True),
            "customer_key": Param(min_length=1),
            "excluded_providers": Param("strings"),
        },
    ),
    Endpoint("/connect_webviews/get", READ, _get, _ONE),
    Endpoint(
        "/connect_webviews/list",
        READ,
        _list,
        {
            "customer_key": Param(),
            "search": SEARCH,
            "limit": LIMIT,
            "page_cursor": CURSOR,
        },
    ),
    Endpoint("/connect_webviews/delete", DELETE, _delete, _ONE),
)
