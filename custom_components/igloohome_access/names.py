"""What locks and codes are called where people see them."""

import re
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .devices import registered_device
from .model import Code

_HIDDEN = "•••"
_BETWEEN_DIGITS = r"[\s._/-]?"
"""How people group the digits of a PIN: 123 456, 123-456."""
_SHORT_ID = 6


@callback
def async_lock_name(
    hass: HomeAssistant, entry: ConfigEntry[Any], device_id: str
) -> str:
    """Return the name people gave a lock, or the cloud's, or its id."""
    found = _registry_device(hass, entry, device_id)
    return device_id if found is None else registry_name(found)


@callback
def async_registry_id(
    hass: HomeAssistant, entry: ConfigEntry[Any], device_id: str
) -> str | None:
    """Return Home Assistant's id of a lock, None when it is gone."""
    found = _registry_device(hass, entry, device_id)
    return None if found is None else found.id


def registry_name(device: dr.AnyDeviceEntry) -> str:
    """Return the name people know a device by."""
    return device.name_by_user or device.name or device.id


def shown_code_name(code: Code) -> str:
    """Return the name of a code as it may be shown.

    People who make codes elsewhere do write the PIN into the name; it is hidden
    there. A code without a name is told apart by the end of its id.
    """
    name = code.name.strip()
    digits = "".join(filter(str.isdigit, name))
    for pin in pins_of(code):
        # Mostly not: a pattern for every PIN would have to be compiled.
        if pin in digits:
            name = re.sub(_BETWEEN_DIGITS.join(pin), _HIDDEN, name)
    return name or code.code_id[-_SHORT_ID:]


def pins_of(code: Code) -> set[str]:
    """Return all digits that may open for a code: of now, and those on their way.

    While a change is under way, or was made elsewhere, there are two. Secrets.
    """
    work = None if code.record is None else code.record.work
    found = (code.pin, code.remote and code.remote.pin, work and work.pin)
    return {pin for pin in found if pin}


def _registry_device(
    hass: HomeAssistant, entry: ConfigEntry[Any], device_id: str
) -> dr.DeviceEntry | None:
    # Not through the runtime data: an account may be unloaded while an answer is
    # being put together.
    assert entry.unique_id is not None
    return registered_device(hass, entry.entry_id, entry.unique_id, device_id)
