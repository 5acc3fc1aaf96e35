"""What all tests share: the simulator, accounts on it, and short pauses."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import CloudKind
from simulator import Simulator

IGLOOHOME_UNIQUE_ID = "igloohome_test"
SEAM_WORKSPACE = "ws-sim-0001"

type SetUp = Callable[[MockConfigEntry], Coroutine[Any, Any, MockConfigEntry]]


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant find the integration.

    The recorder must be there before Home Assistant is, where a test wants it.
    """
    if "hass" not in request.fixturenames:
        return
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")
    request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
def short_pauses() -> Generator[None]:
    """Let nobody wait for seconds that a person would not notice either."""
    base = "custom_components.igloohome_access"
    with (
        patch(f"{base}.issuing.ATTEMPT_PAUSES", (0, 0, 0)),
        patch(f"{base}.issuing.PIN_PAUSES", (0, 0, 0)),
        patch(f"{base}.operations.POLL_SECONDS", 0.01),
        patch(f"{base}.upkeep.INVENTORY_PAUSE", 0),
    ):
        yield


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run both clouds over loopback HTTP, in the scenario "test"."""
    running = Simulator(scenario="test")
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def igloohome_entry(simulator: Simulator) -> MockConfigEntry:
    """Return an igloohome account that is not set up yet."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="igloohome",
        unique_id=IGLOOHOME_UNIQUE_ID,
        data={
            "cloud": CloudKind.IGLOOHOME.value,
            "client_id": "sim-client-id",
            "client_secret": "sim-client-secret",
            "advanced": {
                "api_url": simulator.igloohome_api_url,
                "auth_url": simulator.igloohome_auth_url,
            },
        },
    )


@pytest.fixture
def seam_entry(simulator: Simulator) -> MockConfigEntry:
    """Return a Seam account that is not set up yet."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Simulated Homes",
        unique_id=SEAM_WORKSPACE,
        data={
            "cloud": CloudKind.SEAM.value,
            "api_key": "seam_test_simkey_0001",
            "advanced": {"api_url": simulator.seam_api_url},
        },
    )


@pytest.fixture
def set_up(hass: HomeAssistant, hass_storage: dict[str, Any]) -> SetUp:
    """Add an account to Home Assistant and set it up."""

    async def add(entry: MockConfigEntry) -> MockConfigEntry:
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        return entry

    return add
