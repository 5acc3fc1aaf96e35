"""Reading the battery level and the state of a device through its bridge."""

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
