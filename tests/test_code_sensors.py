"""The status of every code, while time passes and more is learned."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.model import CodeStatus, RecordState
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_UNBRIDGED
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_OFFLINE,
    SEAM_LOCK_RETROFIT,
)

from .conftest import SetUp
from .surface import NOW, create, entity_id, move_to, registry_id, state

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

ATTRIBUTES = {
    "code_id",
    "kind",
    "origin",
    "starts_at",
    "ends_at",
    "first_use_by",
    "options",
    "device_class",
    "friendly_name",
}


def _code(hass: HomeAssistant, entry: MockConfigEntry, code_id: str) -> State:
    """Return the sensor of a code, which must be there and show nothing secret."""
    found = state(hass, entry, "sensor", code_id)
    assert found is not None
    assert set(found.attributes) == ATTRIBUTES
    assert found.attributes["code_id"] == code_id
    return found


async def _read_all_codes(entry: MockConfigEntry) -> None:
    """Read the codes of every lock now, where the polls take turns."""
    account = entry.runtime_data
    for device in account.coordinator.data.values():
        if device.takes_codes:
            await account.inventory.async_read_lock(device.device_id)


@pytest.mark.usefixtures("quiet_log")
async def test_the_life_of_an_algopin(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Start, deadline and end change the sensors on the second, without a poll."""
    freezer.move_to(NOW)
    await hass.config.async_set_time_zone("Europe/Berlin")
    entry = await set_up(igloohome_entry)
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    answer = await create(
        hass,
        "hourly",
        lock,
        name="Anna",
        starts_at="2026-11-21 15:00:00",
        duration={"hours": 30},
    )
    simulator.requests.clear()
    start = datetime(2026, 11, 21, 14, tzinfo=UTC)
    second = timedelta(seconds=1)

    def shown() -> tuple[str, str, str]:
        counts = (
            state(hass, entry, "sensor", LOCK_UNBRIDGED, key)
            for key in ("live_codes", "next_change")
        )
        live, change = (found.state for found in counts if found is not None)
        return _code(hass, entry, answer["code_id"]).state, live, change

    found = _code(hass, entry, answer["code_id"])
    assert found.name == "Guest Room Code Anna"
    assert {key: found.attributes[key] for key in ATTRIBUTES - {"options"}} == {
        "code_id": answer["code_id"],
        "kind": "hourly",
        "origin": "action",
        "starts_at": "2026-11-21T15:00:00+01:00",
        "ends_at": "2026-11-22T21:00:00+01:00",
        "first_use_by": "2026-11-22T15:00:00+01:00",
        "device_class": "enum",
        "friendly_name": "Guest Room Code Anna",
    }
    assert found.attributes["options"] == [status.value for status in CodeStatus]
    assert shown() == ("scheduled", "1", start.isoformat())
    for moment, after, live, change in (
        (start, "active", "1", (start + DAY).isoformat()),
        (start + DAY, "unconfirmed", "1", (start + 30 * HOUR).isoformat()),
        (start + 30 * HOUR, "expired", "0", STATE_UNKNOWN),
    ):
        before = shown()
        await move_to(hass, freezer, moment - second)
        assert shown() == before
        await move_to(hass, freezer, moment)
        assert shown() == (after, live, change)
    # Polls of the account there were, but nothing else.
    assert simulator.requests.count() == simulator.requests.count(
        path="/igloohome/devices$|/oauth2/token"
    )


