"""What people do with bookings: actions, the button, and the device."""

from datetime import date, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.igloohome_access import async_remove_config_entry_device
from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED, LOCK_UNBRIDGED
from tests.conftest import SetUp
from tests.surface import act, poll, refused, registry_id, told

from .house import (
    GUEST,
    BookingCalendar,
    add_property,
    pass_time,
    property_entity,
    property_state,
    runner_of,
    settle,
)

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("quiet_log")


def _device(hass: HomeAssistant, entry: MockConfigEntry) -> dr.DeviceEntry:
    """Return the device of the property."""
    entity = er.async_get(hass).async_get(
        property_entity(hass, entry, "sensor", "next_check_in")
    )
    assert entity is not None
    assert entity.device_id is not None
    device = dr.async_get(hass).async_get(entity.device_id)
    assert isinstance(device, dr.DeviceEntry)
    return device


@pytest.fixture
async def booked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
) -> str:
    """Have two bookings, one with a code; return the id of the first."""
    calendar.book("a@feed", date(2026, 11, 23), date(2026, 11, 26))
    calendar.book("b@feed", date(2026, 12, 23), date(2026, 12, 26))
    await pass_time(hass, freezer, 40 * MINUTE)
    return runner_of(house).bookings[0].booking


async def test_get_bookings(
    hass: HomeAssistant, house: MockConfigEntry, booked: str
) -> None:
    """All bookings with their codes, PINs only on request, nothing of guests."""
    answer = await act(hass, "get_bookings")
    first, second = answer["bookings"]
    assert first["booking"] == booked
    assert first["property"] == "Beach house"
    assert first["check_in"] == "2026-11-23T15:00:00+01:00"
    assert first["check_out"] == "2026-11-26T11:00:00+01:00"
    assert (first["status"], second["status"]) == ("ready", "planned")
    (code,) = first["codes"]
    assert code["purpose"] == "stay"
    assert code["origin"] == "booking"
    assert "pin" not in code
    assert first["needs"][0]["code_id"] == code["code_id"]
    assert second["codes"] == second["needs"] == []
    assert GUEST not in str(answer)
    device = _device(hass, house).id
    answer = await act(
        hass, "get_bookings", property=device, booking=booked, include_pins=True
    )
    (only,) = answer["bookings"]
    record = house.runtime_data.book.ledger.records[code["code_id"]]
    assert only["codes"][0]["pin"] == record.pin


async def test_what_is_not_there(
    hass: HomeAssistant, house: MockConfigEntry, booked: str
) -> None:
    """An id that means nothing is said to mean nothing."""
    device = _device(hass, house).id
    key = (await refused(hass, "get_bookings", booking="x"))[0]
    assert key == "booking_not_found"
    lock = registry_id(hass, house, LOCK_UNBRIDGED)
    for wrong in ("x", lock):
        key = (await refused(hass, "get_bookings", property=wrong))[0]
        assert key == "not_a_property"
    key = (await refused(hass, "issue_booking_code", property=device, booking="x"))[0]
    assert key == "booking_not_found"


async def test_only_administrators(
    hass: HomeAssistant, house: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    """The answers open doors."""
    context = Context(user_id=hass_read_only_user.id)
    with pytest.raises(Unauthorized):
        await act(hass, "get_bookings", context=context)


async def test_dry_run(
    hass: HomeAssistant, house: MockConfigEntry, booked: str
) -> None:
    """What would be made is told, and nothing is made."""
    later = runner_of(house).bookings[1].booking
    answer = await act(
        hass,
        "issue_booking_code",
        property=_device(hass, house).id,
        booking=later,
        dry_run=True,
    )
    (code,) = answer["codes"]
    assert code["name"] == "Beach house 2026-12-23"
    assert code["starts_at"] == "2026-12-23T14:00:00+01:00"
    assert code["purpose"] == "stay"
    assert code["pin"] is None
    assert answer["missing"] == 0
    assert len(house.runtime_data.book.ledger.records) == 1


async def test_issue(hass: HomeAssistant, house: MockConfigEntry, booked: str) -> None:
    """A new code for the next arrival; the old one is superseded."""
    answer = await act(hass, "issue_booking_code", property=_device(hass, house).id)
    assert answer["status"] == "ready"
    old, new = answer["codes"]
    assert new["pin"]
    assert new["pin"] != old["pin"]
    assert (old["status"], new["status"]) == ("superseded", "scheduled")
    assert answer["needs"][0]["code_id"] == new["code_id"]


async def test_the_button(
    hass: HomeAssistant, house: MockConfigEntry, booked: str
) -> None:
    """Does the same at the press of a button."""
    button = property_entity(hass, house, "button", "issue_arrival_code")
    await hass.services.async_call(
        "button", "press", {"entity_id": button}, blocking=True
    )
    assert len(house.runtime_data.book.ledger.records) == 2


async def test_nobody_is_coming(hass: HomeAssistant, house: MockConfigEntry) -> None:
    """Without an arrival there is nothing to make a code for."""
    button = property_entity(hass, house, "button", "issue_arrival_code")
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            "button", "press", {"entity_id": button}, blocking=True
        )
    assert told(caught.value) == ("no_arrival_known", {"property": "Beach house"})
    device = _device(hass, house).id
    key = (await refused(hass, "issue_booking_code", property=device))[0]
    assert key == "no_arrival_known"


