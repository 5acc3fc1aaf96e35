"""From a portal's feed through Home Assistant's own remote calendar to a code."""

from datetime import date, timedelta

from freezegun.api import FrozenDateTimeFactory

# Here, because it cannot be imported while the clock stands still.
from homeassistant.components.remote_calendar.const import DOMAIN as REMOTE_CALENDAR
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator
from simulator.feeds import FeedState, Portal, Stay
from tests.conftest import SetUp

from .house import (
    CALENDAR,
    add_property,
    issues,
    kinds,
    listen,
    pass_time,
    property_state,
)

HOUR = timedelta(hours=1)
READ = timedelta(minutes=30)


@pytest.mark.parametrize("portal", list(Portal))
@pytest.mark.usefixtures("berlin")
async def test_the_life_of_a_booking(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    portal: Portal,
) -> None:
    """A code appears, changes with the dates, survives bad feeds, is told cancelled."""
    feed = simulator.feeds.add("beach", portal)
    feed.stays["far"] = Stay(date(2027, 3, 1), date(2027, 3, 4))
    remote = MockConfigEntry(
        domain=REMOTE_CALENDAR,
        title="Beach house",
        data={
            "calendar_name": "Beach house",
            "url": f"{simulator.url}/feeds/beach.ics",
            "verify_ssl": False,
        },
    )
    await set_up(remote)
    assert hass.states.get(CALENDAR) is not None
    igloohome_entry.add_to_hass(hass)
    add_property(hass, igloohome_entry)
    entry = await set_up(igloohome_entry)
    told = listen(hass, entry)
    records = entry.runtime_data.book.ledger.records

    feed.stays["a"] = Stay(date(2026, 11, 23), date(2026, 11, 26), "Erika", "5550123")
    await pass_time(hass, freezer, HOUR, READ)
    (first,) = records
    assert property_state(hass, entry, "sensor", "next_arrival_code").state == "ready"

    feed.stays["a"].ends_on = date(2026, 11, 27)
    await pass_time(hass, freezer, HOUR, READ)
    _, second = records
    assert records[first].superseded_at is not None

    for state in (
        FeedState.BLANK,
        FeedState.HTML,
        FeedState.TRUNCATED,
        FeedState.DOWN,
    ):
        feed.state = state
        await pass_time(hass, freezer, 3 * HOUR, READ)
        assert (
            property_state(hass, entry, "sensor", "next_arrival_code").state == "ready"
        )
    feed.state = FeedState.GOOD
    await pass_time(hass, freezer, HOUR, READ)
    assert issues(hass) == set()
    told.clear()

    del feed.stays["a"]
    await pass_time(hass, freezer, 2 * HOUR, READ)
    assert kinds(told) == ["booking_cancelled_code_still_opens"]
    assert told[0].attributes["code_id"] == second
    assert len(records) == 2
    assert "Erika" not in str(hass.states.get(told[0].entity_id))
