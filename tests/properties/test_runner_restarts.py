"""Bookings over restarts, removals and files that are damaged."""

import asyncio
from datetime import date
from typing import Any
from unittest.mock import patch

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.igloohome_access.model import CodeRecord, RecordState
from simulator.igloohome.scenarios import LOCK_BRIDGED, LOCK_UNBRIDGED
from tests.conftest import SetUp

from .host import Host, OpenHost, told_nothing_new
from .house import (
    GUEST,
    HOUR,
    MINUTE,
    PROPERTY_ID,
    BookingCalendar,
    add_property,
    issues,
    runner_of,
    settle,
)

pytestmark = pytest.mark.usefixtures("quiet_log")


async def test_after_a_restart(host: Host) -> None:
    """What was told and made is neither told nor made again; it is read at once."""
    await host.book_soon()
    reads = len(host.calendar.asked)
    records = dict(host.codes)
    told = host.listen()
    await host.restart()
    assert len(host.calendar.asked) == reads + 1
    start, end = host.calendar.asked[-1]
    assert (end - start).days > 400
    assert host.codes == records
    assert told_nothing_new(told)
    assert host.arrival.state == "ready"


async def test_a_removed_property(host: Host, hass_storage: dict[str, Any]) -> None:
    """Its codes stay, its issues, entities and memory go, nothing is issued."""
    await host.book_soon()
    host.simulator.faults.add("/devices/.*/algopin/", "status", status=400, times=None)
    host.calendar.book("b@feed", date(2026, 11, 20), date(2026, 11, 22))
    await host.pass_time(14 * HOUR)
    assert issues(host.hass) == {"booking_code_failed"}
    key = f"igloohome_access.bookings_{host.entry.unique_id}"
    assert PROPERTY_ID in hass_storage[key]["data"]["properties"]
    assert GUEST not in str(hass_storage)
    assert "a@feed" not in str(hass_storage)
    host.hass.config_entries.async_remove_subentry(host.entry, PROPERTY_ID)
    await host.settle()
    assert issues(host.hass) == set()
    assert not host.entry.runtime_data.properties
    assert len(host.codes) == 1
    assert not er.async_get(host.hass).async_get_entity_id(
        "event", "igloohome_access", f"{host.entry.unique_id}_{PROPERTY_ID}_bookings"
    )
    assert await host.hass.config_entries.async_remove(host.entry.entry_id)
    await host.settle()
    assert key not in hass_storage


@pytest.mark.parametrize("kept", [{"properties": 7}, {"properties": {PROPERTY_ID: {}}}])
async def test_a_memory_that_cannot_be_read(
    host: Host,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    kept: Any,
) -> None:
    """Nothing is issued twice without it: the codes know what they are for."""
    await host.book_soon()
    await host.hass.config_entries.async_unload(host.entry.entry_id)
    hass_storage[f"igloohome_access.bookings_{host.entry.unique_id}"]["data"] = kept
    await host.hass.config_entries.async_setup(host.entry.entry_id)
    await host.settle()
    assert len(host.codes) == 1
    assert host.arrival.state == "ready"
    assert ("cannot be read" in caplog.text) is (kept["properties"] == 7)
    caplog.clear()


