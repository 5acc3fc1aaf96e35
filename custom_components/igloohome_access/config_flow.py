"""Adding an account, and changing it later.

What connects is entry data, what tunes is options. Credentials are tried against
the live cloud before anything is stored.
"""

from collections.abc import Mapping
from ipaddress import ip_address
import logging
from typing import Any, override
from zoneinfo import available_timezones

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
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
    CONF_WORKSPACE_ID,
    DEFAULT_CODE_SENSORS,
    DEFAULT_KEEP_ENDED_DAYS,
    DOMAIN,
    OPTION_CODE_SENSORS,
    OPTION_KEEP_ENDED_DAYS,
    OPTION_TIME_ZONE,
)
from .model import CloudKind

_LOGGER = logging.getLogger(__name__)

_URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
_SECRET = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
_SECRETS = (CONF_API_KEY, CONF_CLIENT_SECRET)

SCHEMAS = {
    CloudKind.IGLOOHOME: vol.Schema(
        {
            vol.Required(CONF_CLIENT_ID): TextSelector(
                TextSelectorConfig(autocomplete="off")
            ),
            vol.Required(CONF_CLIENT_SECRET): _SECRET,
            vol.Required(CONF_ADVANCED): section(
                vol.Schema(
                    {
                        vol.Required(CONF_API_URL, default=IGLOOHOME_API_URL): _URL,
                        vol.Required(CONF_AUTH_URL, default=IGLOOHOME_AUTH_URL): _URL,
                    }
                ),
                {"collapsed": True},
            ),
        }
    ),
    CloudKind.SEAM: vol.Schema(
        {
            vol.Required(CONF_API_KEY): _SECRET,
            vol.Required(CONF_ADVANCED): section(
                vol.Schema({vol.Required(CONF_API_URL, default=SEAM_API_URL): _URL}),
                {"collapsed": True},
            ),
        }
    ),
}

REAUTH_SCHEMAS = {
    CloudKind.IGLOOHOME: vol.Schema({vol.Required(CONF_CLIENT_SECRET): _SECRET}),
    CloudKind.SEAM: vol.Schema({vol.Required(CONF_API_KEY): _SECRET}),
}


def _is_safe_address(text: str) -> bool:
    """Return whether credentials may be sent there: https, or this machine."""
    try:
        url = URL(text)
    except ValueError:
        return False
    if url.host is None:
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


def _without_secrets(user_input: Mapping[str, Any] | None) -> dict[str, Any]:
    return {k: v for k, v in (user_input or {}).items() if k not in _SECRETS}


class AccountConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add an account of either cloud, or renew and change its credentials."""

    def __init__(self) -> None:
        """Nothing has been typed yet."""
        self._data: dict[str, Any] = {}
        self._workspaces: list[SelectOptionDict] = []

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> AccountOptionsFlow:
        """Return the flow behind "Configure"."""
        return AccountOptionsFlow()

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
            "igloohome", CloudKind.IGLOOHOME, SCHEMAS, user_input
        )

    async def async_step_seam(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a Seam API key or personal access token."""
        return await self._async_step_credentials(
            "seam", CloudKind.SEAM, SCHEMAS, user_input
        )

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
            "reauth_confirm",
            CloudKind(entry.data[CONF_CLOUD]),
            REAUTH_SCHEMAS,
            user_input,
            stored=entry.data,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for everything anew."""
        entry = self._get_reconfigure_entry()
        return await self._async_step_credentials(
            "reconfigure",
            CloudKind(entry.data[CONF_CLOUD]),
            SCHEMAS,
            user_input,
            stored=entry.data,
        )

    async def async_step_workspace(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which of a token's workspaces is meant."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._data[CONF_WORKSPACE_ID] = user_input[CONF_WORKSPACE_ID]
            identity = await self._async_try(errors)
            if identity is not None:
                return await self._async_finish(identity)
        return self.async_show_form(
            step_id="workspace",
            data_schema=vol.Schema(
                {
                    vol.Required(CONF_WORKSPACE_ID): SelectSelector(
                        SelectSelectorConfig(
                            options=self._workspaces, mode=SelectSelectorMode.LIST
                        )
                    )
                }
            ),
            errors=errors,
        )

    async def _async_step_credentials(
        self,
        step_id: str,
        cloud: CloudKind,
        schemas: Mapping[CloudKind, vol.Schema],
        user_input: dict[str, Any] | None,
        stored: Mapping[str, Any] | None = None,
    ) -> ConfigFlowResult:
        """Show a form, try what was typed, and go on when it works."""
        errors: dict[str, str] = {}
        if user_input is not None:
            user_input = _stripped(user_input)
            self._data = {**(stored or {}), CONF_CLOUD: cloud.value, **user_input}
            if not all(map(_is_safe_address, self._data[CONF_ADVANCED].values())):
                errors["base"] = "unsafe_address"
            elif self._needs_workspace():
                if await self._async_load_workspaces(errors):
                    return await self.async_step_workspace()
            elif (identity := await self._async_try(errors)) is not None:
                return await self._async_finish(identity)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                schemas[cloud], _without_secrets(user_input or stored)
            ),
            errors=errors,
            description_placeholders={
                "igloohome_url": "https://access.igloocompany.co/api-access",
                "seam_url": "https://console.seam.co",
                "account": "" if stored is None else self._entry_title(),
            },
        )

    def _entry_title(self) -> str:
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry().title
        return self._get_reconfigure_entry().title

    def _needs_workspace(self) -> bool:
        """Return whether a token was typed that may see several workspaces."""
        if self._data[CONF_CLOUD] != CloudKind.SEAM:
            return False
        if not is_personal_access_token(self._data[CONF_API_KEY]):
            # An API key knows its workspace itself.
            self._data.pop(CONF_WORKSPACE_ID, None)
            return False
        return CONF_WORKSPACE_ID not in self._data

    async def _async_load_workspaces(self, errors: dict[str, str]) -> bool:
        cloud = SeamCloud(
            async_get_clientsession(self.hass),
            self._data[CONF_API_KEY],
            api_url=self._data[CONF_ADVANCED][CONF_API_URL],
        )
        try:
            workspaces = await cloud.async_list_workspaces()
        except CloudError as err:
            errors["base"] = _form_error(err)
            return False
        self._workspaces = [
            SelectOptionDict(value=workspace.workspace_id, label=workspace.name)
            for workspace in workspaces
        ]
        if not self._workspaces:
            errors["base"] = "no_workspace"
        return bool(self._workspaces)

    async def _async_try(self, errors: dict[str, str]) -> AccountIdentity | None:
        """Try the credentials against the live cloud."""
        cloud = create_cloud(async_get_clientsession(self.hass), self._data)
        try:
            return await cloud.async_identify()
        except CloudError as err:
            errors["base"] = _form_error(err)
        except Exception:
            _LOGGER.exception("Unexpected error while trying credentials")
            errors["base"] = "unknown"
        return None

    async def _async_finish(self, identity: AccountIdentity) -> ConfigFlowResult:
        await self.async_set_unique_id(identity.unique_id)
        if self.source in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
            self._abort_if_unique_id_mismatch()
            entry = (
                self._get_reauth_entry()
                if self.source == SOURCE_REAUTH
                else self._get_reconfigure_entry()
            )
            if not entry.update_listeners:
                # Set-up failed before it could listen for this change.
                self.hass.config_entries.async_schedule_reload(entry.entry_id)
            return self.async_update_and_abort(entry, data=self._data)
        self._abort_if_unique_id_configured()
        return self.async_create_entry(title=identity.title, data=self._data)


def _form_error(err: CloudError) -> str:
    if isinstance(err, CloudAuthError):
        return "invalid_auth"
    if isinstance(err, CloudPermissionError):
        return "missing_permission"
    return "cannot_connect"


class AccountOptionsFlow(OptionsFlow):
    """Tune an account."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for everything that can be tuned."""
        if user_input is not None:
            if OPTION_KEEP_ENDED_DAYS in user_input:
                user_input[OPTION_KEEP_ENDED_DAYS] = int(
                    user_input[OPTION_KEEP_ENDED_DAYS]
                )
            return self.async_create_entry(data=user_input)
        zones = await self.hass.async_add_executor_job(available_timezones)
        schema = vol.Schema(
            {
                vol.Optional(OPTION_TIME_ZONE): SelectSelector(
                    SelectSelectorConfig(
                        options=sorted(zones), mode=SelectSelectorMode.DROPDOWN
                    )
                ),
                vol.Required(
                    OPTION_CODE_SENSORS, default=DEFAULT_CODE_SENSORS
                ): BooleanSelector(),
                vol.Required(
                    OPTION_KEEP_ENDED_DAYS, default=DEFAULT_KEEP_ENDED_DAYS
                ): NumberSelector(
                    NumberSelectorConfig(
                        min=0, max=365, step=1, unit_of_measurement="d"
                    )
                ),
            }
        )
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                schema, self.config_entry.options
            ),
            description_placeholders={"time_zone": self.hass.config.time_zone},
        )
