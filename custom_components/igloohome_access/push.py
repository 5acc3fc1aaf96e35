"""Push: the webhook of an account, and how often is polled beside it.

Seam's is registered by itself (registration.py), igloohome's by hand. Polling becomes slow when the first delivery has shown that the way is open, and is as
it was when events turn out not to arrive.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any

from aiohttp.hdrs import METH_POST
from homeassistant.components import webhook
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from .account_issues import async_update_push_issue
from .accounts import create_cloud
from .clouds.base import (
    CloudAuthError,
    CloudError,
    CloudEvent,
    CloudPermissionError,
    CloudRefusedError,
)
from .clouds.seam import SeamCloud
from .clouds.seam_webhooks import EVENT_TYPES
from .const import DEFAULT_PUSH, DOMAIN, OPTION_PUBLIC_KEY, OPTION_PUSH
from .coordinator import UPDATE_INTERVAL, Account, AccountConfigEntry
from .errors import failure
from .model import Activity, CloudKind, DeviceType
from .public_address import (
    AddressUnknownError,
    async_delete_cloudhook,
    async_public_address,
    async_store_webhook,
    async_watch_cloud,
    async_webhook_id,
    stored_webhook,
)
from .reasons import said_nothing
from .registration import Registration, async_remove_webhooks, sender_of
from .webhook import Hint, IgloohomeSender, Receiver

_LOGGER = logging.getLogger(__name__)

RECONCILE = timedelta(hours=1)
"""How often everything is read and checked while push works."""
RETRY = timedelta(minutes=1)
GRACE = timedelta(minutes=10)
"""When an event should have arrived: Seam tries three times in its first six minutes
(reference/seam-api.md §11)."""
_ARRIVED = 5000
"""Events that are remembered to have arrived, for an hour's check."""


