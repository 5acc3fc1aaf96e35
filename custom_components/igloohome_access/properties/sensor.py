"""How it stands with the bookings of a property."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..bookings.actions import BookingState, BookingStatus
from ..bookings.model import Purpose
from ..bookings.runner import PropertyRunner
from ..coordinator import Account
from .entity import PropertyEntity


@dataclass(frozen=True, kw_only=True)
class PropertySensorDescription(SensorEntityDescription):
    """A sensor about one booking of a property; ``detailed`` shows what it is."""

    booking_fn: Callable[[PropertyRunner], BookingState | None]
    value_fn: Callable[[BookingState], str | datetime]
    detailed: bool = True


PROPERTY_SENSORS = (
    PropertySensorDescription(
        key="next_arrival_code",
        translation_key="next_arrival_code",
        device_class=SensorDeviceClass.ENUM,
        options=[status.value for status in BookingStatus],
        booking_fn=lambda runner: runner.arrival,
        value_fn=lambda booking: booking.status.value,
    ),
    PropertySensorDescription(
        key="next_check_in",
        translation_key="next_check_in",
        device_class=SensorDeviceClass.TIMESTAMP,
        booking_fn=lambda runner: runner.arrival,
        value_fn=lambda booking: booking.stay.check_in,
        detailed=False,
    ),
    PropertySensorDescription(
        key="guest_code",
        translation_key="guest_code",
        device_class=SensorDeviceClass.ENUM,
        options=[status.value for status in BookingStatus],
        booking_fn=lambda runner: runner.guest,
        value_fn=lambda booking: booking.status.value,
    ),
)


@callback
def async_add_property_sensors(
    account: Account, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of every property."""
    for property_id, runner in account.properties.items():
        async_add_entities(
            [
                PropertySensor(account.coordinator.account_id, runner, description)
                for description in PROPERTY_SENSORS
            ],
            config_subentry_id=property_id,
        )


class PropertySensor(PropertyEntity, SensorEntity):
    """A value of the next, or of the present, booking; nothing of a guest."""

    entity_description: PropertySensorDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the bookings."""
        await super().async_added_to_hass()
        self.async_on_remove(self._runner.async_listen(self.async_write_ha_state))

    @property
    def _booking(self) -> BookingState | None:
        return self.entity_description.booking_fn(self._runner)

    @property
    @override
    def native_value(self) -> str | datetime | None:
        """Return the value, None while there is no such booking."""
        booking = self._booking
        return None if booking is None else self.entity_description.value_fn(booking)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return which booking and which codes; times on the clock of the property."""
        if not self.entity_description.detailed:
            return None
        booking, zone = self._booking, self._runner.config.zone
        if booking is None:
            return dict.fromkeys(
                ("booking", "check_in", "check_out", "code_ids", "reason")
            )
        states = [
            state
            for (_, purpose), state in booking.needs.items()
            if purpose is Purpose.STAY
        ]
        return {
            "booking": booking.booking,
            "check_in": booking.stay.check_in.astimezone(zone).isoformat(),
            "check_out": booking.stay.check_out.astimezone(zone).isoformat(),
            "code_ids": [s.code_id for s in states if s.code_id is not None],
            "reason": next((s.reason for s in states if s.reason is not None), None),
        }
