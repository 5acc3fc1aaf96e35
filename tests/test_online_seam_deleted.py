"""Online codes on Seam: deleted, also those that were made elsewhere."""

from datetime import timedelta
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.issues import SLOW_DELETION
from custom_components.igloohome_access.ledger_file import LedgerStore
from custom_components.igloohome_access.upkeep import INTERVAL
from simulator import Simulator
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED as FLAT

from .codes import account_of, until
from .online import (
    DELETE,
    LISTS,
    change,
    delete,
    fails,
    in_seam,
    issues,
    make,
    one,
    restart,
    resume,
)
from .surface import codes

WINDOW = {"starts_at": "2030-06-01 15:10:00", "ends_at": "2030-06-03 11:20:00"}
RUNNER = "custom_components.igloohome_access.online_runner"


@pytest.fixture(autouse=True)
async def in_berlin(hass: HomeAssistant) -> None:
    """Be in Berlin, at any time."""
    await hass.config.async_set_time_zone("Europe/Berlin")


async def test_deleting(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """It is being deleted until the bridge has done that."""
    code = await make(hass, seam, pin="4711")
    answer = await delete(hass, code)
    assert (answer["still_opens"], answer["certain"]) == (True, False)
    assert "being deleted" in answer["message"]
    assert [c["status"] for c in await codes(hass)] == ["removing"]
    assert issues(hass) == []
    # Once more is the same, and Seam is not asked again.
    asked = simulator.requests.count(path=DELETE)
    await delete(hass, code)
    await resume(hass, seam)
    assert simulator.requests.count(path=DELETE) <= asked + 1
    simulator.clock.advance(timedelta(minutes=1))
    await resume(hass, seam)
    assert await codes(hass) == []
    assert (in_seam(simulator), issues(hass)) == ([], [])


async def test_deleted_at_once(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """What was never on the lock is gone when the action answers."""
    code = await make(hass, seam, **WINDOW)
    assert (await delete(hass, code))["still_opens"] is False
    assert await codes(hass) == []


async def test_deleting_what_is_gone(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """A code Seam does not know is deleted already."""
    code = await make(hass, seam, **WINDOW)
    simulator.seam.remove_code(one(simulator)["access_code_id"])
    assert (await delete(hass, code))["still_opens"] is False


async def test_deletion_lost(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """It is looked for before it is asked for again."""
    code = await make(hass, seam, pin="4711")
    simulator.faults.add(DELETE, "drop_after")
    answer = await delete(hass, code)
    assert answer["still_opens"] is True
    assert simulator.requests.count(path=DELETE) == 1


async def test_deletion_unclear(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Without a look nothing is known; it goes on after a restart."""
    code = await make(hass, seam, pin="4711")
    simulator.faults.add(DELETE, "drop_before")
    simulator.faults.add(LISTS, "status", status=500, times=None)
    assert (
        await fails(hass, "delete_code", code_id=code["code_id"])
        == "deletion_outcome_unknown"
    )
    assert issues(hass) == ["code_deletion_unfinished"]
    simulator.faults.clear()
    await restart(hass, seam)
    simulator.clock.advance(timedelta(minutes=1))
    await resume(hass, seam)
    assert (await codes(hass), in_seam(simulator)) == ([], [])


async def test_deletion_not_seen(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """A deletion that takes long is told after a while."""
    code = await make(hass, seam, pin="4711")
    simulator.faults.add(LISTS, "status", status=500, times=None)
    await delete(hass, code)
    assert issues(hass) == []
    simulator.faults.clear()
    simulator.seam.switches.removing_seconds = 10_000
    with patch("custom_components.igloohome_access.issues.SLOW_DELETION", timedelta()):
        await resume(hass, seam)
        assert issues(hass) == ["code_deletion_unfinished"]


async def test_deletion_takes_long(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What Seam is at is no cause for a notice until it takes really long."""
    code = await make(hass, seam, pin="4711")
    simulator.seam.switches.removing_seconds = 10_000
    await delete(hass, code)
    for _ in range(2):
        freezer.tick(INTERVAL)
        await resume(hass, seam)
        assert issues(hass) == []
    assert simulator.requests.count(path=DELETE) == 1
    freezer.tick(SLOW_DELETION)
    await resume(hass, seam)
    assert issues(hass) == ["code_deletion_unfinished"]


async def test_unloaded_while_it_is_deleted(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Nobody waits for the bridge when the account is unloaded."""
    code = await make(hass, seam, pin="4711")
    account = account_of(seam)
    with patch("custom_components.igloohome_access.online_seam.REMOVAL_PAUSES", (60,)):
        task = hass.async_create_task(delete(hass, code))
        await until(lambda: simulator.requests.count(path=DELETE))
        await account.online.async_drain()
        assert (await task)["still_opens"] is True


async def test_codes_of_the_console(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Codes that Seam manages can be changed and deleted, whoever made them."""
    made = simulator.seam.add_code({"device_id": FLAT, "name": "Guest", "code": "4711"})
    await account_of(seam).inventory.async_read_lock(FLAT)
    code = {"code_id": made["access_code_id"]}
    changed = await change(hass, code, pin="8041", name="Anna")
    assert (changed["code_id"], changed["pin"]) == (made["access_code_id"], "8041")
    assert (changed["origin"], changed["name"]) == ("elsewhere", "Anna")
    await restart(hass, seam)
    (shown,) = await codes(hass)
    assert shown["code_id"] == made["access_code_id"]
    simulator.clock.advance(timedelta(minutes=1))
    await delete(hass, code)
    simulator.clock.advance(timedelta(minutes=1))
    await resume(hass, seam)
    assert await codes(hass) == []


async def test_codes_of_the_console_on_a_full_disk(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Nothing is asked for, and the code is what it was."""
    made = simulator.seam.add_code({"device_id": FLAT, "name": "Guest", "code": "4711"})
    await account_of(seam).inventory.async_read_lock(FLAT)

    async def full(store: LedgerStore, _: object) -> None:
        store.write_failed = True

    with patch.object(LedgerStore, "_async_write_data", full):
        assert (
            await fails(hass, "delete_code", code_id=made["access_code_id"])
            == "ledger_unwritable"
        )
    (shown,) = await codes(hass)
    assert (shown["code_id"], shown["origin"]) == (made["access_code_id"], "elsewhere")
    assert made["access_code_id"] not in account_of(seam).book.ledger.records
    assert simulator.requests.count(path=DELETE) == 0


async def test_codes_of_the_makers_app(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Codes that Seam only sees are for the app they were made in."""
    made = simulator.seam.add_code(
        {"device_id": FLAT, "name": "App", "code": "4711", "is_managed": False}
    )
    await account_of(seam).inventory.async_read_lock(FLAT)
    for action, more in (
        ("update_online_code", {"name": "Anna"}),
        ("delete_code", {"forget": True}),
    ):
        assert (
            await fails(
                hass,
                action,
                kind=ServiceValidationError,
                code_id=made["access_code_id"],
                **more,
            )
            == "code_of_makers_app"
        )
