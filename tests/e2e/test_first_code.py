"""From an empty Home Assistant to codes on both clouds, and over a restart."""

import asyncio
from typing import Any

import pytest

from devtools.demo import add_accounts
from devtools.hass_client import HassClient
from devtools.hass_process import HassProcess
from devtools.simulator_process import SimulatorProcess

DOMAIN = "igloohome_access"

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

type Codes = list[dict[str, Any]]


async def set_up_accounts(owner: HassClient, simulator: SimulatorProcess) -> None:
    """Add an account of each cloud, and let Seam assign its PINs soon."""
    switches = {"seam": {"pin_assignment_seconds": 1.0}}
    await simulator.control("POST", "switches", switches)
    await add_accounts(owner, simulator)
    async with asyncio.timeout(30):
        while any(e["state"] != "loaded" for e in await owner.entries(DOMAIN)):
            await asyncio.sleep(0.1)


async def call(owner: HassClient, action: str, lock: str, **data: Any) -> Codes:
    """Call an action over the WebSocket API and return its codes."""
    result = await owner.command(
        "call_service",
        domain=DOMAIN,
        service=action,
        service_data=data,
        target={"device_id": await device_id(owner, lock)},
        return_response=True,
    )
    codes: Codes = result["response"]["codes"]
    return codes


async def device_id(owner: HassClient, name: str) -> str:
    """Return the id of the one device with a name."""
    devices = await owner.command("config/device_registry/list")
    (found,) = [device["id"] for device in devices if device["name"] == name]
    return str(found)


async def status_sensors(owner: HassClient) -> dict[str, str]:
    """Return the status of every code by its id, as the sensors show it."""
    return {
        state["attributes"]["code_id"]: state["state"]
        for entity_id, state in (await owner.states()).items()
        if entity_id.startswith("sensor.") and "code_id" in state["attributes"]
    }


async def test_first_code(
    owner: HassClient, hass_process: HassProcess, simulator_process: SimulatorProcess
) -> None:
    """Add both accounts, make every kind of code, restart, and find them again."""
    await set_up_accounts(owner, simulator_process)
    made = [
        *await call(
            owner, "create_hourly_code", "Guest Room", name="Plumber", duration="02:00"
        ),
        *await call(owner, "create_daily_code", "Garden Gate", name="Cleaner", days=30),
        *await call(owner, "create_one_time_code", "Bike Padlock", name="Courier"),
        *await call(owner, "create_permanent_code", "Front Door", name="Owner"),
        *await call(
            owner, "create_hourly_code", "Apartment 2", name="Guest", duration="26:00"
        ),
        *await call(owner, "create_daily_code", "Apartment 1", name="Staff", days=40),
        *await call(owner, "create_one_time_code", "Apartment 4", name="Parcel"),
    ]
    assert [code["status"] for code in made] == ["active"] * 7
    assert all(code["pin"].isdecimal() for code in made)
    assert all(code["warnings"] for code in made)

    issued = await simulator_process.control("GET", "pins")
    at_clouds = {record["pin"] for cloud in issued.values() for record in cloud}
    assert {code["pin"] for code in made} <= at_clouds

    expected = {code["code_id"]: "active" for code in made}
    async with asyncio.timeout(60):
        while await status_sensors(owner) != expected:
            await asyncio.sleep(0.2)

    assert await hass_process.stop() == 0
    hass_process.start()
    await hass_process.wait_until_up()
    await owner.wait_until_running()
    async with asyncio.timeout(30):
        while await status_sensors(owner) != expected:
            await asyncio.sleep(0.2)
    answer = await owner.call_action(f"{DOMAIN}.get_codes", {"include_pins": True})
    found = {code["code_id"]: code["pin"] for code in answer["codes"]}
    assert found == {code["code_id"]: code["pin"] for code in made}

    troubles = [
        line
        for line in hass_process.read_output().splitlines()
        if DOMAIN in line
        and (" WARNING " in line or " ERROR " in line)
        # Home Assistant says this of every custom integration.
        and "which has not been tested" not in line
    ]
    assert troubles == []
