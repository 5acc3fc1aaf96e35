"""Reading the battery level and the state of a device through its bridge."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .bridge_queue import JobKind
from .clouds.base import Operation
from .coordinator import Account
from .model import Device, DeviceType
from .names import async_lock_name
from .operations import async_operate


def readings(device: Device) -> tuple[Operation, ...]:
    """Return what can be read of a device."""
    found = (
        (device.can_refresh_battery, Operation.REFRESH_BATTERY),
        (device.can_refresh_status, Operation.REFRESH_STATUS),
    )
    return tuple(operation for possible, operation in found if possible)


def readable_device(devices: Mapping[str, Device], bridge_id: str) -> Device | None:
    """Return a device by which it can be tried whether a bridge gets through.

    The last of its readings is the smallest: a state, where it can be read.
    """
    return next(
        (
            device
            for device in devices.values()
            if device.bridge_id == bridge_id and readings(device)
        ),
        None,
    )


async def async_read(
    hass: HomeAssistant,
    account: Account,
    device: Device,
    operation: Operation,
    kind: JobKind,
) -> None:
    """Read something of a device, and show at once what the answer tells.

    Raises HomeAssistantError as ``async_operate``.
    """
    coordinator = account.coordinator
    name = async_lock_name(hass, coordinator.config_entry, device.device_id)
    job = await async_operate(account, device, operation, kind, name)
    if job.battery_level is not None:
        coordinator.async_note_battery(device.device_id, job.battery_level)
    # Which bolt a keypad would speak of, nobody knows.
    if job.locked is not None and device.type is not DeviceType.KEYPAD:
        account.evidence.async_note(
            device.device_id, job.locked, None, dt_util.utcnow()
        )
