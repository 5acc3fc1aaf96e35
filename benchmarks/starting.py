"""How long it takes until the entities of an account are there."""

from collections.abc import AsyncGenerator, Callable
import gc
from statistics import median
import time

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.model import CloudKind

from .clouds import Clouds
from .home import (
    async_home,
    async_set_up,
    built_in_entry,
    entity_count,
    lead_built_in_to,
    our_entry,
)
from .table import Row

MOST = 0.2
"""Ours per entity, as a part of the built-in integration's."""

ANSWERED_AFTER = 0.1
"""Seconds a cloud takes for an answer. Over the internet, with its encryption, hardly
one takes less; without it the requests of the built-in integration, two per lock,
would cost no more than the processor."""


async def async_rows(
    clouds: Clouds, locks: int, repetitions: int
) -> AsyncGenerator[Row]:
    """Set up each integration several times in a new Home Assistant."""
    await clouds.async_reset(locks)
    await clouds.async_answer_after(ANSWERED_AFTER)
    makers: dict[str, Callable[[], MockConfigEntry]] = {
        "built-in": built_in_entry,
        "igloohome": lambda: our_entry(clouds, CloudKind.IGLOOHOME),
        "Seam": lambda: our_entry(clouds, CloudKind.SEAM),
    }
    taken: dict[str, list[tuple[float, float, int]]] = {name: [] for name in makers}
    # The first round loads modules and translations. In turn, so that a busy moment
    # of the computer hits all of them.
    for number in range(repetitions + 1):
        for name, make in makers.items():
            measured = await _async_set_up(clouds, make())
            if number:
                taken[name].append(measured)
    per_entity = {
        name: tuple(median(wall_cpu[i] for wall_cpu in found) for i in (0, 1))
        for name, found in taken.items()
    }
    for name, found in taken.items():
        wall, cpu = per_entity[name]
        part = wall / per_entity["built-in"][0]
        is_built_in = name == "built-in"
        yield Row(
            f"set-up per entity, {name}, {locks} locks, {found[0][2]} entities",
            f"{1000 * wall:.2f} ms" + ("" if is_built_in else f", {part:.2f} of it"),
            "" if is_built_in else f"≤ {MOST} of the built-in",
            None if is_built_in else part <= MOST,
        )
        share = cpu / per_entity["built-in"][1]
        yield Row(
            f"of it processor, {name}",
            f"{1000 * cpu:.3f} ms" + ("" if is_built_in else f", {share:.2f} of it"),
        )


async def _async_set_up(
    clouds: Clouds, entry: MockConfigEntry
) -> tuple[float, float, int]:
    """Return seconds and seconds of processor time per entity, and the entities."""
    async with async_home() as hass:
        with lead_built_in_to(clouds):
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            await async_set_up(hass, entry)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            entities = entity_count(hass)
    return wall / entities, cpu / entities, entities
