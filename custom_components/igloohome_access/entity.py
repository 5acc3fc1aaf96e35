"""What all entities share: their device, and coming and going without a reload."""

from collections.abc import Callable, Mapping, Set as AbstractSet
from datetime import datetime, timedelta
from typing import NamedTuple, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import AccountConfigEntry, AccountCoordinator
from .model import Device

LOOK_AGAIN = timedelta(hours=1)
"""How often is looked for codes whose sensor has had its time."""


class Candidate(NamedTuple):
    """An entity there may be: how to make it, and whether there is cause to now.

    One without cause is not made, but stays when it is there already: a battery
    level that is withheld for an hour is no reason to lose its sensor.
    """

    make: Callable[[], Entity]
    cause: bool = True


type Candidates = Mapping[str, Candidate]
"""All entities there may be now, by unique id; any other is removed."""

type OfCodes = Callable[[AbstractSet[str] | None], Mapping[str, Candidate | None]]
"""Returns the entities of codes by unique id: of all codes, or of those with these
ids, where None stands for one that there is not to be any more."""


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
        self.device: Device = coordinator.data[device_id]
        """The device as the cloud listed it last."""
        self._attr_unique_id = unique_id(coordinator.account_id, device_id, key)
        self.device_entry = coordinator.registered_device(device_id)
        if description is not None:
            self.entity_description = description

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self.device = self.coordinator.data.get(self._device_id, self.device)
        super()._handle_coordinator_update()

    @property
    @override
    def available(self) -> bool:
        """Return whether the cloud answers and still lists the device."""
        return super().available and self._device_id in self.coordinator.data


@callback
def async_track_entities(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
    platform: str,
    async_add_entities: AddConfigEntryEntitiesCallback,
    candidates: Callable[[], Candidates],
    *,
    of_codes: OfCodes | None = None,
) -> None:
    """Keep the entities of a platform equal to ``candidates()`` and ``of_codes()``.

    Looks again with every change of the devices. With ``of_codes`` also with every
    change of codes, at these codes alone, and now and then at all, because a code that
    has ended leaves after some days. An entity that is no candidate any more leaves
    the registry as well, also one from before a restart.
    """
    account = entry.runtime_data
    registry = er.async_get(hass)
    known: set[str] = {
        found.unique_id
        for found in er.async_entries_for_config_entry(registry, entry.entry_id)
        if found.domain == platform and found.config_subentry_id is None
    }
    added: set[str] = set()

    @callback
    def take(found: Mapping[str, Candidate | None]) -> None:
        new = []
        for key, candidate in found.items():
            if candidate is None:
                forget(key)
            elif key not in added and (candidate.cause or key in known):
                added.add(key)
                new.append(candidate.make())
        if new:
            async_add_entities(new)

    def forget(key: str) -> None:
        # With its device an entity has left the registry already.
        if (key in known or key in added) and (
            entity_id := registry.async_get_entity_id(platform, DOMAIN, key)
        ):
            registry.async_remove(entity_id)
        known.discard(key)
        added.discard(key)

    @callback
    def sync(_now: datetime | None = None) -> None:
        found: dict[str, Candidate | None] = dict.fromkeys(known | added)
        found |= candidates()
        if of_codes is not None:
            found |= of_codes(None)
        take(found)

    sync()
    entry.async_on_unload(account.coordinator.async_add_listener(sync))
    if of_codes is not None:
        entry.async_on_unload(
            account.book.async_listen_changes(lambda changed: take(of_codes(changed)))
        )
        entry.async_on_unload(async_track_time_interval(hass, sync, LOOK_AGAIN))
