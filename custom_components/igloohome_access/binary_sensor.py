"""Whether locks and bridges can be reached."""

from functools import partial
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import AccountEntry
from .entity import (
    AccountEntity,
    Candidate,
    Candidates,
    async_track_entities,
    unique_id,
)

PARALLEL_UPDATES = 0

ONLINE = BinarySensorEntityDescription(
    key="online",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AccountEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a sensor for every device whose connection the cloud knows."""
    coordinator = entry.runtime_data.coordinator

    @callback
    def candidates() -> Candidates:
        return {
            unique_id(coordinator.account_id, device_id, ONLINE.key): Candidate(
                partial(OnlineSensor, coordinator, device_id, ONLINE.key, ONLINE),
                cause=device.online is not None,
            )
            for device_id, device in coordinator.data.items()
        }

    async_track_entities(
        hass, entry, Platform.BINARY_SENSOR, async_add_entities, candidates
    )


class OnlineSensor(AccountEntity, BinarySensorEntity):
    """Whether a device can be reached through the cloud."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the device is connected."""
        return self.device.online
