"""Reading a calendar: what an event becomes."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from homeassistant.components.calendar import CalendarEvent
from homeassistant.core import HomeAssistant
import pytest

from custom_components.igloohome_access.bookings.model import FeedEvent
from custom_components.igloohome_access.bookings.source import (
    _moment,
    async_read_calendar,
    calendar_exists,
)

from .house import CALENDAR, BookingCalendar


async def test_events(hass: HomeAssistant, calendar: BookingCalendar) -> None:
    """Identity, dates, series and title are taken over, nothing else."""
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 11, 27, 15, tzinfo=zone)
    calendar.book("a@feed", date(2026, 11, 27), date(2026, 11, 30), "Reserved")
    calendar.events["b"] = CalendarEvent(
        start=start,
        end=start.replace(day=28),
        summary="",
        description="secret",
        uid="b@feed",
        recurrence_id="20261127",
        rrule="FREQ=WEEKLY",
    )
    reading = await async_read_calendar(hass, CALENDAR)
    assert reading is not None
    assert reading.events == (
        FeedEvent(
            start=date(2026, 11, 27),
            end=date(2026, 11, 30),
            uid="a@feed",
            summary="Reserved",
        ),
        FeedEvent(
            start=start,
            end=start.replace(day=28),
            uid="b@feed",
            recurrence_id="20261127",
            recurring=True,
        ),
    )
    assert "secret" not in repr(reading)
    assert reading.starts_at.isoformat() == "2026-11-18T12:20:30+00:00"
    assert calendar.updates == 1


async def test_moments_without_an_offset(hass: HomeAssistant, berlin: None) -> None:
    """A moment without an offset is meant on Home Assistant's clock."""
    moment = _moment(datetime(2026, 7, 1, 15))
    assert moment.isoformat() == "2026-07-01T15:00:00+02:00"


@pytest.mark.usefixtures("berlin")
async def test_no_calendars_at_all(hass: HomeAssistant) -> None:
    """Without the calendar integration there is nothing to read."""
    assert await async_read_calendar(hass, CALENDAR) is None
    assert not calendar_exists(hass, CALENDAR)
