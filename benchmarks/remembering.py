"""How much memory a code takes."""

from collections.abc import AsyncGenerator
import gc
import tracemalloc

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

MOST = 2048
"""Bytes a code may take, without Home Assistant's own entity."""

LOCKS = 50
REFRESHES = 40


async def async_rows(clouds: Clouds, codes_per_lock: int) -> AsyncGenerator[Row]:
    """Compare an account with codes to the same one with few."""
    for kind in CloudKind:
        few, many = codes_per_lock // 4, codes_per_lock
        await _async_grown(clouds, kind, few)  # modules, translations, caches
        before = await _async_grown(clouds, kind, few)
        after = await _async_grown(clouds, kind, many)
        each = (after - before) / ((many - few) * LOCKS)
        yield Row(
            f"memory per code, {kind.value}, {LOCKS * many} codes",
            f"{each:.0f} bytes",
            f"≤ {MOST} bytes",
            each <= MOST,
        )


async def _async_grown(clouds: Clouds, kind: CloudKind, per_lock: int) -> int:
    """Return the bytes that setting up an account with codes has added."""
    await clouds.async_reset(LOCKS)
    lock_ids = await clouds.async_lock_ids(kind.value)
    if kind is CloudKind.SEAM:
        records = await clouds.async_add_seam_codes(lock_ids, per_lock)
    else:
        records = records_of(lock_ids, per_lock)
    async with async_home() as hass:
        await async_write_ledger(hass, records)
        # The account reads its own from the file.
        del records, lock_ids
        gc.collect()
        tracemalloc.start()
        try:
            entry = our_entry(clouds, kind, code_sensors=False)
            await async_set_up(hass, entry)
            account = await async_our_account(hass, entry)
            for _ in range(REFRESHES):
                await account.coordinator.async_refresh()
            await hass.async_block_till_done()
            if len(list(account.book)) != per_lock * LOCKS:
                raise RuntimeError("the account does not know its codes")
            gc.collect()
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
