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

from .coordinator import Account, AccountConfigEntry
from .entity import (
    AccountEntity,
    Candidate,
    Candidates,
    async_track_entities,
    unique_id,
)
from .model import CloudKind, DeviceType

PARALLEL_UPDATES = 0

ONLINE = BinarySensorEntityDescription(
    key="online",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a sensor for every device whose connection is or can be known."""
    account = entry.runtime_data
    coordinator = account.coordinator

    @callback
    def candidates() -> Candidates:
        found: dict[str, Candidate] = {}
        for device_id, device in coordinator.data.items():
            key = unique_id(coordinator.account_id, device_id, ONLINE.key)
            if (
                account.cloud.kind is CloudKind.IGLOOHOME
                and device.type is DeviceType.BRIDGE
            ):
                found[key] = Candidate(partial(BridgeSensor, account, device_id))
            else:
                found[key] = Candidate(
                    partial(OnlineSensor, coordinator, device_id, ONLINE.key, ONLINE),
                    cause=device.online is not None,
                )
        return found

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


class BridgeSensor(AccountEntity, BinarySensorEntity):
    """Whether a bridge answered the last time something was asked of it."""

    def __init__(self, account: Account, device_id: str) -> None:
        """Learn it from the jobs that are given to the bridge."""
        super().__init__(account.coordinator, device_id, ONLINE.key, ONLINE)
        self._contact = account.contact

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the bridge is connected, None before the first job."""
        return self._contact.online(self._device_id)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what is learned of bridges."""
        await super().async_added_to_hass()
        self.async_on_remove(self._contact.async_listen(self.async_write_ha_state))
