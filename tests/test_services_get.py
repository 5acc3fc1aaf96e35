"""Looking at codes: which are answered with, and what of them."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator
from simulator.igloohome.scenarios import KEYPAD_RETROFIT, LOCK_RETROFIT, LOCK_UNBRIDGED
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE

from .conftest import SetUp
from .surface import NOW, codes, create, names, poll, refused, registry_id

KEYS = {
    "code_id",
    "device_id",
    "lock",
    "name",
    "kind",
    "starts_at",
    "ends_at",
    "first_use_by",
    "status",
    "origin",
    "forgotten",
    "cloud_notices",
}


async def test_filters(hass: HomeAssistant, berlin_entry: MockConfigEntry) -> None:
    """Codes are chosen by lock, status and id; without a choice it is all of them."""
    room = registry_id(hass, berlin_entry, LOCK_UNBRIDGED)
    door = registry_id(hass, berlin_entry, LOCK_RETROFIT)
    keypad = registry_id(hass, berlin_entry, KEYPAD_RETROFIT)
    anna = await create(hass, "one_time", room, name="Anna")
    later = {"starts_at": "2026-12-24 15:00:00"}
    ben = await create(hass, "one_time", room, later, name="Ben")
    cleo = await create(hass, "one_time", door, name="Cleo")

    assert await names(hass) == ["Anna", "Ben", "Cleo"]
    assert await names(hass, device_id=room) == ["Anna", "Ben"]
    assert await names(hass, device_id=keypad) == ["Cleo"]
    assert await names(hass, status="scheduled") == ["Ben"]
    assert await names(hass, status=["active", "expired"]) == ["Anna", "Cleo"]
    assert await names(hass, status="used") == []
    assert await names(hass, code_id=cleo["code_id"]) == ["Cleo"]
    both = [anna["code_id"], ben["code_id"]]
    assert await names(hass, code_id=both) == ["Anna", "Ben"]
    # It is there, if not with that status.
    assert await names(hass, code_id=both, status="active") == ["Anna"]


async def test_codes_that_are_not_there(
    hass: HomeAssistant, berlin_entry: MockConfigEntry
) -> None:
    """An id nobody knows is told, and so is a target without locks."""
    room = registry_id(hass, berlin_entry, LOCK_UNBRIDGED)
    door = registry_id(hass, berlin_entry, LOCK_RETROFIT)
    code = await create(hass, "one_time", room)
    assert await refused(hass, "get_codes", code_id=["x", code["code_id"]]) == (
        "code_not_found",
        {"code_id": "x"},
    )
    assert await refused(
        hass, "get_codes", code_id=code["code_id"], device_id=door
    ) == ("code_not_found", {"code_id": code["code_id"]})
    assert await refused(hass, "get_codes", device_id=[]) == ("no_lock_in_target", {})
    await hass.config_entries.async_unload(berlin_entry.entry_id)
    assert await codes(hass) == []


async def test_pins_only_on_request(
    hass: HomeAssistant, berlin_entry: MockConfigEntry
) -> None:
    """A PIN is in the answer only when it was asked for."""
    code = await create(
        hass, "one_time", registry_id(hass, berlin_entry, LOCK_UNBRIDGED), name="Anna"
    )
    (shown,) = await codes(hass)
    assert set(shown) == KEYS
    assert code["pin"] not in str(shown)
    (shown,) = await codes(hass, include_pins=True)
    assert shown == {key: value for key, value in code.items() if key != "warnings"}


async def test_what_seam_says_of_a_code(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Codes made elsewhere, with the deadline that follows, and Seam's own words."""
    freezer.move_to(NOW)
    start = NOW.replace(minute=0, second=0)
    code = simulator.seam.add_code(
        {
            "device_id": SEAM_LOCK_BRIDGED,
            "name": "Console",
            "is_offline": True,
            "created_at": NOW - timedelta(hours=1),
            "starts_at": start,
            "ends_at": start + timedelta(days=2),
        }
    )
    simulator.seam.patch_code(
        code["access_code_id"],
        {
            "errors": [{"error_code": "never_heard_of", "message": "Odd."}],
            "warnings": [{"warning_code": "code_modified", "message": "Changed."}],
        },
    )
    await set_up(seam_entry)
    (shown,) = await codes(hass)
    assert set(shown) == KEYS
    assert shown["cloud_notices"] == [
        {"code": "never_heard_of", "message": "Odd.", "error": True},
        {"code": "code_modified", "message": "Changed.", "error": False},
    ]
    assert (shown["code_id"], shown["origin"]) == (code["access_code_id"], "elsewhere")
    assert (shown["starts_at"], shown["first_use_by"]) == (
        "2026-11-20T13:00:00+01:00",
        "2026-11-21T13:00:00+01:00",
    )


async def test_codes_of_a_lock_that_is_gone(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Our codes can be looked up longer than their lock; those of others cannot."""
    simulator.seam.add_code({"device_id": SEAM_LOCK_OFFLINE, "code": "2468"})
    entry = await set_up(seam_entry)
    ours = await create(hass, "one_time", registry_id(hass, entry, SEAM_LOCK_OFFLINE))
    assert len(await codes(hass)) == 2
    simulator.seam.remove_device(SEAM_LOCK_OFFLINE)
    await poll(hass, entry)
    (shown,) = await codes(hass)
    assert (shown["code_id"], shown["lock"], shown["device_id"]) == (
        ours["code_id"],
        SEAM_LOCK_OFFLINE,
        None,
    )
