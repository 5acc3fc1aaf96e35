"""The address at which the world reaches the webhook of an account, if it does.

Home Assistant Cloud's goes first, as it needs no open port; then the external address
people have configured. What belongs to the webhook is kept in the data of the entry,
beside the credentials, because one of it is a secret too.
"""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, TypedDict, cast

from homeassistant.components import webhook
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.network import NoURLAvailableError, get_url
from yarl import URL

from .const import CONF_WEBHOOK
from .coordinator import AccountConfigEntry


class StoredWebhook(TypedDict, total=False):
    """What is known of the webhook of an account, in the data of its entry.

    ``webhook_id``: Home Assistant's. ``cloudhook_url``: Home Assistant Cloud's address
    of it. ``url``: the address Seam was told, or is just being told; ``seam_id`` and
    ``secret`` are Seam's answer. ``proven``: something has arrived at ``url``.
    """

    webhook_id: str
    cloudhook_url: str
    url: str
    seam_id: str
    secret: str
    proven: bool


class AddressUnknownError(Exception):
    """Home Assistant Cloud does not tell an address just now."""


def stored_webhook(entry: AccountConfigEntry) -> StoredWebhook:
    """Return a copy of what is known of the webhook of an account."""
    known: Mapping[str, Any] = entry.data.get(CONF_WEBHOOK, {})
    return cast(StoredWebhook, dict(known))


@callback
def async_store_webhook(
    hass: HomeAssistant, entry: AccountConfigEntry, stored: StoredWebhook
) -> None:
    """Keep what is known of the webhook of an account."""
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_WEBHOOK: stored}
    )


@callback
def async_webhook_id(hass: HomeAssistant, entry: AccountConfigEntry) -> str:
    """Return Home Assistant's id of the webhook of an account, made when needed."""
    stored = stored_webhook(entry)
    if "webhook_id" not in stored:
        stored["webhook_id"] = webhook.async_generate_id()
        async_store_webhook(hass, entry, stored)
    return stored["webhook_id"]


async def async_public_address(
    hass: HomeAssistant, entry: AccountConfigEntry
) -> str | None:
    """Return the public address of the webhook, None without one.

    Raises AddressUnknownError where there should be one.
    """
    if _has_cloud(hass):
        url = await _async_cloudhook(hass, entry)
        if url is not None:
            return url
    try:
        base = get_url(hass, allow_internal=False, allow_cloud=False)
    except NoURLAvailableError:
        return None
    if not _is_usable(URL(base)):
        return None
    return f"{base}{webhook.async_generate_path(async_webhook_id(hass, entry))}"


@callback
def _has_cloud(hass: HomeAssistant) -> bool:
    """Return whether Home Assistant Cloud is part of this Home Assistant.

    Only then it is imported: a third of Home Assistant comes along with it.
    """
    return "cloud" in hass.config.components


async def _async_cloudhook(
    hass: HomeAssistant, entry: AccountConfigEntry
) -> str | None:
    """Return the address of Home Assistant Cloud, and remember it."""
    from hass_nabucasa import CloudError  # noqa: PLC0415
    from homeassistant.components import cloud  # noqa: PLC0415

    if not cloud.async_active_subscription(hass):
        return None
    if not cloud.async_is_connected(hass):
        # It connects some time after the start; the address stays the same.
        return stored_webhook(entry).get("cloudhook_url")
    webhook_id = async_webhook_id(hass, entry)
    try:
        url = await cloud.async_get_or_create_cloudhook(hass, webhook_id)
    except (cloud.CloudNotAvailable, CloudError) as err:
        raise AddressUnknownError from err
    async_store_webhook(hass, entry, {**stored_webhook(entry), "cloudhook_url": url})
    return url


@callback
def async_watch_cloud(
    hass: HomeAssistant, entry: AccountConfigEntry, changed: Callable[[], None]
) -> None:
    """Call back when the address of Home Assistant Cloud may have changed."""
    if not _has_cloud(hass):
        return
    from homeassistant.components import cloud  # noqa: PLC0415

    @callback
    def connection_changed(state: cloud.CloudConnectionState) -> None:
        if state is cloud.CloudConnectionState.CLOUD_CONNECTED:
            changed()

    @callback
    def cloudhook_changed(cloudhook: dict[str, Any] | None) -> None:
        stored = stored_webhook(entry)
        url = cloudhook.get("cloudhook_url") if cloudhook else None
        if url != stored.get("cloudhook_url"):
            stored.pop("cloudhook_url", None)
            async_store_webhook(hass, entry, stored)
            changed()

    webhook_id = async_webhook_id(hass, entry)
    entry.async_on_unload(
        cloud.async_listen_connection_change(hass, connection_changed)
    )
    entry.async_on_unload(
        cloud.async_listen_cloudhook_change(hass, webhook_id, cloudhook_changed)
    )


def _is_usable(url: URL) -> bool:
    """Return whether signed news may come there: https, or this machine."""
    if url.scheme == "https":
        return True
    try:
        return ip_address(url.host or "").is_loopback
    except ValueError:
        return False


async def async_delete_cloudhook(
    hass: HomeAssistant, entry: AccountConfigEntry
) -> None:
    """Give back the address of Home Assistant Cloud, if there is one."""
    stored = stored_webhook(entry)
    if "cloudhook_url" not in stored or not _has_cloud(hass):
        return
    from hass_nabucasa import CloudError  # noqa: PLC0415
    from homeassistant.components import cloud  # noqa: PLC0415

    try:
        await cloud.async_delete_cloudhook(hass, stored["webhook_id"])
    except cloud.CloudNotAvailable, CloudError, ValueError:
        # Signed out, or removed by hand already (ValueError).
        return
