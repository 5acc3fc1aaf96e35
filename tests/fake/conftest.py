"""Starts Seam's official fake as a process of its own, on the loopback interface.

Facts: reference/seam-fake.md. The package is a development download: scripts/setup
puts it into .cache; without it, or without node, these tests are skipped.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
import os
from pathlib import Path
import selectors
import shutil
import subprocess
import time
from typing import Any

from aiohttp import ClientSession, TCPConnector
from aiohttp.resolver import ThreadedResolver
import pytest

from custom_components.igloohome_access.clouds.http import HttpPolicy
from custom_components.igloohome_access.clouds.seam import SeamCloud

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".cache" / "seam-fake"
SERVER = "node_modules/@seamapi/fake-seam-connect/dist/server.js"

# What the fake's seed contains (reference/seam-fake.md §1).
API_KEY = "seam_apikey1_token"
ACCESS_TOKEN = "seam_at1_longtoken"
WORKSPACE = "seed_workspace_1"

_START_SECONDS = 30

type Control = Callable[[str, dict[str, Any]], Awaitable[None]]
type MakeCloud = Callable[..., SeamCloud]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.fake)


@pytest.fixture(autouse=True)
def short_pauses() -> None:
    """The client needs nothing of the integration around it to be patched."""


@pytest.fixture(scope="module")
def fake_url() -> Generator[str]:
    """Run the fake, with its seed, and return its address."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed, so Seam's fake cannot run")
    if not (INSTALLED / SERVER).is_file():
        pytest.skip("Seam's fake is not installed: run scripts/setup node")
    process = subprocess.Popen(
        [node, "-r", str(Path(__file__).with_name("loopback.cjs")), SERVER, "--seed"],
        cwd=INSTALLED,
        # Without "production" errors carry a stack.
        env={**os.environ, "PORT": "1", "NODE_ENV": "production"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield _wait_for_address(process)
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _wait_for_address(process: subprocess.Popen[str]) -> str:
    """Return the address that loopback.cjs prints."""
    assert process.stdout is not None
    deadline = time.monotonic() + _START_SECONDS
    seen: list[str] = []
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(timeout=max(0.0, deadline - time.monotonic())):
            line = process.stdout.readline()
            if not line:
                break
            seen.append(line)
            if line.startswith("listening "):
                return line.split()[1]
    pytest.fail(f"Seam's fake did not start: {''.join(seen)}")


@pytest.fixture
async def session(socket_enabled: None) -> AsyncGenerator[ClientSession]:
    """Return an HTTP session; the resolver without helper threads will do."""
    async with ClientSession(
        connector=TCPConnector(resolver=ThreadedResolver())
    ) as session:
        yield session


@pytest.fixture
def make_cloud(fake_url: str, session: ClientSession) -> MakeCloud:
    """Return a function that makes a client; the fake knows no igloohome lock."""

    def make(api_key: str = API_KEY, **options: Any) -> SeamCloud:
        return SeamCloud(
            session,
            api_key,
            api_url=fake_url,
            policy=HttpPolicy(pause=0, tries=2),
            **{"device_types": None, **options},
        )

    return make


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> SeamCloud:
    """Return a client of the seeded workspace."""
    return make_cloud()


@pytest.fixture
def control(fake_url: str, session: ClientSession) -> Control:
    """Return a function that calls a control route of the fake."""

    async def post(route: str, body: dict[str, Any]) -> None:
        async with session.post(f"{fake_url}/_fake/{route}", json=body) as response:
            assert response.ok, await response.text()

    return post
