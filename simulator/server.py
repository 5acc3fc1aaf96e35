"""The HTTP server that carries both clouds and the control interface."""

from asyncio import Event, sleep
from datetime import datetime
from email.utils import format_datetime
import json
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from .clock import Clock
from .control import control_routes
from .faults import Faults, apply_fault
from .feeds import Feeds
from .igloohome import IgloohomeCloudSim
from .requests import CloudName, RequestLog, RequestRecord
from .scenarios import parse_scenario
from .seam import SeamCloudSim

HOST = "127.0.0.1"
"""The simulator never listens anywhere else: it has no real protection."""


class Simulator:
    """Both clouds on one loopback port.

    Runs in the caller's event loop, without threads, tasks or timers of its
    own. ``igloohome``, ``seam``, ``clock``, ``faults`` and ``requests`` may be
    used directly by a test in the same process.
    """

    def __init__(self, scenario: str = "test", *, now: datetime | None = None) -> None:
        """Prepare the clouds in ``scenario`` (see scenarios.py) at time ``now``."""
        self.clock = Clock(now)
        self.faults = Faults()
        self.requests = RequestLog()
        self.igloohome = IgloohomeCloudSim(self.clock)
        self.seam = SeamCloudSim(self.clock)
        self.feeds = Feeds(self.clock)
        self.scenario = scenario
        self._release = Event()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._port = 0
        self.reset(scenario)

    def reset(self, scenario: str) -> None:
        """Put both clouds into ``scenario``; forget faults, requests, switches.

        The clock keeps its time. Raises ValueError for an unknown scenario.
        """
        parse_scenario(scenario)
        self.scenario = scenario
        self.faults.clear()
        self.requests.clear()
        self.feeds.clear()
        self.igloohome.load(scenario)
        self.seam.load(scenario)

    @property
    def port(self) -> int:
        """Return the port, 0 before the first start."""
        return self._port

    @property
    def url(self) -> str:
        """Return the address without a trailing slash."""
        return f"http://{HOST}:{self._port}"

    @property
    def igloohome_auth_url(self) -> str:
        """Return the address of igloohome's token endpoint."""
        return f"{self.url}/oauth2/token"

    @property
    def igloohome_api_url(self) -> str:
        """Return the base address of igloohome's API."""
        return f"{self.url}/igloohome"

    @property
    def seam_api_url(self) -> str:
        """Return the base address of Seam's API."""
        return f"{self.url}/seam"

    async def start(self, port: int = 0) -> None:
        """Listen on the loopback interface; port 0 takes any free one."""
        self._runner = web.AppRunner(
            self._make_app(), access_log=None, shutdown_timeout=1.0
        )
        await self._runner.setup()
        self._port = port
        await self.resume()

    async def stop(self) -> None:
        """Stop listening and close all connections, also the hanging ones."""
        self._release_waiting()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self._site = None

    async def pause(self) -> None:
        """Refuse connections: close the socket and all connections."""
        if self._site is None or self._runner is None:
            return
        await self._site.stop()
        self._site = None
        self._release_waiting()
        if (server := self._runner.server) is not None:
            for connection in server.connections:
                connection.force_close()
        # asyncio tells the connections that they are lost in its next turn.
        await sleep(0)

    async def resume(self) -> None:
        """Listen again, on the same port as before."""
        if self._runner is None or self._site is not None:
            return
        self._site = web.TCPSite(self._runner, HOST, self._port, reuse_address=True)
        await self._site.start()
        if self._port == 0:
            address = self._runner.addresses[0]
            self._port = int(address[1])

    def _release_waiting(self) -> None:
        """End every injected delay and every hanging answer now."""
        self._release.set()
        self._release = Event()

    def _make_app(self) -> web.Application:
        """Put the clouds under their prefixes, behind log and faults."""
        app = web.Application(middlewares=[self._middleware])
        app.on_response_prepare.append(self._tell_time)
        app.add_routes(control_routes(self))
        app.add_routes(self.feeds.routes())
        app.add_routes(self.igloohome.auth_routes())
        for prefix, routes in (
            ("/igloohome", self.igloohome.routes()),
            ("/seam", self.seam.routes()),
        ):
            cloud = web.Application()
            cloud.add_routes(routes)
            app.add_subapp(prefix, cloud)
        return app

    async def _tell_time(
        self, request: web.Request, response: web.StreamResponse
    ) -> None:
        """Let the Date header follow the simulated clock; clients may read it."""
        response.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)

    @web.middleware
    async def _middleware(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        """Record the request and apply the first fault that hits it."""
        cloud = _cloud_of(request.path)
        if cloud is None:
            return await handler(request)
        record = RequestRecord(
            method=request.method,
            path=request.path,
            cloud=cloud,
            template=_template_of(request),
            query=dict(request.query),
            body=_parse_body(request.content_type, await request.read()),
        )
        self.requests.add(record)

        async def act() -> web.StreamResponse:
            try:
                return await handler(request)
            except web.HTTPException as err:
                return web.Response(
                    status=err.status, text=err.text, content_type=err.content_type
                )

        if (fault := self.faults.take(request.method, request.path)) is None:
            try:
                response = await handler(request)
            except web.HTTPException as err:
                record.status = err.status
                raise
            record.status = response.status
            return response
        record.fault = fault.kind.value
        response, answered = await apply_fault(
            fault, request, cloud, act, self._release
        )
        if answered:
            record.status = response.status
        return response


def _cloud_of(path: str) -> CloudName | None:
    """Return the cloud a path belongs to; None for the control interface."""
    if path.startswith(("/igloohome/", "/oauth2/")):
        return "igloohome"
    if path.startswith("/seam/"):
        return "seam"
    return None


def _template_of(request: web.Request) -> str:
    """Return the route's path with names in place of its variable parts."""
    resource = request.match_info.route.resource
    if resource is None or "tail" in request.match_info:
        return request.path
    return resource.canonical


def _parse_body(content_type: str, body: bytes) -> Any:
    """Return a JSON body as data, anything else as text, nothing as None."""
    if not body:
        return None
    text = body.decode(errors="replace")
    if content_type == "application/json":
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
