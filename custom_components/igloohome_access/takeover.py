"""Accounts of Home Assistant's built-in ``igloohome`` integration, to be taken over.

Its config entries hold a Client ID and a Client secret and nothing else; they have no
unique id, and all the same title (reference/igloohome-api.md §12). They are only read
here: both integrations may run side by side.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import CONF_CLIENT_ID, CONF_CLIENT_SECRET, DOMAIN

BUILT_IN: Final = "igloohome"

SHOWN_DEVICES = 4
"""How many devices are named to tell one account from another."""


@dataclass(frozen=True, slots=True)
class BuiltInAccount:
    """An account that could be taken over; ``label`` is for people."""

    label: str
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)


@callback
def async_built_in_accounts(hass: HomeAssistant) -> Mapping[str, BuiltInAccount]:
    """Return the accounts of the built-in integration that are none of ours yet.

    By the id of their config entry, also of one that is disabled or fails.
    """
    ours = {
        entry.data.get(CONF_CLIENT_ID)
        for entry in hass.config_entries.async_entries(DOMAIN)
    }
    found: dict[str, BuiltInAccount] = {}
    labels: Counter[str] = Counter()
    for entry in hass.config_entries.async_entries(BUILT_IN, include_ignore=False):
        client_id = str(entry.data.get(CONF_CLIENT_ID, "")).strip()
        client_secret = str(entry.data.get(CONF_CLIENT_SECRET, "")).strip()
        if client_id and client_secret and client_id not in ours:
            label = _label(hass, entry)
            labels[label] += 1
            if (number := labels[label]) > 1:
                label = f"{label} {number}"
            found[entry.entry_id] = BuiltInAccount(label, client_id, client_secret)
    return found


def _label(hass: HomeAssistant, entry: ConfigEntry) -> str:
    """Return what a person knows an account by: its title, and its devices."""
    names = sorted(
        device.name_by_user or device.name or ""
        for device in dr.async_entries_for_config_entry(
            dr.async_get(hass), entry.entry_id
        )
    )
    if len(names) > SHOWN_DEVICES:
        names[SHOWN_DEVICES:] = ["…"]
    return f"{entry.title} ({', '.join(names)})" if names else entry.title
