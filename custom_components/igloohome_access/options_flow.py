"""What can be tuned about an account, behind its "Configure" button."""

from typing import Any
from zoneinfo import available_timezones

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import UnitOfTime
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .const import (
    DEFAULT_CODE_SENSORS,
    DEFAULT_KEEP_ENDED_DAYS,
    OPTION_CODE_SENSORS,
    OPTION_KEEP_ENDED_DAYS,
    OPTION_TIME_ZONE,
)


def _time_zones() -> list[str]:
    """Return the zones to choose from. Reads files.

    Left out are names without a place, such as "localtime" and "Factory": what they
    mean differs from computer to computer.
    """
    return sorted(
        name for name in available_timezones() if "/" in name or name == "UTC"
    )


class AccountOptionsFlow(OptionsFlow):
    """Tune an account; it reloads itself when something changes."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for everything that can be tuned."""
        if user_input is not None:
            days = int(user_input[OPTION_KEEP_ENDED_DAYS])
            return self.async_create_entry(
                data={**user_input, OPTION_KEEP_ENDED_DAYS: days}
            )
        zones = await self.hass.async_add_executor_job(_time_zones)
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
            }
        )
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                schema, self.config_entry.options
            ),
            description_placeholders={"time_zone": self.hass.config.time_zone},
        )
