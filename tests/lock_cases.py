"""A bridged lock of either cloud, and how tests operate it."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from simulator.igloohome.scenarios import LOCK_BRIDGED
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED

from .surface import told

JOBS = "/jobs/bridges/"
DOOR = "/seam/locks/"
WRITES = f"{JOBS}|{DOOR}"
"""The requests that move a bolt."""

type Case = tuple[str, str]
IGLOOHOME: Case = ("igloohome", LOCK_BRIDGED)
SEAM: Case = ("seam", SEAM_LOCK_BRIDGED)
BOTH = pytest.mark.parametrize("case", [IGLOOHOME, SEAM], ids=["igloohome", "seam"])


async def operate(hass: HomeAssistant, action: str, lock: str) -> None:
    """Call an action of the lock and wait for it."""
    await hass.services.async_call("lock", action, {"entity_id": lock}, blocking=True)
    await hass.async_block_till_done()


def shown(hass: HomeAssistant, lock: str) -> str:
    """Return the state of a lock."""
    found = hass.states.get(lock)
    assert found is not None
    return found.state


async def failed(hass: HomeAssistant, action: str, lock: str) -> tuple[Any, Any]:
    """Call an action that fails and return the key and placeholders of the error."""
    with pytest.raises(HomeAssistantError) as caught:
        await operate(hass, action, lock)
    # The list is read again, as nothing else tells how the bolt is now.
    await hass.async_block_till_done()
    return told(caught.value)
