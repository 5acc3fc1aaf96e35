"""Routes: health, workspaces, connected accounts (reference/seam-api.md §8)."""

from .endpoint import READ, Call, Endpoint
from .errors import invalid_input, not_found
from .model import Account, JsonObject, Workspace
from .params import CURSOR, LIMIT, SEARCH, Param
from .store import Store

_ACCOUNTS_LIMIT = 11000


def _show_workspace(workspace: Workspace) -> JsonObject:
    """Return the answer object of a workspace (§7.5)."""
    return {
        "workspace_id": workspace.workspace_id,
        "name": workspace.name,
        "company_name": workspace.name,
        "connect_partner_name": None,
        "is_sandbox": workspace.is_sandbox,
        "is_suspended": workspace.is_suspended,
        "is_publishable_key_auth_enabled": False,
        "organization_id": None,
        "connect_webview_customization": {},
    }


def show_account(store: Store, account: Account) -> JsonObject:
    """Return the answer object of a connected account (§7.5)."""
    result: JsonObject = {
        "connected_account_id": account.connected_account_id,
        "account_type": "igloohome",
        "account_type_display_name": "igloohome",
        "display_name": account.display_name,
        "user_identifier": {"email": account.email},
        "automatically_manage_new_devices": True,
        "accepted_capabilities": ["lock"],
        "custom_metadata": {},
        "created_at": store.time(account.created_at),
        "errors": [
            {key: value for key, value in error.items() if key != "is_device_error"}
            for error in account.errors
        ],
        "warnings": list(account.warnings),
    }
    if account.time_zone is not None:
        result["time_zone"] = account.time_zone
    return result


def _health(call: Call) -> JsonObject:
    """Answer that the server is there."""
    if not call.store.switches.health_route:
        raise not_found("not_found", "Route not found")
    return {}


def _get_workspace(call: Call) -> JsonObject:
    """Answer the credential's workspace: the cheapest key check (§3)."""
    return {"workspace": _show_workspace(call.store.workspaces[call.workspace_id])}


def _list_workspaces(call: Call) -> JsonObject:
    """Answer the workspaces the credential sees."""
    ids = sorted(call.visible_workspaces)
    return {"workspaces": [_show_workspace(call.store.workspaces[i]) for i in ids]}


def _accounts(call: Call) -> list[Account]:
    """Return the accounts of the call's workspace."""
    return [
        account
        for account in call.store.accounts.values()
        if account.workspace_id == call.workspace_id
    ]


def _list_accounts(call: Call) -> JsonObject:
    """Answer a page of connected accounts."""
    wanted = call.params.get("search", "").casefold()
    shown = [
        show_account(call.store, account)
        for account in _accounts(call)
        if wanted in account.display_name.casefold()
        or wanted in account.connected_account_id
    ]
    return call.page("connected_accounts", shown, _ACCOUNTS_LIMIT)


def _get_account(call: Call) -> JsonObject:
    """Answer one connected account by id or e-mail address."""
    account_id = call.params.get("connected_account_id")
    email = call.params.get("email")
    if account_id is None and email is None:
        raise invalid_input("Either connected_account_id or email is required")
    for account in _accounts(call):
        if account_id in (None, account.connected_account_id) and email in (
            None,
            account.email,
        ):
            return {"connected_account": show_account(call.store, account)}
    raise not_found("connected_account_not_found", "Connected account not found")


ENDPOINTS = (
    Endpoint("/health", READ, _health, authentication="none"),
    Endpoint("/workspaces/get", READ, _get_workspace),
    Endpoint(
        "/workspaces/list", READ, _list_workspaces, authentication="workspace_optional"
    ),
    Endpoint(
        "/connected_accounts/list",
        READ,
        _list_accounts,
        {"limit": LIMIT, "page_cursor": CURSOR, "search": SEARCH},
    ),
    Endpoint(
        "/connected_accounts/get",
        READ,
        _get_account,
        {"connected_account_id": Param("uuid"), "email": Param()},
    ),
)
