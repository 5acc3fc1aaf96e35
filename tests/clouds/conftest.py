"""A simulator whose clock stands still, a session, and clients of both clouds."""

from collections.abc import AsyncGenerator, Callable, Generator
import logging
from typing import Any

from aiohttp import ClientSession, TCPConnector, web
from aiohttp.resolver import ThreadedResolver
import pytest

from custom_components.igloohome_access.clouds.http import HttpPolicy
from custom_components.igloohome_access.clouds.igloohome import IgloohomeCloud
from custom_components.igloohome_access.clouds.seam import SeamCloud
from simulator import Simulator

from .samples import NOW, SECRETS

PROMPT = HttpPolicy(pause=0, max_wait=0.05)
"""Retries at once; waits no longer than a test should."""

HASTY = HttpPolicy(pause=0, read_timeout=0.75, write_timeout=0.75, tries=2)
"""Gives up soon, for answers that never come."""


@pytest.fixture(autouse=True)
def short_pauses() -> None:
    """The clients need nothing of the integration around them to be patched."""


@pytest.fixture(autouse=True)
def no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    """Every test here runs with debug logging and fails when a secret is logged."""
    caplog.set_level(logging.DEBUG)
    yield
    text = "\n".join(
        caplog.handler.format(record)
        for phase in ("setup", "call")
        for record in caplog.get_records(phase)
    )
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.fixture
async def sim(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Return a started simulator, scenario "test", its clock standing at NOW."""
    simulator = Simulator(scenario="test", now=NOW)
    simulator.clock.freeze()
    simulator.clock.set(NOW)
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def session(socket_enabled: None) -> AsyncGenerator[ClientSession]:
    """Return an HTTP session; the resolver without helper threads will do."""
    async with ClientSession(
        connector=TCPConnector(resolver=ThreadedResolver())
    ) as session:
        yield session


type MakeIgloohome = Callable[..., IgloohomeCloud]
type MakeSeam = Callable[..., SeamCloud]


@pytest.fixture
def make_igloohome(sim: Simulator, session: ClientSession) -> MakeIgloohome:
    """Return a function that makes a client of the simulated igloohome."""

    def make(
        client_id: str = "sim-client-id",
        client_secret: str = "sim-client-secret",
        policy: HttpPolicy = PROMPT,
    ) -> IgloohomeCloud:
        return IgloohomeCloud(
            session,
            client_id,
            client_secret,
            api_url=f"{sim.url}/igloohome/",
            auth_url=f"{sim.url}/oauth2/token",
            policy=policy,
        )

    return make


@pytest.fixture
def igloohome(make_igloohome: MakeIgloohome) -> IgloohomeCloud:
    """Return a client with every permission."""
    return make_igloohome()


@pytest.fixture
def make_seam(sim: Simulator, session: ClientSession) -> MakeSeam:
    """Return a function that makes a client of the simulated Seam."""

    def make(
        api_key: str = "seam_test_simkey_0001",
        policy: HttpPolicy = PROMPT,
        **options: Any,
    ) -> SeamCloud:
        return SeamCloud(
            session, api_key, api_url=f"{sim.url}/seam", policy=policy, **options
        )

    return make


@pytest.fixture
def seam(make_seam: MakeSeam) -> SeamCloud:
    """Return a client of the first workspace."""
    return make_seam()


class ScriptedServer:
    """A server that answers what a test tells it, one answer after the other."""

    def __init__(self) -> None:
        """Start without answers; an unexpected request is answered 599."""
        self.answers: list[web.StreamResponse | Callable[[web.Request], Any]] = []
        self.requests: list[web.Request] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Give the next answer."""
        self.requests.append(request)
        await request.read()
        if not self.answers:
            return web.Response(status=599)
        answer = self.answers.pop(0)
        if isinstance(answer, web.StreamResponse):
            return answer
        response: web.StreamResponse = await answer(request)
        return response


@pytest.fixture
async def scripted(socket_enabled: None) -> AsyncGenerator[ScriptedServer]:
    """Return a started scripted server."""
    server = ScriptedServer()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()
