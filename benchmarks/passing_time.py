"""An event loop whose clock can be moved, so that an hour takes a moment.

Home Assistant schedules everything by the clock of its loop. Here that clock runs as
always and is moved to the next timer whenever there is nothing left to do; each timer
fires in its turn, at its time, with the real scheduler.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
import time
from typing import override
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import get_scheduled_timer_handles


class MovableLoop(asyncio.SelectorEventLoop):
    """An event loop that is ``ahead`` of the computer's clock by so many seconds."""

    ahead = 0.0

    @override
    def time(self) -> float:
        """Return the time of the loop in seconds."""
        return super().time() + self.ahead


@contextmanager
def moved_clocks(loop: MovableLoop) -> Generator[None]:
    """Let the clocks Home Assistant reads follow the loop."""

    def utcnow() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=loop.ahead)

    def timestamp() -> float:
        return time.time() + loop.ahead

    event = "homeassistant.helpers.event"
    with (
        patch("homeassistant.util.dt.utcnow", utcnow),
        patch(f"{event}.time_tracker_utcnow", utcnow),
        patch(f"{event}.time_tracker_timestamp", timestamp),
    ):
        yield


async def async_let_pass(hass: HomeAssistant, span: timedelta) -> None:
    """Let ``span`` pass in Home Assistant, with everything that happens in it."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, MovableLoop)
    end = loop.time() + span.total_seconds()
    while True:
        # Requests under way must not run into their time-outs.
        await hass.async_block_till_done(wait_background_tasks=True)
        due = min(
            (
                handle.when()
                for handle in get_scheduled_timer_handles(loop)
                if not handle.cancelled()
            ),
            default=end,
        )
        loop.ahead += max(min(due, end) - loop.time(), 0)
        if due >= end:
            return
        await asyncio.sleep(0)
