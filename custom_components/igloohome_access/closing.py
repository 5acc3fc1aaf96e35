"""Waiting that ends at once when an account is unloaded."""

import asyncio


async def closes_within(closing: asyncio.Event, seconds: float) -> bool:
    """Wait, and return whether the account is being unloaded."""
    try:
        async with asyncio.timeout(seconds):
            await closing.wait()
    except TimeoutError:
        return False
    return True
