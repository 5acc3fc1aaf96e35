"""A running simulator and a plain HTTP client."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from aiohttp import ClientSession, TCPConnector
from aiohttp.resolver import ThreadedResolver
import pytest

from simulator import Simulator

from .igloohome_api import Api

NOW = datetime(2026, 11, 20, 10, 20, tzinfo=UTC)


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
async def http(socket_enabled: None) -> AsyncGenerator[ClientSession]:
    """Return an HTTP client; the resolver without helper threads will do."""
    async with ClientSession(
        connector=TCPConnector(resolver=ThreadedResolver())
    ) as session:
        yield session


@pytest.fixture
async def api(sim: Simulator, http: ClientSession) -> Api:
    """Return a client that is logged in; the log starts after that."""
    client = Api(sim, http)
    await client.login()
    sim.requests.clear()
    return client
