"""What tests in which it is simply now have to know of the hour.

Codes begin with the hour, and online codes already with the next one half a minute
before it ends (clouds/igloohome_jobs.py): what was to be active is then scheduled.
"""

import asyncio
import time


async def until_the_hour_is_safe(seconds: float) -> None:
    """Wait for the next hour, unless this one goes on for so many seconds."""
    left = 3600 - time.time() % 3600
    if left < seconds:
        await asyncio.sleep(left)