async def test_it_fails(
    hass: HomeAssistant, simulator: Simulator, house: MockConfigEntry, booked: str
) -> None:
    """Why no code was made is said in words."""
    simulator.faults.add("/algopin/", "status", status=400, times=None)
    later = runner_of(house).bookings[1].booking
    with pytest.raises(HomeAssistantError) as caught:
        await act(
            hass,
            "issue_booking_code",
            property=_device(hass, house).id,
            booking=later,
        )
    key, placeholders = told(caught.value)
    assert key == "booking_code_not_made"
    assert "refused" in placeholders["reason"]
    answer = await act(hass, "get_bookings", booking=later)
    (need,) = answer["bookings"][0]["needs"]
    assert need["status"] == "retrying"
    assert need["reason"] == placeholders["reason"]
    assert need["next_attempt"] is not None


async def test_too_long_and_cancelled(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    house: MockConfigEntry,
    booked: str,
) -> None:
    """No code for a stay that is too long or cancelled."""
    device = _device(hass, house).id
    calendar.book("c@feed", date(2026, 12, 28), date(2028, 2, 1))
    del calendar.events["a@feed"]
    await pass_time(hass, freezer, 3 * 60 * MINUTE)
    long = runner_of(house).bookings[-1]
    assert long.status == "too_long"
    key = (
        await refused(hass, "issue_booking_code", property=device, booking=long.booking)
    )[0]
    assert key == "daily_too_long"
    key = (await refused(hass, "issue_booking_code", property=device, booking=booked))[
        0
    ]
    assert key == "booking_is_cancelled"


async def test_a_lock_that_is_gone(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calendar: BookingCalendar,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A lock that is not listed is missing in what would be made."""
    igloohome_entry.add_to_hass(hass)
    add_property(hass, igloohome_entry, locks=["gone", LOCK_BRIDGED], backup_code=True)
    entry = await set_up(igloohome_entry)
    calendar.book("a@feed", date(2026, 12, 23), date(2026, 12, 26))
    await pass_time(hass, freezer, 40 * MINUTE)
    answer = await act(
        hass,
        "issue_booking_code",
        property=_device(hass, entry).id,
        dry_run=True,
    )
    assert [code["purpose"] for code in answer["codes"]] == ["stay", "backup"]
    assert answer["missing"] == 2


async def test_dry_run_where_nothing_can_be_made(
    hass: HomeAssistant,
    igloohome_entry: MockConfigEntry,
    calendar: BookingCalendar,
    freezer: FrozenDateTimeFactory,
    set_up: SetUp,
) -> None:
    """It fails as the action itself does, with the reason."""
    igloohome_entry.add_to_hass(hass)
    add_property(hass, igloohome_entry, locks=["gone"], backup_code=True)
    entry = await set_up(igloohome_entry)
    calendar.book("a@feed", date(2026, 12, 23), date(2026, 12, 26))
    await pass_time(hass, freezer, 40 * MINUTE)
    with pytest.raises(HomeAssistantError) as caught:
        await act(
            hass, "issue_booking_code", property=_device(hass, entry).id, dry_run=True
        )
    key, placeholders = told(caught.value)
    assert key == "booking_code_not_made"
    assert placeholders["reason"] == (
        "gone, the lock of the code Beach house 2026-12-23, is not in the account any"
        " more."
    )


async def test_the_device(
    hass: HomeAssistant, house: MockConfigEntry, booked: str
) -> None:
    """A property is a device of its own, which stays when the cloud is read."""
    device = _device(hass, house)
    assert device.name == "Beach house"
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    await poll(hass, house)
    await hass.config_entries.async_reload(house.entry_id)
    await settle(hass)
    assert _device(hass, house).id == device.id
    assert not await async_remove_config_entry_device(hass, house, device)
    state: Any = property_state(hass, house, "sensor", "next_arrival_code")
    assert DOMAIN not in state.state
