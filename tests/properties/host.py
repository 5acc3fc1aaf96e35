"""A host with a property on an account: what a test does as one, and sees."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, State
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.bookings.runner import PropertyRunner
from custom_components.igloohome_access.model import CodeRecord
from simulator import Simulator
from tests.codes import records_of

from .house import (
    BookingCalendar,
    book_soon,
    listen,
    pass_time,
    property_state,
    runner_of,
    settle,
)
from .online_house import book, on_lock, online_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A loaded account with a property, its calendar, its clouds and the time."""

    hass: HomeAssistant
    simulator: Simulator
    freezer: FrozenDateTimeFactory
    calendar: BookingCalendar
    entry: MockConfigEntry

    # What happens

    async def settle(self) -> None:
        """Let everything that has been begun come to its end."""
        await settle(self.hass)

    async def pass_time(
        self, span: timedelta, step: timedelta = timedelta(minutes=10)
    ) -> None:
        """Let time pass in steps, as it does."""
        await pass_time(self.hass, self.freezer, span, step)

    async def book_soon(self) -> None:
        """Have a booking in three days, and its code made."""
        await book_soon(self.hass, self.freezer, self.calendar)

    async def book(
        self,
        nights: tuple[int, int] = (23, 26),
        description: str | None = None,
        title: str = "Reserved",
    ) -> None:
        """Have a booking in November, beside another far away, and let it be seen."""
        about = (nights, description, title)
        await book(self.hass, self.freezer, self.calendar, *about)

    async def restart(self) -> None:
        """Load the account anew, as with a restart of Home Assistant."""
        await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.settle()

    # What is seen

    @property
    def arrival(self) -> State:
        """Return the sensor that tells how it stands with the next code."""
        return self.sensor("next_arrival_code")

    def sensor(self, key: str) -> State:
        """Return a sensor of the property."""
        return property_state(self.hass, self.entry, "sensor", key)

    def listen(self) -> list[State]:
        """Return a list that grows with what the event entity tells."""
        return listen(self.hass, self.entry)

    @property
    def runner(self) -> PropertyRunner:
        """Return the runner of the property."""
        return runner_of(self.entry)

    @property
    def codes(self) -> Mapping[str, CodeRecord]:
        """Return the ledger as it is now: a view that follows it."""
        records: Mapping[str, CodeRecord] = self.entry.runtime_data.book.ledger.records
        return records

    def records(self) -> list[CodeRecord]:
        """Return the codes of the ledger at this moment."""
        return records_of(self.entry)

    def online_records(self) -> list[CodeRecord]:
        """Return the online codes of the ledger at this moment."""
        return online_records(self.entry)

    def on_lock(self) -> list[tuple[str, str, str]]:
        """Return digits, start and end of the online codes at the lock."""
        return on_lock(self.simulator, self.entry)


class OpenHost(Protocol):
    """What opens an online property on one of the clouds; see ``online_property``."""

    def __call__(self, cloud: str = "igloohome", **data: Any) -> Awaitable[Host]:
        """Set up the account with a property that has these settings."""


def told_nothing_new(told: list[State]) -> bool:
    """Return whether a property told nothing but what it had told before."""
    shown = [state for state in told if state.state != "unavailable"]
    return len({state.state for state in shown}) == 1  # restored
