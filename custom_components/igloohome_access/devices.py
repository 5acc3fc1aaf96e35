"""Keeping Home Assistant's devices equal to what the cloud lists."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .model import Device, DeviceType

# A device can only be linked to one that is there already.
_ORDER = {DeviceType.BRIDGE: 0, DeviceType.KEYPAD: 2}


def device_identifier(account_id: str, device_id: str) -> tuple[str, str]:
    """Return the identifier of a device in the device registry.

    The account is part of it: two accounts may list the same lock.
    """
    return (DOMAIN, f"{account_id}_{device_id}")


@callback
def registered_device(
    hass: HomeAssistant, entry_id: str, account_id: str, device_id: str
) -> dr.DeviceEntry | None:
    """Return what the registry has of a device, None if it was never listed."""
    return dr.async_get(hass).async_get_device_by_identifier(
        device_identifier(account_id, device_id), entry_id
    )


@callback
def async_sync_devices(
    hass: HomeAssistant, entry_id: str, account_id: str, devices: Mapping[str, Device]
) -> None:
    """Add, change and remove devices until the registry shows ``devices``."""
    registry = dr.async_get(hass)
    present: dict[str, str] = {}
    for device in sorted(devices.values(), key=lambda d: _ORDER.get(d.type, 1)):
        parent = device.lock_id or device.bridge_id
        entry = registry.async_get_or_create(
            config_entry_id=entry_id,
            identifiers={device_identifier(account_id, device.device_id)},
            name=device.name,
            manufacturer=device.manufacturer,
            model=device.model,
            serial_number=device.serial_number,
            via_device_id=None if parent is None else present.get(parent),
        )
        present[device.device_id] = entry.id
    kept = set(present.values())
    for stale in dr.async_entries_for_config_entry(registry, entry_id):
        # The devices of properties are none of the cloud's.
        if stale.id not in kept and stale.config_subentry_id is None:
            registry.async_remove_device(stale.id)


def lock_for(devices: Mapping[str, Device], device: Device) -> Device:
    """Return the lock a person means: for a keypad, the lock it belongs to."""
    return device if device.lock_id is None else devices.get(device.lock_id, device)