@pytest.mark.usefixtures("quiet_log")
async def test_the_life_of_a_code_on_seam(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Seam's PIN comes later, read with a poll."""
    freezer.move_to(NOW)
    entry = await set_up(seam_entry)
    lock = registry_id(hass, entry, SEAM_LOCK_OFFLINE)
    answer = await create(hass, "hourly", lock, duration={"hours": 50})
    assert answer["pin"] is None
    assert _code(hass, entry, answer["code_id"]).state == "waiting_for_pin"
    await move_to(hass, freezer, timedelta(seconds=31))
    await _read_all_codes(entry)
    await hass.async_block_till_done()
    assert _code(hass, entry, answer["code_id"]).state == "active"
    start = NOW.replace(minute=0, second=0)
    await move_to(hass, freezer, start + DAY)
    assert _code(hass, entry, answer["code_id"]).state == "unconfirmed"
    await move_to(hass, freezer, start + 51 * HOUR)
    assert _code(hass, entry, answer["code_id"]).state == "expired"


async def test_codes_made_elsewhere(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Codes of Seam's console and the app are shown with what follows from them."""
    freezer.move_to(NOW)
    start = NOW.replace(minute=0, second=0) + 2 * HOUR
    offline = simulator.seam.add_code(
        {
            "device_id": SEAM_LOCK_BRIDGED,
            "name": "Console",
            "is_offline": True,
            "created_at": NOW - DAY,
            "starts_at": start,
            "ends_at": start + 3 * DAY,
        }
    )
    app = simulator.seam.add_code(
        {
            "device_id": SEAM_LOCK_BRIDGED,
            "name": "Maid 904417 ",
            "code": "904417",
            "is_managed": False,
            "created_at": NOW - DAY,
        }
    )
    nameless = simulator.seam.add_code(
        {
            "device_id": SEAM_LOCK_RETROFIT,
            "code": "1357",
            "created_at": NOW,
            "starts_at": NOW,
            "ends_at": NOW + HOUR,
        }
    )
    once = simulator.seam.add_code(
        {
            "device_id": SEAM_LOCK_OFFLINE,
            "name": "Courier",
            "is_offline": True,
            "is_one_time": True,
            "created_at": NOW - DAY,
            "starts_at": start,
        }
    )
    entry = await set_up(seam_entry)
    found = _code(hass, entry, offline["access_code_id"])
    assert found.state == "scheduled"
    assert (found.attributes["kind"], found.attributes["origin"]) == (
        "hourly",
        "elsewhere",
    )
    assert found.attributes["first_use_by"] == "2026-11-21T15:00:00+01:00"
    assert found.attributes["starts_at"] == "2026-11-20T15:00:00+01:00"

    # A PIN that somebody wrote into the name is not shown.
    found = _code(hass, entry, app["access_code_id"])
    assert (found.name, found.state) == ("Apartment 1 Code Maid •••", "active")
    assert found.attributes["kind"] == "online"
    assert found.attributes["first_use_by"] is None

    found = _code(hass, entry, nameless["access_code_id"])
    assert found.name == f"Apartment 4 Code {nameless['access_code_id'][-6:]}"
    assert found.state == "setting"
    found = _code(hass, entry, once["access_code_id"])
    assert found.attributes["kind"] == "one_time"
    # No time zone of its own: Home Assistant's.
    assert found.attributes["ends_at"] == "2026-11-21T06:00:00-08:00"

    count = state(hass, entry, "sensor", SEAM_LOCK_BRIDGED, "live_codes")
    assert count is not None and count.state == "2"

    simulator.seam.remove_code(app["access_code_id"])
    await _read_all_codes(entry)
    await hass.async_block_till_done()
    assert entity_id(hass, entry, "sensor", app["access_code_id"]) is None


async def test_renamed_elsewhere(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A sensor goes by the name its code has now, and keeps its entity id."""
    code_id = simulator.seam.add_code(
        {"device_id": SEAM_LOCK_BRIDGED, "name": "Maid", "code": "904417"}
    )["access_code_id"]
    entry = await set_up(seam_entry)
    before = _code(hass, entry, code_id)
    assert before.name == "Apartment 1 Code Maid"
    simulator.seam.patch_code(code_id, {"name": "Butler 904417"})
    await _read_all_codes(entry)
    await hass.async_block_till_done()
    after = _code(hass, entry, code_id)
    assert (after.name, after.entity_id) == (
        "Apartment 1 Code Butler •••",
        before.entity_id,
    )
    registered = er.async_get(hass).async_get(after.entity_id)
    assert registered is not None
    assert registered.original_name == "Code Butler •••"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"phase": "removing"}, "removing"),
        ({"errors": [{"error_code": "failed_to_set_on_device"}]}, "failed"),
    ],
)
async def test_online_codes_in_trouble(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    change: dict[str, Any],
    expected: str,
) -> None:
    """Codes on their way to or from the lock say so."""
    code = simulator.seam.add_code(
        {"device_id": SEAM_LOCK_BRIDGED, "name": "Eve", "code": "2468", **change}
    )
    entry = await set_up(seam_entry)
    assert _code(hass, entry, code["access_code_id"]).state == expected


async def test_requested(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A request whose outcome nobody knows is there, and then becomes a code."""
    entry = await set_up(igloohome_entry)
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    simulator.faults.add("/algopin/", "drop_after", times=None)
    with pytest.raises(HomeAssistantError):
        await create(hass, "one_time", lock, name="Lost")
    (code,) = entry.runtime_data.book
    assert _code(hass, entry, code.code_id).state == "requested"
    simulator.faults.clear()
    await entry.runtime_data.issuer.async_resume()
    await hass.async_block_till_done()
    assert _code(hass, entry, code.code_id).state == "active"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"first_used_at": NOW}, "used"),
        ({"superseded_at": NOW}, "superseded"),
        ({"state": RecordState.FAILED, "failed_at": NOW}, "failed"),
    ],
)
async def test_learned_of_a_code(
    hass: HomeAssistant,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    change: dict[str, Any],
    expected: str,
) -> None:
    """What is learned of a code of ours is shown at once."""
    freezer.move_to(NOW)
    entry = await set_up(igloohome_entry)
    answer = await create(hass, "one_time", registry_id(hass, entry, LOCK_UNBRIDGED))
    book = entry.runtime_data.book
    await book.async_update(replace(book.get(answer["code_id"]).record, **change))
    await hass.async_block_till_done()
    assert _code(hass, entry, answer["code_id"]).state == expected


