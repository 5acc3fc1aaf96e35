"""Adding a property to an account, and changing it later."""

from collections.abc import Mapping
from datetime import time
from typing import Any

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import Platform, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TimeSelector,
)
import voluptuous as vol

from .bookings.model import LEAD_DAYS, MARGIN_MINUTES, ChangePolicy, CodeSource
from .bookings.source import calendar_exists
from .const import DOMAIN
from .coordinator import AccountConfigEntry
from .names import async_lock_name
from .options_flow import time_zones
from .properties.settings import (
    CONF_BACKUP_CODE,
    CONF_CALENDAR,
    CONF_CHECK_IN,
    CONF_CHECK_OUT,
    CONF_CODE_NAME,
    CONF_CODE_SOURCE,
    CONF_IGNORE,
    CONF_LEAD_DAYS,
    CONF_LOCKS,
    CONF_MARGIN_AFTER,
    CONF_MARGIN_BEFORE,
    CONF_NAME,
    CONF_ON_CHANGE,
    CONF_TIME_ZONE,
    DEFAULT_CODE_NAME,
    is_name_template,
)

_WHOLE = (CONF_LEAD_DAYS, CONF_MARGIN_BEFORE, CONF_MARGIN_AFTER)
_MARGIN = NumberSelector(
    NumberSelectorConfig(
        min=MARGIN_MINUTES[0],
        max=MARGIN_MINUTES[1],
        step=1,
        mode=NumberSelectorMode.BOX,
        unit_of_measurement=UnitOfTime.MINUTES,
    )
)


