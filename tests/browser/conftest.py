"""One world for all browser tests: starting it takes longer than most of them."""

from collections.abc import AsyncGenerator, Generator

from playwright.async_api import expect
import pytest
import pytest_asyncio
import pytest_socket

from devtools.browser import PATIENCE, find_chromium

from .world import World, running_world


@pytest.fixture(autouse=True)
def verify_cleanup() -> None:
    """Replace the harness' search for leftovers of a Home Assistant in this process.

    None runs in it here, and the world outlives each test on purpose.
    """


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def whole_world(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[World]:
    """Start Home Assistant, the simulator and a browser, once."""
    if find_chromium() is None:
        pytest.skip("no browser: install Chromium (Debian: apt-get install chromium)")
    # The harness closes sockets before each test, and session fixtures come first.
    pytest_socket.enable_socket()
    expect.set_options(timeout=PATIENCE)
    async with running_world(tmp_path_factory.mktemp("browser")) as world:
        yield world


#: Home Assistant's own previews in its card picker ask for these pictures. They do not
#: get them: the browser resolves no names of hosts.
_OF_THE_CARD_PICKER = "https://demo.home-assistant.io/stub_config/"


@pytest.fixture
def world(
    request: pytest.FixtureRequest, socket_enabled: None, whole_world: World
) -> Generator[World]:
    """Return the world; what a page did behind one's back fails the test."""
    seen = whole_world.browser.seen
    seen.requests.clear()
    seen.errors.clear()
    failed_before = request.session.testsfailed
    yield whole_world
    if request.session.testsfailed > failed_before:
        return  # that is told already
    assert seen.requests, "the test has not looked at anything"
    strange = [u for u in seen.elsewhere if not u.startswith(_OF_THE_CARD_PICKER)]
    assert strange == []
    assert [error for error in seen.errors if "igloohome_access" in error] == []
