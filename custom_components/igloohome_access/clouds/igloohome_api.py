"""How igloohome's API is spoken: a token, one path per thing, refusals explained.

Facts: reference/igloohome-api.md §1, §3.4 and §4.3.
"""

from collections.abc import Callable
import re
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession
import orjson

from .answers import Refusal, UnusableAnswerError
from .base import (
    BridgeBusyError,
    BridgeOfflineError,
    CloudAuthError,
    CloudError,
    CloudPermissionError,
    CloudRefusedError,
    DuplicateCodeError,
    LockFullError,
)
from .http import Call, HttpClient, HttpPolicy, Memo
from .igloohome_token import Token, TokenKeeper
from .parsing import JsonObject, as_id, as_object, as_objects

_NO_SPACE = re.compile(r"no space|\bfull\b")


class IgloohomeApi:
    """Calls of igloohome's API with one pair of credentials."""

    def __init__(
        self,
        session: ClientSession,
        client_id: str,
        client_secret: str,
        *,
        api_url: str,
        auth_url: str,
        policy: HttpPolicy | None = None,
    ) -> None:
        """Keep the credentials; nothing is requested yet."""
        self._http = HttpClient(session, "igloohome", policy)
        self._credentials = (client_id, client_secret, auth_url)
        self._api_url = api_url.rstrip("/")
        self._solo: dict[str, TokenKeeper] = {}
        self.tokens = TokenKeeper(self._http, *self._credentials)

    def solo_tokens(self, scope: str) -> TokenKeeper:
        """Return a keeper of tokens that grant ``scope`` and nothing else (§1.2)."""
        if scope not in self._solo:
            self._solo[scope] = TokenKeeper(self._http, *self._credentials, scope=scope)
        return self._solo[scope]

    async def async_send[T](
        self,
        scope: str,
        template: str,
        *ids: str,
        parse: Callable[[Any], T],
        query: str = "",
        body: dict[str, Any] | None = None,
        memo: Memo | None = None,
        tokens: TokenKeeper | None = None,
    ) -> T:
        """Send a call with the token, and once more if a new token may help.

        A call with a ``body`` is a write, one without is a read. Also a write may be
        repeated here: a 401 or 403 certainly did nothing.
        """
        tokens = tokens or self.tokens
        token = await tokens.async_get_for(scope)
        path = template.format(*(quote(i, safe="") for i in ids))
        for last in (False, True):
            call = self._call(tokens, token, scope, template, f"{path}{query}", body)
            try:
                if body is not None:
                    return await self._http.async_write(call, parse)
                return await self._http.async_read(call, parse, memo=memo)
            except CloudAuthError:
                if last:
                    raise
                token = await tokens.async_replace(token)
            except CloudPermissionError:
                # An ended token might be answered like a missing scope (§9).
                if last or token.after_refusal:
                    raise
                token = await tokens.async_replace(token, after_refusal=True)
        raise AssertionError

    def _call(
        self,
        tokens: TokenKeeper,
        token: Token,
        scope: str,
        template: str,
        path: str,
        body: dict[str, Any] | None,
    ) -> Call:
        """Return a call with its headers."""
        headers = {
            "Authorization": f"Bearer {token.value}",
            "Accept": "application/json",
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        return Call(
            method="GET" if body is None else "POST",
            url=f"{self._api_url}{path}",
            template=template,
            headers=headers,
            body=None if body is None else orjson.dumps(body),
            secrets=tokens.secrets,
            explain=lambda refusal: _explain(refusal, scope),
        )


def unwrapped(data: Any) -> dict[str, Any]:
    """Return an object that may stand in an envelope ``payload`` (§2.1)."""
    answer = as_object(data)
    return as_object(answer["payload"]) if "payload" in answer else answer


def paged_rows(data: Any, name: str) -> tuple[list[JsonObject], str | None]:
    """Return what a page lists and the cursor of the next one (§2.1, §5.1).

    ``name`` says what it should list, for the error where it lists nothing.
    """
    rows = data if isinstance(data, list) else as_object(data).get("payload")
    if not isinstance(rows, list):
        raise UnusableAnswerError(f"The answer has no list of {name}")
    cursor = as_id(data.get("nextCursor")) if isinstance(data, dict) else None
    return as_objects(rows), cursor


def _explain(refusal: Refusal, scope: str) -> CloudError | None:
    """Return what a refusal of the API means (§3.4, §4.3)."""
    if refusal.status == 403:
        return CloudPermissionError(refusal.detail, scope)
    if refusal.status != 406:
        return None
    text = refusal.detail.casefold()
    if "contact bridge" in text or "offline" in text:
        return BridgeOfflineError(refusal.detail, "bridge_offline")
    if "existing job" in text:
        return DuplicateCodeError(refusal.detail, "duplicate_job")
    if "pending" in text or "too many" in text or "queue" in text:
        return BridgeBusyError(refusal.detail, "too_many_jobs")
    if _NO_SPACE.search(text):
        return LockFullError(refusal.detail, "no_space")
    return CloudRefusedError(refusal.detail, "not_acceptable")
