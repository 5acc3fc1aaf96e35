"""Online codes on igloohome: changed and deleted through a bridge."""

from collections.abc import Generator
from dataclasses import replace
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE, LOCK_BRIDGED as GATE

from .codes import account_of
from .online import change, delete, fails, issues, make, on_gate, record_of
from .surface import codes, create, registry_id, state


@pytest.fixture(autouse=True)
def quick_bridge(simulator: Simulator) -> None:
    """Let a bridge put a PIN onto a lock in a blink."""
    simulator.igloohome.switches.pin_job_seconds = 0.02


WINDOW = {"starts_at": "2030-06-01 15:10:00", "ends_at": "2030-06-03 11:20:00"}
"""In summer, in Berlin."""


@pytest.fixture(autouse=True)
async def in_berlin(hass: HomeAssistant) -> None:
    """Be in Berlin, at any time."""
    await hass.config.async_set_time_zone("Europe/Berlin")


@pytest.fixture
def order(simulator: Simulator, igloohome: MockConfigEntry) -> Generator[list[str]]:
    """Return a list that grows with the PINs on the lock before each job."""
    seen: list[str] = []
    cloud = account_of(igloohome).cloud
    create, remove = cloud.async_create_online_code, cloud.async_delete_online_code

    async def note_create(request: object) -> object:
        seen.append(f"create {sorted(on_gate(simulator))}")
        return await create(request)  # type: ignore[arg-type]

    async def note_delete(*args: object, **more: object) -> object:
        seen.append(f"delete {sorted(on_gate(simulator))}")
        return await remove(*args, **more)  # type: ignore[arg-type]

    with (
        patch.object(cloud, "async_create_online_code", note_create),
        patch.object(cloud, "async_delete_online_code", note_delete),
    ):
        yield seen


async def test_new_digits(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome: MockConfigEntry,
    order: list[str],
) -> None:
    """The new ones are on the lock before the old ones go."""
    code = await make(hass, igloohome, pin="4711")
    order.clear()
    changed = await change(hass, code, pin="8041", name="Anna", **WINDOW)
    assert order == ["create ['4711']", "delete ['4711', '8041']"]
    assert list(on_gate(simulator)) == ["8041"]
    assert (changed["code_id"], changed["pin"]) == (code["code_id"], "8041")
    assert (changed["name"], changed["status"]) == ("Anna", "scheduled")
    assert changed["starts_at"] == "2030-06-01T15:10:00+02:00"
    assert changed["warnings"] == []
    record = record_of(igloohome)
    assert (record.pin, record.work) == ("8041", None)
    assert issues(hass) == []


async def test_new_window(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome: MockConfigEntry,
    order: list[str],
) -> None:
    """The same digits have to go before they can come back; that is told."""
    code = await make(hass, igloohome, pin="4711")
    order.clear()
    changed = await change(hass, code, ends_at="2030-06-03 11:20:00", pin="4711")
    assert order == ["delete ['4711']", "create []"]
    ((pin, (pin_type, _, end)),) = on_gate(simulator).items()
    assert (pin, pin_type, end) == ("4711", 4, "2030-06-03T11:20:00+02:00")
    assert changed["ends_at"] == end
    assert [w["key"] for w in changed["warnings"]] == ["code_was_off_the_lock"]


