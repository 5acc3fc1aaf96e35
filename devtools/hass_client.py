"""Talk to a running Home Assistant as its frontend does: REST and WebSocket."""

import asyncio
from dataclasses import dataclass, field
import time
from types import TracebackType
from typing import Any, Self

import aiohttp

from .processes import ProcessError

type Json = Any

#: Seconds before the end of an access token at which a new one is fetched.
_TOKEN_MARGIN = 60


class HassError(Exception):
    """Home Assistant refused a request.

    ``code`` is the HTTP status, or the error code of a WebSocket command; ``details``
    is what came with it (for a refused action: ``translation_key`` and the like).
    """

    def __init__(self, request: str, code: int | str, details: Json) -> None:
        """Describe the refusal of ``request``, for example ``POST /api/events/x``."""
        super().__init__(f"{request} → {code}: {details}")
        self.code = code
        self.details = details


@dataclass(frozen=True, slots=True)
class HassUser:
    """Somebody who can log in."""

    name: str
    username: str
    password: str = field(repr=False)


class HassClient:
    """One logged-in user. Use as ``async with HassClient(url) as client``.

    First call ``onboard`` or ``log_in``. A client belongs to one event loop and survives
    a restart of Home Assistant.
    """

    def __init__(self, url: str) -> None:
        """Prepare a client for the Home Assistant at ``url`` (no slash at the end)."""
        self.url = url
        self._session = aiohttp.ClientSession()
        self._client_id = f"{url}/"
        self._access_token = ""
        self._refresh_token = ""
        self._expires_at = 0.0

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close all connections."""
        await self._session.close()

    # --- logging in -----------------------------------------------------------------

    async def is_onboarded(self) -> bool:
        """Tell if a first user exists."""
        try:
            steps = await self._plain("GET", "/api/onboarding")
        except HassError as err:
            if err.code == 404:  # it is only there until onboarding is finished
                return True
            raise
        return any(step["step"] == "user" and step["done"] for step in steps)

    async def onboard(self, user: HassUser) -> None:
        """Make ``user`` the owner of a new Home Assistant, finish the set-up, log in.

        See homeassistant/components/onboarding/views.py; the steps that would make
        Home Assistant talk to the internet are done by ``hass_config`` beforehand.
        """
        answer = await self._plain(
            "POST",
            "/api/onboarding/users",
            json={
                "name": user.name,
                "username": user.username,
                "password": user.password,
                "client_id": self._client_id,
                "language": "en",
            },
        )
        await self._fetch_tokens(answer["auth_code"])
        await self.post(
            "/api/onboarding/integration",
            {"client_id": self._client_id, "redirect_uri": f"{self.url}/"},
        )

    async def log_in(self, user: HassUser) -> None:
        """Log in with name and password."""
        flow = await self._plain(
            "POST",
            "/auth/login_flow",
            json={
                "client_id": self._client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": f"{self.url}/",
            },
        )
        step = await self._plain(
            "POST",
            f"/auth/login_flow/{flow['flow_id']}",
            json={
                "client_id": self._client_id,
                "username": user.username,
                "password": user.password,
            },
        )
        if step["type"] != "create_entry":
            raise HassError("POST /auth/login_flow", "refused", step.get("errors"))
        await self._fetch_tokens(step["result"])

    async def log_out(self) -> None:
        """Give the login back; the client can log in again afterwards."""
        await self._plain("POST", "/auth/revoke", data={"token": self._refresh_token})
        self._access_token = self._refresh_token = ""

    def browser_tokens(self) -> dict[str, Json]:
        """Return what the frontend keeps as ``hassTokens`` in the local storage."""
        return {
            "hassUrl": self.url,
            "clientId": self._client_id,
            "access_token": self._access_token,
            "refresh_token": self._refresh_token,
            "token_type": "Bearer",
            "expires_in": 1800,
            "expires": int((time.time() + 1800) * 1000),
        }

    async def _fetch_tokens(self, code: str) -> None:
        """Exchange an authorisation code for tokens."""
        await self._store_tokens(grant_type="authorization_code", code=code)

    async def _store_tokens(self, **grant: str) -> None:
        answer = await self._plain(
            "POST", "/auth/token", data={"client_id": self._client_id, **grant}
        )
        self._access_token = answer["access_token"]
        self._refresh_token = answer.get("refresh_token", self._refresh_token)
        self._expires_at = time.monotonic() + answer["expires_in"]

    async def _current_token(self) -> str:
        """Return an access token that is valid for a while."""
        if not self._refresh_token:
            raise ProcessError("not logged in: call onboard() or log_in() first")
        if time.monotonic() > self._expires_at - _TOKEN_MARGIN:
            await self._store_tokens(
                grant_type="refresh_token", refresh_token=self._refresh_token
            )
        return self._access_token

    # --- REST -----------------------------------------------------------------------

    async def get(self, path: str) -> Json:
        """Return the JSON answer to a GET of ``path``, for example ``/api/states``."""
        return await self._request("GET", path)

    async def post(self, path: str, body: Json = None) -> Json:
        """Return the JSON answer to a POST of ``body`` as JSON."""
        return await self._request("POST", path, json=body or {})

    async def delete(self, path: str) -> Json:
        """Return the JSON answer to a DELETE."""
        return await self._request("DELETE", path)

    async def _request(self, method: str, path: str, **options: Json) -> Json:
        token = await self._current_token()
        headers = {"Authorization": f"Bearer {token}"}
        return await self._plain(method, path, headers=headers, **options)

    async def _plain(self, method: str, path: str, **options: Json) -> Json:
        """Send a request and return its JSON answer, None for an empty one.

        Raises HassError for a status from 400 on.
        """
        async with self._session.request(
            method, f"{self.url}{path}", **options
        ) as answer:
            if answer.content_type == "application/json":
                content = await answer.json()
            else:
                content = await answer.text() or None
            if answer.status >= 400:
                raise HassError(f"{method} {path}", answer.status, content)
            return content

    async def wait_until_running(self, timeout: float = 120) -> None:
        """Wait until every component is set up and Home Assistant says it runs.

        Raises ProcessError if it is in recovery mode, TimeoutError after ``timeout``
        seconds.
        """
        async with asyncio.timeout(timeout):
            while (config := await self.get("/api/config"))["state"] != "RUNNING":
                await asyncio.sleep(0.1)
        if config["recovery_mode"]:
            raise ProcessError("Home Assistant came up in recovery mode")

    async def states(self) -> dict[str, Json]:
        """Return all states by entity id."""
        return {state["entity_id"]: state for state in await self.get("/api/states")}

    async def call_action(
        self, action: str, data: dict[str, Json], *, response: bool = True
    ) -> Json:
        """Call an action such as ``igloohome_access.get_codes`` over REST.

        Returns its response; pass ``response=False`` for an action that has none.
        """
        domain, _, name = action.partition(".")
        suffix = "?return_response" if response else ""
        answer = await self.post(f"/api/services/{domain}/{name}{suffix}", data)
        return answer["service_response"] if response else None

    async def entries(self, domain: str) -> list[Json]:
        """Return the config entries of an integration, with their ``state``."""
        path = f"/api/config/config_entries/entry?domain={domain}"
        entries: list[Json] = await self.get(path)
        return entries

    async def add_entry(self, handler: str, *steps: dict[str, Json]) -> Json:
        """Go through a config flow with one input per step; return its last answer.

        A menu's input is ``{"next_step_id": name}``. Does not check that the flow came
        to an end: look at ``type`` and ``errors`` of the answer.
        """
        path = "/api/config/config_entries/flow"
        answer = await self.post(path, {"handler": handler})
        for step in steps:
            answer = await self.post(f"{path}/{answer['flow_id']}", step)
        return answer

    # --- WebSocket ------------------------------------------------------------------

    async def command(self, command: str, **fields: Json) -> Json:
        """Send a WebSocket command and return its result.

        Every command has a connection of its own: none is left open to hold up a stop
        of Home Assistant or to break by it. Raises HassError with Home Assistant's
        error code if the command was refused.
        """
        token = await self._current_token()
        async with self._session.ws_connect(
            f"{self.url}/api/websocket", max_msg_size=0
        ) as socket:
            await socket.receive_json()  # auth_required
            await socket.send_json({"type": "auth", "access_token": token})
            answer = await socket.receive_json()
            if answer["type"] != "auth_ok":
                raise HassError("auth", answer["type"], answer.get("message"))
            await socket.send_json({"id": 1, "type": command, **fields})
            answer = await socket.receive_json()
            while answer["type"] != "result":
                answer = await socket.receive_json()
        if not answer["success"]:
            error = answer["error"]
            raise HassError(command, error["code"], error)
        return answer["result"]
