"""Adding an account, and changing it later.

What connects is entry data, what tunes is options. Credentials are tried against
the live cloud before anything is stored.
"""

from collections.abc import Coroutine, Mapping
from ipaddress import ip_address
from itertools import count
import logging
from traceback import format_tb
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
)
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol
from yarl import URL

from .accounts import create_cloud
from .clouds.base import (
    AccountIdentity,
    CloudAuthError,
    CloudError,
    CloudPermissionError,
)
from .clouds.igloohome import (
    DEFAULT_API_URL as IGLOOHOME_API_URL,
    DEFAULT_AUTH_URL as IGLOOHOME_AUTH_URL,
)
from .clouds.seam import (
    DEFAULT_API_URL as SEAM_API_URL,
    SeamCloud,
    Workspace,
    is_personal_access_token,
)
from .const import (
    CONF_ADVANCED,
    CONF_API_KEY,
    CONF_API_URL,
    CONF_AUTH_URL,
    CONF_CLIENT_ID,
    CONF_CLIENT_SECRET,
    CONF_CLOUD,
    CONF_WEBHOOK,
    CONF_WORKSPACE_ID,
    DOMAIN,
)
from .model import CloudKind
from .options_flow import AccountOptionsFlow
from .properties.settings import SUBENTRY_PROPERTY
from .property_flow import PropertyFlow

_LOGGER = logging.getLogger(__name__)

_PORTAL_URL = "https://access.igloocompany.co/api-access"
_CONSOLE_URL = "https://console.seam.co"

_URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
_SECRET = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
_SECRETS = (CONF_API_KEY, CONF_CLIENT_SECRET)

_CREDENTIALS: Mapping[CloudKind, Mapping[vol.Marker, Any]] = {
    CloudKind.IGLOOHOME: {
        vol.Required(CONF_CLIENT_ID): TextSelector(
            TextSelectorConfig(autocomplete="off")
        ),
        vol.Required(CONF_CLIENT_SECRET): _SECRET,
    },
    CloudKind.SEAM: {vol.Required(CONF_API_KEY): _SECRET},
}
_ADDRESSES: Mapping[CloudKind, Mapping[vol.Marker, Any]] = {
    CloudKind.IGLOOHOME: {
        vol.Required(CONF_API_URL, default=IGLOOHOME_API_URL): _URL,
        vol.Required(CONF_AUTH_URL, default=IGLOOHOME_AUTH_URL): _URL,
    },
    CloudKind.SEAM: {vol.Required(CONF_API_URL, default=SEAM_API_URL): _URL},
}


def _account_schema(cloud: CloudKind, *, collapsed: bool) -> vol.Schema:
    """Return the form with everything that connects an account."""
    addresses = section(vol.Schema(_ADDRESSES[cloud]), {"collapsed": collapsed})
    return vol.Schema({**_CREDENTIALS[cloud], vol.Required(CONF_ADVANCED): addresses})


def _secret_schema(cloud: CloudKind) -> vol.Schema:
    """Return the form with only what a cloud may have refused."""
    return vol.Schema(
        {key: val for key, val in _CREDENTIALS[cloud].items() if key in _SECRETS}
    )


def _is_safe_address(text: str) -> bool:
    """Return whether credentials may be sent there: https, or this machine.

    A user name, a query or a fragment would get between the address and the paths
    that are appended to it.
    """
    try:
        url = URL(text)
    except ValueError:
        return False
    if not url.host or url.user or url.password or url.query_string or url.fragment:
        return False
    if url.scheme == "https":
        return True
    if url.scheme != "http":
        return False
    if url.host == "localhost":
        return True
    try:
        return ip_address(url.host).is_loopback
    except ValueError:
        return False


