"""Access tokens of igloohome's auth server, one at a time for the whole account.

Client credentials grant without ``scope``: the server then grants every scope of the
API client, and the token says which (reference/igloohome-api.md §1.1).
"""

import asyncio
from base64 import b64encode, urlsafe_b64decode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from .answers import Refusal, UnusableAnswerError
from .base import (
    CloudAuthError,
    CloudError,
    CloudPermissionError,
    CloudUnreachableError,
)
from .http import Call, HttpClient
from .parsing import as_number, as_object, as_text

SCOPE_PREFIX = "igloohomeapi/"

DEFAULT_LIFETIME = 3600.0
"""Seconds a token is taken to live where the answer does not tell."""

EARLY = 60.0
"""Seconds before its end at which a token is no longer used."""

RECHECK = 60.0
"""Age in seconds from which a token's scopes may be out of date."""

_CREDENTIAL_ERRORS = frozenset({"invalid_client", "unauthorized_client"})
_SCOPE_ERRORS = frozenset({"invalid_scope", "invalid_request"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token. Times are the event loop's.

    ``scopes`` are without their prefix, None where the token does not tell.
    ``after_refusal`` marks one that was fetched because a call was forbidden.
    """

    value: str = field(repr=False)
    fetched_at: float
    expires_at: float
    scopes: frozenset[str] | None
    after_refusal: bool = False

    def grants(self, scope: str) -> bool:
        """Return whether the token grants a scope, as far as it tells."""
        return self.scopes is None or scope in self.scopes


def granted_scopes(token: str) -> frozenset[str] | None:
    """Return the scopes in a JWT's claims, unverified; None if there are none."""
    try:
        payload = token.split(".")[1]
        padding = "=" * (-len(payload) % 4)
        claims = as_object(orjson.loads(urlsafe_b64decode(payload + padding)))
    except IndexError, ValueError:
        return None
    scope = claims.get("scope")
    names = scope.split() if isinstance(scope, str) else scope
    if not isinstance(names, list):
        return None
    found = {n.removeprefix(SCOPE_PREFIX) for n in names if isinstance(n, str)}
    return frozenset(found) or None


class TokenKeeper:
    """Hands out a valid token; calls at the same moment share one request.

    The event loop's clock decides when a token ends: it does not jump.
    """

    def __init__(
        self,
        http: HttpClient,
        client_id: str,
        client_secret: str,
        auth_url: str,
        *,
        scope: str | None = None,
    ) -> None:
        """Keep the credentials; nothing is requested yet.

        With a ``scope`` (without prefix) the tokens grant that one only.
        """
        form = {"grant_type": "client_credentials"}
        if scope is not None:
            form["scope"] = f"{SCOPE_PREFIX}{scope}"
        basic = b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._http = http
        self._secrets = (client_id, client_secret, basic)
        self._call = Call(
            method="POST",
            url=auth_url,
            template="(token)",
            headers={
                "Authorization": f"Basic {basic}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            body=urlencode(form).encode(),
            secrets=self._secrets,
            explain=_explain,
        )
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._failure: CloudError | None = None
        self._rounds = 0

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return everything that must not appear in any text."""
        return (
            self._secrets
            if self._token is None
            else (*self._secrets, self._token.value)
        )

    async def async_get(self) -> Token:
        """Return the token in use, a new one where it is about to end."""
        now = asyncio.get_running_loop().time()
        if self._token is not None and now < self._token.expires_at:
            return self._token
        return await self.async_replace(self._token)

    async def async_get_for(self, scope: str) -> Token:
        """Return a token that grants ``scope`` (without prefix).

        A scope added in the portal shows in new tokens only, so one that has been in
        use for a while is replaced before the missing scope is reported.
        """
        token = await self.async_get()
        age = asyncio.get_running_loop().time() - token.fetched_at
        if not token.grants(scope) and age >= RECHECK:
            token = await self.async_replace(token)
        if not token.grants(scope):
            raise CloudPermissionError(f"The permission {scope} is missing", scope)
        return token

    async def async_replace(
        self, old: Token | None, *, after_refusal: bool = False
    ) -> Token:
        """Return a token other than ``old``, which has ended or was refused.

        Who waits while somebody else asks gets the same token, or the same error.
        """
        rounds = self._rounds
        async with self._lock:
            if self._token is not None and self._token is not old:
                return self._token
            if self._failure is not None and self._rounds != rounds:
                raise self._failure
            self._token = self._failure = None
            try:
                self._token = await self._async_request(after_refusal)
            except CloudError as err:
                self._failure = err
                raise
            finally:
                self._rounds += 1
            return self._token

    async def _async_request(self, after_refusal: bool) -> Token:
        """Ask the auth server; asking twice does no harm, so it is a read."""
        started = asyncio.get_running_loop().time()

        def parse(data: Any) -> Token:
            answer = as_object(data)
            value = as_text(answer.get("access_token"))
            if value is None or not (value.isascii() and value.isprintable()):
                raise UnusableAnswerError("The answer has no access token")
            lifetime = _lifetime(answer.get("expires_in"))
            return Token(
                value=value,
                fetched_at=started,
                expires_at=started + lifetime - min(EARLY, lifetime / 2),
                scopes=granted_scopes(value),
                after_refusal=after_refusal,
            )

        return await self._http.async_read(self._call, parse)


def _lifetime(value: object) -> float:
    """Return the seconds a token lives; a text is accepted too."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    seconds = as_number(value)
    return seconds if seconds is not None and seconds > 0 else DEFAULT_LIFETIME


def _explain(refusal: Refusal) -> CloudError:
    """Return what a refusal of the auth server means (§1.1, error mapping)."""
    if refusal.status in (401, 403) or refusal.reason in _CREDENTIAL_ERRORS:
        return CloudAuthError(refusal.detail)
    if refusal.reason in _SCOPE_ERRORS:
        return CloudPermissionError(refusal.detail)
    # Whatever answers there is no token endpoint that understands us.
    return CloudUnreachableError(refusal.detail)
