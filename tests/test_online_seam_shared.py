"""One code on several locks of Seam, and spare ones."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED as FLAT,
    SEAM_LOCK_OFFLINE as ROOM,
    SEAM_LOCK_RETROFIT as RETROFIT,
)

from .codes import account_of
from .online import (
    CREATE,
    LISTS,
    PULL,
    SHARED,
    fails,
    in_seam,
    issues,
    make,
    make_all,
    make_fails,
    record_of,
)
from .surface import act, codes, poll, registry_id

WINDOW = {"starts_at": "2030-06-01 15:10:00", "ends_at": "2030-06-03 11:20:00"}
RUNNER = "custom_components.igloohome_access.online_runner"


@pytest.fixture(autouse=True)
async def in_berlin(hass: HomeAssistant) -> None:
    """Be in Berlin, at any time."""
    await hass.config.async_set_time_zone("Europe/Berlin")


async def test_shared(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """One request puts one code onto all of them."""
    found = await make_all(hass, seam, FLAT, RETROFIT)
    assert simulator.requests.count(path=SHARED) == 1
    assert simulator.requests.count(path=CREATE) == 0
    assert len({code["pin"] for code in found}) == 1
    assert {code["status"] for code in found} == {"setting"}
    assert in_seam(simulator) == [("Cleaner", found[0]["pin"])] * 2
    for code in found:
        assert record_of(seam, code).cloud_id is not None
        assert code["warnings"] == []


async def test_shared_refused(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Then each lock is asked for itself; one failure does not hide the others."""
    await make_all(hass, seam, FLAT, RETROFIT)
    simulator.seam.add_code({"device_id": RETROFIT, "name": "App", "code": "4711"})
    found = await make_all(hass, seam, FLAT, RETROFIT, pin="4711", name="Anna")
    assert simulator.requests.count(path=SHARED) == 2
    made, failed = sorted(found, key=lambda code: "error" in code)
    assert [w["key"] for w in made["warnings"]] == ["made_one_by_one"]
    assert failed["error"]["key"] == "duplicate_code"
    assert in_seam(simulator).count(("Anna", "4711")) == 1


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
async def test_shared_and_lost(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry, fault: str
) -> None:
    """Each is looked for on its lock, and made only where it is not."""
    simulator.faults.add(SHARED, fault)
    found = await make_all(hass, seam, FLAT, RETROFIT, pin="4711")
    assert [code["status"] for code in found] == ["setting", "setting"]
    assert in_seam(simulator) == [("Cleaner", "4711")] * 2
    assert simulator.requests.count(path=SHARED) == 1


async def test_not_alike(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Locks without digits in common get a code each; one without bridge none."""
    simulator.seam.patch_device(RETROFIT, {"supported_code_lengths": [9]})
    await poll(hass, seam)
    found = await make_all(hass, seam, FLAT, RETROFIT, ROOM)
    assert simulator.requests.count(path=SHARED) == 0
    assert sorted(len(code["pin"] or "") for code in found) == [0, 6, 9]


async def test_unreadable_lock(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """A lock whose codes cannot be read gets none: the digits may be there."""
    with patch("custom_components.igloohome_access.inventory.FRESH", timedelta(-1)):
        simulator.faults.add(LISTS, "status", status=500, times=None)
        assert await make_fails(hass, seam) == "cloud_unreachable"
    assert simulator.requests.count(path=CREATE) == 0
    assert await codes(hass) == []


@pytest.fixture
async def guest(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> dict[str, Any]:
    """Return a code with a backup behind it."""
    simulator.seam.patch_device(FLAT, {"backup_pool_enabled": True})
    await poll(hass, seam)
    start = dt_util.now() - timedelta(minutes=1)
    return await make(
        hass,
        seam,
        name="Guest",
        starts_at=start.replace(tzinfo=None, microsecond=0).isoformat(" "),
        ends_at="2030-06-03 11:20:00",
    )


@pytest.mark.parametrize("fault", [None, "drop_before", "drop_after"])
async def test_pulling(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    guest: dict[str, Any],
    fault: str | None,
) -> None:
    """The spare code is there with its PIN, and ends with the other."""
    assert guest["backup_available"] is True
    if fault is not None:
        simulator.faults.add(PULL, fault)
    answer = await act(hass, "pull_backup_code", code_id=guest["code_id"])
    (backup,) = answer["codes"]
    assert backup["pin"] not in (None, guest["pin"])
    assert (backup["ends_at"], backup["lock"]) == (guest["ends_at"], guest["lock"])
    assert backup["origin"] == "elsewhere"
    # Once more, it is the same one.
    again = await act(hass, "pull_backup_code", code_id=guest["code_id"])
    assert [code["code_id"] for code in again["codes"]] == [backup["code_id"]]


async def test_no_backup(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Without one that is told, and so is a refusal."""
    code = await make(hass, seam)
    assert (
        await fails(
            hass,
            "pull_backup_code",
            kind=ServiceValidationError,
            code_id=code["code_id"],
        )
        == "no_backup_left"
    )


async def test_pulling_fails(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    guest: dict[str, Any],
) -> None:
    """A refusal and a lost answer are told."""
    for fault, key in (
        ("drop_after", "backup_outcome_unknown"),
        ("status", "cloud_refused"),
    ):
        simulator.faults.clear()
        simulator.faults.add(PULL, fault, status=400, times=None)
        assert await fails(hass, "pull_backup_code", code_id=guest["code_id"]) == key


def names_in_issues(hass: HomeAssistant) -> list[str]:
    """Return the locks that the repair issues about codes name."""
    return [
        (issue.translation_placeholders or {})["lock"]
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue_id.startswith("code_")
    ]


async def test_pool_is_empty(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """A lock without spare codes is told, until it has some again."""
    dr.async_get(hass).async_update_device(
        registry_id(hass, seam, FLAT), name_by_user="Loft"
    )
    error = {"error_code": "empty_backup_access_code_pool"}
    for errors, expected in (([error], ["backup_codes_empty"]), ([], [])):
        simulator.seam.patch_device(FLAT, {"errors": errors})
        await poll(hass, seam)
        await make(hass, seam, RETROFIT)
        assert issues(hass) == expected
        assert names_in_issues(hass) == ["Loft"] * len(expected)


async def test_shared_with_other_locks(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """An answer that is not about the locks asked for is like none."""
    answer = {
        "access_codes": [
            {"access_code_id": ROOM, "device_id": ROOM, "code": "4711"},
            {"access_code_id": FLAT, "device_id": ROOM, "code": "4711"},
        ],
        "ok": True,
    }
    simulator.faults.add(SHARED, "json", body=answer)
    found = await make_all(hass, seam, FLAT, RETROFIT, pin="4711")
    assert [code["status"] for code in found] == ["setting", "setting"]
    assert in_seam(simulator) == [("Cleaner", "4711")] * 2


async def test_account_that_is_being_unloaded(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Nothing new begins, and that is told."""
    code = await make(hass, seam)
    await account_of(seam).online.async_drain()
    assert await make_fails(hass, seam) == "account_not_loaded"
    for action in ("update_online_code", "delete_code"):
        more = {"name": "Anna"} if action.startswith("update") else {"forget": False}
        assert (
            await fails(hass, action, code_id=code["code_id"], **more)
            == "account_not_loaded"
        )
