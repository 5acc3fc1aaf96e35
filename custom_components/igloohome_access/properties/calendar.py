"""A calendar per property with its stays, and nothing of a guest.

The title of a stay is the name its codes get, which the host put together from the
property and the dates (``settings.NAME_FIELDS``). The calendar that the bookings come
from shows who it is. A stay that was cancelled is left out; that its code may still
open a lock is shown by the calendar of that lock.
"""

from datetime import datetime
from typing import override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from ..bookings.actions import BookingState, BookingStatus
from ..bookings.runner import PropertyRunner
from ..coordinator import Account
from ..errors import Texts
from ..words import Words
from .entity import PropertyEntity

STAYS = CalendarEntityDescription(key="stays", translation_key="stays")


@callback
def async_add_property_calendars(
    account: Account,
    texts: Texts,
    words: Words,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the calendar of every property."""
    for property_id, runner in account.properties.items():
        async_add_entities(
            [StayCalendar(account.coordinator.account_id, runner, texts, words)],
            config_subentry_id=property_id,
        )


class StayCalendar(PropertyEntity, CalendarEntity):
    """The stays of a property, from check-in to check-out."""

    def __init__(
        self, account_id: str, runner: PropertyRunner, texts: Texts, words: Words
    ) -> None:
        """Show the bookings of a property."""
        super().__init__(account_id, runner, STAYS)
        self._texts = texts
        self._words = words

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the bookings."""
        await super().async_added_to_hass()
        self.async_on_remove(self._runner.async_listen(self.async_write_ha_state))

    def _stays(self) -> list[BookingState]:
        return sorted(
            (
                booking
                for booking in self._runner.bookings
                if booking.status is not BookingStatus.CANCELLED
            ),
            key=lambda booking: (booking.stay.check_in, booking.stay.check_out),
        )

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return the stay that lasts now, else the next one."""
        now = dt_util.utcnow()
        return next(
            (
                self._calendar_event(booking)
                for booking in self._stays()
                if booking.stay.check_out > now
            ),
            None,
        )

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the stays that overlap a time, by check-in; its end is not in it."""
        return [
            self._calendar_event(booking)
            for booking in self._stays()
            if booking.stay.check_in < end_date and booking.stay.check_out > start_date
        ]

    def _calendar_event(self, booking: BookingState) -> CalendarEvent:
        config, stay = self._runner.config, booking.stay
        return CalendarEvent(
            start=stay.check_in.astimezone(config.zone),
            end=stay.check_out.astimezone(config.zone),
            summary=config.name_of_code(stay),
            description=self._texts.message(
                "calendar_stay_code", {"status": self._words.booking(booking.status)}
            ),
            uid=booking.booking,
        )