async def test_a_code_that_is_taken_off(
    hass: HomeAssistant,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    quiet_log: None,
) -> None:
    """The sensor of a code that is taken off goes, and until then shows nothing new."""
    entry = await set_up(igloohome_entry)
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    book = entry.runtime_data.book
    code_id = (await create(hass, "one_time", lock))["code_id"]
    await book.async_remove([code_id])
    await hass.async_block_till_done()
    assert entity_id(hass, entry, "sensor", code_id) is None

    code_id = (await create(hass, "one_time", lock))["code_id"]
    before = _code(hass, entry, code_id)
    with patch.object(er.EntityRegistry, "async_remove") as remove:
        await book.async_remove([code_id])
        await hass.async_block_till_done()
    remove.assert_called_once_with(before.entity_id)
    assert _code(hass, entry, code_id) == before


async def test_no_secret_in_any_state(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """No PIN is in a state, an attribute or the entity registry."""
    simulator.reset("demo")
    simulator.seam.switches.pin_assignment_seconds = 0
    await set_up(igloohome_entry)
    await set_up(seam_entry)
    for entry, device_id in (
        (igloohome_entry, LOCK_UNBRIDGED),
        (seam_entry, SEAM_LOCK_OFFLINE),
    ):
        answer = await create(hass, "one_time", registry_id(hass, entry, device_id))
        assert len(answer["pin"]) == 9
    pins = [
        pin["pin"]
        for cloud in (simulator.igloohome, simulator.seam)
        for pin in cloud.issued_pins()
    ]
    registry = er.async_get(hass)
    shown = " ".join(
        [str(found.as_dict()) for found in hass.states.async_all()]
        + [str(entity.as_partial_dict) for entity in registry.entities.values()]
    )
    assert "Guest Okafor" in shown
    assert len(pins) > 4
    assert [pin for pin in pins if pin in shown] == []
