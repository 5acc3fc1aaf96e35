"""From a portal's feed through Home Assistant's own remote calendar to a code."""

from datetime import date, timedelta

from freezegun.api import FrozenDateTimeFactory

# Here, because it cannot be imported while the clock stands still.
from homeassistant.components.remote_calendar.const import DOMAIN as REMOTE_CALENDAR
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
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
    runner_of,
    settle,
)

HOUR = timedelta(hours=1)
READ = timedelta(minutes=30)


async def _follow_feed(
    hass: HomeAssistant,
    simulator: Simulator,
    account: MockConfigEntry,
    set_up: SetUp,
) -> MockConfigEntry:
    """Subscribe to the feed, and set up an account with a property that follows it."""
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
    account.add_to_hass(hass)
    add_property(hass, account)
    return await set_up(account)


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
    entry = await _follow_feed(hass, simulator, igloohome_entry, set_up)
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


@pytest.mark.usefixtures("berlin", "fast_jobs")
async def test_a_feed_without_uids(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Home Assistant makes up a uid at every read; each stay has one code even so."""
    feed = simulator.feeds.add("beach")
    feed.uids = False
    feed.stays["a"] = Stay(date(2026, 11, 23), date(2026, 11, 26))
    feed.stays["b"] = Stay(date(2026, 11, 22), date(2026, 11, 23))
    entry = await _follow_feed(hass, simulator, igloohome_entry, set_up)
    told = listen(hass, entry)
    records = entry.runtime_data.book.ledger.records
    await pass_time(hass, freezer, 6 * HOUR, READ)
    assert len(records) == 2
    assert told == []

    feed.stays["a"].ends_on = date(2026, 11, 27)
    await pass_time(hass, freezer, 3 * HOUR, READ)
    assert len(records) == 3
    assert sorted(kinds(told)) == [
        "code_ready",
        "first_use_deadline",
        "superseded_still_opens",
    ]
    told.clear()

    del feed.stays["a"]
    await pass_time(hass, freezer, 3 * HOUR, READ)
    assert kinds(told) == ["booking_cancelled_code_still_opens"]


@pytest.mark.usefixtures("berlin", "fast_jobs")
async def test_a_calendar_with_another_name(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The property goes on with the calendar when its entity id is changed."""
    feed = simulator.feeds.add("beach")
    entry = await _follow_feed(hass, simulator, igloohome_entry, set_up)
    registry = er.async_get(hass)
    registry.async_update_entity(CALENDAR, name="Feed")
    await settle(hass)
    await pass_time(hass, freezer, HOUR, READ)
    assert runner_of(entry).config.calendar == CALENDAR
    renamed = "calendar.feed_of_the_beach"
    registry.async_update_entity(CALENDAR, new_entity_id=renamed)
    await settle(hass)
    await pass_time(hass, freezer, HOUR, READ)
    (subentry,) = entry.subentries.values()
    assert (subentry.data["calendar"], subentry.unique_id) == (renamed, renamed)
    feed.stays["a"] = Stay(date(2026, 11, 23), date(2026, 11, 26))
    await pass_time(hass, freezer, HOUR, READ)
    assert property_state(hass, entry, "sensor", "next_arrival_code").state == "ready"

    # One that is renamed in the moment in which its property is removed is let go.
    hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    registry.async_update_entity(renamed, new_entity_id=CALENDAR)
    await settle(hass)
    await pass_time(hass, freezer, HOUR, READ)
    assert not entry.runtime_data.properties
