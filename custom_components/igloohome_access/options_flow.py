"""What can be tuned about an account, behind its "Configure" button."""

from typing import Any, override
from zoneinfo import available_timezones

from homeassistant.config_entries import (
    ConfigFlowContext,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.const import UnitOfTime
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
from homeassistant.helpers.typing import VolDictType
import voluptuous as vol

from .bridge_schedule import PERIODS
from .connect_account import ConnectSteps
from .const import (
    CONF_CLOUD,
    DEFAULT_ASSIST_CREATE,
    DEFAULT_BRIDGE_REFRESH,
    DEFAULT_CODE_SENSORS,
    DEFAULT_KEEP_ENDED_DAYS,
    DEFAULT_PUSH,
    DEFAULT_READ_LOG,
    OPTION_ASSIST_CREATE,
    OPTION_BRIDGE_REFRESH,
    OPTION_CODE_SENSORS,
    OPTION_KEEP_ENDED_DAYS,
    OPTION_PUBLIC_KEY,
    OPTION_PUSH,
    OPTION_READ_LOG,
    OPTION_TIME_ZONE,
)
from .coordinator import AccountConfigEntry
from .log_reading import LOG_PERIODS
from .model import CloudKind
from .public_address import (
    AddressUnknownError,
    async_public_address,
    async_store_webhook,
    stored_webhook,
)
from .webhook_signatures import IgloohomeKey, KeyFormatError


def time_zones() -> list[str]:
    """Return the zones to choose from. Reads files.

    Left out are names without a place, such as "localtime" and "Factory": what they
    mean differs from computer to computer.
    """
    return sorted(
        name for name in available_timezones() if "/" in name or name == "UTC"
    )


_IGLOOHOME_FIELDS: VolDictType = {
    vol.Required(OPTION_BRIDGE_REFRESH, default=DEFAULT_BRIDGE_REFRESH): SelectSelector(
        SelectSelectorConfig(
            options=[DEFAULT_BRIDGE_REFRESH, *PERIODS],
            mode=SelectSelectorMode.DROPDOWN,
            translation_key="bridge_refresh",
        )
    ),
    vol.Required(OPTION_READ_LOG, default=DEFAULT_READ_LOG): SelectSelector(
        SelectSelectorConfig(
            options=[DEFAULT_READ_LOG, *LOG_PERIODS],
            mode=SelectSelectorMode.DROPDOWN,
            translation_key="read_log",
        )
    ),
}
_SEAM_FIELDS: VolDictType = {
    vol.Required(OPTION_PUSH, default=DEFAULT_PUSH): BooleanSelector()
}


class AccountOptionsFlow(
    ConnectSteps[ConfigFlowContext, ConfigFlowResult], OptionsFlow
):
    """Tune an account; it reloads itself when something changes."""

    @property
    def _is_seam(self) -> bool:
        return bool(self.config_entry.data[CONF_CLOUD] == CloudKind.SEAM)

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what to do."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["settings", "connect" if self._is_seam else "webhook"],
        )

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for everything that can be tuned."""
        if user_input is not None:
            options = {
                **user_input,
                OPTION_KEEP_ENDED_DAYS: int(user_input[OPTION_KEEP_ENDED_DAYS]),
            }
            if OPTION_PUBLIC_KEY in self.config_entry.options:
                options[OPTION_PUBLIC_KEY] = self.config_entry.options[
                    OPTION_PUBLIC_KEY
                ]
            return self.async_create_entry(data=options)
        zones = await self.hass.async_add_executor_job(time_zones)
        schema = vol.Schema(
            {
                vol.Optional(OPTION_TIME_ZONE): SelectSelector(
                    SelectSelectorConfig(
                        options=zones, mode=SelectSelectorMode.DROPDOWN
                    )
                ),
                vol.Required(
                    OPTION_CODE_SENSORS, default=DEFAULT_CODE_SENSORS
                ): BooleanSelector(),
                vol.Required(
                    OPTION_KEEP_ENDED_DAYS, default=DEFAULT_KEEP_ENDED_DAYS
                ): NumberSelector(
                    NumberSelectorConfig(
                        min=0,
                        max=365,
                        step=1,
                        mode=NumberSelectorMode.BOX,
                        unit_of_measurement=UnitOfTime.DAYS,
                    )
                ),
                **(_SEAM_FIELDS if self._is_seam else _IGLOOHOME_FIELDS),
                vol.Required(
                    OPTION_ASSIST_CREATE, default=DEFAULT_ASSIST_CREATE
                ): BooleanSelector(),
            }
        )
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(
                schema, self.config_entry.options
            ),
            description_placeholders={"time_zone": self.hass.config.time_zone},
        )

    async def async_step_webhook(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the address for igloohome's portal, and ask for its public key."""
        entry = self.config_entry
        try:
            address = await async_public_address(self.hass, entry)
        except AddressUnknownError:
            return self.async_abort(reason="address_unknown")
        if address is None:
            return self.async_abort(reason="no_public_address")
        errors: dict[str, str] = {}
        if user_input is not None:
            key = user_input.get(OPTION_PUBLIC_KEY, "").strip()
            try:
                if key:
                    IgloohomeKey(key)
            except KeyFormatError:
                errors[OPTION_PUBLIC_KEY] = "invalid_public_key"
            else:
                options = dict(entry.options)
                options.pop(OPTION_PUBLIC_KEY, None)
                if key:
                    options[OPTION_PUBLIC_KEY] = key
                # Signatures are reckoned with the address that was pasted.
                stored = stored_webhook(entry)
                async_store_webhook(self.hass, entry, {**stored, "url": address})
                if stored.get("url") != address and options == entry.options:
                    # Nothing that was noted of a webhook loads an account anew.
                    self.hass.config_entries.async_schedule_reload(entry.entry_id)
                return self.async_create_entry(data=options)
        schema = vol.Schema(
            {
                vol.Optional(OPTION_PUBLIC_KEY): TextSelector(
                    TextSelectorConfig(multiline=True)
                )
            }
        )
        shown = entry.options if user_input is None else user_input
        return self.async_show_form(
            step_id="webhook",
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders={
                "address": address,
                "igloohome_url": "https://access.igloocompany.co",
            },
        )

    async def async_step_connected(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the new locks."""
        assert self._connecting is not None
        await self._connecting.async_finish()
        return self.async_abort(reason="connected")

    @override
    def _account_to_connect(self) -> AccountConfigEntry:
        return self.config_entry

    @override
    async def _async_go_on(self) -> object:
        return await self.hass.config_entries.options.async_configure(self.flow_id)
