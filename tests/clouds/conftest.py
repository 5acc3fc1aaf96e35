"""A simulator whose clock stands still, a session, and clients of both clouds."""

from collections.abc import AsyncGenerator, Callable, Generator
import logging
from typing import Any

from aiohttp import ClientSession, TCPConnector, web
from aiohttp.resolver import ThreadedResolver
import pytest

from custom_components.igloohome_access.clouds.http import HttpClient, HttpPolicy
from custom_components.igloohome_access.clouds.igloohome import IgloohomeCloud
from custom_components.igloohome_access.clouds.seam import SeamCloud
from simulator import Simulator
from tests.conftest import contract_problems
from tests.openapi import SeamContract

from .samples import NOW, PROMPT, SECRETS
from .scripted import ScriptedServer


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
async def sim(
    socket_enabled: None,
    caplog: pytest.LogCaptureFixture,
    seam_contract: SeamContract | None,
) -> AsyncGenerator[Simulator]:
    """Return a started simulator, scenario "test", its clock standing at NOW.

    Afterwards no PIN it has handed out may be in the log, and what the test asked of
    Seam is held against Seam's own document.
    """
    simulator = Simulator(scenario="test", now=NOW)
    simulator.clock.freeze()
    simulator.clock.set(NOW)
    await simulator.start()
    yield simulator
    await simulator.stop()
    pins = [*simulator.igloohome.issued_pins(), *simulator.seam.issued_pins()]
    assert not any(record["pin"] in caplog.text for record in pins)
    if seam_contract is not None:
        assert contract_problems(simulator, seam_contract) == []


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
            now=sim.clock.now,
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
            session,
            api_key,
            api_url=f"{sim.url}/seam",
            policy=policy,
            now=sim.clock.now,
            **options,
        )

    return make


@pytest.fixture
def seam(make_seam: MakeSeam) -> SeamCloud:
    """Return a client of the first workspace."""
    return make_seam()


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


@pytest.fixture
def client(session: ClientSession) -> HttpClient:
    """Return a client that retries at once."""
    return HttpClient(session, "test", PROMPT)
