"""The simulated Seam cloud: its routes, and what the control interface may do."""

from collections import deque
from dataclasses import dataclass, field
import json
from typing import Any

from aiohttp import web

from ..clock import Clock
from ..settings import reset_fields
from . import (
    attempts,
    codes_change_api,
    codes_create_api,
    codes_read_api,
    devices_api,
    events_api,
    webviews_api,
    workspaces_api,
)
from .auth import authenticate
from .door import SeamDoors
from .endpoint import Call, Endpoint
from .errors import SeamError, invalid_input
from .lifecycle import settle
from .model import JsonObject
from .params import check_parameters, query_parameters
from .scenarios import build
from .store import Store
from .switches import SeamSwitches

ENDPOINTS: tuple[Endpoint, ...] = (
    *workspaces_api.ENDPOINTS,
    *devices_api.ENDPOINTS,
    *attempts.ENDPOINTS,
    *codes_create_api.ENDPOINTS,
    *codes_change_api.ENDPOINTS,
    *codes_read_api.ENDPOINTS,
    *events_api.ENDPOINTS,
    *webviews_api.ENDPOINTS,
)
_EXCHANGES_KEPT = 5000


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to the Seam cloud and its answer, before any injected fault.

    `path` has no /seam prefix; `query` holds every value of a name; `body` and
    `response` are JSON data.
    """

    method: str
    path: str
    query: dict[str, list[str]] = field(repr=False)
    body: Any = field(repr=False)
    status: int
    response: JsonObject = field(repr=False)


class SeamCloudSim(SeamDoors):
    """Seam's cloud for several workspaces, driven by a clock and by nothing else.

    Every change that time brings is computed when a request is served.
    """

    def __init__(self, clock: Clock) -> None:
        """Start empty; `load` fills in a scenario."""
        super().__init__(clock, SeamSwitches())
        self.exchanges: deque[Exchange] = deque(maxlen=_EXCHANGES_KEPT)

    def load(self, scenario: str) -> None:
        """Start over in a scenario: demo, test, empty or large:N.

        Event listeners stay. Raise ValueError for an unknown scenario.
        """
        reset_fields(self.switches)
        listeners = self.store.listeners
        self.store = Store(self.switches)
        self.store.listeners = listeners
        self.exchanges.clear()
        build(self, scenario)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without the /seam prefix."""

        def serve(endpoint: Endpoint) -> web.RouteDef:
            async def handle(request: web.Request) -> web.Response:
                return await self._serve(endpoint, request)

            return web.route("*", endpoint.path, handle)

        return [
            *(serve(endpoint) for endpoint in ENDPOINTS),
            web.route("*", "/{tail:.*}", self._unknown_route),
        ]

    async def _unknown_route(self, request: web.Request) -> web.Response:
        """Answer 404 for a route that is not simulated."""
        error = SeamError(404, "not_found", "Route not found")
        body = await _json_body(request)
        return self._respond(
            request, f"/{request.match_info['tail']}", body, 404, error.body(), {}
        )

    async def _serve(self, endpoint: Endpoint, request: web.Request) -> web.Response:
        """Check, handle and record one request."""
        body = await _json_body(request)
        status, headers = 200, dict[str, str]()
        try:
            answer = {**self._answer(endpoint, request, body), "ok": True}
        except SeamError as err:
            status, headers, answer = err.status, err.headers, err.body()
        return self._respond(request, endpoint.path, body, status, answer, headers)

    def _answer(
        self, endpoint: Endpoint, request: web.Request, body: object
    ) -> JsonObject:
        """Return what a handler answers or raise a SeamError."""
        if request.method not in endpoint.methods:
            raise SeamError(
                405, "method_not_allowed", f"{request.method} is not allowed here"
            )
        workspaces: tuple[str, ...] = ("",)
        if endpoint.authentication != "none":
            workspaces = authenticate(
                request.headers,
                self.switches,
                workspace_optional=endpoint.authentication == "workspace_optional",
            )
        params = check_parameters(
            endpoint.spec,
            _raw_parameters(endpoint, request, body),
            strict=self.switches.strict_parameters,
        )
        now = self.clock.now()
        settle(self.store, now)
        attempts.settle_attempts(self.store, now)
        url = str(request.url.with_query(None))
        call = Call(
            store=self.store,
            workspace_id=workspaces[0],
            visible_workspaces=workspaces,
            params=params,
            now=now,
            url=url,
            origin=url.removesuffix(endpoint.path),
        )
        return endpoint.handler(call)

    def _respond(
        self,
        request: web.Request,
        path: str,
        body: object,
        status: int,
        answer: JsonObject,
        headers: dict[str, str],
    ) -> web.Response:
        """Return the HTTP answer and keep the exchange."""
        query = {name: request.query.getall(name) for name in request.query}
        self.exchanges.append(
            Exchange(request.method, path, query, body, status, answer)
        )
        return web.json_response(
            answer,
            status=status,
            headers={**headers, "seam-request-id": self.store.new_id()},
        )


class _Unreadable:
    """A body that is not JSON."""


async def _json_body(request: web.Request) -> object:
    """Return a request's JSON body, None without one, _Unreadable for other text."""
    text = await request.text()
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return _Unreadable()


def _raw_parameters(
    endpoint: Endpoint, request: web.Request, body: object
) -> dict[str, Any]:
    """Return the unchecked parameters of a request (reference/seam-api.md §2)."""
    if request.method == "GET" or (request.method == "DELETE" and body is None):
        return query_parameters(endpoint.spec, request.query)
    if request.content_type != "application/json":
        raise SeamError(
            400, "invalid_content_type", "Content-Type must be application/json"
        )
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise invalid_input("The body must be a JSON object")
    return body
