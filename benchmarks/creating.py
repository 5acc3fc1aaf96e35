"""How much time an action adds to the request that makes a code."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles
import time
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant, ServiceResponse
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util
from homeassistant.util.file import write_utf8_file_atomic as storage_write

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.devices import device_identifier
from custom_components.igloohome_access.model import CloudKind

from .clouds import Clouds, records_of
from .home import (
    ACCOUNT_ID,
    async_home,
    async_our_account,
    async_set_up,
    async_write_ledger,
    our_entry,
)
from .table import Row

MOST = 0.010
"""Seconds an action may take longer than its request alone."""

LOCKS = 20


@dataclass(frozen=True, slots=True)
class Added:
    """Seconds of an action beyond its request, and those of them for the disk."""

    all: float
    disk: float


async def async_rows(
    clouds: Clouds, past_codes: tuple[int, ...], actions: int
) -> AsyncGenerator[Row]:
    """Make codes on accounts that have issued so many already."""
    for kind in CloudKind:
        for past in past_codes:
            await clouds.async_reset(LOCKS)
            lock_ids = await clouds.async_lock_ids(kind.value)
            async with async_home() as hass:
                records = records_of(lock_ids, past // LOCKS, ended=True)
                await async_write_ledger(hass, records)
                entry = our_entry(clouds, kind)
                await async_set_up(hass, entry)
                await async_our_account(hass, entry)
                devices = _devices(hass, entry.entry_id, lock_ids)
                added = [
                    await _async_create(hass, clouds, devices[n % LOCKS], n // LOCKS)
                    for n in range(actions + LOCKS)
                ][LOCKS:]
            times = [one.all for one in added]
            yield Row(
                f"time a create action adds, {kind.value}, {past} codes in the ledger",
                f"{1000 * median(times):.1f} ms, "
                f"{1000 * median(one.disk for one in added):.1f} ms of it for the disk "
                f"(nine of ten within {1000 * quantiles(times, n=10)[-1]:.1f} ms)",
                f"≤ {1000 * MOST:.0f} ms",
                median(times) <= MOST,
            )


def _devices(hass: HomeAssistant, entry_id: str, lock_ids: list[str]) -> list[str]:
    """Return Home Assistant's ids of locks."""
    found = {
        identifier: device.id
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry_id)
        for identifier in device.identifiers
    }
    return [found[device_identifier(ACCOUNT_ID, lock_id)] for lock_id in lock_ids]


async def _async_create(
    hass: HomeAssistant, clouds: Clouds, device: str, hour: int
) -> Added:
    """Make a code and measure it."""
    starts_at = dt_util.now() + timedelta(hours=hour + 1)
    await clouds.async_take_requests()
    disk = 0.0

    def write(*args: Any, **kwargs: Any) -> None:
        nonlocal disk
        begun = time.perf_counter()
        storage_write(*args, **kwargs)
        disk += time.perf_counter() - begun

    with patch("homeassistant.helpers.storage.write_utf8_file_atomic", write):
        started = time.perf_counter()
        answer = await _async_act(hass, device, starts_at)
        taken = time.perf_counter() - started
    codes: Any = answer and answer["codes"]
    if not codes or not codes[0]["pin"]:
        raise RuntimeError("the action made no code")
    # What follows on its own (the new sensor, its state) is not part of the next one.
    await hass.async_block_till_done()
    requests = await clouds.async_take_requests()
    if len(requests) != 1:
        raise RuntimeError(f"the action made {len(requests)} requests")
    bare = await clouds.async_repeat(requests[0], async_get_clientsession(hass))
    return Added(taken - bare.wall, disk)


async def _async_act(
    hass: HomeAssistant, device: str, starts_at: datetime
) -> ServiceResponse:
    """Call the action as an automation does."""
    return await hass.services.async_call(
        DOMAIN,
        "create_hourly_code",
        {
            "device_id": device,
            "name": "Guest",
            "starts_at": starts_at,
            "duration": {"hours": 2},
        },
        blocking=True,
        return_response=True,
    )
