"""Adding an account, and changing it later.

What connects is entry data, what tunes is options. Credentials are tried against
the live cloud before anything is stored.
"""

from collections.abc import Coroutine, Mapping
from itertools import count
import logging
from traceback import format_tb
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
)
from homeassistant.core import callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .account_form import (
    account_schema,
    addresses_section,
    is_safe_address,
    secret_schema,
    stripped,
    without_secrets,
)
from .account_issues import missing_for_offline_codes
from .accounts import create_cloud
from .clouds.base import (
    AccountIdentity,
    CloudAuthError,
    CloudError,
    CloudPermissionError,
)
from .clouds.seam import SeamCloud, Workspace, is_personal_access_token
from .const import (
    CONF_ADVANCED,
    CONF_API_KEY,
    CONF_API_URL,
    CONF_CLIENT_ID,
    CONF_CLIENT_SECRET,
    CONF_CLOUD,
    CONF_WEBHOOK,
    CONF_WORKSPACE_ID,
    DOMAIN,
)
from .coordinator import AccountConfigEntry
from .model import CloudKind
from .options_flow import AccountOptionsFlow
from .properties.settings import SUBENTRY_PROPERTY
from .property_flow import PropertyFlow
from .takeover import async_built_in_accounts

_LOGGER = logging.getLogger(__name__)

_PORTAL_URL = "https://access.igloocompany.co/api-access"
_CONSOLE_URL = "https://console.seam.co"
_MOVING_URL = (
    "https://github.com/igloohome-access/igloohome-access/blob/main/docs/moving.md"
)

_CONF_BUILT_IN = "built_in"


class AccountConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add an account of either cloud, or renew and change its credentials."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Nothing has been typed yet."""
        self._data: dict[str, Any] = {}
        self._workspaces: tuple[Workspace, ...] = ()
        self._identity: AccountIdentity | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: AccountConfigEntry) -> AccountOptionsFlow:
        """Return the flow behind "Configure"."""
        return AccountOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: AccountConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flow behind "Add property"."""
        return {SUBENTRY_PROPERTY: PropertyFlow}

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which cloud the account lives in.

        Whoever has it in the built-in integration already need not type anything.
        """
        options = [cloud.value for cloud in CloudKind]
        if async_built_in_accounts(self.hass):
            options.insert(0, "take_over")
        return self.async_show_menu(step_id="user", menu_options=options)

    async def async_step_take_over(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Use the credentials that the built-in integration has."""
        accounts = async_built_in_accounts(self.hass)
        if not accounts:
            return self.async_abort(reason="nothing_to_take_over")
        errors: dict[str, str] = {}
        if user_input is not None:
            user_input = stripped(user_input)
            # Without a choice there was only one; meanwhile there may be others.
            only = next(iter(accounts)) if len(accounts) == 1 else ""
            account = accounts.get(user_input.get(_CONF_BUILT_IN, only))
            if account is not None:
                self._data = {
                    CONF_CLOUD: CloudKind.IGLOOHOME.value,
                    CONF_CLIENT_ID: account.client_id,
                    CONF_CLIENT_SECRET: account.client_secret,
                    CONF_ADVANCED: user_input[CONF_ADVANCED],
                }
                if (result := await self._async_take_over(errors)) is not None:
                    return result
        fields: dict[vol.Marker, Any] = {}
        if len(accounts) > 1:
            options = [
                SelectOptionDict(value=entry_id, label=account.label)
                for entry_id, account in accounts.items()
            ]
            fields[vol.Required(_CONF_BUILT_IN)] = SelectSelector(
                SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST)
            )
        fields |= addresses_section(
            CloudKind.IGLOOHOME, collapsed=errors.get("base") != "unsafe_address"
        )
        return self.async_show_form(
            step_id="take_over",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields), user_input
            ),
            errors=errors,
            description_placeholders={
                "accounts": ", ".join(each.label for each in accounts.values()),
                "moving_url": _MOVING_URL,
            },
        )

    async def _async_take_over(self, errors: dict[str, str]) -> ConfigFlowResult | None:
        """Try the credentials and return what comes next, None after an error."""
        if not all(map(is_safe_address, self._data[CONF_ADVANCED].values())):
            errors["base"] = "unsafe_address"
            return None
        identity = await self._async_ask(self._async_identify(), errors)
        if identity is None:
            if errors["base"] == "invalid_auth":
                # Nothing was typed that could be typed anew.
                errors["base"] = "take_over_refused"
            return None
        if not missing_for_offline_codes(identity.permissions):
            return await self._async_finish(identity)
        self._identity = identity
        return await self.async_step_take_over_limited()

    async def async_step_take_over_limited(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what the API client may not do, which the built-in did not need."""
        assert self._identity is not None
        if user_input is not None:
            return await self._async_finish(self._identity)
        missing = missing_for_offline_codes(self._identity.permissions)
        return self.async_show_form(
            step_id="take_over_limited",
            data_schema=vol.Schema({}),
            description_placeholders={
                "permissions": ", ".join(missing),
                "igloohome_url": _PORTAL_URL,
            },
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
        entry: AccountConfigEntry | None = None,
    ) -> ConfigFlowResult:
        """Show a form, try what was typed, and go on when it works.

        ``entry`` is the account that is renewed or changed.
        """
        errors: dict[str, str] = {}
        if user_input is not None:
            user_input = stripped(user_input)
            stored = {} if entry is None else entry.data
            self._data = {**stored, CONF_CLOUD: cloud.value, **user_input}
            # An API key knows its workspace itself, a token is asked again.
            self._data.pop(CONF_WORKSPACE_ID, None)
            if not all(map(is_safe_address, self._data[CONF_ADVANCED].values())):
                errors["base"] = "unsafe_address"
            elif (result := await self._async_try(entry, errors)) is not None:
                return result
        if step_id == "reauth_confirm":
            schema = secret_schema(cloud)
        else:
            schema = account_schema(
                cloud, collapsed=errors.get("base") != "unsafe_address"
            )
        shown = entry.data if user_input is None and entry is not None else user_input
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                schema, without_secrets(shown)
            ),
            errors=errors,
            description_placeholders={
                "igloohome_url": _PORTAL_URL,
                "seam_url": _CONSOLE_URL,
                "account": "" if entry is None else entry.title,
            },
        )

    async def _async_try(
        self, entry: AccountConfigEntry | None, errors: dict[str, str]
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

    def _update(self, entry: AccountConfigEntry) -> ConfigFlowResult:
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
