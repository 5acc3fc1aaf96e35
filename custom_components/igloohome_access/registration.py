"""The one webhook of an account at Seam.

It is found again after restarts, replaced when the address changes, kept while the
account is unloaded and deleted with it. What belongs to others is left alone.
"""

import asyncio
import logging

from homeassistant.components import webhook
from homeassistant.core import HomeAssistant, callback

from .clouds.base import CloudNotFoundError, CloudRefusedError
from .clouds.seam_api import SeamApi
from .clouds.seam_webhooks import (
    EVENT_TYPES,
    Webhook,
    async_create_webhook,
    async_delete_webhook,
    async_list_webhooks,
    async_update_webhook,
)
from .coordinator import AccountConfigEntry
from .public_address import StoredWebhook, async_store_webhook, stored_webhook
from .webhook import SeamSender
from .webhook_signatures import KeyFormatError

_LOGGER = logging.getLogger(__name__)


class Registration:
    """Puts right what Seam has of ours."""

    def __init__(
        self, hass: HomeAssistant, entry: AccountConfigEntry, api: SeamApi
    ) -> None:
        """Nothing is requested yet."""
        self._hass = hass
        self._entry = entry
        self._api = api
        self._writing = asyncio.Lock()

    async def async_settle(self) -> None:
        """Wait until what was begun is noted down."""
        async with self._writing:
            return

    async def async_put_right(self, url: str | None) -> bool:
        """Compare what Seam has with what should be, and change what differs.

        Without an address there should be none. Return whether there is one that was
        not there before. Raises the errors of the cloud.
        """
        before = stored_webhook(self._entry)
        if url is None and "url" not in before:
            return False
        ours = _ours(await async_list_webhooks(self._api), before, url)
        good: Webhook | None = None
        if url is not None:
            good = _usable(ours, before, url)
            if good is None:
                good = await self._async_create(url)
            elif good.event_types != EVENT_TYPES:
                await async_update_webhook(self._api, good.webhook_id)
            self._adopt(good)
        for other in ours:
            if good is None or other.webhook_id != good.webhook_id:
                await _async_delete(self._api, other.webhook_id)
        if good is None:
            # Only now: until all are deleted there is something to look for.
            self._forget()
        return good is not None and good.webhook_id != before.get("seam_id")

    async def _async_create(self, url: str) -> Webhook:
        """Register the address, and take that back if it is of no use.

        The address is noted down before: whatever happens meanwhile, the next try
        and the removal of the account know what to look for.
        """
        async with self._writing:
            stored = stored_webhook(self._entry)
            self._store({**stored, "url": url, "proven": False})
            made = await async_create_webhook(self._api, url)
            if sender_of(made.secret) is not None:
                self._adopt(made)
                return made
            await _async_delete(self._api, made.webhook_id)
        raise CloudRefusedError("Seam told no secret to check its messages with")

    @callback
    def _adopt(self, good: Webhook) -> None:
        """Note down which webhook is ours."""
        stored = stored_webhook(self._entry)
        known = stored.get("seam_id") == good.webhook_id and "secret" in stored
        self._store(
            {
                **stored,
                "url": good.url,
                "seam_id": good.webhook_id,
                "secret": good.secret or stored.get("secret", ""),
                "proven": known and stored.get("proven", False),
            }
        )

    @callback
    def _forget(self) -> None:
        stored = stored_webhook(self._entry)
        kept: StoredWebhook = {"webhook_id": stored["webhook_id"]}
        if "cloudhook_url" in stored:
            kept["cloudhook_url"] = stored["cloudhook_url"]
        self._store(kept)

    @callback
    def _store(self, stored: StoredWebhook) -> None:
        async_store_webhook(self._hass, self._entry, stored)


async def async_remove_webhooks(api: SeamApi, stored: StoredWebhook) -> None:
    """Delete what an account that is removed has at Seam."""
    for each in _ours(await async_list_webhooks(api), stored, None):
        await _async_delete(api, each.webhook_id)


def sender_of(secret: str | None) -> SeamSender | None:
    """Return what checks with a secret, None if it is none."""
    try:
        return None if secret is None else SeamSender(secret)
    except KeyFormatError:
        return None


def _ours(
    listed: tuple[Webhook, ...], stored: StoredWebhook, url: str | None
) -> list[Webhook]:
    """Return the webhooks of this account among all, by id or address.

    The path of the address has an id that nobody else has.
    """
    path = webhook.async_generate_path(stored["webhook_id"])
    known = {url, stored.get("url"), stored.get("cloudhook_url")} - {None}
    return [
        each
        for each in listed
        if each.webhook_id == stored.get("seam_id")
        or each.url in known
        or each.url.endswith(path)
    ]


def _usable(ours: list[Webhook], stored: StoredWebhook, url: str) -> Webhook | None:
    """Return one at the right address whose secret is known, best the one in use.

    A list that does not tell the secret of the one in use leaves the known one valid.
    """

    def in_use(each: Webhook) -> bool:
        return each.webhook_id == stored.get("seam_id")

    def secret(each: Webhook) -> str | None:
        return each.secret or (stored.get("secret") if in_use(each) else None)

    found = [
        each for each in ours if each.url == url and sender_of(secret(each)) is not None
    ]
    return max(found, key=in_use, default=None)


async def _async_delete(api: SeamApi, webhook_id: str) -> None:
    """Delete a webhook that may be gone already."""
    try:
        await async_delete_webhook(api, webhook_id)
    except CloudNotFoundError:
        _LOGGER.debug("The webhook was gone already")
