"""What tests of events do: listen to event entities, type PINs, restart."""

from collections.abc import Iterator
from datetime import datetime, timedelta
import json
from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .surface import entity_id

type Told = list[dict[str, Any]]

STORE = "igloohome_access.news_{}"


class Listener:
    """Collects every event that an event entity tells, not what it restores."""

    def __init__(self, hass: HomeAssistant, found: str) -> None:
        """Listen from now on."""
        self.entity_id = found
        self.told: Told = []
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._note)

    @callback
    def _note(self, event: Event[Any]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        if event.data["entity_id"] != self.entity_id or None in (old, new):
            return
        if new.state not in ("unknown", "unavailable") and old.state != new.state:
            if old.state == "unavailable":
                return
            self.told.append(dict(new.attributes))

    @property
    def types(self) -> list[str]:
        """Return the types of the events in order."""
        return [told["event_type"] for told in self.told]

    def only(self, event_type: str) -> dict[str, Any]:
        """Return the one event of a type."""
        (found,) = [told for told in self.told if told["event_type"] == event_type]
        return found


def listen(
    hass: HomeAssistant, entry: MockConfigEntry, device_id: str, key: str
) -> Listener:
    """Listen to the events of a lock: "door" or "codes"."""
    found = entity_id(hass, entry, "event", device_id, key)
    assert found is not None
    return Listener(hass, found)


async def restart(
    hass: HomeAssistant, entry: MockConfigEntry, *, after: Any = None
) -> None:
    """Unload an account, let something happen, and load it again."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    if after is not None:
        after()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


def stored(hass_storage: dict[str, Any], entry: MockConfigEntry) -> dict[str, Any]:
    """Return what is on disk of the news of an account."""
    data: dict[str, Any] = hass_storage[
        STORE.format(str(entry.unique_id).replace("-", "_"))
    ]
    return data


def texts(value: Any) -> Iterator[str]:
    """Yield every text in something."""
    yield json.dumps(value, default=str)


def ago(moment: datetime, **span: float) -> str:
    """Return a moment before another, as the cloud writes it."""
    return (moment - timedelta(**span)).isoformat()
