"""Taking codes off the list, and what is said of those that still open a door."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED, LOCK_UNBRIDGED
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED

from .conftest import SetUp
from .surface import (
    NOW,
    act,
    codes,
    create,
    entity_id,
    move_to,
    names,
    refused,
    registry_id,
    state,
    told,
)


async def test_an_offline_code_cannot_be_deleted(
    hass: HomeAssistant, simulator: Simulator, berlin_entry: MockConfigEntry
) -> None:
    """It is said why, until when it opens, and what can be done."""
    room = registry_id(hass, berlin_entry, LOCK_UNBRIDGED)
    code = await create(hass, "one_time", room, name="Anna")
    permanent = await create(hass, "permanent", room, name="Ben")
    simulator.requests.clear()
    assert await refused(hass, "delete_code", code_id=code["code_id"]) == (
        "offline_code_not_deletable",
        {"name": "Anna", "lock": "Guest Room", "ends_at": "2026-11-21 13:00"},
    )
    assert await refused(
        hass, "delete_code", code_id=permanent["code_id"], device_id=room
    ) == ("permanent_code_not_deletable", {"name": "Ben", "lock": "Guest Room"})
    assert simulator.requests.count() == 0
    assert await names(hass) == ["Anna", "Ben"]


@pytest.mark.parametrize("action", ["delete_code", "get_codes"])
async def test_a_code_of_an_account_that_is_not_loaded(
    hass: HomeAssistant, berlin_entry: MockConfigEntry, action: str
) -> None:
    """It is not said that there is no such code: nobody can know."""
    room = registry_id(hass, berlin_entry, LOCK_UNBRIDGED)
    code = await create(hass, "one_time", room, name="Anna")
    assert await hass.config_entries.async_unload(berlin_entry.entry_id)
    assert await refused(hass, action, code_id=code["code_id"]) == (
        "account_not_loaded",
        {"account": berlin_entry.title},
    )
    # One that somebody has switched off is not waited for.
    await hass.config_entries.async_set_disabled_by(
        berlin_entry.entry_id, ConfigEntryDisabler.USER
    )
    assert await refused(hass, action, code_id=code["code_id"]) == (
        "code_not_found",
        {"code_id": code["code_id"]},
    )


async def test_forgetting_a_code(
    hass: HomeAssistant,
    berlin_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
) -> None:
    """It leaves the list and the sensors, still counts, and can be asked for by id."""
    room = registry_id(hass, berlin_entry, LOCK_UNBRIDGED)
    code = await create(hass, "one_time", room, name="Anna")
    code_id = code["code_id"]
    expected = {
        "code_id": code_id,
        "still_opens": True,
        "still_opens_until": "2026-11-21T13:00:00+01:00",
        "certain": True,
        "message": "The code Anna is off the list, but it still opens Guest Room "
        "until 2026-11-21 13:00.",
    }
    assert await act(hass, "delete_code", code_id=code_id, forget=True) == expected
    assert entity_id(hass, berlin_entry, "sensor", code_id) is None
    assert await codes(hass) == []
    count = state(hass, berlin_entry, "sensor", LOCK_UNBRIDGED, "live_codes")
    assert count is not None and count.state == "1"
    (shown,) = await codes(hass, code_id=code_id, include_pins=True)
    assert (shown["forgotten"], shown["pin"]) == (True, code["pin"])

    # A second time it is the same, without an answer as well.
    forgotten_at = berlin_entry.runtime_data.book.get(code_id).record.forgotten_at
    assert forgotten_at == NOW
    await move_to(hass, freezer, timedelta(minutes=5))
    assert await act(hass, "delete_code", code_id=code_id, forget=True) == expected
    await act(hass, "delete_code", code_id=code_id, forget=True, response=False)
    assert (
        berlin_entry.runtime_data.book.get(code_id).record.forgotten_at == forgotten_at
    )

    # Also after a restart.
    await hass.config_entries.async_reload(berlin_entry.entry_id)
    await hass.async_block_till_done()
    assert entity_id(hass, berlin_entry, "sensor", code_id) is None
    assert await codes(hass) == []


async def test_forgetting_what_opens_for_ever(
    hass: HomeAssistant, berlin_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A permanent code has no end; whether it was used in time nobody knows."""
    room = registry_id(hass, berlin_entry, LOCK_UNBRIDGED)
    first, second = [
        (await create(hass, "permanent", room, name=name))["code_id"]
        for name in ("Anna", "Ben")
    ]
    expected = {
        "code_id": first,
        "still_opens": True,
        "still_opens_until": None,
        "certain": True,
        "message": "The code Anna is off the list, but it still opens Guest Room "
        "until the lock is reset.",
    }
    assert await act(hass, "delete_code", code_id=first, forget=True) == expected
    await move_to(hass, freezer, timedelta(days=2))
    answer = await act(hass, "delete_code", code_id=second, forget=True)
    assert (answer["certain"], answer["still_opens"]) == (False, True)
    assert "may still open Guest Room until the lock is reset" in answer["message"]