async def test_new_name(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A name is ours alone: the lock is not asked. Nor if nothing changes."""
    code = await make(hass, igloohome, pin="4711", **WINDOW)
    simulator.requests.clear()
    changed = await change(hass, code, name="Anna")
    assert changed == {**code, "name": "Anna"}
    assert await change(hass, code, pin="4711", name="Anna", **WINDOW) == changed
    assert simulator.requests.count() == 0


async def test_changes_that_cannot_be(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Each is told by itself, and nothing is sent."""
    code = await make(hass, igloohome, pin="4711")
    code_id = code["code_id"]
    simulator.requests.clear()
    for key, data in {
        "nothing_to_change": {},
        "code_not_found": {"code_id": "?", "name": "Anna"},
        "name_empty": {"name": ""},
        "pin_weak": {"pin": "0000"},
        "ends_in_past": {"ends_at": "2020-01-01 00:00:00"},
    }.items():
        given = {"code_id": code_id, **data}
        assert (
            await fails(
                hass, "update_online_code", kind=ServiceValidationError, **given
            )
            == key
        )
    assert simulator.requests.count() == 0


async def test_deleting(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """It is off the lock and off the list; the ledger remembers it."""
    code = await make(hass, igloohome, pin="4711")
    assert await delete(hass, code) == {
        "code_id": code["code_id"],
        "still_opens": False,
        "still_opens_until": None,
        "certain": True,
        "message": "The code Cleaner was deleted from Garden Gate and does not open "
        "it any more.",
    }
    assert on_gate(simulator) == {}
    assert await codes(hass) == []
    assert state(hass, igloohome, "sensor", code["code_id"]) is None
    (shown,) = await codes(hass, code_id=code["code_id"])
    assert (shown["status"], shown["forgotten"]) == ("expired", True)
    assert (
        await fails(
            hass, "delete_code", kind=ServiceValidationError, code_id=code["code_id"]
        )
        == "code_is_over"
    )
    assert (await delete(hass, code, forget=True))["still_opens"] is False
    # The digits are free again.
    assert (await make(hass, igloohome, pin="4711"))["status"] == "active"


async def test_deleting_what_is_not_there(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A lock that does not have the code says no; forgetting it is the way out."""
    code = await make(hass, igloohome, pin="4711")
    simulator.igloohome.devices[GATE].custom_pins.clear()
    code_id = code["code_id"]
    assert await fails(hass, "delete_code", code_id=code_id) == "lock_refused"
    assert record_of(igloohome).work is None
    answer = await delete(hass, code, forget=True)
    assert (answer["still_opens"], answer["certain"]) == (True, True)
    assert await codes(hass) == []


async def test_deleting_from_a_lock_that_is_gone(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """With the lock the code has gone; it cannot be changed any more."""
    code = await make(hass, igloohome, pin="4711")
    simulator.igloohome.remove_device(GATE)
    await account_of(igloohome).coordinator.async_refresh()
    code_id = code["code_id"]
    assert (
        await fails(
            hass,
            "update_online_code",
            kind=ServiceValidationError,
            code_id=code_id,
            pin="8041",
        )
        == "lock_not_listed"
    )
    assert (await delete(hass, code))["still_opens"] is False


async def test_bridge_taken_away(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """Without a bridge nothing can be changed or deleted."""
    code = await make(hass, igloohome, pin="4711")
    simulator.igloohome.patch_device(BRIDGE, {"linked": []})
    await account_of(igloohome).coordinator.async_refresh()
    code_id = code["code_id"]
    assert (
        await fails(
            hass,
            "update_online_code",
            kind=ServiceValidationError,
            code_id=code_id,
            pin="8041",
        )
        == "lock_has_no_bridge"
    )
    assert await fails(hass, "delete_code", code_id=code_id) == "lock_lost_its_bridge"
    assert record_of(igloohome).work is None


async def test_offline_codes_cannot_be_changed(
    hass: HomeAssistant, igloohome: MockConfigEntry
) -> None:
    """Nor do they have a backup; neither do codes on igloohome."""
    offline = await create(hass, "one_time", registry_id(hass, igloohome, GATE))
    online = await make(hass, igloohome)
    for key, action, code in (
        ("offline_code_not_changeable", "update_online_code", offline),
        ("code_has_no_backup", "pull_backup_code", offline),
        ("code_has_no_backup", "pull_backup_code", online),
    ):
        more = {"name": "Anna"} if action.startswith("update") else {}
        assert (
            await fails(
                hass,
                action,
                kind=ServiceValidationError,
                code_id=code["code_id"],
                **more,
            )
            == key
        )


async def test_codes_that_are_over(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """What has ended is not changed any more."""
    code = await make(hass, igloohome, pin="4711")
    record = record_of(igloohome)
    ended = replace(record.window, ends_at=record.window.starts_at)
    await account_of(igloohome).book.async_update(replace(record, window=ended))
    assert (
        await fails(
            hass,
            "update_online_code",
            kind=ServiceValidationError,
            code_id=code["code_id"],
            name="Anna",
        )
        == "ended_code_not_changeable"
    )
