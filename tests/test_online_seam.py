"""Online codes on Seam: made, and what becomes of lost answers."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.issuing import SETTLING
from custom_components.igloohome_access.model import RecordState
from simulator import Simulator
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED as FLAT,
    SEAM_LOCK_HUB_DOWN as DOWN,
)

from .online import (
    CREATE,
    LISTS,
    delete,
    fails,
    in_seam,
    issues,
    make,
    make_fails,
    one,
    record_of,
    restart,
    resume,
)
from .surface import codes, poll, registry_id

WINDOW = {"starts_at": "2030-06-01 15:10:00", "ends_at": "2030-06-03 11:20:00"}
RUNNER = "custom_components.igloohome_access.online_runner"


@pytest.fixture(autouse=True)
async def in_berlin(hass: HomeAssistant) -> None:
    """Be in Berlin, at any time."""
    await hass.config.async_set_time_zone("Europe/Berlin")


async def test_making_one(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Seam has accepted it and puts it onto the lock; polls tell how that goes."""
    code = await make(hass, seam, pin="4711")
    assert (code["pin"], code["status"], code["ends_at"]) == ("4711", "setting", None)
    assert code["backup_available"] is False
    assert in_seam(simulator) == [("Cleaner", "4711")]
    simulator.clock.advance(timedelta(seconds=30))
    await poll(hass, seam)
    await poll(hass, seam)
    assert [c["status"] for c in await codes(hass)] == ["active"]
    assert issues(hass) == []


