"""Connecting an igloohome account to Seam, step by step, for any kind of flow.

Seam makes a page on which the person signs in; it opens in another tab, is watched
from here, and the flow goes on by itself when it is settled. Names and passwords are
typed at Seam and never come here.
"""

from abc import abstractmethod
import asyncio
from collections.abc import Awaitable, Callable
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult
from yarl import URL

from .account_issues import async_check_account
from .clouds.base import (
    CloudAuthError,
    CloudError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudRefusedError,
)
from .clouds.seam import SeamCloud
from .clouds.seam_accounts import (
    ConnectWebview,
    WebviewStatus,
    async_create_webview,
    async_delete_webview,
    async_get_webview,
)
from .coordinator import AccountConfigEntry
from .errors import failure

_LOGGER = logging.getLogger(__name__)

POLL_SECONDS = 3.0
GIVE_UP_SECONDS = 15 * 60
"""How long a person may take to sign in, and Seam to find the locks."""


class Connecting:
    """One attempt to connect an account."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AccountConfigEntry,
        resume: Callable[[], Awaitable[object]],
    ) -> None:
        """``resume`` lets the flow go on; the entry must be loaded."""
        self._hass = hass
        self._entry = entry
        cloud = entry.runtime_data.cloud
        assert isinstance(cloud, SeamCloud)
        # The account may be unloaded while the person is on the page.
        self._cloud = cloud
        self._resume = resume
        self._task: asyncio.Task[None] | None = None
        self._webview: ConnectWebview | None = None
        self.url = ""
        """The page, which lets anybody connect an account."""
        self.problem: str | None = None
        """Why it came to nothing, as a key of the flow's texts."""
        self.settled = False
        """Whether the page has come to an end."""

    async def async_begin(self) -> str | None:
        """Return the address of a new page; None after a problem."""
        try:
            webview = await async_create_webview(self._cloud.api)
        except CloudError as err:
            _LOGGER.debug("No connect webview: %s", failure(err)[0])
            self.problem = (
                "connect_refused"
                if isinstance(
                    err, CloudAuthError | CloudPermissionError | CloudRefusedError
                )
                else "cannot_connect"
            )
            return None
        self._webview = webview
        self.url = webview.url
        if URL(webview.url).scheme not in ("https", "http"):
            self.problem = "connect_refused"
            self._delete_webview()
            return None
        self._task = self._hass.async_create_background_task(
            self._async_watch(webview), "igloohome_access connect webview"
        )
        return self.url

    async def _async_watch(self, webview: ConnectWebview) -> None:
        """Wait until the page is settled, then let the flow go on."""
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                self.problem = await _async_outcome(self._cloud, webview)
        except TimeoutError:
            self.problem = "connect_given_up"
        self.settled = True
        if self.problem is not None:
            self._delete_webview()
        await self._resume()

    @callback
    def async_finish_later(self) -> None:
        """Look at what is there now, when the flow is over."""
        self._entry.async_create_background_task(
            self._hass,
            self.async_finish(),
            "igloohome_access connected",
            eager_start=False,
        )

    async def async_finish(self) -> None:
        """Look at what is there now: new locks, and whether an account is well.

        One that was unloaded meanwhile does so when it is loaded.
        """
        if self._entry.state is not ConfigEntryState.LOADED:
            return
        account = self._entry.runtime_data
        await account.coordinator.async_request_refresh()
        await async_check_account(self._hass, self._entry, account)

    @callback
    def async_stop(self) -> None:
        """Stop watching: the flow is over, or was closed."""
        if self._task is not None and not self.settled:
            self._task.cancel()
            self._delete_webview()

    @callback
    def _delete_webview(self) -> None:
        """Take a page away that nobody will use any more."""
        assert self._webview is not None
        self._hass.async_create_background_task(
            _async_delete(self._cloud, self._webview.webview_id),
            "igloohome_access connect webview",
        )


class ConnectSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any]](
    FlowHandler[ContextT, ResultT, str]
):
    """The steps of a flow that connect an account, from ``async_step_connect`` on.

    A flow adds what comes after a success, ``async_step_connected``.
    """

    _connecting: Connecting | None = None

    @abstractmethod
    def _account_to_connect(self) -> AccountConfigEntry | None:
        """Return the account with Seam, None where it is gone."""

    @abstractmethod
    async def _async_go_on(self) -> object:
        """Let the flow go on by itself."""

    async def async_step_connect(
        self, user_input: dict[str, Any] | None = None
    ) -> ResultT:
        """Let the person sign in to igloohome on a page of Seam's."""
        if self._connecting is None:
            entry = self._account_to_connect()
            if entry is None or entry.state is not ConfigEntryState.LOADED:
                return self.async_abort(reason="not_loaded")
            self._connecting = Connecting(self.hass, entry, self._async_go_on)
            url = await self._connecting.async_begin()
            if url is None:
                return await self.async_step_not_connected()
            return self.async_external_step(step_id="connect", url=url)
        if not self._connecting.settled:
            return self.async_external_step(step_id="connect", url=self._connecting.url)
        return self.async_external_step_done(
            next_step_id="not_connected" if self._connecting.problem else "connected"
        )

    async def async_step_not_connected(
        self, user_input: dict[str, Any] | None = None
    ) -> ResultT:
        """Tell why the account was not connected."""
        assert self._connecting is not None
        return self.async_abort(reason=str(self._connecting.problem))

    @override
    @callback
    def async_remove(self) -> None:
        """Stop watching a page when the flow is closed."""
        if self._connecting is not None:
            self._connecting.async_stop()


async def _async_outcome(cloud: SeamCloud, webview: ConnectWebview) -> str | None:
    """Return what a page has come to: None for a success.

    While Seam does not answer, the person may be signing in all the same.
    """
    while True:
        await asyncio.sleep(POLL_SECONDS)
        try:
            webview = await async_get_webview(cloud.api, webview.webview_id)
        except CloudAuthError, CloudPermissionError, CloudRefusedError:
            return "connect_refused"
        except CloudNotFoundError:
            return "connect_failed"
        except CloudError as err:
            _LOGGER.debug("Connect webview: %s", failure(err)[0])
            continue
        if webview.status is WebviewStatus.AUTHORIZED:
            return None
        if webview.status is WebviewStatus.FAILED:
            return "connect_failed"


async def _async_delete(cloud: SeamCloud, webview_id: str) -> None:
    try:
        await async_delete_webview(cloud.api, webview_id)
    except CloudError as err:
        # It ends by itself, unused.
        _LOGGER.debug("Connect webview not deleted: %s", failure(err)[0])
