"""From the target of an action to the locks it means."""

from dataclasses import dataclass
from typing import cast

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er, target

from .const import DOMAIN
from .coordinator import AccountEntry
from .devices import device_identifier, lock_for
from .errors import wrong_input
from .model import Device


@dataclass(frozen=True, slots=True)
class TargetLock:
    """A lock an action is for, with the name and id people know it by."""

    entry: AccountEntry
    device: Device
    registry_id: str
    name: str


@callback
def async_target_locks(hass: HomeAssistant, call: ServiceCall) -> list[TargetLock]:
    """Return the locks in the target of a call, each once, in order of name.

    A keypad stands for its lock. What a person named must be a lock that takes
    codes; from areas, floors and labels only such locks are taken. Raises
    ServiceValidationError.
    """
    selection = target.TargetSelection(call.data)
    referenced = target.async_extract_referenced_entity_ids(hass, selection)
    entities = er.async_get(hass)

    named = set(selection.device_ids)
    device_ids = set(referenced.referenced_devices)
    for entity_id in referenced.referenced | referenced.indirectly_referenced:
        entity = entities.async_get(entity_id)
        if entity is not None and entity.device_id is not None:
            device_ids.add(entity.device_id)
            if entity_id in referenced.referenced:
                named.add(entity.device_id)
        elif entity_id in referenced.referenced:
            raise wrong_input("not_a_lock", {"name": entity_id})

    locks: dict[str, TargetLock] = {}
    for device_id in device_ids:
        if (found := _lock(hass, device_id, named=device_id in named)) is not None:
            locks[found.registry_id] = found
    if not locks:
        raise wrong_input("no_lock_in_target")
    return sorted(locks.values(), key=lambda lock: lock.name)


@callback
def async_lock_name(hass: HomeAssistant, entry: AccountEntry, device_id: str) -> str:
    """Return the name people gave a lock, or the cloud's, or its id."""
    found = _registry_device(hass, entry, device_id)
    if found is None:
        return device_id
    return found.name_by_user or found.name or device_id


@callback
def async_registry_id(
    hass: HomeAssistant, entry: AccountEntry, device_id: str
) -> str | None:
    """Return Home Assistant's id of a lock, None when it is gone."""
    found = _registry_device(hass, entry, device_id)
    return None if found is None else found.id


def _registry_device(
    hass: HomeAssistant, entry: AccountEntry, device_id: str
) -> dr.DeviceEntry | None:
    assert entry.unique_id is not None
    return dr.async_get(hass).async_get_device_by_identifier(
        device_identifier(entry.unique_id, device_id), entry.entry_id
    )


def _lock(hass: HomeAssistant, registry_id: str, *, named: bool) -> TargetLock | None:
    """Return the lock a device of the registry stands for."""
    found = dr.async_get(hass).async_get(registry_id)
    if found is None:
        raise wrong_input("not_a_lock", {"name": registry_id})
    name = found.name_by_user or found.name or registry_id
    entry = (
        hass.config_entries.async_get_entry(found.config_entry_id)
        if found.config_entry_id
        else None
    )
    if entry is None or entry.domain != DOMAIN:
        if named:
            raise wrong_input("not_a_lock", {"name": name})
        return None
    if entry.state is not ConfigEntryState.LOADED:
        raise wrong_input("account_not_loaded", {"account": entry.title})
    entry = cast(AccountEntry, entry)
    coordinator = entry.runtime_data.coordinator
    cloud_ids = {
        device_identifier(coordinator.account_id, device_id): device_id
        for device_id in coordinator.data
    }
    device = next(
        (
            lock_for(coordinator.data, cloud_ids[identifier])
            for identifier in found.identifiers
            if identifier in cloud_ids
        ),
        None,
    )
    if device is None or not device.takes_codes:
        if named:
            raise wrong_input("device_takes_no_codes", {"name": name})
        return None
    lock_registry_id = async_registry_id(hass, entry, device.device_id)
    assert lock_registry_id is not None
    return TargetLock(
        entry=entry,
        device=device,
        registry_id=lock_registry_id,
        name=async_lock_name(hass, entry, device.device_id),
    )
