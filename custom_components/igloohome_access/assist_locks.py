"""Which locks an assistant may know of, and which of them is meant.

Those that are exposed to it: by their lock entity, the calendar of their codes, or
their number of live codes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from homeassistant.components.homeassistant import async_should_expose
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)

from .const import DOMAIN
from .coordinator import AccountConfigEntry
from .entity import unique_id
from .errors import wrong_input
from .names import async_lock_name, async_registry_id

_SHOW_A_LOCK = (
    (Platform.LOCK, "lock"),
    (Platform.CALENDAR, "codes"),
    (Platform.SENSOR, "live_codes"),
)


@dataclass(frozen=True, slots=True)
class OfferedLock:
    """A lock that is exposed to an assistant, with what people call it.

    ``names`` and ``area_names`` are as people say them, in lower case.
    """

    entry: AccountConfigEntry
    device_id: str
    registry_id: str
    name: str
    names: frozenset[str]
    area: str | None
    area_id: str | None
    area_names: frozenset[str]


@callback
def async_offered_locks(hass: HomeAssistant, assistant: str) -> list[OfferedLock]:
    """Return the locks of all loaded accounts that an assistant may know of."""
    entities = er.async_get(hass)
    found: list[OfferedLock] = []
    entries = cast(
        list[AccountConfigEntry], hass.config_entries.async_loaded_entries(DOMAIN)
    )
    for entry in entries:
        coordinator = entry.runtime_data.coordinator
        for device_id, device in coordinator.data.items():
            if not device.takes_codes or device.lock_id is not None:
                continue
            exposed: list[er.RegistryEntry] = []
            for platform, key in _SHOW_A_LOCK:
                entity_id = entities.async_get_entity_id(
                    platform, DOMAIN, unique_id(coordinator.account_id, device_id, key)
                )
                if entity_id and async_should_expose(hass, assistant, entity_id):
                    exposed.append(entities.entities[entity_id])
            if exposed:
                found.append(_offered(hass, entry, device_id, exposed))
    return sorted(found, key=lambda lock: lock.name)


def _offered(
    hass: HomeAssistant,
    entry: AccountConfigEntry,
    device_id: str,
    exposed: Iterable[er.RegistryEntry],
) -> OfferedLock:
    registry_id = async_registry_id(hass, entry, device_id)
    assert registry_id is not None
    device = dr.async_get(hass).async_get(registry_id)
    assert device is not None
    name = async_lock_name(hass, entry, device_id)
    names = {name}
    area_id = device.area_id
    for entity in exposed:
        names.update(er.async_get_entity_aliases(hass, entity))
        area_id = entity.area_id or area_id
    area = None if area_id is None else ar.async_get(hass).async_get_area(area_id)
    return OfferedLock(
        entry=entry,
        device_id=device_id,
        registry_id=registry_id,
        name=name,
        names=frozenset(map(_said, names)),
        area=None if area is None else area.name,
        area_id=area_id,
        area_names=frozenset()
        if area is None
        else frozenset(map(_said, (area.name, *area.aliases))),
    )


def _said(name: str) -> str:
    return name.strip().casefold()


def matching_locks(
    locks: list[OfferedLock], name: str | None, area: str | None
) -> list[OfferedLock]:
    """Return the locks that are meant by a name, an area, or both.

    What is no name of a lock may be that of an area. Raises ServiceValidationError
    when there is none.
    """
    found = locks
    if area:
        found = [lock for lock in found if _said(area) in lock.area_names]
    if name:
        found = [lock for lock in found if _said(name) in lock.names] or [
            lock for lock in found if _said(name) in lock.area_names
        ]
    if not found:
        raise wrong_input(
            "assist_no_lock",
            {
                "name": ", ".join(each for each in (name, area) if each) or "-",
                "locks": named_locks(locks),
            },
        )
    return found


def named_locks(locks: Iterable[OfferedLock]) -> str:
    """Return locks as they are told: "Front Door (Hall), Gate"."""
    return ", ".join(
        lock.name if lock.area is None else f"{lock.name} ({lock.area})"
        for lock in locks
    )
