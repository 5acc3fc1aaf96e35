"""How many requests a day takes with a webhook, and without."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.model import CloudKind
from devtools.processes import free_port

from .clouds import Clouds
from .home import async_home, async_set_up, our_entry
from .passing_time import MovableLoop, async_let_pass, moved_clocks
from .table import Row

MOST = 0.1
"""A quiet day with push, as a part of one without."""

DAY = timedelta(days=1)
PUBLIC = "https://home.example"
"""The address that Seam is told; the simulator knows the way without a resolver."""

UNLOCKS = 5


async def async_rows(clouds: Clouds, locks: int) -> AsyncGenerator[Row]:
    """Let a quiet day pass without and with push, then let something happen."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, MovableLoop)
    with moved_clocks(loop):
        await clouds.async_reset(locks)
        async with async_home() as hass:
            await _async_settle(hass, our_entry(clouds, CloudKind.SEAM))
            polling = await _async_day(hass, clouds)
        await clouds.async_reset(locks)
        (lock_id, *_) = await clouds.async_lock_ids(CloudKind.SEAM.value)
        async with async_home() as hass:
            port = await _async_publish(hass, clouds)
            await _async_settle(hass, our_entry(clouds, CloudKind.SEAM))
            async with _served(hass, port):
                # Polls become slow when something has arrived.
                await _async_unlock(hass, clouds, lock_id)
                pushed = await _async_day(hass, clouds)
                for _ in range(UNLOCKS):
                    await _async_unlock(hass, clouds, lock_id)
                each = len(await clouds.async_take_requests()) / UNLOCKS
    yield Row(
        f"requests per day, Seam, {locks} locks",
        f"{polling} by polls alone; {pushed} with push, and {each:g} for each thing "
        "that happens",
        f"with push ≤ {MOST} of it",
        pushed <= MOST * polling,
    )


async def _async_settle(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an account up, and let it read all it wants to know once."""
    await async_set_up(hass, entry)
    await async_let_pass(hass, timedelta(hours=1))


async def _async_day(hass: HomeAssistant, clouds: Clouds) -> int:
    """Return the requests of a day in which nothing happens."""
    await clouds.async_take_requests()
    await async_let_pass(hass, DAY)
    await hass.async_block_till_done(wait_background_tasks=True)
    return len(await clouds.async_take_requests())


async def _async_unlock(hass: HomeAssistant, clouds: Clouds, lock_id: str) -> None:
    """Let a door be unlocked at its keypad, with the news sent and followed."""
    control = clouds.process.control
    await control("POST", "clock", {"now": dt_util.utcnow().isoformat()})
    happened = {
        "event_type": "lock.unlocked",
        "device_id": lock_id,
        "method": "keycode",
    }
    await control("POST", "seam/events", happened)
    sent = await control("POST", "seam/deliveries", {"copies": 1})
    if not any(answer["status"] == 200 for answer in sent["deliveries"]):
        raise RuntimeError(f"the news was not taken: {sent}")
    await async_let_pass(hass, timedelta(seconds=30))
    await hass.async_block_till_done(wait_background_tasks=True)


async def _async_publish(hass: HomeAssistant, clouds: Clouds) -> int:
    """Give a Home Assistant a public address; return the port that it leads to."""
    hass.config.external_url = PUBLIC
    if not await async_setup_component(hass, "webhook", {}):
        raise RuntimeError("Home Assistant has no webhooks")
    port = free_port()
    await clouds.process.control(
        "POST",
        "switches",
        {"seam": {"webhook_origin": f"http://127.0.0.1:{port}/"}},
    )
    return port


@asynccontextmanager
async def _served(hass: HomeAssistant, port: int) -> AsyncGenerator[None]:
    """Let the simulator reach the webhooks of a Home Assistant, over loopback.

    Begun after all that adds addresses to the server.
    """
    runner = web.AppRunner(hass.http.app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()
