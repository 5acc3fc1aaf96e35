"""What it takes to lock and unlock a door through its bridge."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
import time
from typing import Any

from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN, LockState
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event

from custom_components.igloohome_access.coordinator import AccountCoordinator
from custom_components.igloohome_access.model import CloudKind

from .clouds import Clouds
from .home import async_home, async_our_account, async_set_up, our_entry
from .passing_time import MovableLoop, async_let_pass, moved_clocks
from .table import Row

MOST = 2.0
"""Seconds from the end of a job at the cloud to the state: one poll."""

LOCKS = 10
AFTERMATH = timedelta(seconds=20)
"""Until then everything has been read that may have changed."""

_DURATION = {
    CloudKind.IGLOOHOME: "lock_job_seconds",
    CloudKind.SEAM: "attempt_seconds",
}
"""What the simulator calls the time a job takes."""


_ASKING = ("/jobs/bridges/", "/lock_door", "/unlock_door")
_WATCHING = ("/jobs/", "/action_attempts/")


@dataclass(frozen=True, slots=True)
class Moved:
    """Requests until the state was there and after it, and seconds it was late."""

    asking: int
    watching: int
    reading: int
    late: float


async def async_rows(
    clouds: Clouds, durations: tuple[float, ...]
) -> AsyncGenerator[Row]:
    """Lock and unlock on each cloud, with jobs that take so many seconds."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, MovableLoop)
    for kind in CloudKind:
        await clouds.async_reset(LOCKS)
        moved: list[Moved] = []
        async with async_home() as hass:
            with moved_clocks(loop):
                entry = our_entry(clouds, kind)
                await async_set_up(hass, entry)
                coordinator = (await async_our_account(hass, entry)).coordinator
                lock = min(hass.states.async_entity_ids(LOCK_DOMAIN))
                for seconds in durations:
                    await clouds.process.control(
                        "POST", "switches", {kind.value: {_DURATION[kind]: seconds}}
                    )
                    moved += [
                        await _async_move(
                            hass, clouds, coordinator, lock, move, seconds
                        )
                        for move in (LockState.LOCKED, LockState.UNLOCKED)
                    ]
        jobs = ", ".join(f"{seconds:g}" for seconds in durations)
        total = median(m.asking + m.watching + m.reading for m in moved)
        yield Row(
            f"requests per lock or unlock, {kind.value}",
            f"{total:g}: {median(m.asking for m in moved):g} to ask, "
            f"{median(m.watching for m in moved):g} to watch it, "
            f"{median(m.reading for m in moved):g} to read what came of it",
        )
        latest = max(one.late for one in moved)
        yield Row(
            f"from its end at the cloud to the state, {kind.value}",
            f"{latest:.2f} s at most, {median(m.late for m in moved):.2f} s in the "
            f"middle (jobs of {jobs} s)",
            f"≤ {MOST:.0f} s, one poll",
            latest <= MOST,
        )


async def _async_move(
    hass: HomeAssistant,
    clouds: Clouds,
    coordinator: AccountCoordinator,
    lock: str,
    wanted: LockState,
    seconds: float,
) -> Moved:
    """Move a bolt with a job that takes so many seconds, and measure it."""
    reached_at: list[float] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is not None and new.state == wanted:
            reached_at.append(time.monotonic())

    # The next poll is as far away as it can be.
    await coordinator.async_refresh()
    await clouds.async_take_requests()
    stop = async_track_state_change_event(hass, lock, note)
    # The cloud is told a little later, so that it is never later than measured.
    begun_at = time.monotonic()
    action = "lock" if wanted is LockState.LOCKED else "unlock"
    await hass.services.async_call(
        LOCK_DOMAIN, action, target={"entity_id": lock}, blocking=True
    )
    stop()
    if not reached_at:
        raise RuntimeError(f"{lock} did not become {wanted}")
    await async_let_pass(hass, AFTERMATH)
    requests = await clouds.async_take_requests()
    asked = [request for request in requests if _names(request, _ASKING)]
    rest = [request for request in requests if request not in asked]
    watching = sum(_names(request, _WATCHING) for request in rest)
    return Moved(
        asking=len(asked),
        watching=watching,
        reading=len(rest) - watching,
        late=reached_at[0] - begun_at - seconds,
    )


def _names(request: dict[str, Any], parts: tuple[str, ...]) -> bool:
    """Return whether the path of a request has one of these parts."""
    return any(part in request["path"] for part in parts)
