"""A real Home Assistant process beside the simulator, as a person would have it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from devtools.hass_client import HassClient, HassUser
from devtools.hass_config import HassConfig
from devtools.hass_process import HassProcess
from devtools.processes import free_port
from devtools.simulator_process import SimulatorProcess

OWNER = HassUser("Owner", "owner", "correct horse battery staple")


@pytest.fixture
async def simulator_process(
    socket_enabled: None, tmp_path: Path
) -> AsyncGenerator[SimulatorProcess]:
    """Run the simulator as a process, in the scenario "test"."""
    process = SimulatorProcess(
        port=free_port(), output=tmp_path / "simulator.log", scenario="test"
    )
    process.start()
    await process.wait_until_up()
    yield process
    await process.stop()


@pytest.fixture
async def hass_process(
    socket_enabled: None, tmp_path: Path
) -> AsyncGenerator[HassProcess]:
    """Run Home Assistant as a process, with nothing set up."""
    process = HassProcess(HassConfig(folder=tmp_path / "config", port=free_port()))
    process.start()
    await process.wait_until_up()
    yield process
    await process.stop()


@pytest.fixture
async def owner(hass_process: HassProcess) -> AsyncGenerator[HassClient]:
    """Go through onboarding and be the owner."""
    async with HassClient(hass_process.url) as client:
        await client.onboard(OWNER)
        await client.wait_until_running()
        yield client
