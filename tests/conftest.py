"""What all tests share: the simulator, accounts on it, and short pauses."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
import hashlib
from importlib import import_module
import json
import logging
import os
from pathlib import Path
import threading
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR, Store
import pytest
import pytest_asyncio
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.igloohome_access.clouds.http import HttpPolicy
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import CloudKind
from simulator import Simulator
from tests.openapi import SeamContract, SeamContractUnavailableError

from .flows import SECRETS
from .hours import until_the_hour_is_safe
from .lock_cases import IGLOOHOME, Case
from .push_world import open_to_the_world
from .surface import NOW, entity_id

IGLOOHOME_UNIQUE_ID = "igloohome_test"
SEAM_WORKSPACE = "ws-sim-0001"

HOUR_ENDS = 45.0
"""Seconds before a new hour in which no test with the real time begins."""

type SetUp = Callable[[MockConfigEntry], Coroutine[Any, Any, MockConfigEntry]]


def pytest_configure() -> None:
    """Settle what a frozen clock would disturb.

    aiohttp trips over it in its log of single requests. Dates made by a module that is
    imported while it stands still are of another type than all others.
    """
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    import_module(f"custom_components.{DOMAIN}.calendar")


# Its types know asynchronous fixtures only; as the harness does, this one needs the loop
# while it does not run.
@pytest_asyncio.fixture(autouse=True)  # type: ignore[type-var]
def ended_workers(verify_cleanup: None) -> Generator[None]:
    """Give worker threads time to end before the harness looks for any left behind.

    It looks right after it has shut them down, and on a busy machine the last one is
    not always gone by then. One that does not end is still found.
    """
    yield
    loop = asyncio.get_event_loop()
    loop.run_until_complete(loop.shutdown_default_executor())
    for thread in threading.enumerate():
        if thread.name.startswith("SyncWorker_"):
            thread.join(5)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    request: pytest.FixtureRequest, ended_workers: None
) -> None:
    """Let Home Assistant find the integration.

    The recorder must be there before Home Assistant is, where a test wants it.
    """
    if "hass" not in request.fixturenames:
        return
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")
    request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
async def enable_event_loop_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the checks of asyncio's debug mode; replaces the fixture of the harness.

    Calls from a wrong thread and slow callbacks are found as ever. What is left out is
    the stack of every place where a handle, future or task was made, which took a third
    of the time of all tests: everybody who asks `get_debug` only wants to know whether
    to keep it. With PYTHONASYNCIODEBUG=1 it is kept, to find where something came from.
    """
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    if "PYTHONASYNCIODEBUG" not in os.environ:
        monkeypatch.setattr(loop, "get_debug", lambda: False)


@pytest.fixture(autouse=True)
def short_pauses() -> Generator[None]:
    """Let nobody wait for seconds that a person would not notice either."""
    base = "custom_components.igloohome_access"
    with (
        patch(f"{base}.issuing.ATTEMPT_PAUSES", (0, 0, 0)),
        patch(f"{base}.issuing.PIN_PAUSES", (0, 0, 0)),
        patch(f"{base}.online_bridge.POLL_SECONDS", 0.01),
        patch(f"{base}.online_runner.ATTEMPT_PAUSES", (0, 0, 0)),
        patch(f"{base}.online_runner.RETRY_AFTER", 0),
        patch(f"{base}.online_seam.REMOVAL_PAUSES", (0, 0, 0)),
        patch(f"{base}.operations.POLL_SECONDS", 0.01),
        patch(f"{base}.upkeep.INVENTORY_PAUSE", 0),
    ):
        yield


@pytest.fixture(scope="session")
def seam_contract() -> SeamContract | None:
    """Return Seam's own OpenAPI document, None where node is missing.

    The tests of tests/openapi say in that case why they are skipped.
    """
    try:
        return SeamContract.load()
    except SeamContractUnavailableError:
        return None


@pytest.fixture
async def simulator(
    request: pytest.FixtureRequest,
    socket_enabled: None,
    seam_contract: SeamContract | None,
) -> AsyncGenerator[Simulator]:
    """Run both clouds over loopback HTTP, in the scenario "test".

    Afterwards every request the test made of Seam, and every answer, is held against
    Seam's own document.
    """
    if "freezer" not in request.fixturenames:
        await until_the_hour_is_safe(HOUR_ENDS)
    running = Simulator(scenario="test")
    await running.start()
    yield running
    await running.stop()
    if seam_contract is not None:
        assert contract_problems(running, seam_contract) == []


# What was found about exchanges, by a digest of them. Most are asked for again and again.
_JUDGED: dict[bytes, list[str]] = {}


def contract_problems(simulator: Simulator, contract: SeamContract) -> list[str]:
    """Return what Seam's document has against the requests and answers so far."""
    problems: set[str] = set()
    for exchange in simulator.seam.exchanges:
        request = (exchange.method, exchange.path, exchange.query, exchange.body)
        answer = (exchange.path, exchange.status, exchange.response)
        written = json.dumps((request, answer), sort_keys=True, default=repr).encode()
        key = hashlib.sha256(written).digest()
        if (found := _JUDGED.get(key)) is None:
            found = _JUDGED[key] = [
                *contract.check_request(*request),
                *contract.check_response(*answer),
            ]
        problems |= {f"{exchange.method} {exchange.path}: {text}" for text in found}
    return sorted(problems)


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


