"""What all entities share: their device, and coming and going without a reload."""

from collections.abc import Callable, Mapping
from typing import override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import AccountCoordinator, AccountEntry
from .devices import device_identifier
from .model import Device

type Wanted = Mapping[str, Callable[[], Entity]]
"""The entities there should be now: unique id → how to make it."""


def unique_id(account_id: str, *parts: str) -> str:
    """Return the unique id of an entity of an account."""
    return "_".join((account_id, *parts))


class AccountEntity(CoordinatorEntity[AccountCoordinator]):
    """An entity of one device of an account."""

    _attr_has_entity_name = True

    def __init__(
        self,
        coordinator: AccountCoordinator,
        device_id: str,
        key: str,
        description: EntityDescription | None = None,
    ) -> None:
        """Belong to a device; ``key`` tells its entities apart."""
        super().__init__(coordinator)
        self._device_id = device_id
        self._attr_unique_id = unique_id(coordinator.account_id, device_id, key)
        self._attr_device_info = DeviceInfo(
            identifiers={device_identifier(coordinator.account_id, device_id)}
        )
        if description is not None:
            self.entity_description = description

    @property
    def device(self) -> Device:
        """Return the device as the cloud listed it last."""
        return self.coordinator.data[self._device_id]

    @property
    @override
    def available(self) -> bool:
        """Return whether the cloud answers and still lists the device."""
        return super().available and self._device_id in self.coordinator.data


@callback
def async_track_entities(
    hass: HomeAssistant,
    entry: AccountEntry,
    platform: str,
    async_add_entities: AddConfigEntryEntitiesCallback,
    wanted: Callable[[], Wanted],
    *,
    codes_too: bool = False,
) -> None:
    """Keep the entities of a platform equal to ``wanted()``.

    Looks again with every change of the devices, and with ``codes_too`` of the
    codes. An entity that is no longer wanted leaves the registry as well, also one
    from before a restart.
    """
    account = entry.runtime_data
    registry = er.async_get(hass)
    known: set[str] = {
        found.unique_id
        for found in er.async_entries_for_config_entry(registry, entry.entry_id)
        if found.domain == platform
    }
    added: set[str] = set()

    @callback
    def sync() -> None:
        now_wanted = wanted()
        for gone in (known | added) - now_wanted.keys():
            entity_id = registry.async_get_entity_id(platform, DOMAIN, gone)
            if entity_id is not None:
                registry.async_remove(entity_id)
        known.intersection_update(now_wanted)
        added.intersection_update(now_wanted)
        new = now_wanted.keys() - added
        added.update(new)
        if new:
            async_add_entities([now_wanted[key]() for key in new])

    sync()
    entry.async_on_unload(account.coordinator.async_add_listener(sync))
    if codes_too:
        entry.async_on_unload(account.book.async_listen_all(sync))