def _stripped(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input without the blanks that come along when pasting."""
    return {
        key: _stripped(value) if isinstance(value, Mapping) else value.strip()
        for key, value in user_input.items()
    }


def _without_secrets(typed: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what may be shown again."""
    return {k: v for k, v in (typed or {}).items() if k not in _SECRETS}


class AccountConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add an account of either cloud, or renew and change its credentials."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Nothing has been typed yet."""
        self._data: dict[str, Any] = {}
        self._workspaces: tuple[Workspace, ...] = ()

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> AccountOptionsFlow:
        """Return the flow behind "Configure"."""
        return AccountOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flow behind "Add property"."""
        return {SUBENTRY_PROPERTY: PropertyFlow}

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which cloud the account lives in."""
        return self.async_show_menu(
            step_id="user", menu_options=[cloud.value for cloud in CloudKind]
        )

    async def async_step_igloohome(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the credentials of an igloohome API client."""
        return await self._async_step_credentials(
            "igloohome", CloudKind.IGLOOHOME, user_input
        )

    async def async_step_seam(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a Seam API key or personal access token."""
        return await self._async_step_credentials("seam", CloudKind.SEAM, user_input)

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Begin again after the credentials were refused."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the secret part of the credentials."""
        entry = self._get_reauth_entry()
        return await self._async_step_credentials(
            "reauth_confirm", CloudKind(entry.data[CONF_CLOUD]), user_input, entry
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for everything anew."""
        entry = self._get_reconfigure_entry()
        return await self._async_step_credentials(
            "reconfigure", CloudKind(entry.data[CONF_CLOUD]), user_input, entry
        )

    async def async_step_workspace(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which of a token's workspaces is meant."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._data |= user_input
            identity = await self._async_ask(self._async_identify(), errors)
            if identity is not None:
                return await self._async_finish(identity)
        options = [
            SelectOptionDict(
                value=workspace.workspace_id,
                # "sandbox" is what Seam's console calls it in every language.
                label=f"{workspace.name} (sandbox)"
                if workspace.sandbox
                else workspace.name,
            )
            for workspace in self._workspaces
        ]
        schema = vol.Schema(
            {
                vol.Required(CONF_WORKSPACE_ID): SelectSelector(
                    SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST)
                )
            }
        )
        return self.async_show_form(
            step_id="workspace",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
        )

    async def _async_step_credentials(
        self,
        step_id: str,
        cloud: CloudKind,
        user_input: dict[str, Any] | None,
        entry: ConfigEntry | None = None,
    ) -> ConfigFlowResult:
        """Show a form, try what was typed, and go on when it works.

        ``entry`` is the account that is renewed or changed.
        """
        errors: dict[str, str] = {}
        if user_input is not None:
            user_input = _stripped(user_input)
            stored = {} if entry is None else entry.data
            self._data = {**stored, CONF_CLOUD: cloud.value, **user_input}
            # An API key knows its workspace itself, a token is asked again.
            self._data.pop(CONF_WORKSPACE_ID, None)
            if not all(map(_is_safe_address, self._data[CONF_ADVANCED].values())):
                errors["base"] = "unsafe_address"
            elif (result := await self._async_try(entry, errors)) is not None:
                return result
        if step_id == "reauth_confirm":
            schema = _secret_schema(cloud)
        else:
            schema = _account_schema(
                cloud, collapsed=errors.get("base") != "unsafe_address"
            )
        shown = entry.data if user_input is None and entry is not None else user_input
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                schema, _without_secrets(shown)
            ),
            errors=errors,
            description_placeholders={
                "igloohome_url": _PORTAL_URL,
                "seam_url": _CONSOLE_URL,
                "account": "" if entry is None else entry.title,
            },
        )

    async def _async_try(
        self, entry: ConfigEntry | None, errors: dict[str, str]
    ) -> ConfigFlowResult | None:
        """Try the credentials and return what comes next, None after an error."""
        if is_personal_access_token(self._data.get(CONF_API_KEY, "")):
            found = await self._async_ask(self._async_list_workspaces(), errors)
            if found is None:
                return None
            if not found:
                errors["base"] = "no_workspace"
                return None
            if entry is None:
                self._workspaces = found
                return await self.async_step_workspace()
            if entry.unique_id not in {workspace.workspace_id for workspace in found}:
                return self.async_abort(reason="unique_id_mismatch")
            self._data[CONF_WORKSPACE_ID] = entry.unique_id
        identity = await self._async_ask(self._async_identify(), errors)
        return None if identity is None else await self._async_finish(identity)

    async def _async_identify(self) -> AccountIdentity:
        cloud = create_cloud(async_get_clientsession(self.hass), self._data)
        return await cloud.async_identify()

    async def _async_list_workspaces(self) -> tuple[Workspace, ...]:
        cloud = SeamCloud(
            async_get_clientsession(self.hass),
            self._data[CONF_API_KEY],
            api_url=self._data[CONF_ADVANCED][CONF_API_URL],
        )
        return await cloud.async_list_workspaces()

    async def _async_ask[T](
        self, request: Coroutine[Any, Any, T], errors: dict[str, str]
    ) -> T | None:
        """Ask the live cloud, and turn what goes wrong into an error of the form."""
        try:
            return await request
        except CloudAuthError:
            errors["base"] = "invalid_auth"
        except CloudPermissionError:
            errors["base"] = "missing_permission"
        except CloudError:
            errors["base"] = "cannot_connect"
        except Exception as err:  # noqa: BLE001
            # The text of an error nobody foresaw might repeat what was typed, so
            # the log gets its kind and its place only.
            _LOGGER.error(
                "Unexpected %s while trying credentials:\n%s",
                type(err).__name__,
                "".join(format_tb(err.__traceback__)),
            )
            errors["base"] = "unknown"
        return None

    async def _async_finish(self, identity: AccountIdentity) -> ConfigFlowResult:
        """Make the entry, or give the existing one its new credentials."""
        await self.async_set_unique_id(identity.unique_id)
        if self.source == SOURCE_REAUTH:
            return self._update(self._get_reauth_entry())
        if self.source == SOURCE_RECONFIGURE:
            return self._update(self._get_reconfigure_entry())
        self._abort_if_unique_id_configured()
        return self.async_create_entry(
            title=self._free_title(identity.title), data=self._data
        )

    def _update(self, entry: ConfigEntry) -> ConfigFlowResult:
        """Store the new credentials and see to it that the entry loads with them."""
        self._abort_if_unique_id_mismatch()
        # A running entry reloads itself when its data change. One whose set-up
        # failed does not listen; and the same credentials may work again, while
        # polling has stopped when they were refused.
        if CONF_WEBHOOK in entry.data:
            # It may have changed while the credentials were tried.
            self._data[CONF_WEBHOOK] = entry.data[CONF_WEBHOOK]
        reloads = bool(entry.update_listeners) and dict(entry.data) != self._data
        result = self.async_update_and_abort(entry, data=self._data)
        if not reloads:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result

    def _free_title(self, title: str) -> str:
        """Return the title, with a number where an account has it already."""
        taken = {entry.title for entry in self._async_current_entries()}
        numbered = (f"{title} {number}" for number in count(2))
        return (
            title if title not in taken else next(t for t in numbered if t not in taken)
        )