def property_schema(
    locks: list[SelectOptionDict], zones: list[str], time_zone: str, own: list[str]
) -> vol.Schema:
    """Return the form of a property; bookings do not come from our ``own`` calendars."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_CALENDAR): EntitySelector(
                EntitySelectorConfig(domain="calendar", exclude_entities=own)
            ),
            # Without a default the frontend ticks the first lock by itself, and a host
            # who overlooks that gives every guest a code for the wrong door.
            vol.Required(CONF_LOCKS, default=[]): SelectSelector(
                SelectSelectorConfig(
                    options=locks, multiple=True, mode=SelectSelectorMode.LIST
                )
            ),
            vol.Required(CONF_LEAD_DAYS, default=5): NumberSelector(
                NumberSelectorConfig(
                    min=LEAD_DAYS[0],
                    max=LEAD_DAYS[1],
                    step=1,
                    mode=NumberSelectorMode.BOX,
                    unit_of_measurement=UnitOfTime.DAYS,
                )
            ),
            vol.Required(CONF_CHECK_IN, default="15:00:00"): TimeSelector(),
            vol.Required(CONF_CHECK_OUT, default="11:00:00"): TimeSelector(),
            vol.Required(CONF_MARGIN_BEFORE, default=30): _MARGIN,
            vol.Required(CONF_MARGIN_AFTER, default=30): _MARGIN,
            vol.Required(CONF_TIME_ZONE, default=time_zone): SelectSelector(
                SelectSelectorConfig(options=zones, mode=SelectSelectorMode.DROPDOWN)
            ),
            # A text with a line each would be one word to most people.
            vol.Optional(CONF_IGNORE, default=[]): TextSelector(
                TextSelectorConfig(multiple=True)
            ),
            vol.Required(
                CONF_ON_CHANGE, default=ChangePolicy.BEFORE_CHECK_IN.value
            ): SelectSelector(
                SelectSelectorConfig(
                    options=[policy.value for policy in ChangePolicy],
                    mode=SelectSelectorMode.DROPDOWN,
                    translation_key="on_change",
                )
            ),
            vol.Required(
                CONF_CODE_SOURCE, default=CodeSource.ALGOPIN.value
            ): SelectSelector(
                SelectSelectorConfig(
                    options=[source.value for source in CodeSource],
                    mode=SelectSelectorMode.DROPDOWN,
                    translation_key="code_source",
                )
            ),
            vol.Required(CONF_BACKUP_CODE, default=False): BooleanSelector(),
            vol.Required(CONF_CODE_NAME, default=DEFAULT_CODE_NAME): TextSelector(),
        }
    )


class PropertyFlow(ConfigSubentryFlow):
    """Add a property or change it; the account reloads itself."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for everything about a new property."""
        return await self._async_step("user", user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for everything anew."""
        subentry = self._get_reconfigure_subentry()
        return await self._async_step(
            "reconfigure", user_input, {**subentry.data, CONF_NAME: subentry.title}
        )

    async def _async_step(
        self,
        step_id: str,
        user_input: dict[str, Any] | None,
        known: Mapping[str, Any] | None = None,
    ) -> SubentryFlowResult:
        """Show the form, and store what was typed when it makes sense."""
        entry: AccountConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        errors: dict[str, str] = {}
        own = own_calendars(self.hass)
        if user_input is not None:
            data = _cleaned(user_input)
            name = data.pop(CONF_NAME)
            calendar = data[CONF_CALENDAR]
            if not name:
                errors[CONF_NAME] = "name_missing"
            if not calendar_exists(self.hass, calendar):
                errors[CONF_CALENDAR] = "no_such_calendar"
            if not data[CONF_LOCKS]:
                errors[CONF_LOCKS] = "no_lock_chosen"
            if not is_name_template(data[CONF_CODE_NAME], name):
                errors[CONF_CODE_NAME] = "invalid_code_name"
            if not errors:
                if self._is_taken(entry, calendar):
                    return self.async_abort(reason="already_configured")
                if known is None:
                    return self.async_create_entry(
                        title=name, data=data, unique_id=calendar
                    )
                return self.async_update_and_abort(
                    entry,
                    self._get_reconfigure_subentry(),
                    title=name,
                    data=data,
                    unique_id=calendar,
                )
        locks = self._lock_options(entry, (known or {}).get(CONF_LOCKS, ()))
        if not locks:
            return self.async_abort(reason="no_locks")
        zones = await self.hass.async_add_executor_job(time_zones)
        schema = property_schema(locks, zones, self.hass.config.time_zone, own)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                schema, known if user_input is None else user_input
            ),
            errors=errors,
            description_placeholders={"fields": "{property}, {check_in}, {check_out}"},
        )

    def _is_taken(self, entry: AccountConfigEntry, calendar: str) -> bool:
        """Return whether another property of the account has the calendar."""
        own = self.context.get("subentry_id")
        return any(
            subentry.unique_id == calendar and subentry.subentry_id != own
            for subentry in entry.subentries.values()
        )

    def _lock_options(
        self, entry: AccountConfigEntry, chosen: list[str]
    ) -> list[SelectOptionDict]:
        """Return the locks codes can be made for, and those chosen before."""
        devices = entry.runtime_data.coordinator.data
        fit = [
            device.device_id
            for device in devices.values()
            if device.takes_offline_codes
            and device.code_target_id is not None
            and device.lock_id is None
        ]
        found = [
            SelectOptionDict(
                value=device_id, label=async_lock_name(self.hass, entry, device_id)
            )
            for device_id in dict.fromkeys((*fit, *chosen))
        ]
        return sorted(found, key=lambda option: option["label"].casefold())


@callback
def own_calendars(hass: HomeAssistant) -> list[str]:
    """Return the calendars of this integration, of all accounts."""
    return [
        entity.entity_id
        for entity in er.async_get(hass).entities.values()
        if entity.platform == DOMAIN and entity.domain == Platform.CALENDAR
    ]


def _cleaned(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed as it is stored."""
    data = dict(user_input)
    for key in (CONF_NAME, CONF_CODE_NAME):
        data[key] = data[key].strip()
    for key in _WHOLE:
        data[key] = int(data[key])
    for key in (CONF_CHECK_IN, CONF_CHECK_OUT):
        data[key] = time.fromisoformat(data[key]).isoformat()
    data[CONF_IGNORE] = [
        text for pattern in data[CONF_IGNORE] if (text := pattern.strip())
    ]
    return data
