"""News that Seam sends to a real Home Assistant: seen at once, and nothing forged."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from devtools.hass_client import HassClient
from devtools.hass_process import HassProcess
from devtools.simulator_process import SimulatorProcess

from .test_first_code import DOMAIN, set_up_accounts

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LOCK = "lock.apartment_1"


async def deliver(simulator: SimulatorProcess, **how: Any) -> Counter[int]:
    """Let Seam send what happened, and return how that was answered."""
    answer = await simulator.control("POST", "seam/deliveries", how)
    return Counter(each["status"] for each in answer["deliveries"])


async def state_of_lock(owner: HassClient) -> str:
    """Return whether Home Assistant shows the lock as locked."""
    return str((await owner.states())[LOCK]["state"])


async def test_push(
    owner: HassClient, hass_process: HassProcess, simulator_process: SimulatorProcess
) -> None:
    """The webhook registers itself; events arrive, each once, however they are sent."""
    simulator = simulator_process
    await owner.command("config/core/update", external_url=hass_process.url)
    await set_up_accounts(owner, simulator)
    async with asyncio.timeout(30):
        while not (hooks := (await _seam(simulator))["webhooks"]):
            await asyncio.sleep(0.1)
    assert [hook["url"].startswith(hass_process.url) for hook in hooks] == [True]
    # What happened before.
    await deliver(simulator)

    (device_id,) = [
        device["device_id"]
        for device in (await _seam(simulator))["devices"]
        if device["properties"]["name"] == "Apartment 1"
    ]
    before = await state_of_lock(owner)
    happened = "lock.locked" if before == "unlocked" else "lock.unlocked"
    await simulator.control(
        "PATCH", f"seam/devices/{device_id}", {"locked": before == "unlocked"}
    )
    event = {"event_type": happened, "device_id": device_id, "method": "manual"}
    for _ in range(3):
        await simulator.control("POST", "seam/events", event)
    # Three events, sent twice and in disorder.
    answers = await deliver(simulator, copies=2, order="shuffled")
    assert answers == {200: 3, 409: 3}
    async with asyncio.timeout(20):
        while await state_of_lock(owner) == before:
            await asyncio.sleep(0.1)

    await simulator.control("POST", "seam/events", event)
    assert await deliver(simulator, forgery="wrong_secret") == {401: 1}

    assert await hass_process.stop() == 0
    hass_process.start()
    await hass_process.wait_until_up()
    await owner.wait_until_running()
    async with asyncio.timeout(30):
        while any(e["state"] != "loaded" for e in await owner.entries(DOMAIN)):
            await asyncio.sleep(0.1)
    await simulator.control("POST", "seam/events", event)
    assert await deliver(simulator) == {200: 1}
    assert (await _seam(simulator))["webhooks"] == hooks

    for entry in await owner.entries(DOMAIN):
        await owner.delete(f"/api/config/config_entries/entry/{entry['entry_id']}")
    assert (await _seam(simulator))["webhooks"] == []
    assert "Traceback" not in hass_process.read_output()


async def _seam(simulator: SimulatorProcess) -> dict[str, Any]:
    """Return what Seam has."""
    state = await simulator.control("GET", "state")
    found: dict[str, Any] = state["seam"]
    return found
