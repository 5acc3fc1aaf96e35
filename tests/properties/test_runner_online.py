"""Codes of bookings on a lock with a bridge, on both clouds."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.model import CodeKind, CodeOrigin, CodeStatus
from tests.codes import account_of
from tests.conftest import SetUp

from .host import Host, OpenHost, told_nothing_new
from .house import DAY, HOUR, BookingCalendar, kinds, property_state
from .online_house import break_bridge, is_seam, online_property, plain_lock

pytestmark = pytest.mark.usefixtures("quiet_log", "quick_bridge")


@pytest.fixture(params=["igloohome", "seam"])
def account(
    request: pytest.FixtureRequest, calendar: BookingCalendar
) -> MockConfigEntry:
    """Return an account of either cloud that is not set up yet."""
    entry: MockConfigEntry = request.getfixturevalue(f"{request.param}_entry")
    return entry


@pytest.fixture
async def house(
    hass: HomeAssistant, account: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Return a loaded account with a property on a lock with a bridge."""
    return await online_property(hass, account, set_up)


async def test_it_follows_its_booking(host: Host) -> None:
    """Made to the minute, changed with the dates, deleted when it is cancelled."""
    told = host.listen()
    await host.book()
    (record,) = host.records()
    assert record.kind is CodeKind.ONLINE
    assert record.origin is CodeOrigin.BOOKING
    assert record.name == "Beach house 2026-11-23"
    assert record.pin is not None
    assert len(record.pin) == 6
    ((pin, start, end),) = host.on_lock()
    assert pin == record.pin
    assert start.startswith("2026-11-23T1")
    assert host.arrival.state == "ready"
    assert kinds(told) == ["code_ready"]
    told.clear()
    await host.book((24, 28))
    ((pin, start, end),) = host.on_lock()
    assert pin == record.pin
    assert start.startswith("2026-11-24T1")
    assert end.startswith("2026-11-28T1")
    (record,) = host.records()
    assert record.window.starts_at.isoformat() == "2026-11-24T13:30:00+00:00"
    assert record.window.ends_at is not None
    assert record.window.ends_at.isoformat() == "2026-11-28T10:30:00+00:00"
    assert record.name == "Beach house 2026-11-24"
    assert record.booking is not None
    assert record.booking.endswith("2026-11-24/2026-11-28")
    assert kinds(told) == ["code_changed"]
    assert told[0].attributes["code_id"] == record.code_id
    assert told[0].attributes["opens_until"] == "2026-11-28T11:30:00+01:00"
    told.clear()
    del host.calendar.events["a@feed"]
    await host.pass_time(3 * HOUR)
    assert host.on_lock() == []
    assert kinds(told) == ["code_deleted"]
    assert told[0].attributes["opens_until"] is None
    assert account_of(host.entry).book.status(record.code_id) is CodeStatus.EXPIRED


async def test_an_extended_stay(host: Host) -> None:
    """A guest who is there keeps the PIN for the night more."""
    await host.book((20, 22))
    await host.pass_time(DAY, HOUR)
    ((before, _, _),) = host.on_lock()
    await host.book((20, 23))
    ((pin, _, end),) = host.on_lock()
    assert pin == before
    assert end.startswith("2026-11-23T1")
    assert host.sensor("guest_code").state == "ready"


async def test_locks_without_a_bridge(
    account: MockConfigEntry, open_host: OpenHost
) -> None:
    """An algoPIN for them, and a spare code on each that never is an online code."""
    host = await open_host(
        account.data["cloud"], locks=[plain_lock(account)], backup_code=True
    )
    await host.book()
    found = {each.kind for each in host.records()}
    assert found == {CodeKind.HOURLY, CodeKind.ONE_TIME}
    assert all(each.pin is not None for each in host.records())
    assert host.arrival.state == "ready"
    told = host.listen()
    # New dates: another one, and the old one still opens, on Seam as well.
    await host.book((23, 27))
    assert "superseded_still_opens" in kinds(told)
    assert host.on_lock() == []


async def test_a_bridge_that_is_offline(host: Host) -> None:
    """Tried every hour; made when it works; an algoPIN when the guest is near."""
    told = host.listen()
    break_bridge(host.simulator, host.entry)
    await host.book()
    state = host.arrival
    assert (state.state, state.attributes["reason"]) == ("retrying", "cloud_refused")
    path = "/access_codes/create" if is_seam(host.entry) else "/jobs/bridges/"
    before = host.simulator.requests.count(path=path)
    await host.pass_time(5 * HOUR)
    assert host.simulator.requests.count(path=path) - before == 5
    assert kinds(told) == ["code_delayed"]
    host.simulator.faults.clear()
    await host.pass_time(HOUR)
    assert len(host.on_lock()) == 1
    assert kinds(told) == ["code_delayed", "code_ready"]
    told.clear()
    break_bridge(host.simulator, host.entry)
    await host.book((24, 26))
    assert kinds(told) == ["dates_changed_code_kept", "code_delayed"]
    assert host.arrival.state == "retrying"
    told.clear()
    if is_seam(host.entry):
        host.simulator.faults.clear()
        host.simulator.faults.add(
            "/access_codes/(update|delete)$", "status", status=400, times=None
        )
    await host.pass_time(83 * HOUR, HOUR)
    # The bridge is still away, but the guest comes in half a day.
    assert kinds(told) == ["code_ready", "first_use_deadline", "superseded_still_opens"]
    assert host.arrival.state == "ready"
    told.clear()
    host.simulator.faults.clear()
    await host.pass_time(2 * HOUR)
    assert kinds(told) == ["code_deleted"]
    assert host.on_lock() == []


async def test_cancelled_and_the_bridge_is_away(host: Host) -> None:
    """It is told that the code still opens, once; it is deleted as soon as possible."""
    await host.book()
    told = host.listen()
    break_bridge(host.simulator, host.entry)
    del host.calendar.events["a@feed"]
    await host.pass_time(6 * HOUR)
    assert kinds(told) == ["booking_cancelled_code_still_opens"]
    assert told[0].attributes["opens_until"] == "2026-11-26T11:30:00+01:00"
    assert len(host.on_lock()) == 1
    host.simulator.faults.clear()
    await host.pass_time(2 * HOUR)
    assert kinds(told)[1:] == ["code_deleted"]
    assert host.on_lock() == []


async def test_over_a_restart(host: Host) -> None:
    """Nothing is made, changed or told again."""
    await host.book()
    before, on_it = host.records(), host.on_lock()
    told = host.listen()
    host.simulator.requests.clear()
    await host.restart()
    assert host.records() == before
    assert host.on_lock() == on_it
    assert told_nothing_new(told)


async def test_another_one_is_asked_for(host: Host) -> None:
    """The new code first, then the old one is deleted."""
    await host.book()
    ((old, *_),) = host.on_lock()
    told = host.listen()
    entity = property_state(
        host.hass, host.entry, "button", "issue_arrival_code"
    ).entity_id
    await host.hass.services.async_call(
        "button", "press", {"entity_id": entity}, blocking=True
    )
    await host.settle()
    ((new, *_),) = host.on_lock()
    assert new != old
    assert kinds(told) == ["code_ready", "code_deleted"]
    assert len(host.online_records()) == 2
