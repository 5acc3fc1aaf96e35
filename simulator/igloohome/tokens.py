"""``POST /oauth2/token``: the auth server (reference/igloohome-api.md §1.1)."""

from base64 import b64decode, urlsafe_b64encode
import binascii
from datetime import timedelta
import hmac
import json
import secrets
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from .errors import refuse
from .state import SCOPE_PREFIX, Client, Token
from .world import World


class TokenApi:
    """Hand out access tokens for client credentials, as AWS Cognito does."""

    def __init__(self, world: World) -> None:
        """Serve the clients of ``world``."""
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, with full paths."""
        return [web.post("/oauth2/token", self._token)]

    async def _token(self, request: web.Request) -> web.Response:
        fields = dict(request.query)
        body = await request.text()
        if body:
            if request.content_type != "application/x-www-form-urlencoded":
                refuse(400, "invalid_request")
            fields.update(parse_qsl(body, keep_blank_values=True))
        client = self._client(request, fields)
        grant_type = fields.get("grant_type")
        if not grant_type:
            refuse(400, "invalid_request")
        if grant_type != "client_credentials":
            refuse(400, "unsupported_grant_type")
        scopes = self._scopes(client, fields.get("scope", ""))
        return web.json_response(self._issue(client, scopes))

    def _client(self, request: web.Request, fields: dict[str, str]) -> Client:
        """Return the client whose Basic or body credentials are right."""
        client_id = fields.get("client_id", "")
        secret = fields.get("client_secret", "")
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                plain = b64decode(encoded, validate=True).decode()
            except binascii.Error, UnicodeDecodeError:
                plain = ""
            client_id, _, secret = plain.partition(":")
        client = self._world.clients.get(client_id)
        if client is None or not hmac.compare_digest(
            client.client_secret.encode(), secret.encode()
        ):
            refuse(self._world.switches.bad_credentials_status, "invalid_client")
        return client

    def _scopes(self, client: Client, text: str) -> frozenset[str]:
        """Return the granted scopes; one that is not granted fails the exchange."""
        if not text.strip():
            return client.scopes
        wanted = set(text.split())
        granted = {SCOPE_PREFIX + scope for scope in client.scopes}
        if not wanted <= granted:
            refuse(400, self._world.switches.bad_scope_error)
        return frozenset(scope.removeprefix(SCOPE_PREFIX) for scope in wanted)

    def _issue(self, client: Client, scopes: frozenset[str]) -> dict[str, Any]:
        """Remember a new token and return the answer that carries it."""
        world = self._world
        now = world.clock.now()
        seconds = world.switches.token_seconds
        expires_at = now + timedelta(seconds=seconds)
        claims = {
            "sub": client.client_id,
            "token_use": "access",
            "scope": " ".join(sorted(SCOPE_PREFIX + scope for scope in scopes)),
            "auth_time": int(now.timestamp()),
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "version": 2,
            "jti": secrets.token_hex(16),
            "client_id": client.client_id,
        }
        value = ".".join(
            (
                _encode(json.dumps({"kid": "simulator", "alg": "RS256"}).encode()),
                _encode(json.dumps(claims).encode()),
                # Nobody can check it without the auth server's key, so random
                # bytes do as a signature.
                _encode(secrets.token_bytes(256)),
            )
        )
        world.tokens[value] = Token(value, client, scopes, expires_at)
        answer: dict[str, Any] = {"access_token": value, "token_type": "Bearer"}
        if world.switches.expires_in == "int":
            answer["expires_in"] = seconds
        elif world.switches.expires_in == "string":
            answer["expires_in"] = str(seconds)
        return answer


def _encode(data: bytes) -> str:
    """Return base64url without padding, as in a JWT."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
