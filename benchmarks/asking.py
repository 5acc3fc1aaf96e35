"""How many requests an account makes, beside those of the built-in integration."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.model import CloudKind

from .clouds import Clouds
from .home import async_home, async_set_up, built_in_entry, lead_built_in_to, our_entry
from .passing_time import MovableLoop, async_let_pass, moved_clocks
from .table import Row

HOUR = timedelta(hours=1)
ABOUT_ACCOUNT = 2
"""Requests per hour beside Seam's polls, which look after the account as such."""
PAGE_SIZE = 50
"""Devices per page in the run with pages; the real number is not known."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests until the entities are there, in the background, and in an hour."""

    start: int
    background: int
    hour: int


async def async_rows(clouds: Clouds, sizes: tuple[int, ...]) -> AsyncGenerator[Row]:
    """Count for accounts with so many locks."""
    for locks in sizes:
        await clouds.async_reset(locks)
        built_in = await _async_ask(clouds, built_in_entry())
        ours = await _async_ask(clouds, our_entry(clouds, CloudKind.IGLOOHOME))
        seam = await _async_ask(clouds, our_entry(clouds, CloudKind.SEAM))
        yield Row(
            f"requests at set-up, {locks} locks",
            f"{ours.start} (built-in {built_in.start}); "
            f"Seam {seam.start}, then {seam.background} in the background",
        )
        yield Row(
            f"requests per hour, {locks} locks",
            f"{ours.hour} (built-in {built_in.hour}); Seam {seam.hour}",
            "does not grow with the locks",
            ours.hour == 4 and seam.hour <= 60 * (1 + -(-locks // 500)) + ABOUT_ACCOUNT,
        )
    await clouds.async_reset(sizes[-1], page_size=PAGE_SIZE)
    paged = await _async_ask(clouds, our_entry(clouds, CloudKind.IGLOOHOME))
    yield Row(
        f"requests, {sizes[-1]} locks, {PAGE_SIZE} devices to a page",
        f"{paged.start} at set-up, {paged.hour} per hour "
        f"(built-in: sees {PAGE_SIZE} devices only)",
    )


async def _async_ask(clouds: Clouds, entry: MockConfigEntry) -> Asked:
    """Set an account up and let two hours pass; the second one counts."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, MovableLoop)
    async with async_home() as hass:
        with lead_built_in_to(clouds), moved_clocks(loop):
            await clouds.async_take_requests()
            await async_set_up(hass, entry)
            start = await _async_count(clouds)
            await hass.async_block_till_done(wait_background_tasks=True)
            background = await _async_count(clouds)
            await _async_hour(hass)
            await clouds.async_take_requests()
            await _async_hour(hass)
            return Asked(start, background, await _async_count(clouds))


async def _async_hour(hass: HomeAssistant) -> None:
    await async_let_pass(hass, HOUR)
    await hass.async_block_till_done(wait_background_tasks=True)


async def _async_count(clouds: Clouds) -> int:
    return len(await clouds.async_take_requests())
