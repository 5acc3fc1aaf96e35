"""What is remembered of the bookings of all properties of an account, on disk.

One private file per account. It holds digests, dates and counters, nothing of a
guest (``bookings.memory``). Losing it does no harm to anybody's door.
"""

import logging
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import slugify

from ..bookings.memory import PropertyMemory
from ..const import DOMAIN

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION = 1


class BookingMemories:
    """The memories of the properties of one account, by property id."""

    def __init__(self, hass: HomeAssistant, account_id: str) -> None:
        """Nothing is read yet."""
        self._store: Store[dict[str, Any]] = Store(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.bookings_{slugify(account_id)}",
            private=True,
            atomic_writes=True,
        )
        self._kept: dict[str, dict[str, Any]] = {}

    async def async_load(self, property_ids: set[str]) -> None:
        """Read what is kept of these properties; that of others is forgotten."""
        try:
            stored = await self._store.async_load() or {"properties": {}}
            self._kept = {
                property_id: kept
                for property_id, kept in stored["properties"].items()
                if property_id in property_ids
            }
        except HomeAssistantError, KeyError, TypeError, AttributeError:
            _LOGGER.warning("What was known of bookings cannot be read; starting anew")

    def of_property(self, property_id: str) -> PropertyMemory:
        """Return the memory of a property; one that cannot be read is empty."""
        try:
            return PropertyMemory.of_data(self._kept[property_id])
        except KeyError, TypeError, ValueError, AttributeError:
            return PropertyMemory()

    async def async_keep(self, property_id: str, memory: PropertyMemory) -> None:
        """Write the memory of a property."""
        self._kept[property_id] = memory.as_data()
        await self._store.async_save({"properties": dict(self._kept)})

    async def async_remove(self) -> None:
        """Forget all properties of an account that is removed."""
        await self._store.async_remove()
