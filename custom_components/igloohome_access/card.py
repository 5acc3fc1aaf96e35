"""The dashboard card: its files, and what it asks that no action answers.

The card is a JavaScript module in ``www``, built from ``frontend``. Home Assistant
serves it and has every page of its own load it, without a step of anybody.
"""

import hashlib
from pathlib import Path
from typing import Any, cast

from homeassistant.components import websocket_api
from homeassistant.components.frontend import add_extra_js_url
from homeassistant.components.http import StaticPathConfig
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.setup import async_when_setup
import voluptuous as vol

from .const import DOMAIN
from .coordinator import Account, AccountConfigEntry
from .model import CloudKind, CodeKind, Device
from .names import async_lock_name, async_registry_id

CARD_FILES = Path(__file__).parent / "www"
CARD_MODULE = "igloohome-access-card.js"
CARD_URL = f"/{DOMAIN}/card"


async def async_setup_card(hass: HomeAssistant) -> None:
    """Serve the card, and have pages load it as soon as there is a frontend.

    Browsers keep the files for a month. The address of the module has a hash of all
    files in it, which the module passes on, so that an update is seen at once.
    """
    websocket_api.async_register_command(hass, websocket_locks)
    await hass.http.async_register_static_paths(
        [StaticPathConfig(CARD_URL, str(CARD_FILES), cache_headers=True)]
    )
    version = await hass.async_add_executor_job(_version)

    async def load(hass: HomeAssistant, _component: str) -> None:
        add_extra_js_url(hass, f"{CARD_URL}/{CARD_MODULE}?v={version}")

    # The frontend may come later, or not at all.
    async_when_setup(hass, "frontend", load)


def _version() -> str:
    """Return a short hash of the files of the card."""
    found = hashlib.sha256()
    for path in sorted(CARD_FILES.rglob("*")):
        if path.is_file():
            found.update(path.relative_to(CARD_FILES).as_posix().encode())
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


@callback
@websocket_api.require_admin
@websocket_api.websocket_command({vol.Required("type"): f"{DOMAIN}/locks"})
def websocket_locks(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Answer with the locks codes can be made for, and the kinds each takes.

    ``not_loaded`` are the titles of accounts of which nothing is known right now.
    """
    locks: list[dict[str, Any]] = []
    not_loaded: list[str] = []
    for entry in hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    ):
        if entry.state is not ConfigEntryState.LOADED:
            not_loaded.append(entry.title)
            continue
        locks += _locks_of(hass, cast(AccountConfigEntry, entry))
    locks.sort(key=lambda lock: lock["name"])
    connection.send_result(msg["id"], {"locks": locks, "not_loaded": not_loaded})


def _locks_of(hass: HomeAssistant, entry: AccountConfigEntry) -> list[dict[str, Any]]:
    """Return the locks of an account; a keypad is part of its lock."""
    account = entry.runtime_data
    return [
        {
            "device_id": async_registry_id(hass, entry, device.device_id),
            "name": async_lock_name(hass, entry, device.device_id),
            "kinds": [kind.value for kind in _kinds(account, device)],
            "time_zone": account.coordinator.zone(device).key,
        }
        for device in account.coordinator.data.values()
        if device.takes_codes and device.lock_id is None
    ]


def _kinds(account: Account, device: Device) -> list[CodeKind]:
    """Return the kinds of codes a lock takes (reference/igloohome-api.md §3.1)."""
    kinds: list[CodeKind] = []
    if device.takes_offline_codes:
        kinds += [CodeKind.HOURLY, CodeKind.DAILY, CodeKind.ONE_TIME]
        if account.cloud.kind is CloudKind.IGLOOHOME:
            kinds.append(CodeKind.PERMANENT)
    if device.takes_online_codes:
        kinds.append(CodeKind.ONLINE)
    return kinds