async def test_with_a_window(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """The window is sent with the offset of the lock; digits are drawn here."""
    code = await make(hass, seam, **WINDOW)
    assert (code["status"], len(code["pin"])) == ("scheduled", 6)
    assert code["starts_at"] == "2030-06-01T15:10:00+02:00"
    sent = simulator.seam.exchanges[-2].body
    assert sent == {
        "device_id": FLAT,
        "name": "Cleaner",
        "code": code["pin"],
        "starts_at": "2030-06-01T15:10:00+02:00",
        "ends_at": "2030-06-03T11:20:00+02:00",
    }


async def test_with_a_backup_pool(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Where somebody has switched the pool on, codes with an end use it."""
    simulator.seam.patch_device(FLAT, {"backup_pool_enabled": True})
    await poll(hass, seam)
    for window, expected in ((WINDOW, True), ({}, None)):
        await make(hass, seam, **window)
        sent = simulator.seam.exchanges[-2].body
        assert sent.get("use_backup_access_code_pool") is expected


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"one_time": True}, "one_time_not_online_on_seam"),
        ({"starts_at": "2030-06-01 15:10:00"}, "online_start_needs_end"),
        ({"pin": "482"}, "pin_length"),
    ],
)
async def test_refused_before_anything_is_sent(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    fields: dict[str, Any],
    key: str,
) -> None:
    """What Seam cannot do is told beforehand."""
    simulator.requests.clear()
    data = {"device_id": registry_id(hass, seam, FLAT), "name": "Cleaner", **fields}
    assert (
        await fails(hass, "create_online_code", kind=ServiceValidationError, **data)
        == key
    )
    assert simulator.requests.count(path=CREATE) == 0


async def test_rules_of_the_lock(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Digits keep to what the lock asks for; some draw them themselves."""
    simulator.seam.patch_device(
        FLAT, {"code_constraints": [{"constraint_type": "no_zeros"}]}
    )
    await poll(hass, seam)
    data = {"device_id": registry_id(hass, seam, FLAT), "name": "Cleaner"}
    assert (
        await fails(
            hass, "create_online_code", kind=ServiceValidationError, pin="4809", **data
        )
        == "pin_breaks_rule"
    )
    assert "0" not in (await make(hass, seam))["pin"]

    simulator.seam.patch_device(
        FLAT, {"code_constraints": [{"constraint_type": "cannot_contain_0789"}]}
    )
    await poll(hass, seam)
    with patch("custom_components.igloohome_access.pins._MAX_DRAWS", 0):
        assert (
            await fails(hass, "create_online_code", kind=ServiceValidationError, **data)
            == "no_pin_left"
        )


async def test_lock_that_draws_digits(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Then Seam is asked for a code without any, and tells them."""
    rule = {"constraint_type": "cannot_specify_pin_code"}
    simulator.seam.patch_device(FLAT, {"code_constraints": [rule]})
    await poll(hass, seam)
    data = {"device_id": registry_id(hass, seam, FLAT), "name": "Cleaner"}
    assert (
        await fails(
            hass, "create_online_code", kind=ServiceValidationError, pin="4809", **data
        )
        == "pin_not_choosable"
    )
    code = await make(hass, seam)
    assert in_seam(simulator) == [("Cleaner", code["pin"])]
    assert record_of(seam).pin == code["pin"]


async def test_rooms(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """A lock that has as many codes as it can be given is full."""
    simulator.seam.patch_device(FLAT, {"max_active_codes": 1})
    await poll(hass, seam)
    await make(hass, seam)
    data = {"device_id": registry_id(hass, seam, FLAT), "name": "Cleaner"}
    assert (
        await fails(hass, "create_online_code", kind=ServiceValidationError, **data)
        == "lock_full"
    )


@pytest.mark.parametrize(
    ("error", "status", "key"),
    [
        ("duplicate_access_code", 409, "duplicate_code"),
        ("no_space_for_access_code_on_device", 400, "no_room_on_lock"),
        ("hub_disconnected", 400, "bridge_offline"),
        ("igloohome_bridge_too_many_pending_jobs", 400, "bridge_busy"),
        ("invalid_input", 400, "cloud_refused"),
    ],
)
async def test_refused_by_seam(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    error: str,
    status: int,
    key: str,
) -> None:
    """Each reason has its text; nothing stays behind."""
    simulator.faults.add(
        CREATE,
        "status",
        status=status,
        body={"error": {"type": error, "message": "No."}, "ok": False},
        times=None,
    )
    assert await make_fails(hass, seam, pin="4711") == key
    assert await codes(hass) == []


async def test_account_disconnected(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """A code cannot get onto a lock whose account Seam has lost."""
    error = {
        "error_code": "account_disconnected",
        "is_connected_account_error": True,
        "is_device_error": False,
    }
    simulator.seam.patch_device(FLAT, {"errors": [error]})
    await poll(hass, seam)
    assert await make_fails(hass, seam) == "maker_account_disconnected"
    assert simulator.requests.count(path=CREATE) == 0


async def test_lock_out_of_reach(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Seam keeps the code until the bridge is back; that is told."""
    code = await make(hass, seam, DOWN)
    assert code["status"] == "setting"
    assert [w["key"] for w in code["warnings"]] == ["lock_is_offline"]


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "truncated"])
async def test_answer_lost(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry, fault: str
) -> None:
    """The code is adopted if it was made, and made if it was not."""
    simulator.faults.add(CREATE, fault)
    code = await make(hass, seam, pin="4711")
    assert (code["status"], code["pin"]) == ("setting", "4711")
    assert in_seam(simulator) == [("Cleaner", "4711")]
    assert record_of(seam).cloud_id == one(simulator)["access_code_id"]


async def test_outcome_unknown(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Without a look at the lists nothing is asked again."""
    simulator.faults.add(CREATE, "drop_after")
    simulator.faults.add(LISTS, "status", status=500, times=None)
    assert await make_fails(hass, seam, pin="4711") == "outcome_unknown"
    assert simulator.requests.count(path=CREATE) == 1
    assert issues(hass) == ["code_outcome_unknown"]
    with pytest.raises(ServiceValidationError) as caught:
        await delete(hass, (await codes(hass))[0])
    assert caught.value.translation_key == "online_code_busy"
    simulator.faults.clear()
    await restart(hass, seam)
    (code,) = await codes(hass, include_pins=True)
    assert (code["pin"], code["status"]) == ("4711", "setting")
    assert (in_seam(simulator), issues(hass)) == ([("Cleaner", "4711")], [])


@pytest.mark.usefixtures("instant_reads")
async def test_lock_leaves_the_account(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A code nobody can ask about any more is reported, but not at once."""
    simulator.faults.add(CREATE, "drop_after")
    simulator.faults.add(LISTS, "status", status=500, times=None)
    assert await make_fails(hass, seam, pin="4711") == "outcome_unknown"
    simulator.faults.clear()
    simulator.seam.remove_device(FLAT)
    await resume(hass, seam)
    assert record_of(seam).state is RecordState.REQUESTED
    freezer.tick(SETTLING)
    await resume(hass, seam)
    record = record_of(seam)
    assert (record.state, record.work) == (RecordState.FAILED, None)
    assert (record.failure, issues(hass)) == ("cloud_not_found", ["code_failed"])


async def test_not_listed_at_once(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Asked again with the same digits, Seam says that it has them: look again."""
    simulator.faults.add(CREATE, "drop_after")
    empty = {"access_codes": [], "pagination": {"has_next_page": False}, "ok": True}
    simulator.faults.add(LISTS, "json", body=empty, times=1)
    code = await make(hass, seam, pin="4711")
    assert code["status"] == "setting"
    assert in_seam(simulator) == [("Cleaner", "4711")]


async def test_not_listed_for_long(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Until it is, nobody knows whose the digits are."""
    simulator.faults.add(CREATE, "drop_after")
    empty = {"access_codes": [], "pagination": {"has_next_page": False}, "ok": True}
    simulator.faults.add(LISTS, "json", body=empty, times=None)
    assert await make_fails(hass, seam, pin="4711") == "outcome_unknown"
    assert in_seam(simulator) == [("Cleaner", "4711")]
    simulator.faults.clear()
    await resume(hass, seam)
    assert [c["status"] for c in await codes(hass)] == ["setting"]


async def test_without_digits_nothing_is_repeated(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Where the lock draws them, asking again at once might make a second code."""
    rule = {"constraint_type": "cannot_specify_pin_code"}
    simulator.seam.patch_device(FLAT, {"code_constraints": [rule]})
    await poll(hass, seam)
    simulator.faults.add(CREATE, "drop_before")
    assert await make_fails(hass, seam) == "outcome_unknown"
    assert simulator.requests.count(path=CREATE) == 1
    with patch("custom_components.igloohome_access.online_seam.SETTLING", timedelta()):
        await resume(hass, seam)
    assert simulator.requests.count(path=CREATE) == 2
    assert [c["status"] for c in await codes(hass)] == ["setting"]


async def test_without_digits_it_is_repeated_later(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """When the last request must have come to its end, also over a restart."""
    rule = {"constraint_type": "cannot_specify_pin_code"}
    simulator.seam.patch_device(FLAT, {"code_constraints": [rule]})
    await poll(hass, seam)
    simulator.faults.add(CREATE, "drop_before", times=2)
    assert await make_fails(hass, seam) == "outcome_unknown"
    freezer.tick(SETTLING / 2)
    await resume(hass, seam)
    assert simulator.requests.count(path=CREATE) == 1
    freezer.tick(SETTLING / 2)
    await resume(hass, seam)
    assert simulator.requests.count(path=CREATE) == 2
    freezer.tick(SETTLING / 2)
    await restart(hass, seam)
    assert simulator.requests.count(path=CREATE) == 2
    freezer.tick(SETTLING / 2)
    await resume(hass, seam)
    assert simulator.requests.count(path=CREATE) == 3
    assert [c["status"] for c in await codes(hass)] == ["setting"]


async def test_accepted_and_not_read_back(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Until it is known how it stands with a code, it is on its way."""
    with patch(
        "custom_components.igloohome_access.inventory.Inventory.async_ensure_fresh"
    ):
        simulator.faults.add(LISTS, "status", status=500, times=None)
        code = await make(hass, seam, pin="4711")
    assert code["status"] == "setting"
    assert record_of(seam).state is RecordState.ISSUED
    assert issues(hass) == []
    await resume(hass, seam)
    assert record_of(seam).work is not None
    simulator.faults.clear()
    simulator.clock.advance(timedelta(minutes=1))
    await resume(hass, seam)
    assert [c["status"] for c in await codes(hass)] == ["active"]
    assert record_of(seam).work is None


async def test_accepted_and_gone(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """A code that is deleted elsewhere before it was ever seen is over."""
    with patch(
        "custom_components.igloohome_access.inventory.Inventory.async_ensure_fresh"
    ):
        simulator.faults.add(LISTS, "status", status=500, times=None)
        await make(hass, seam, pin="4711")
    simulator.seam.remove_code(one(simulator)["access_code_id"])
    simulator.faults.clear()
    await resume(hass, seam)
    assert record_of(seam).work is not None
    with patch(
        "custom_components.igloohome_access.recognition.LISTING_LAG", timedelta()
    ):
        await poll(hass, seam)
        await poll(hass, seam)
    await resume(hass, seam)
    assert record_of(seam).work is None
    assert [c["status"] for c in await codes(hass)] == ["expired"]
