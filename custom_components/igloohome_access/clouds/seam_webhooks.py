"""The webhooks of a Seam workspace: list, make, change, take away.

Facts: reference/seam-api.md §8 and §11. The address of a webhook cannot be changed,
only its event types.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from .answers import UnusableAnswerError
from .parsing import JsonObject, as_id, as_object, as_objects, as_text
from .seam_api import SeamApi

EVENT_TYPES: Final = frozenset(
    {
        "access_code.backup_access_code_pulled",
        "access_code.changed",
        "access_code.code_changed",
        "access_code.created",
        "access_code.delay_in_setting_on_device",
        "access_code.deleted",
        "access_code.deleted_external_to_seam",
        "access_code.failed_to_remove_from_device",
        "access_code.failed_to_set_on_device",
        "access_code.modified_external_to_seam",
        "access_code.name_changed",
        "access_code.removed_from_device",
        "access_code.scheduled_on_device",
        "access_code.set_on_device",
        "access_code.time_frame_changed",
        "access_code.unmanaged.created",
        "access_code.unmanaged.removed",
        "connected_account.completed_first_sync",
        "connected_account.completed_first_sync_after_reconnection",
        "connected_account.connected",
        "connected_account.deleted",
        "connected_account.disconnected",
        "connected_account.reauthorization_requested",
        "device.accessory_keypad_connected",
        "device.accessory_keypad_disconnected",
        "device.added",
        "device.battery_status_changed",
        "device.connected",
        "device.converted_to_unmanaged",
        "device.disconnected",
        "device.low_battery",
        "device.removed",
        "device.tampered",
        "device.unmanaged.converted_to_managed",
        "lock.access_denied",
        "lock.locked",
        "lock.unlocked",
    }
)
"""The events that make a difference here (§11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A webhook at Seam.

    ``secret`` signs what is sent to it; None where Seam did not tell. The address is
    no more for other eyes than the secret: who knows it may knock.
    """

    webhook_id: str
    url: str = field(repr=False)
    event_types: frozenset[str]
    secret: str | None = field(repr=False)


async def async_list_webhooks(api: SeamApi) -> tuple[Webhook, ...]:
    """Return all webhooks of the workspace, also those of others."""
    return await api.async_read("webhooks/list", {}, _parse_webhooks)


async def async_create_webhook(
    api: SeamApi, url: str, event_types: Iterable[str] = EVENT_TYPES
) -> Webhook:
    """Register an address. A write: after an unclear outcome, list them."""
    body: JsonObject = {"url": url, "event_types": sorted(event_types)}
    return await api.async_write("webhooks/create", body, _parse_created)


async def async_update_webhook(
    api: SeamApi, webhook_id: str, event_types: Iterable[str] = EVENT_TYPES
) -> None:
    """Change the events that are sent. A write that may be repeated."""
    body: JsonObject = {"webhook_id": webhook_id, "event_types": sorted(event_types)}
    await api.async_write("webhooks/update", body, _nothing)


async def async_delete_webhook(api: SeamApi, webhook_id: str) -> None:
    """Take a webhook away. A write; CloudNotFoundError: it is gone already."""
    await api.async_write("webhooks/delete", {"webhook_id": webhook_id}, _nothing)


def _nothing(_: Any) -> None:
    """Make nothing of an answer that says only that it worked."""


def _parse_webhooks(data: Any) -> tuple[Webhook, ...]:
    rows = as_object(data).get("webhooks")
    if not isinstance(rows, list):
        raise UnusableAnswerError("The answer has no list of webhooks")
    found = (_webhook(raw) for raw in as_objects(rows))
    return tuple(webhook for webhook in found if webhook is not None)


def _parse_created(data: Any) -> Webhook:
    webhook = _webhook(as_object(as_object(data).get("webhook")))
    if webhook is None:
        raise UnusableAnswerError("The answer has no webhook")
    return webhook


def _webhook(raw: JsonObject) -> Webhook | None:
    """Return a webhook, None if it cannot be told from others."""
    webhook_id, url = as_id(raw.get("webhook_id")), as_text(raw.get("url"))
    if webhook_id is None or url is None:
        return None
    types = raw.get("event_types")
    return Webhook(
        webhook_id=webhook_id,
        url=url,
        event_types=frozenset(each for each in types if isinstance(each, str))
        if isinstance(types, list)
        else frozenset(),
        secret=as_text(raw.get("secret")),
    )