class Push:
    """The webhook of one account while it is loaded."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AccountConfigEntry,
        account: Account,
        on_account_news: Callable[[], None],
    ) -> None:
        """``on_account_news`` is called when something happened to the account."""
        self._hass = hass
        self._entry = entry
        self._account = account
        self._on_account_news = on_account_news
        self._receiver = Receiver(self._async_take)
        self._registration = (
            Registration(hass, entry, account.cloud.api)
            if isinstance(account.cloud, SeamCloud)
            else None
        )
        self._reconciling = asyncio.Lock()
        self._is_open = False
        self._stopped = False
        self._failing = False
        self._cancel_retry: CALLBACK_TYPE | None = None
        self._arrived: OrderedDict[str, datetime] = OrderedDict()
        self._connections: dict[str, datetime] = {}
        self._watched_from: datetime | None = None
        self._unreachable = False

    # Life

    @callback
    def async_start(self) -> None:
        """Open the webhook, and see to its registration from now on."""
        hass, entry = self._hass, self._entry
        wanted, stored = self._is_wanted(), stored_webhook(entry)
        if wanted and "webhook_id" in stored:
            self._open()
        if self._registration is None or not (wanted or "url" in stored):
            return
        self._use_secret()
        self._apply_interval()
        for stop in (
            async_track_time_interval(
                hass, self._async_check, RECONCILE, cancel_on_shutdown=True
            ),
            hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._async_config_changed),
            self._async_cancel_retry,
        ):
            entry.async_on_unload(stop)
        if wanted:
            async_watch_cloud(hass, entry, self._async_reconcile_soon)
        self._async_reconcile_soon()

    @callback
    def async_catch_up(self) -> None:
        """Read what was sent while nobody listened, where a poll is an hour away.

        Home Assistant answers also for webhooks that are not there yet, so that it is
        not sent again.
        """
        if self._account.coordinator.update_interval == RECONCILE:
            self._account.news.async_hint()

    def _is_wanted(self) -> bool:
        options = self._entry.options
        if self._account.cloud.kind is CloudKind.SEAM:
            return bool(options.get(OPTION_PUSH, DEFAULT_PUSH))
        return bool(options.get(OPTION_PUBLIC_KEY))

    @callback
    def _open(self) -> None:
        """Let Home Assistant take requests; without a sender all are refused."""
        if self._is_open:
            return
        self._is_open = True
        hass, entry = self._hass, self._entry
        webhook_id = async_webhook_id(hass, entry)
        webhook.async_register(
            hass,
            DOMAIN,
            entry.title,
            webhook_id,
            self._receiver.async_handle,
            allowed_methods=[METH_POST],
        )
        entry.async_on_unload(partial(webhook.async_unregister, hass, webhook_id))
        if self._registration is None:
            self._receiver.sender = IgloohomeSender(
                self._entry.options[OPTION_PUBLIC_KEY],
                stored_webhook(self._entry).get("url", ""),
            )

    async def async_stop(self) -> None:
        """Stop, after what is being registered has been noted down."""
        self._stopped = True
        if self._registration is not None:
            await self._registration.async_settle()

    # What arrives

    @callback
    def _async_take(self, hint: Hint) -> None:
        """Follow a hint, soon: the answer goes out first."""
        self._hass.loop.call_soon(self._async_follow, hint)

    @callback
    def _async_follow(self, hint: Hint) -> None:
        if self._stopped:
            return
        account = self._account
        if self._registration is not None:
            self._note_arrival(hint.event_id)
        if hint.about_accounts:
            self._on_account_news()
        device = account.coordinator.data.get(hint.device_id or "")
        if hint.connected is not None and hint.sent_at is not None:
            # The only news that is in the message itself; it is signed.
            if device is not None and device.type is DeviceType.BRIDGE:
                self._note_connection(
                    device.device_id, hint.sent_at, online=hint.connected
                )
            return
        account.news.async_hint(None if device is None else device.device_id)

    @callback
    def _note_connection(
        self, bridge_id: str, sent_at: datetime, *, online: bool
    ) -> None:
        """Note that a bridge came or went, unless something later is known.

        What igloohome repeats may arrive after what came of it.
        """
        if sent_at >= self._connections.get(bridge_id, sent_at):
            self._connections[bridge_id] = sent_at
            self._account.contact.async_note_connection(bridge_id, online=online)

    @callback
    def _note_arrival(self, event_id: str) -> None:
        """Remember what arrived; the first proves that the way is open."""
        self._arrived[event_id] = dt_util.utcnow()
        if len(self._arrived) > _ARRIVED:
            self._arrived.popitem(last=False)
        self._set_unreachable(unreachable=False)
        stored = stored_webhook(self._entry)
        if not stored.get("proven"):
            async_store_webhook(self._hass, self._entry, {**stored, "proven": True})
            self._apply_interval()

    @callback
    def _apply_interval(self) -> None:
        """Poll slowly as long as push works, as usual otherwise."""
        coordinator = self._account.coordinator
        works = self._receiver.sender is not None and stored_webhook(self._entry).get(
            "proven", False
        )
        interval = RECONCILE if works else UPDATE_INTERVAL[self._account.cloud.kind]
        if coordinator.update_interval == interval:
            return
        sooner = interval < (coordinator.update_interval or interval)
        coordinator.update_interval = interval
        if sooner:
            self._begin(coordinator.async_request_refresh())

    # Whether events arrive

    @callback
    def _async_check(self, _now: datetime) -> None:
        """Check once in a while what should have arrived, and the registration."""
        self._begin(self._async_check_all())

    async def _async_check_all(self) -> None:
        try:
            await self._async_check_arrivals()
        except CloudError as err:
            _LOGGER.debug("Checking the webhook failed: %s", failure(err)[0])
        await self._async_reconcile()

    async def _async_check_arrivals(self) -> None:
        """Find out whether what Seam has to tell comes through.

        Nothing is wrong in an hour in which nothing happened, or in which a part
        arrived.
        """
        since, until = self._watched_from, dt_util.utcnow() - GRACE
        if since is None or since >= until:
            return
        page = await self._account.cloud.async_read_events(since)
        expected = {
            _event_id(event)
            for event in page.events
            if since < event.happened_at <= until and _event_type(event) in EVENT_TYPES
        }
        self._watched_from = until
        arrived = expected & self._arrived.keys()
        while self._arrived and next(iter(self._arrived.values())) < until:
            self._arrived.popitem(last=False)
        if expected - arrived:
            self._account.news.async_hint()
        if expected and not arrived:
            self._set_unreachable(unreachable=True)
            stored = stored_webhook(self._entry)
            if stored.get("proven"):
                async_store_webhook(
                    self._hass, self._entry, {**stored, "proven": False}
                )
            self._apply_interval()

    @callback
    def _set_unreachable(self, *, unreachable: bool) -> None:
        if self._unreachable is unreachable:
            return
        self._unreachable = unreachable
        self._update_issue()

    @callback
    def _update_issue(self, refused: str | None = None) -> None:
        async_update_push_issue(
            self._hass,
            self._entry,
            url=stored_webhook(self._entry).get("url", ""),
            refused=refused,
            unreachable=self._unreachable,
        )

    # The registration at Seam

    @callback
    def _async_config_changed(self, event: Event[dict[str, Any]]) -> None:
        if "external_url" in event.data:
            self._async_reconcile_soon()

    @callback
    def _async_reconcile_soon(self) -> None:
        if not self._stopped:
            self._begin(self._async_reconcile())

    @callback
    def _async_retry(self, _now: datetime) -> None:
        self._cancel_retry = None
        self._async_reconcile_soon()

    @callback
    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin what ends with the account: nothing is stored of one that is gone."""
        self._entry.async_create_background_task(
            self._hass, work, "igloohome_access webhook"
        )

    @callback
    def _async_cancel_retry(self) -> None:
        if self._cancel_retry is not None:
            self._cancel_retry()
            self._cancel_retry = None

    async def _async_reconcile(self) -> None:
        """See to it that Seam has our webhook, once; if it cannot be, try again."""
        async with self._reconciling:
            if self._stopped:
                return
            self._async_cancel_retry()
            assert self._registration is not None
            try:
                url = await self._async_address()
                renewed = await self._registration.async_put_right(url)
            except CloudAuthError:
                self._entry.async_start_reauth(self._hass)
            except (CloudPermissionError, CloudRefusedError) as err:
                # It will say so again; the next check asks once more.
                self._report(err)
                self._update_issue(refused=err.detail or said_nothing(self._hass))
            except (AddressUnknownError, CloudError) as err:
                self._report(err)
                self._cancel_retry = async_call_later(
                    self._hass, RETRY, self._async_retry
                )
            else:
                if url is None:
                    # Nobody sends anything, so nothing can be missing.
                    self._watched_from, self._unreachable = None, False
                elif renewed or self._watched_from is None:
                    self._watched_from = dt_util.utcnow()
                    self._unreachable = False
                self._update_issue()
                if self._failing:
                    self._failing = False
                    _LOGGER.info("The webhook at Seam is registered after all")
            self._use_secret()
            self._apply_interval()

    async def _async_address(self) -> str | None:
        """Return the address Seam should know; there has to be somebody to answer."""
        if not self._is_wanted():
            return None
        url = await async_public_address(self._hass, self._entry)
        if url is not None:
            self._open()
        return url

    @callback
    def _report(self, err: Exception) -> None:
        """Log the first failure of an outage."""
        if not self._failing:
            self._failing = True
            reason = failure(err)[0] if isinstance(err, CloudError) else "no address"
            _LOGGER.warning("The webhook could not be registered: %s", reason)

    @callback
    def _use_secret(self) -> None:
        """Check what comes with the secret that is known, if any."""
        stored = stored_webhook(self._entry)
        wanted = self._is_wanted() and "seam_id" in stored
        self._receiver.sender = sender_of(stored.get("secret")) if wanted else None


def _event_id(event: CloudEvent) -> str:
    return event.activity_id if isinstance(event, Activity) else event.event_id


def _event_type(event: CloudEvent) -> str | None:
    return event.word if isinstance(event, Activity) else event.type


async def async_remove_push(hass: HomeAssistant, entry: AccountConfigEntry) -> None:
    """Take back the addresses of an account that is removed, as far as possible."""
    stored = stored_webhook(entry)
    client = create_cloud(async_get_clientsession(hass), entry.data)
    if isinstance(client, SeamCloud) and "url" in stored:
        try:
            await async_remove_webhooks(client.api, stored)
        except CloudError as err:
            _LOGGER.warning(
                "The webhook at Seam could not be deleted (%s); it can be deleted in "
                "the Seam console",
                failure(err)[0],
            )
    await async_delete_cloudhook(hass, entry)
