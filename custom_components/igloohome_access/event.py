"""What happens at each door, and what becomes of the codes of each lock.

An event entity shows the last event; automations meet every one (trigger.py). Entries
of a lock's log can arrive long after they happened: ``happened_at`` tells when that
was. Never a PIN.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import ATTR_ENTITY_ID, ATTR_NAME, EVENT_LOGBOOK_ENTRY, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import DEFAULT_READ_LOG, DOMAIN, OPTION_READ_LOG
from .coordinator import Account, AccountConfigEntry
from .door import TOLD, DoorEvent
from .entity import (
    AccountEntity,
    Candidate,
    Candidates,
    async_track_entities,
    unique_id,
)
from .errors import Texts, async_get_texts
from .lifecycle import ends_at
from .log_reading import has_log, log_sources
from .milestones import CodeNews, Milestone
from .model import ActivityKind, Device, DeviceType
from .names import async_lock_name, shown_code_name
from .properties.event import async_add_property_events
from .wall_clock import local_text

PARALLEL_UPDATES = 0

LATE: Final = timedelta(minutes=10)
"""An entry that is older when it arrives is told with its time."""

DOOR = EventEntityDescription(
    key="door", translation_key="door", event_types=[kind.value for kind in TOLD]
)
CODES = EventEntityDescription(
    key="codes",
    translation_key="codes",
    event_types=[milestone.value for milestone in Milestone],
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the events of every door that tells of itself, and of every lock's codes."""
    account = entry.runtime_data
    coordinator = account.coordinator
    texts = await async_get_texts(hass)
    scheduled = entry.options.get(OPTION_READ_LOG, DEFAULT_READ_LOG) != DEFAULT_READ_LOG

    def tells(device: Device) -> bool:
        """Return whether there is any way to hear of a door."""
        return account.cloud.lists_events or any(
            (scheduled, *log_sources(account, device))
        )

    @callback
    def candidates() -> Candidates:
        found: dict[str, Candidate] = {}
        account_id = coordinator.account_id
        for device_id, device in coordinator.data.items():
            if device.lock_id is not None or device.type is DeviceType.BRIDGE:
                continue
            if account.cloud.lists_events or has_log(account, device):
                found[unique_id(account_id, device_id, DOOR.key)] = Candidate(
                    partial(DoorEvents, account, device_id, texts), cause=tells(device)
                )
            if device.takes_codes:
                found[unique_id(account_id, device_id, CODES.key)] = Candidate(
                    partial(CodeEvents, account, device_id)
                )
        return found

    async_track_entities(hass, entry, Platform.EVENT, async_add_entities, candidates)
    async_add_property_events(entry, async_add_entities)


class NewsEntity(AccountEntity, EventEntity):
    """Tells what is new, also what comes while the cloud does not answer."""

    @property
    @override
    def available(self) -> bool:
        """Return True: the last event stays the last one.

        An automation would not be triggered by an event that ends a time of being
        unavailable.
        """
        return True

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.coordinator.zone(self.device))


class DoorEvents(NewsEntity):
    """What happens at one door."""

    def __init__(self, account: Account, device_id: str, texts: Texts) -> None:
        """Listen to the door."""
        super().__init__(account.coordinator, device_id, DOOR.key, DOOR)
        self._door = account.news.door
        self._texts = texts

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the door."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self._door.async_listen(self._device_id, self._async_happened)
        )

    @callback
    def _async_happened(self, event: DoorEvent) -> None:
        self._trigger_event(event.kind.value, self._attributes(event))
        self.async_write_ha_state()
        if event.code_name is not None:
            self._async_write_sentence(event, event.code_name)

    def _attributes(self, event: DoorEvent) -> dict[str, Any]:
        return {
            "method": event.method,
            "code_name": event.code_name,
            "code_id": event.code_id,
            "reason": event.reason,
            "happened_at": self._local(event.happened_at).isoformat(),
        }

    @callback
    def _async_write_sentence(self, event: DoorEvent, code: str) -> None:
        """Write a line into the activity log that names the code.

        Of an event entity it shows the type of the event and nothing else.
        """
        late = dt_util.utcnow() - event.happened_at > LATE
        zone = self.coordinator.zone(self.device)
        told = {"code": code, "happened_at": local_text(event.happened_at, zone)}
        if event.kind is ActivityKind.UNLOCKED:
            key = "door_was_unlocked_with_code" if late else "door_unlocked_with_code"
        elif event.kind is ActivityKind.ACCESS_DENIED:
            key = "door_had_denied_code" if late else "door_denied_code"
        else:
            return
        self.hass.bus.async_fire(
            EVENT_LOGBOOK_ENTRY,
            {
                ATTR_NAME: async_lock_name(
                    self.hass, self.coordinator.config_entry, self._device_id
                ),
                "message": self._texts.message(key, told),
                "domain": DOMAIN,
                ATTR_ENTITY_ID: self.entity_id,
            },
        )


class CodeEvents(NewsEntity):
    """What becomes of the codes of one lock."""

    def __init__(self, account: Account, device_id: str) -> None:
        """Listen to the codes of the lock."""
        super().__init__(account.coordinator, device_id, CODES.key, CODES)
        self._milestones = account.milestones

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the codes."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self._milestones.async_listen(self._device_id, self._async_happened)
        )

    @callback
    def _async_happened(self, news: CodeNews) -> None:
        self._trigger_event(news.milestone.value, self._attributes(news))
        self.async_write_ha_state()

    def _attributes(self, news: CodeNews) -> dict[str, Any]:
        code = news.code
        zone = self.coordinator.zone_of_code(code, self._device_id)

        def local(moment: datetime | None) -> str | None:
            return None if moment is None else moment.astimezone(zone).isoformat()

        return {
            "code_id": code.code_id,
            "code_name": shown_code_name(code),
            "kind": code.kind.value,
            "status": news.status.value,
            "starts_at": local(code.starts_at),
            "ends_at": local(ends_at(code)),
            "happened_at": local(news.happened_at),
        }
