"""A booking in a calendar becomes a code, by itself."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.igloohome_access.bookings.model import CodeTag
from custom_components.igloohome_access.bookings.runner import MOST_ROUNDS
from custom_components.igloohome_access.clouds.base import (
    CloudAuthError,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.ledger import LedgerUnwritableError
from custom_components.igloohome_access.model import CodeOrigin, RecordState
from custom_components.igloohome_access.rules import RuleViolation
from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE
from tests.conftest import SetUp

from .house import (
    GUEST,
    PROPERTY_ID,
    BookingCalendar,
    add_property,
    issues,
    kinds,
    listen,
    pass_time,
    property_state,
    runner_of,
    settle,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("quiet_log")


async def test_a_booking_becomes_a_code(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """Read within half an hour, issued at the lead time, tagged in the ledger."""
    told = listen(hass, house)
    calendar.book("a@feed", date(2026, 11, 27), date(2026, 11, 30))
    await pass_time(hass, freezer, HOUR)
    state = property_state(hass, house, "sensor", "next_arrival_code")
    assert state.state == "planned"
    assert property_state(hass, house, "sensor", "next_check_in").state == (
        "2026-11-27T14:00:00+00:00"
    )
    records = house.runtime_data.book.ledger.records
    assert not records
    await pass_time(hass, freezer, 50 * HOUR, HOUR)
    (record,) = records.values()
    assert record.state is RecordState.ISSUED
    assert record.origin is CodeOrigin.BOOKING
    assert record.name == "Beach house 2026-11-27"
    assert record.window.starts_at.isoformat() == "2026-11-27T13:00:00+00:00"
    assert record.window.ends_at is not None
    assert record.window.ends_at.isoformat() == "2026-11-30T11:00:00+00:00"
    assert record.booking is not None
    assert CodeTag.of_text(record.booking).property_id == PROPERTY_ID
    assert kinds(told) == ["code_ready", "first_use_deadline"]
    assert told[0].attributes["code_id"] == record.code_id
    state = property_state(hass, house, "sensor", "next_arrival_code")
    assert state.state == "ready"
    assert state.attributes["code_ids"] == [record.code_id]


async def _booked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    uid: str = "a@feed",
) -> None:
    """Have a booking in three days, and its code made."""
    calendar.book(uid, date(2026, 11, 23), date(2026, 11, 26))
    await pass_time(hass, freezer, 40 * MINUTE)


async def test_new_dates(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """New dates: a new code, and it is said that the old one still opens.

    With the old dates again the old code is the code again.
    """
    told = listen(hass, house)
    await _booked(hass, freezer, calendar)
    records = house.runtime_data.book.ledger.records
    (first,) = records
    told.clear()
    calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 28))
    await pass_time(hass, freezer, 40 * MINUTE)
    _, second = records
    assert records[first].superseded_at is not None
    assert records[second].superseded_at is None
    assert kinds(told) == ["code_ready", "first_use_deadline", "superseded_still_opens"]
    assert told[-1].attributes["code_id"] == first
    assert told[-1].attributes["replaced_by"] == second
    assert told[-1].attributes["opens_until"] == "2026-11-26T12:00:00+01:00"
    told.clear()
    calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 26))
    await pass_time(hass, freezer, 40 * MINUTE)
    assert len(records) == 2
    assert records[first].superseded_at is None
    assert records[second].superseded_at is not None
    assert "code_reinstated" in kinds(told)


async def test_a_cancelled_booking(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """It is told that the code of a cancelled booking still opens; once."""
    told = listen(hass, house)
    calendar.book("other@feed", date(2027, 2, 1), date(2027, 2, 3))
    await _booked(hass, freezer, calendar)
    told.clear()
    del calendar.events["a@feed"]
    await pass_time(hass, freezer, 30 * MINUTE)
    assert runner_of(house).bookings[0].missing
    await pass_time(hass, freezer, 4 * HOUR)
    assert kinds(told) == ["booking_cancelled_code_still_opens"]
    assert told[0].attributes["code_id"] in house.runtime_data.book.ledger.records
    state = property_state(hass, house, "sensor", "next_check_in")
    assert state.state == "2027-02-01T14:00:00+00:00"


async def test_an_empty_calendar_cancels_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """After a day an issue explains it; it goes away with the next good read."""
    told = listen(hass, house)
    await _booked(hass, freezer, calendar)
    told.clear()
    events, calendar.events = calendar.events, {}
    await pass_time(hass, freezer, 25 * HOUR, 30 * MINUTE)
    assert kinds(told) == ["calendar_empty"]
    assert issues(hass) == {"booking_calendar_empty"}
    calendar.events = events
    await pass_time(hass, freezer, HOUR)
    assert issues(hass) == set()
    assert property_state(hass, house, "sensor", "next_arrival_code").state == "ready"


@pytest.mark.parametrize("how", ["update", "read", "unavailable", "gone"])
async def test_a_failing_calendar(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
    how: str,
) -> None:
    """What cannot be read afresh cancels nothing, and is told after a day."""
    await _booked(hass, freezer, calendar)
    match how:
        case "update":
            calendar.update_error = RuntimeError("the feed said no")
        case "read":
            calendar.read_error = RuntimeError("the feed said no")
        case "unavailable":
            calendar.set_available(False)
        case "gone":
            await calendar.async_remove()
    calendar.events = {}
    reads = len(calendar.asked)
    await pass_time(hass, freezer, 25 * HOUR, 30 * MINUTE)
    assert (len(calendar.asked) > reads) is (how == "read")
    assert runner_of(house).last_read_ok is False
    assert issues(hass) == {"booking_calendar_failing"}
    assert property_state(hass, house, "sensor", "next_arrival_code").state == "ready"
    await hass.config_entries.async_reload(house.entry_id)
    await settle(hass)
    assert issues(hass) == {"booking_calendar_failing"}


async def test_a_cloud_that_is_away(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """Tried every hour; told once when it fails and once when it works."""
    told = listen(hass, house)
    simulator.faults.add("/algopin/", "status", status=400, times=None)
    await _booked(hass, freezer, calendar)
    state = property_state(hass, house, "sensor", "next_arrival_code")
    assert state.state == "retrying"
    assert state.attributes["reason"] == "cloud_refused"
    before = simulator.requests.count(path="/algopin/")
    await pass_time(hass, freezer, 3 * HOUR)
    assert simulator.requests.count(path="/algopin/") - before == 3
    assert kinds(told) == ["code_delayed"]
    assert told[0].attributes["reason"] == "cloud_refused"
    simulator.faults.clear()
    await pass_time(hass, freezer, HOUR)
    assert kinds(told) == ["code_delayed", "code_ready", "first_use_deadline"]
    assert property_state(hass, house, "sensor", "next_arrival_code").state == "ready"


async def test_given_up(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """At midnight after check-in it has failed; an issue says why, for the stay."""
    told = listen(hass, house)
    simulator.faults.add("/algopin/", "status", status=400, times=None)
    await _booked(hass, freezer, calendar)
    await pass_time(hass, freezer, 84 * HOUR, 30 * MINUTE)
    assert kinds(told) == ["code_delayed", "code_failed"]
    assert issues(hass) == {"booking_code_failed"}
    assert property_state(hass, house, "sensor", "guest_code").state == "failed"
    assert property_state(hass, house, "sensor", "next_arrival_code").state == "unknown"
    await pass_time(hass, freezer, 3 * DAY, HOUR)
    assert issues(hass) == set()
    assert property_state(hass, house, "sensor", "guest_code").state == "unknown"


async def test_after_a_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """What was told and made is neither told nor made again; it is read at once."""
    await _booked(hass, freezer, calendar)
    reads = len(calendar.asked)
    records = dict(house.runtime_data.book.ledger.records)
    told = listen(hass, house)
    await hass.config_entries.async_reload(house.entry_id)
    await settle(hass)
    assert len(calendar.asked) == reads + 1
    start, end = calendar.asked[-1]
    assert (end - start).days > 400
    assert house.runtime_data.book.ledger.records == records
    told = [state for state in told if state.state != "unavailable"]
    assert len({state.state for state in told}) == 1  # restored, nothing new
    assert property_state(hass, house, "sensor", "next_arrival_code").state == "ready"


async def test_a_removed_property(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    """Its codes stay, its issues, entities and memory go, nothing is issued."""
    await _booked(hass, freezer, calendar)
    simulator.faults.add("/devices/.*/algopin/", "status", status=400, times=None)
    calendar.book("b@feed", date(2026, 11, 20), date(2026, 11, 22))
    await pass_time(hass, freezer, 14 * HOUR)
    assert issues(hass) == {"booking_code_failed"}
    key = f"igloohome_access.bookings_{house.unique_id}"
    assert PROPERTY_ID in hass_storage[key]["data"]["properties"]
    assert GUEST not in str(hass_storage)
    assert "a@feed" not in str(hass_storage)
    hass.config_entries.async_remove_subentry(house, PROPERTY_ID)
    await settle(hass)
    assert issues(hass) == set()
    assert not house.runtime_data.properties
    assert len(house.runtime_data.book.ledger.records) == 1
    assert not er.async_get(hass).async_get_entity_id(
        "event", "igloohome_access", f"{house.unique_id}_{PROPERTY_ID}_bookings"
    )
    assert await hass.config_entries.async_remove(house.entry_id)
    await settle(hass)
    assert key not in hass_storage


@pytest.mark.parametrize("kept", [{"properties": 7}, {"properties": {PROPERTY_ID: {}}}])
async def test_a_memory_that_cannot_be_read(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    kept: Any,
) -> None:
    """Nothing is issued twice without it: the codes know what they are for."""
    await _booked(hass, freezer, calendar)
    await hass.config_entries.async_unload(house.entry_id)
    hass_storage[f"igloohome_access.bookings_{house.unique_id}"]["data"] = kept
    await hass.config_entries.async_setup(house.entry_id)
    await settle(hass)
    assert len(house.runtime_data.book.ledger.records) == 1
    assert property_state(hass, house, "sensor", "next_arrival_code").state == "ready"
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


async def test_shutting_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """When Home Assistant stops nothing is begun any more."""
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await settle(hass)
    runner_of(house)._async_wake(dt_util.utcnow())
    calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 26))
    await pass_time(hass, freezer, 2 * HOUR)
    assert not house.runtime_data.book.ledger.records


async def test_nearly_there(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """The calendar is read every half hour, and oftener before an arrival."""
    await pass_time(hass, freezer, 2 * HOUR)
    assert calendar.updates == 5
    await _booked(hass, freezer, calendar)
    freezer.move_to("2026-11-23 11:05:00+00:00")
    await pass_time(hass, freezer, HOUR)
    before = calendar.updates
    await pass_time(hass, freezer, HOUR)
    assert calendar.updates - before >= 5


async def test_a_clock_that_was_set_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """A read that another clock put off is not waited for."""
    freezer.move_to("2026-11-18 12:00:00+00:00")
    before = calendar.updates
    runner_of(house)._async_wake(dt_util.utcnow())
    await settle(hass)
    assert calendar.updates == before + 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"locks": ["gone"]}, "lock_not_listed"),
        ({"locks": [BRIDGE]}, "lock_takes_no_offline_codes"),
    ],
)
async def test_a_lock_without_codes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    change: dict[str, Any],
    reason: str,
) -> None:
    """A lock that went away or takes no codes is said to be the reason."""
    igloohome_entry.add_to_hass(hass)
    add_property(hass, igloohome_entry, **change)
    await set_up(igloohome_entry)
    await _booked(hass, freezer, calendar)
    state = property_state(hass, igloohome_entry, "sensor", "next_arrival_code")
    assert (state.state, state.attributes["reason"]) == ("retrying", reason)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuleViolation("lock_full"), "lock_full"),
        (CloudAuthError("no"), "cloud_auth_failed"),
        (LedgerUnwritableError(), "ledger_unwritable"),
        (HomeAssistantError("odd"), "cloud_refused"),
        (OutcomeUnknownError(), None),
    ],
)
async def test_what_is_in_the_way(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
    error: Exception,
    reason: str | None,
) -> None:
    """Each failure is noted with its key; one that is unclear is the ledger's."""
    account = house.runtime_data
    with patch.object(account.issuer, "async_issue", side_effect=error) as issue:
        await _booked(hass, freezer, calendar)
    state = property_state(hass, house, "sensor", "next_arrival_code")
    assert state.attributes["reason"] == reason
    if reason is None:
        # Nothing in this ledger: the number of plans in a row ends it.
        assert issue.call_count % MOST_ROUNDS == 0
    else:
        assert issue.call_count == 1
    flows = hass.config_entries.flow.async_progress_by_handler("igloohome_access")
    assert len(flows) == isinstance(error, CloudAuthError)


