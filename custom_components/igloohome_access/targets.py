"""From the target of an action to the locks it means."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
    target,
)

from .const import DOMAIN
from .coordinator import AccountConfigEntry
from .devices import device_identifier, lock_for
from .errors import wrong_input
from .model import Code, Device
from .names import async_lock_name, async_registry_id, registry_name


@dataclass(frozen=True, slots=True)
class TargetLock:
    """A lock an action is for, with the name and id people know it by."""

    entry: AccountConfigEntry
    device: Device
    registry_id: str
    name: str


TARGET_KEYS = frozenset(str(key) for key in cv.ENTITY_SERVICE_FIELDS)


@callback
def async_target_locks(hass: HomeAssistant, call: ServiceCall) -> list[TargetLock]:
    """Return the locks in the target of a call, each once, in order of name.

    A keypad stands for its lock. What a person named must be a lock that takes
    codes; from areas, floors and labels only such locks are taken. Raises
    ServiceValidationError.
    """
    selection = target.TargetSelection(call.data)
    referenced = target.async_extract_referenced_entity_ids(hass, selection)
    if missing := (
        referenced.missing_areas | referenced.missing_floors | referenced.missing_labels
    ):
        # Going on would make codes on fewer locks than was meant.
        raise wrong_input("target_not_found", {"name": ", ".join(sorted(missing))})
    entities = er.async_get(hass)
    named = set(selection.device_ids)
    for entity_id in referenced.referenced:
        entity = entities.async_get(entity_id)
        if entity is None or entity.device_id is None:
            raise wrong_input("not_a_lock", {"name": entity_id})
        named.add(entity.device_id)
    reached = referenced.referenced_devices | _devices_of(
        hass, referenced.indirectly_referenced
    )
    # In Home Assistant 2026.11 a target may have exceptions; taking out one entity
    # of a lock means the lock.
    if (exclude := getattr(selection, "exclude", None)) is not None:
        excluded = target.async_extract_referenced_entity_ids(
            hass, exclude, primary_entities_only=False
        )
        out = excluded.referenced_devices | _devices_of(
            hass, excluded.referenced | excluded.indirectly_referenced
        )
        named -= out
        reached -= out

    locks: dict[str, TargetLock] = {}
    for device_id in named | reached:
        if (found := _lock(hass, device_id, named=device_id in named)) is not None:
            locks[found.registry_id] = found
    if not locks:
        raise wrong_input("no_lock_in_target")
    return sorted(locks.values(), key=lambda lock: lock.name)


@callback
def _devices_of(hass: HomeAssistant, entity_ids: Iterable[str]) -> set[str]:
    """Return the devices that entities belong to."""
    entities = er.async_get(hass)
    found = (entities.async_get(entity_id) for entity_id in entity_ids)
    return {e.device_id for e in found if e is not None and e.device_id is not None}


@callback
def _lock(hass: HomeAssistant, registry_id: str, *, named: bool) -> TargetLock | None:
    """Return the lock a device of the registry stands for."""
    found = dr.async_get(hass).async_get(registry_id)
    if found is None:
        raise wrong_input("not_a_lock", {"name": registry_id})
    name = registry_name(found)
    entry = hass.config_entries.async_get_entry(found.config_entry_id)
    if entry is None or entry.domain != DOMAIN:
        if named:
            raise wrong_input("not_a_lock", {"name": name})
        return None
    if found.disabled_by is not None and not named:
        return None
    if entry.state is not ConfigEntryState.LOADED:
        raise wrong_input("account_not_loaded", {"account": entry.title})
    entry = cast(AccountConfigEntry, entry)
    coordinator = entry.runtime_data.coordinator
    lock = next(
        (
            lock_for(coordinator.data, device)
            for device_id, device in coordinator.data.items()
            if device_identifier(coordinator.account_id, device_id) in found.identifiers
        ),
        None,
    )
    if lock is None or not lock.takes_codes:
        if named:
            raise wrong_input("device_takes_no_codes", {"name": name})
        return None
    lock_registry_id = async_registry_id(hass, entry, lock.device_id)
    assert lock_registry_id is not None
    return TargetLock(
        entry=entry,
        device=lock,
        registry_id=lock_registry_id,
        name=async_lock_name(hass, entry, lock.device_id),
    )


def code_in_scope(call: ServiceCall, code_id: str) -> tuple[AccountConfigEntry, Code]:
    """Return the code with an id and its account. Raises ServiceValidationError."""
    for entry, code in codes_in_scope(call):
        if code.code_id == code_id:
            return entry, code
    raise code_not_found(call, [code_id])


def code_not_found(
    call: ServiceCall, code_ids: Iterable[str]
) -> ServiceValidationError:
    """Return the exception to raise for ids of codes that are in no account.

    Nobody knows that before all accounts are loaded that are to be looked through.
    """
    if TARGET_KEYS.isdisjoint(call.data):
        for entry in call.hass.config_entries.async_entries(
            DOMAIN, include_ignore=False, include_disabled=False
        ):
            if entry.state is not ConfigEntryState.LOADED:
                return wrong_input("account_not_loaded", {"account": entry.title})
    return wrong_input("code_not_found", {"code_id": ", ".join(sorted(code_ids))})


def codes_in_scope(call: ServiceCall) -> Iterator[tuple[AccountConfigEntry, Code]]:
    """Return the codes of the locks in the target, or of all accounts without one."""
    locks: set[tuple[str, str]] | None = None
    if not TARGET_KEYS.isdisjoint(call.data):
        locks = {
            (lock.entry.entry_id, lock.device.device_id)
            for lock in async_target_locks(call.hass, call)
        }
    entries = cast(
        list[AccountConfigEntry], call.hass.config_entries.async_loaded_entries(DOMAIN)
    )
    for entry in entries:
        account = entry.runtime_data
        for code in account.book:
            device_id = account.book.device_id(code.code_id)
            if code.record is None and device_id not in account.coordinator.data:
                continue  # a code made elsewhere, on a lock that is gone
            if locks is None or (entry.entry_id, device_id) in locks:
                yield entry, code
