"""What becomes of the codes of bookings, told as events; nothing of a guest."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..bookings.actions import Announcement, AnnouncementKind
from ..bookings.runner import PropertyRunner
from ..coordinator import Account, AccountConfigEntry
from ..names import async_lock_name
from .entity import PropertyEntity

BOOKINGS = EventEntityDescription(
    key="bookings",
    translation_key="bookings",
    event_types=[kind.value for kind in AnnouncementKind],
)


@callback
def async_add_property_events(
    entry: AccountConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the event entity of every property."""
    for property_id, runner in entry.runtime_data.properties.items():
        async_add_entities(
            [BookingEvents(entry, entry.runtime_data, runner)],
            config_subentry_id=property_id,
        )


class BookingEvents(PropertyEntity, EventEntity):
    """Tells each announcement of the planner once."""

    def __init__(
        self, entry: AccountConfigEntry, account: Account, runner: PropertyRunner
    ) -> None:
        """Hear what is announced."""
        super().__init__(account.coordinator.account_id, runner, BOOKINGS)
        self._entry = entry

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the property."""
        await super().async_added_to_hass()
        self.async_on_remove(self._runner.async_hear(self._async_tell))

    @callback
    def _async_tell(self, news: Announcement) -> None:
        self._trigger_event(news.kind.value, self._attributes(news))
        self.async_write_ha_state()

    def _attributes(self, news: Announcement) -> dict[str, Any]:
        zone = self._runner.config.zone

        def local(moment: datetime | None) -> str | None:
            return None if moment is None else moment.astimezone(zone).isoformat()

        stay, lock_id = news.stay, news.lock_id
        return {
            "booking": news.booking,
            "check_in": local(None if stay is None else stay.check_in),
            "check_out": local(None if stay is None else stay.check_out),
            "lock": lock_id and async_lock_name(self.hass, self._entry, lock_id),
            "purpose": news.purpose.value,
            "code_id": news.code_id,
            "opens_from": local(news.opens_from),
            "opens_until": local(news.opens_until),
            "first_use_by": local(news.first_use_by),
            "replaced_by": news.replaced_by,
            "reason": news.reason,
        }
