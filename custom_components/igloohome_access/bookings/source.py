"""Reading a calendar of Home Assistant: fresh, whole, with the identity of events.

The action ``calendar.get_events`` hides the ``uid`` and answers from what a calendar
kept, and the remote calendar reads its feed once a day (reference/home-assistant.md
§6). So the entity is told to update itself, as the action
``homeassistant.update_entity`` does, and then asked directly. The entity is not asked
through that action because it swallows an error of the update: what the entity kept
from before would pass for fresh, and a feed that fails would go unnoticed.

A calendar whose last update was seconds ago may put the next one off for ten seconds
(a debounced coordinator); what it shows then is that old.
"""

import asyncio
from datetime import date, datetime, timedelta
import logging

from homeassistant.components.calendar import CalendarEvent
from homeassistant.components.calendar.const import DATA_COMPONENT
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .model import FeedEvent, Reading
from .phones import last_digits

_LOGGER = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=2)
LOOK_AHEAD = timedelta(days=500)
"""Booking portals sell up to about 500 days ahead."""
LONGEST_READ = 120
"""Seconds after which a read counts as failed."""


async def async_read_calendar(hass: HomeAssistant, entity_id: str) -> Reading | None:
    """Return what a calendar shows now, None where it could not be read afresh."""
    component = hass.data.get(DATA_COMPONENT)
    entity = None if component is None else component.get_entity(entity_id)
    if entity is None:
        return None
    now = dt_util.now()
    start, end = now - LOOK_BACK, now + LOOK_AHEAD
    try:
        async with asyncio.timeout(LONGEST_READ):
            await entity.async_device_update()
            if not entity.available:
                return None
            entity.async_write_ha_state()
            found = await entity.async_get_events(hass, start, end)
        return Reading(
            events=tuple(map(_event, found)),
            starts_at=dt_util.as_utc(start),
            ends_at=dt_util.as_utc(end),
        )
    except Exception as err:  # noqa: BLE001
        # Calendars are other people's code and raise what they like. The text may
        # quote an event, so the log gets the kind only; a person is told by the
        # planner when it lasts.
        _LOGGER.debug("Reading %s failed: %s", entity_id, type(err).__name__)
        return None


def calendar_exists(hass: HomeAssistant, entity_id: str) -> bool:
    """Return whether there is such a calendar at the moment."""
    component = hass.data.get(DATA_COMPONENT)
    return component is not None and component.get_entity(entity_id) is not None


def _event(event: CalendarEvent) -> FeedEvent:
    return FeedEvent(
        start=_moment(event.start),
        end=_moment(event.end),
        uid=event.uid,
        recurrence_id=event.recurrence_id,
        recurring=event.rrule is not None,
        summary=event.summary or "",
        phone=last_digits(event.description, event.summary),
    )


def _moment(moment: date) -> date:
    """Return a date as it is, and a moment with an offset."""
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return moment.replace(tzinfo=dt_util.get_default_time_zone())
    return moment
