"""What a refresh costs in which nothing has changed."""

from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
import gc
from statistics import median
import time
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant, StateMachine
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import orjson

from custom_components.igloohome_access.coordinator import AccountCoordinator
from custom_components.igloohome_access.model import CloudKind

from .clouds import Clouds, records_of
from .home import (
    async_home,
    async_our_account,
    async_set_up,
    async_write_ledger,
    our_entry,
)
from .table import Row

MOST = 2.0
"""Processor time, as a multiple of what decoding the same answers takes."""

REFRESHES = 16
"""Refreshes measured together; a refresh of Seam reads codes in turn."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of processor time per refresh, and the size of its answers."""

    refresh: float
    receiving: float
    decoding: float
    size: float


async def async_rows(
    clouds: Clouds, locks: int, codes_per_lock: int, repetitions: int
) -> AsyncGenerator[Row]:
    """Measure accounts of both clouds whose codes have no sensors of their own."""
    for kind in CloudKind:
        await clouds.async_reset(locks)
        lock_ids = await clouds.async_lock_ids(kind.value)
        if kind is CloudKind.SEAM:
            records = await clouds.async_add_seam_codes(lock_ids, codes_per_lock)
        else:
            records = records_of(lock_ids, codes_per_lock)
        async with async_home() as hass:
            await async_write_ledger(hass, records)
            entry = our_entry(clouds, kind, code_sensors=False)
            await async_set_up(hass, entry)
            coordinator = (await async_our_account(hass, entry)).coordinator
            await _async_settle(clouds, coordinator)
            writes = await _async_count_writes(coordinator)
            gc.collect()
            costs = [
                await _async_measure(hass, clouds, coordinator)
                for _ in range(repetitions)
            ]
        best = _undisturbed(costs)
        ratio = median(cost.refresh / cost.decoding for cost in costs)
        quickest = best.refresh / best.decoding
        own = (best.refresh - best.receiving) / best.decoding
        what = f"{kind.value}, {locks} locks, {codes_per_lock} codes each"
        yield Row(
            f"refresh without a change, {what}",
            f"{_ms(best.refresh)} of processor for {best.size / 1000:.0f} kB: "
            f"{ratio:.2f} × decoding, at the quickest {quickest:.2f} × "
            f"({_ms(best.decoding)}); "
            f"{own:.2f} × without the HTTP client ({_ms(best.receiving)})",
            f"≤ {MOST:.0f} × decoding",
            ratio <= MOST,
        )
        yield Row(f"state writes in it, {what}", str(writes), "0", writes == 0)


async def _async_settle(clouds: Clouds, coordinator: AccountCoordinator) -> None:
    """Refresh until everything is known, and in memory once.

    That the codes were made is news to Seam's accounts, and read about in turns.
    """
    asked = True
    while asked:
        await clouds.async_take_requests()
        for _ in range(4 * REFRESHES):
            await coordinator.async_refresh()
        requests = await clouds.async_take_requests()
        asked = any("access_codes" in request["path"] for request in requests)


def _undisturbed(costs: list[Cost]) -> Cost:
    """Return the least that each part took in any repetition.

    What else the computer does makes a refresh dearer, as its waiting lets others
    have the processor and its caches, and hardly the decoding, which is done in a
    row. What the work itself takes is rather what it took when least was going on; the
    target is for the median all the same.
    """
    return Cost(
        refresh=min(cost.refresh for cost in costs),
        receiving=min(cost.receiving for cost in costs),
        decoding=min(cost.decoding for cost in costs),
        size=median(cost.size for cost in costs),
    )


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms"


async def _async_measure(
    hass: HomeAssistant, clouds: Clouds, coordinator: AccountCoordinator
) -> Cost:
    """Refresh, then fetch the same answers bare, then decode them; each in a row."""
    await clouds.async_take_requests()
    started = time.process_time()
    for _ in range(REFRESHES):
        await coordinator.async_refresh()
    refresh = time.process_time() - started
    requests: list[dict[str, Any]] = [
        request
        for request in await clouds.async_take_requests()
        if request["path"] != "/oauth2/token"
    ]
    # The client of Home Assistant: what every integration has to pay.
    session = async_get_clientsession(hass)
    await clouds.async_repeat(requests[0], session)
    answers = [await clouds.async_repeat(request, session) for request in requests]
    bodies = [answer.body for answer in answers]
    started = time.process_time()
    for body in bodies:
        orjson.loads(body)
    decoding = time.process_time() - started
    return Cost(
        refresh=refresh / REFRESHES,
        receiving=sum(answer.cpu for answer in answers) / REFRESHES,
        decoding=decoding / REFRESHES,
        size=sum(map(len, bodies)) / REFRESHES,
    )


async def _async_count_writes(coordinator: AccountCoordinator) -> int:
    """Return how many states are written in refreshes without a change."""
    with _counted_writes() as written:
        for _ in range(2 * REFRESHES):
            await coordinator.async_refresh()
            if not coordinator.last_update_success:
                raise RuntimeError("a refresh failed")
    return len(written)


@contextmanager
def _counted_writes() -> Generator[list[str]]:
    """Note the entity id of every state that is written, also an equal one."""
    written: list[str] = []
    write = StateMachine.async_set_internal

    def noting(machine: StateMachine, entity_id: str, *args: Any) -> None:
        written.append(entity_id)
        write(machine, entity_id, *args)

    with patch.object(StateMachine, "async_set_internal", noting):
        yield written
