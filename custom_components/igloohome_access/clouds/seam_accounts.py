"""The maker's accounts that are connected to a Seam workspace, and connecting one.

Facts: reference/seam-api.md §7.5 and the appendix on Connect Webviews. A person signs
in on a page of Seam's; what is typed there never passes through here.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .answers import UnusableAnswerError
from .parsing import JsonObject, as_id, as_object, as_objects, as_text
from .redaction import redact, safe_word
from .seam_api import SeamApi

PAGE_SIZE = 500
"""Accounts in one answer."""

_DISCONNECTED = "account_disconnected"
_REAUTHORIZE = "account_reauthorization_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedAccount:
    """An account of the maker's at Seam.

    ``disconnected``: Seam cannot sign in any more. ``needs_authorization``: it asks
    for a new sign-in, and works until then.
    """

    account_id: str
    name: str
    disconnected: bool
    needs_authorization: bool


class WebviewStatus(StrEnum):
    """How far the person on the page is."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectWebview:
    """A page on which somebody signs in, once. Its address lets anyone do so."""

    webview_id: str
    url: str = field(repr=False)
    status: WebviewStatus
    account_id: str | None


async def async_list_accounts(api: SeamApi) -> tuple[ConnectedAccount, ...]:
    """Return the igloohome accounts of the workspace."""
    pages = await api.async_pages(
        "connected_accounts/list",
        {"limit": PAGE_SIZE},
        "connected_accounts",
        _parse_account,
    )
    return tuple(account for page in pages for account in page)


async def async_create_webview(api: SeamApi) -> ConnectWebview:
    """Make a page to connect an igloohome account. A write.

    It is authorised only when Seam has the devices of the account.
    """
    body: JsonObject = {
        "accepted_providers": ["igloohome"],
        "wait_for_device_creation": True,
    }
    return await api.async_write("connect_webviews/create", body, _parse_webview)


async def async_get_webview(api: SeamApi, webview_id: str) -> ConnectWebview:
    """Return how far a page is."""
    body: JsonObject = {"connect_webview_id": webview_id}
    return await api.async_read("connect_webviews/get", body, _parse_webview)


async def async_delete_webview(api: SeamApi, webview_id: str) -> None:
    """Take a page away that nobody will use any more. A write."""
    body: JsonObject = {"connect_webview_id": webview_id}
    await api.async_write("connect_webviews/delete", body, _nothing)


def _nothing(_: Any) -> None:
    """Make nothing of an answer that says only that it worked."""


def _parse_account(raw: JsonObject) -> ConnectedAccount | None:
    """Return an account, None for one of another maker."""
    account_id = as_id(raw.get("connected_account_id"))
    kind = as_text(raw.get("account_type"))
    if account_id is None or kind not in (None, "igloohome"):
        return None
    errors = _words(raw.get("errors"), "error_code")
    name = as_text(raw.get("display_name"))
    return ConnectedAccount(
        account_id=account_id,
        name="igloohome" if name is None else redact(name),
        disconnected=_DISCONNECTED in errors,
        needs_authorization=_REAUTHORIZE
        in errors | _words(raw.get("warnings"), "warning_code"),
    )


def _words(rows: object, key: str) -> set[str]:
    """Return the codes of a list of errors or warnings."""
    return {safe_word(row.get(key)) for row in as_objects(rows)}


def _parse_webview(data: Any) -> ConnectWebview:
    raw = as_object(as_object(data).get("connect_webview"))
    webview_id, url = as_id(raw.get("connect_webview_id")), as_text(raw.get("url"))
    if webview_id is None or url is None:
        raise UnusableAnswerError("The answer has no connect webview")
    status = as_text(raw.get("status"))
    return ConnectWebview(
        webview_id=webview_id,
        url=url,
        # A status nobody knows is waited out.
        status=WebviewStatus(status)
        if status in set(WebviewStatus)
        else WebviewStatus.PENDING,
        account_id=as_id(raw.get("connected_account_id")),
    )