async def test_before_home_assistant_has_started(
    hass: HomeAssistant,
    calendar: BookingCalendar,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The calendar is read when Home Assistant has started, not before."""
    hass.set_state(CoreState.starting)
    igloohome_entry.add_to_hass(hass)
    add_property(hass, igloohome_entry)
    await set_up(igloohome_entry)
    assert calendar.updates == 0
    assert runner_of(igloohome_entry).last_read_ok is None
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await settle(hass)
    assert calendar.updates == 1
    assert runner_of(igloohome_entry).last_read_ok is True


async def test_what_became_due_while_home_assistant_was_off(host: Host) -> None:
    """It is told and made when automations hear it, not while they are set up."""
    host.calendar.book("other@feed", date(2027, 2, 1), date(2027, 2, 3))
    host.calendar.book("a@feed", date(2026, 11, 28), date(2026, 11, 30))
    await host.pass_time(HOUR)
    told = host.listen()
    await host.hass.config_entries.async_unload(host.entry.entry_id)
    host.freezer.move_to("2026-11-25 12:00:00+00:00")
    host.hass.set_state(CoreState.not_running)
    await host.hass.config_entries.async_setup(host.entry.entry_id)
    await host.settle()
    assert host.arrival.state == "issuing"
    assert not host.codes
    assert _heard(told) == []
    host.hass.set_state(CoreState.running)
    host.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await host.settle()
    assert host.arrival.state == "ready"
    assert _heard(told) == ["code_ready", "first_use_deadline"]


def _heard(told: list[State]) -> list[str]:
    """Return what was told, apart from that nothing was known."""
    return [
        kind
        for state in told
        if (kind := state.attributes.get("event_type")) is not None
    ]


async def test_a_booking_cancelled_while_home_assistant_was_off(host: Host) -> None:
    """What the calendar says now is read first; then nothing is made from memory."""
    host.calendar.book("other@feed", date(2027, 2, 1), date(2027, 2, 3))
    host.calendar.book("a@feed", date(2026, 11, 28), date(2026, 11, 30))
    host.calendar.book("b@feed", date(2026, 11, 29), date(2026, 11, 30))
    await host.pass_time(HOUR)
    await host.hass.config_entries.async_unload(host.entry.entry_id)
    del host.calendar.events["a@feed"]
    host.calendar.book("b@feed", date(2026, 11, 29), date(2026, 12, 4))
    host.freezer.move_to("2026-11-25 12:00:00+00:00")
    await host.hass.config_entries.async_setup(host.entry.entry_id)
    await host.pass_time(3 * HOUR)
    (record,) = host.codes.values()
    assert record.window.ends_at is not None
    assert record.window.ends_at.date() == date(2026, 12, 4)


async def test_shutting_down(host: Host) -> None:
    """When Home Assistant stops nothing is begun any more."""
    host.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await host.settle()
    host.runner._async_wake(dt_util.utcnow())
    host.calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 26))
    await host.pass_time(2 * HOUR)
    assert not host.codes


async def test_unloaded_meanwhile(host: Host) -> None:
    """A code that is on its way when the account is unloaded is not made twice."""
    cloud = host.entry.runtime_data.cloud
    create, asked, go_on = cloud.async_create_offline_code, 0, asyncio.Event()

    async def slow(request: Any) -> Any:
        nonlocal asked
        asked += 1
        await go_on.wait()
        return await create(request)

    host.calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 26))
    with patch.object(cloud, "async_create_offline_code", slow):
        host.freezer.tick(31 * MINUTE)
        async_fire_time_changed(host.hass)
        while not asked:
            await asyncio.sleep(0)
        unload = host.hass.async_create_task(
            host.hass.config_entries.async_unload(host.entry.entry_id)
        )
        await asyncio.sleep(0)
        go_on.set()
        assert await unload
    await host.hass.config_entries.async_setup(host.entry.entry_id)
    await host.settle()
    (record,) = host.codes.values()
    assert asked == 1
    assert record.state is RecordState.ISSUED
    assert host.arrival.state == "ready"


async def test_unloaded_while_codes_are_marked(open_host: OpenHost) -> None:
    """What was to be told of the second code is told all the same, once."""
    host = await open_host(code_source="algopin", locks=[LOCK_UNBRIDGED, LOCK_BRIDGED])
    await host.book()
    assert len(host.codes) == 2
    told = host.listen()
    book, going_on = host.entry.runtime_data.book, asyncio.Event()
    marking: list[CodeRecord] = []

    async def slow(*records: CodeRecord) -> bool:
        marking.extend(records)
        await going_on.wait()
        return False

    host.calendar.book("a@feed", date(2026, 12, 23), date(2026, 12, 26))
    with patch.object(book, "async_update", slow):
        host.freezer.tick(31 * MINUTE)
        async_fire_time_changed(host.hass)
        while not marking:
            await asyncio.sleep(0)
        assert len(marking) == 1
        await host.restart()
    await host.pass_time(HOUR)
    assert all(record.superseded_at for record in host.records())
    assert {
        state.attributes["code_id"]
        for state in told
        if state.attributes.get("event_type") == "superseded_still_opens"
    } == set(host.codes)
