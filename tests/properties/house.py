"""A property on a simulated account, with a calendar a test writes itself."""

from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.components.calendar.const import DATA_COMPONENT
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.igloohome_access.bookings.runner import PropertyRunner
from custom_components.igloohome_access.const import DOMAIN
from simulator.igloohome.scenarios import LOCK_UNBRIDGED

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CALENDAR = "calendar.beach_house"
PROPERTY_ID = "01KADF0PROPERTY0000000000A"
GUEST = "Erika Mustermann +49 151 5550123"
"""In every title; must not get anywhere."""

DATA: dict[str, Any] = {
    "calendar": CALENDAR,
    "locks": [LOCK_UNBRIDGED],
    "lead_days": 5,
    "check_in": "15:00:00",
    "check_out": "11:00:00",
    "margin_before": 30,
    "margin_after": 30,
    "time_zone": "Europe/Berlin",
    "ignore": ["cleaning"],
    "on_change": "before_check_in",
    "code_source": "algopin",
    "backup_code": False,
    "code_name": "{property} {check_in}",
}


class BookingCalendar(CalendarEntity):
    """A calendar that shows what it is told to, or fails as it is told to."""

    _attr_name = "Beach house"
    _attr_should_poll = False

    def __init__(self) -> None:
        """Show nothing yet."""
        self.events: dict[str, CalendarEvent] = {}
        self.update_error: Exception | None = None
        self.read_error: Exception | None = None
        self.updates = 0
        self.asked: list[tuple[datetime, datetime]] = []

    def book(
        self,
        uid: str,
        start: date,
        end: date,
        title: str = GUEST,
        description: str | None = None,
    ) -> None:
        """Show a booking, or change it."""
        self.events[uid] = CalendarEvent(
            start=start, end=end, summary=title, description=description, uid=uid
        )

    @property
    @override
    def event(self) -> CalendarEvent | None:
        return None

    async def async_update(self) -> None:
        """Count how often the calendar was told to be fresh."""
        self.updates += 1
        if self.update_error is not None:
            raise self.update_error

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        self.asked.append((start_date, end_date))
        if self.read_error is not None:
            raise self.read_error
        return list(self.events.values())

    @callback
    def set_available(self, available: bool) -> None:
        """Become available, or not."""
        self._attr_available = available


async def add_calendar(hass: HomeAssistant) -> BookingCalendar:
    """Add the calendar to Home Assistant."""
    assert await async_setup_component(hass, "calendar", {})
    calendar = BookingCalendar()
    await hass.data[DATA_COMPONENT].async_add_entities([calendar])
    assert hass.states.get(CALENDAR) is not None
    return calendar


def add_property(
    hass: HomeAssistant, entry: MockConfigEntry, **data: Any
) -> ConfigSubentry:
    """Add a property to an account; a loaded one reloads itself."""
    subentry = ConfigSubentry(
        data=MappingProxyType(DATA | data),
        subentry_id=PROPERTY_ID,
        subentry_type="property",
        title="Beach house",
        unique_id=CALENDAR,
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    return subentry


async def settle(hass: HomeAssistant) -> None:
    """Let everything that has been begun come to its end."""
    await hass.async_block_till_done(wait_background_tasks=True)


async def pass_time(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    span: timedelta,
    step: timedelta = timedelta(minutes=10),
) -> None:
    """Let time pass in steps, as it does."""
    for _ in range(span // step):
        freezer.tick(step)
        async_fire_time_changed(hass)
        await settle(hass)


async def book_soon(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    uid: str = "a@feed",
) -> None:
    """Have a booking in three days, and its code made."""
    calendar.book(uid, date(2026, 11, 23), date(2026, 11, 26))
    await pass_time(hass, freezer, timedelta(minutes=40))


def runner_of(entry: MockConfigEntry) -> PropertyRunner:
    """Return the runner of the property."""
    runner: PropertyRunner = entry.runtime_data.properties[PROPERTY_ID]
    return runner


def property_entity(
    hass: HomeAssistant, entry: MockConfigEntry, platform: str, key: str
) -> str:
    """Return the id of an entity of the property."""
    found = er.async_get(hass).async_get_entity_id(
        platform, DOMAIN, f"{entry.unique_id}_{PROPERTY_ID}_{key}"
    )
    assert found is not None
    return found


def property_state(
    hass: HomeAssistant, entry: MockConfigEntry, platform: str, key: str
) -> State:
    """Return the state of an entity of the property."""
    found = hass.states.get(property_entity(hass, entry, platform, key))
    assert found is not None
    return found


def listen(hass: HomeAssistant, entry: MockConfigEntry) -> list[State]:
    """Return a list that grows with what the event entity of the property tells."""
    entity_id = property_entity(hass, entry, "event", "bookings")
    told: list[State] = []

    @callback
    def note(event: Event[Any]) -> None:
        new = event.data["new_state"]
        if event.data["entity_id"] == entity_id and new is not None:
            told.append(new)

    hass.bus.async_listen("state_changed", note)
    return told


def kinds(told: list[State]) -> list[str]:
    """Return what was told, in order."""
    return [state.attributes["event_type"] for state in told]


def issues(hass: HomeAssistant) -> set[str | None]:
    """Return the keys of the repair issues about bookings that stand."""
    return {
        issue.translation_key
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue_id.startswith("property_") and issue.active
    }
