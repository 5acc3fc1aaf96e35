"""What the system health page says about the accounts."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .const import CONF_ADVANCED, CONF_API_URL, CONF_CLOUD, DOMAIN


@callback
def async_register(
    hass: HomeAssistant, register: system_health.SystemHealthRegistration
) -> None:
    """Offer the information."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    entries = hass.config_entries.async_entries(DOMAIN)
    loaded = [entry for entry in entries if entry.state is ConfigEntryState.LOADED]
    info: dict[str, Any] = {
        "accounts": len(entries),
        "accounts_loaded": len(loaded),
        "locks": sum(
            device.takes_codes
            for entry in loaded
            for device in entry.runtime_data.coordinator.data.values()
        ),
        "live_codes": sum(
            not entry.runtime_data.book.status(code.code_id).ended
            for entry in loaded
            for code in entry.runtime_data.book
        ),
    }
    for cloud, address in {
        entry.data[CONF_CLOUD]: entry.data[CONF_ADVANCED][CONF_API_URL]
        for entry in entries
    }.items():
        info[f"reach_{cloud}"] = system_health.async_check_can_reach_url(hass, address)
    return info