async def test_an_unclear_outcome(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """The request stays in the ledger and is finished later; one code in the end."""
    simulator.faults.add("/algopin/", "drop_after", times=None)
    await _booked(hass, freezer, calendar)
    (record,) = house.runtime_data.book.ledger.records.values()
    assert record.state is RecordState.REQUESTED
    assert property_state(hass, house, "sensor", "next_arrival_code").state == "issuing"
    simulator.faults.clear()
    await pass_time(hass, freezer, 20 * MINUTE)
    assert len(house.runtime_data.book.ledger.records) == 1
    assert property_state(hass, house, "sensor", "next_arrival_code").state == "ready"


async def test_unloaded_meanwhile(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """A code that is on its way when the account is unloaded is not made twice."""
    cloud = house.runtime_data.cloud
    create, asked, go_on = cloud.async_create_offline_code, 0, asyncio.Event()

    async def slow(request: Any) -> Any:
        nonlocal asked
        asked += 1
        await go_on.wait()
        return await create(request)

    calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 26))
    with patch.object(cloud, "async_create_offline_code", slow):
        freezer.tick(31 * MINUTE)
        async_fire_time_changed(hass)
        while not asked:
            await asyncio.sleep(0)
        unload = hass.async_create_task(
            hass.config_entries.async_unload(house.entry_id)
        )
        await asyncio.sleep(0)
        go_on.set()
        assert await unload
    await hass.config_entries.async_setup(house.entry_id)
    await settle(hass)
    (record,) = house.runtime_data.book.ledger.records.values()
    assert asked == 1
    assert record.state is RecordState.ISSUED
    assert property_state(hass, house, "sensor", "next_arrival_code").state == "ready"


async def test_a_code_that_is_taken_off(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """What happens to a code makes for a new plan at once."""
    await _booked(hass, freezer, calendar)
    book = house.runtime_data.book
    (first,) = book.ledger.records
    await book.async_remove([first])
    await settle(hass)
    (second,) = book.ledger.records
    assert second != first


async def test_tags_of_others(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> None:
    """Codes of other properties, and of a later version, are left alone."""
    await _booked(hass, freezer, calendar)
    book = house.runtime_data.book
    (record,) = book.ledger.records.values()
    for number, booking in enumerate(
        (f"{PROPERTY_ID}|what|is|this|then", "other|a|stay|2026-11-23/2026-11-26")
    ):
        await book.async_update(
            replace(record, code_id=f"other{number}", booking=booking, cloud_id=None)
        )
    await pass_time(hass, freezer, HOUR)
    (state,) = runner_of(house).bookings
    assert [code.code_id for code in runner_of(house).codes_of(state.booking)] == [
        record.code_id
    ]


async def test_a_mark_that_comes_too_late(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    """A code that was taken off meanwhile is not brought back by a mark."""
    await runner_of(house)._async_mark("gone", superseded=True)
    assert not house.runtime_data.book.ledger.records