async def test_codes_that_are_over(
    hass: HomeAssistant, berlin_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A code that is over can be taken off as well; nothing is promised wrongly."""
    room = registry_id(hass, berlin_entry, LOCK_UNBRIDGED)
    code = await create(hass, "one_time", room, name="Anna")
    await move_to(hass, freezer, timedelta(days=2))
    code_id = code["code_id"]
    assert await refused(hass, "delete_code", code_id=code_id) == (
        "code_is_over",
        {"name": "Anna", "lock": "Guest Room"},
    )
    assert await act(hass, "delete_code", code_id=code_id, forget=True) == {
        "code_id": code_id,
        "still_opens": False,
        "still_opens_until": None,
        "certain": True,
        "message": "The code Anna is off the list. It does not open Guest Room any "
        "more.",
    }
    assert await codes(hass) == []


async def test_forgetting_a_code_nobody_is_sure_of(
    hass: HomeAssistant, simulator: Simulator, berlin_entry: MockConfigEntry
) -> None:
    """A request with an unknown outcome may open the door."""
    simulator.faults.add("/algopin/", "drop_after", times=None)
    with pytest.raises(HomeAssistantError):
        await create(hass, "one_time", registry_id(hass, berlin_entry, LOCK_UNBRIDGED))
    (code,) = await codes(hass)
    answer = await act(hass, "delete_code", code_id=code["code_id"], forget=True)
    assert answer["still_opens_until"] == "2026-11-21T13:00:00+01:00"
    assert answer["certain"] is False
    assert "may still open Guest Room until 2026-11-21 13:00" in answer["message"]

    # What becomes of it later does not bring it back.
    simulator.faults.clear()
    await berlin_entry.runtime_data.issuer.async_resume()
    (code,) = await codes(hass, code_id=code["code_id"])
    assert (code["status"], code["forgotten"]) == ("active", True)
    assert await codes(hass) == []


async def test_a_code_under_way(
    hass: HomeAssistant, simulator: Simulator, berlin_entry: MockConfigEntry
) -> None:
    """A code that is being requested cannot be forgotten meanwhile."""
    seen: list[tuple[Any, Any]] = []
    cloud = berlin_entry.runtime_data.cloud
    make = cloud.async_create_offline_code

    async def forget_meanwhile(request: Any) -> Any:
        (code,) = berlin_entry.runtime_data.book
        with pytest.raises(ServiceValidationError) as caught:
            await hass.services.async_call(
                DOMAIN,
                "delete_code",
                {"code_id": code.code_id, "forget": True},
                blocking=True,
            )
        seen.append(told(caught.value))
        return await make(request)

    room = registry_id(hass, berlin_entry, LOCK_UNBRIDGED)
    with patch.object(cloud, "async_create_offline_code", forget_meanwhile):
        code = await create(hass, "one_time", room, name="Anna")
    assert seen == [("code_under_way", {"name": "Anna", "lock": "Guest Room"})]
    assert len(code["pin"]) == 9
    assert await names(hass) == ["Anna"]


async def test_codes_that_do_not_exist(
    hass: HomeAssistant, berlin_entry: MockConfigEntry
) -> None:
    """An unknown id, or one of another lock, is told."""
    code = await create(
        hass, "one_time", registry_id(hass, berlin_entry, LOCK_UNBRIDGED)
    )
    gate = registry_id(hass, berlin_entry, LOCK_BRIDGED)
    assert await refused(hass, "delete_code", code_id="x", forget=True) == (
        "code_not_found",
        {"code_id": "x"},
    )
    assert await refused(
        hass, "delete_code", code_id=code["code_id"], forget=True, device_id=gate
    ) == ("code_not_found", {"code_id": code["code_id"]})
    assert len(await codes(hass)) == 1


async def test_codes_of_others(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Codes made elsewhere are not ours to forget."""
    freezer.move_to(NOW)
    start = NOW.replace(minute=0, second=0)
    offline = simulator.seam.add_code(
        {
            "device_id": SEAM_LOCK_BRIDGED,
            "name": "Console",
            "is_offline": True,
            "created_at": NOW - timedelta(hours=1),
            "starts_at": start,
            "ends_at": start + timedelta(hours=2),
        }
    )
    await set_up(seam_entry)
    code_id = offline["access_code_id"]
    told_of = {"name": "Console", "lock": "Apartment 1"}
    assert await refused(hass, "delete_code", code_id=code_id) == (
        "offline_code_not_deletable",
        {**told_of, "ends_at": "2026-11-20 15:00"},
    )
    assert await refused(hass, "delete_code", code_id=code_id, forget=True) == (
        "foreign_code_not_forgettable",
        told_of,
    )


async def test_a_superseded_code(
    hass: HomeAssistant, berlin_entry: MockConfigEntry
) -> None:
    """A code that was replaced opens until its end like any other."""
    room = registry_id(hass, berlin_entry, LOCK_UNBRIDGED)
    code = await create(hass, "one_time", room, name="Anna")
    book = berlin_entry.runtime_data.book
    record = book.get(code["code_id"]).record
    await book.async_update(replace(record, superseded_at=NOW))
    answer = await act(hass, "delete_code", code_id=code["code_id"], forget=True)
    assert answer["still_opens_until"] == "2026-11-21T13:00:00+01:00"
    assert answer["certain"] is True