@pytest.fixture
def flow_guard(
    hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> Generator[None]:
    """Watch over a test of flows: nothing secret and nothing deprecated in the log.

    Reads are repeated without the usual pauses.
    """
    caplog.set_level(logging.DEBUG)
    with patch(
        "custom_components.igloohome_access.clouds.http.DEFAULT_POLICY",
        HttpPolicy(pause=0),
    ):
        yield
    log = "\n".join(map(logging.Formatter().format, caplog.get_records("call")))
    assert not [secret for secret in SECRETS if secret in log]
    assert "Detected that custom integration" not in log


@pytest.fixture
def quiet_log(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    """Watch over a test: the integration warns of nothing and blocks nothing."""
    yield
    loud = [
        record
        for record in caplog.get_records("call")
        if (
            record.levelno >= logging.WARNING
            and record.name.startswith(f"custom_components.{DOMAIN}")
        )
        or "Detected" in record.getMessage()
        or (record.exc_info and not _hung_up(record))
    ]
    assert [record.getMessage() for record in loud] == []


def _hung_up(record: logging.LogRecord) -> bool:
    """Return whether a server only tells that its client is gone.

    So does the simulator's when the account is unloaded while it is asking.
    """
    return (
        record.name == "aiohttp.server"
        and record.exc_info is not None
        and isinstance(record.exc_info[1], ConnectionError)
    )


# What a Store does with the disk; the harness replaces it in every test.
_STORE_ON_DISK = {
    name: vars(Store)[name]
    for name in ("_async_load", "_async_write_data", "async_remove")
}


@pytest.fixture
def on_disk(hass: HomeAssistant, hass_storage: dict[str, Any]) -> Generator[Path]:
    """Let every Store use the disk, and return its folder.

    To be used with a configuration folder of the test's own (hass_config_dir).
    """
    folder = Path(hass.config.path(STORAGE_DIR))
    assert "testing_config" not in str(folder)
    with patch.multiple(Store, **_STORE_ON_DISK):
        yield folder


@pytest.fixture
async def berlin(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Be in Berlin at a fixed moment, 13:20 there."""
    freezer.move_to(NOW)
    await hass.config.async_set_time_zone("Europe/Berlin")


@pytest.fixture
async def berlin_entry(
    berlin: None, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Return a loaded igloohome account in Berlin at a fixed moment."""
    return await set_up(igloohome_entry)


@pytest.fixture
def fast_jobs(simulator: Simulator) -> Generator[None]:
    """Let jobs take a blink, and everything be repeated at once.

    Without any pause, because frozen time would never end one.
    """
    simulator.igloohome.switches.lock_job_seconds = 0.02
    simulator.seam.switches.attempt_polls = 1
    base = "custom_components.igloohome_access"
    with (
        patch(f"{base}.clouds.http.random.uniform", return_value=0.0),
        patch(f"{base}.operations.POLL_SECONDS", 0),
    ):
        yield


@pytest.fixture
async def lock(
    hass: HomeAssistant,
    case: Case,
    igloohome_entry: MockConfigEntry,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> str:
    """Return the entity id of a bridged lock of the cloud of the case."""
    entry = await set_up(igloohome_entry if case == IGLOOHOME else seam_entry)
    found = entity_id(hass, entry, "lock", case[1], "lock")
    assert found is not None
    return found


@pytest.fixture
async def igloohome(igloohome_entry: MockConfigEntry, set_up: SetUp) -> MockConfigEntry:
    """Return an igloohome account that is set up."""
    return await set_up(igloohome_entry)


@pytest.fixture
async def seam(
    seam_entry: MockConfigEntry, set_up: SetUp, simulator: Simulator
) -> MockConfigEntry:
    """Return a Seam account that is set up."""
    simulator.seam.switches.rate_limits = False
    return await set_up(seam_entry)


@pytest.fixture(params=["igloohome", "seam"])
def entry(request: pytest.FixtureRequest) -> MockConfigEntry:
    """Return an account of either cloud that is set up."""
    entry: MockConfigEntry = request.getfixturevalue(request.param)
    return entry


@pytest.fixture
def instant_reads() -> Generator[None]:
    """Repeat reads without pauses."""
    with patch(
        "custom_components.igloohome_access.clouds.http.DEFAULT_POLICY",
        HttpPolicy(pause=0),
    ):
        yield


@pytest.fixture
async def world(
    request: pytest.FixtureRequest,
    hass: HomeAssistant,
    simulator: Simulator,
    hass_client_no_auth: ClientSessionGenerator,
) -> Any:
    """Return a client of a Home Assistant that the world, and the simulator, reaches.

    Where time is frozen, it is before timers are set.
    """
    if "freezer" in request.fixturenames:
        request.getfixturevalue("freezer")
    return await open_to_the_world(hass, simulator, hass_client_no_auth)


@pytest.fixture
async def pushed(
    world: Any, seam_entry: MockConfigEntry, set_up: SetUp, simulator: Simulator
) -> MockConfigEntry:
    """Return a Seam account with a webhook that is running and quiet."""
    await set_up(seam_entry)
    simulator.requests.clear()
    return seam_entry
