"""How Seam's API is spoken: POST everywhere, one key, pages with a guard.

Facts: reference/seam-api.md §2 to §5. POST works for reads too and spares the query
encoding; being a POST does not make a call a write.
"""

from collections.abc import Callable
from typing import Any

from aiohttp import ClientSession
import orjson

from .answers import Refusal, UnusableAnswerError
from .base import (
    BridgeBusyError,
    BridgeOfflineError,
    CloudAuthError,
    CloudError,
    CloudPermissionError,
    CloudUnreachableError,
    DuplicateCodeError,
    LockFullError,
)
from .http import Call, HttpClient, HttpPolicy, Memo
from .parsing import JsonObject, as_object, as_objects, as_text

DEFAULT_API_URL = "https://connect.getseam.com"

MAX_PAGES = 500
"""Pages after which a list is taken to be endless."""

_BRIDGE_ERRORS = frozenset(
    {"bridge_disconnected", "hub_disconnected", "igloohome_bridge_offline"}
)
_FULL_ERRORS = frozenset(
    {"no_space_for_access_code_on_device", "max_access_codes_reached"}
)
_DUPLICATE_ERRORS = frozenset({"duplicate_access_code", "duplicate_code_on_device"})
_BUSY_ERROR = "igloohome_bridge_too_many_pending_jobs"


def is_personal_access_token(key: str) -> bool:
    """Return whether a key sees several workspaces (reference/seam-api.md §3)."""
    return key.strip().startswith("seam_at")


class SeamApi:
    """Calls of Seam's API with one key."""

    def __init__(
        self,
        session: ClientSession,
        api_key: str,
        *,
        workspace_id: str | None = None,
        api_url: str = DEFAULT_API_URL,
        policy: HttpPolicy | None = None,
    ) -> None:
        """Keep the key; nothing is requested yet.

        ``workspace_id`` matters to a personal access token only.
        """
        self._http = HttpClient(session, "Seam", policy)
        self._key = api_key.strip()
        self._personal = is_personal_access_token(self._key)
        self._api_url = api_url.rstrip("/")
        self._headers = {
            "Authorization": f"Bearer {self._key}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        if self._personal and workspace_id is not None:
            self._headers["seam-workspace"] = workspace_id

    async def async_read[T](
        self,
        route: str,
        body: JsonObject,
        parse: Callable[[Any], T],
        *,
        memo: Memo | None = None,
    ) -> T:
        """Read from a route such as ``devices/list``; see HttpClient.async_read."""
        return await self._http.async_read(self._call(route, body), parse, memo=memo)

    async def async_write[T](
        self, route: str, body: JsonObject, parse: Callable[[Any], T]
    ) -> T:
        """Write to a route, once; see HttpClient.async_write."""
        return await self._http.async_write(self._call(route, body), parse)

    async def async_pages[T](
        self,
        route: str,
        body: JsonObject,
        key: str,
        parse_item: Callable[[JsonObject], T | None],
        *,
        memo: Memo | None = None,
    ) -> tuple[tuple[T, ...], ...]:
        """Read every page of a list; items without a meaning are left out.

        ``key`` is where the answer has the list. With a ``memo`` a page that has not
        changed is the same object as the last time. A list without an end is an
        error: half of it would look as if the rest had gone (§5).
        """

        def parse(data: Any) -> tuple[tuple[T, ...], str | None]:
            answer = as_object(data)
            if not isinstance(answer.get(key), list):
                raise UnusableAnswerError(f"The answer has no list {key}")
            items = (parse_item(raw) for raw in as_objects(answer[key]))
            found = tuple(item for item in items if item is not None)
            return found, _next_cursor(answer)

        pages: list[tuple[T, ...]] = []
        cursors: set[str] = set()
        cursor: str | None = None
        while True:
            sent = body if cursor is None else {**body, "page_cursor": cursor}
            page, cursor = await self.async_read(
                route, sent, parse, memo=None if memo is None else memo.page(len(pages))
            )
            pages.append(page)
            if cursor is None:
                return tuple(pages)
            if cursor in cursors or len(pages) >= MAX_PAGES:
                raise CloudUnreachableError(f"The list {key} has no end")
            cursors.add(cursor)

    def _call(self, route: str, body: JsonObject) -> Call:
        """Return the request; a key that cannot be sent is a wrong key."""
        if not (self._key.isascii() and self._key.isprintable()):
            raise CloudAuthError("The key has characters that no key has")
        return Call(
            method="POST",
            url=f"{self._api_url}/{route}",
            template=f"/{route}",
            headers=self._headers,
            body=orjson.dumps(body),
            secrets=(self._key,),
            explain=self._explain,
        )

    def _explain(self, refusal: Refusal) -> CloudError | None:
        """Return what a refusal means where its status alone does not tell (§4)."""
        if refusal.status == 403:
            return CloudPermissionError(refusal.detail, refusal.reason)
        if refusal.reason == "missing_workspace_id" and not self._personal:
            # An API key belongs to a workspace, so it was not recognised.
            return CloudAuthError(refusal.detail)
        if refusal.reason in _BRIDGE_ERRORS:
            return BridgeOfflineError(refusal.detail, refusal.reason)
        if refusal.reason == _BUSY_ERROR:
            return BridgeBusyError(refusal.detail, refusal.reason)
        if refusal.reason in _DUPLICATE_ERRORS:
            return DuplicateCodeError(refusal.detail, refusal.reason)
        if refusal.reason in _FULL_ERRORS:
            return LockFullError(refusal.detail, refusal.reason)
        return None


def _next_cursor(answer: JsonObject) -> str | None:
    """Return the cursor of the next page, None at the end (§5)."""
    pagination = as_object(answer.get("pagination"))
    if pagination.get("has_next_page") is False:
        return None
    return as_text(pagination.get("next_page_cursor"))
