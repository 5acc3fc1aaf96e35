"""Online codes on Seam: changed here, and behind our or Seam's back."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import Code
from simulator import Simulator
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED as FLAT

from .codes import account_of
from .online import LISTS, UPDATE, change, fails, issues, make, one, record_of, restart
from .surface import Data, act, codes, poll

WINDOW = {"starts_at": "2030-06-01 15:10:00", "ends_at": "2030-06-03 11:20:00"}
RUNNER = "custom_components.igloohome_access.online_runner"


@pytest.fixture(autouse=True)
async def in_berlin(hass: HomeAssistant) -> None:
    """Be in Berlin, at any time."""
    await hass.config.async_set_time_zone("Europe/Berlin")


async def test_changing(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Seam changes it where it is; only what differs is sent."""
    code = await make(hass, seam, pin="4711", **WINDOW)
    changed = await change(hass, code, pin="8041", name="Anna")
    (sent,) = [e.body for e in simulator.seam.exchanges if "update" in e.path]
    code_id = one(simulator)["access_code_id"]
    assert sent == {"access_code_id": code_id, "name": "Anna", "code": "8041"}
    assert (changed["code_id"], changed["pin"]) == (code["code_id"], "8041")
    assert (changed["name"], changed["warnings"]) == ("Anna", [])
    changed = await change(hass, code, ends_at="2030-06-04 12:00:00")
    sent = [e.body for e in simulator.seam.exchanges if "update" in e.path][-1]
    assert sent == {"access_code_id": code_id, "ends_at": "2030-06-04T12:00:00+02:00"}
    assert changed["ends_at"] == "2030-06-04T12:00:00+02:00"
    record = record_of(seam)
    assert (record.pin, record.name, record.work) == ("8041", "Anna", None)


async def test_giving_it_a_window(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """A code without an end gets both moments; the start is now."""
    code = await make(hass, seam, pin="4711")
    await change(hass, code, ends_at="2030-06-04 12:00:00")
    listed = one(simulator)
    assert listed["starts_at"] is not None
    assert listed["ends_at"] == "2030-06-04T10:00:00.000Z"


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
async def test_change_lost(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry, fault: str
) -> None:
    """The same change said twice is one change."""
    code = await make(hass, seam, pin="4711")
    simulator.faults.add(UPDATE, fault)
    assert (await change(hass, code, pin="8041"))["pin"] == "8041"
    assert [pin["pin"] for pin in simulator.seam.issued_pins() if pin["opens"]] == [
        "8041"
    ]


async def test_change_unclear(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """It is finished after a restart."""
    code = await make(hass, seam, pin="4711")
    simulator.faults.add(UPDATE, "drop_after", times=None)
    assert (
        await fails(hass, "update_online_code", code_id=code["code_id"], pin="8041")
        == "change_outcome_unknown"
    )
    assert issues(hass) == ["code_change_unknown"]
    simulator.faults.clear()
    await restart(hass, seam)
    (shown,) = await codes(hass, include_pins=True)
    assert (shown["pin"], issues(hass)) == ("8041", [])


async def test_change_not_read_back(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """What Seam accepted is shown although it could not be read."""
    code = await make(hass, seam, pin="4711")
    simulator.faults.add(LISTS, "status", status=500, times=None)
    changed = await change(hass, code, pin="8041", ends_at="2030-06-04 12:00:00")
    assert changed["pin"] == "8041"
    assert changed["ends_at"] == "2030-06-04T12:00:00+02:00"
    # Nor with nothing listed before.
    simulator.faults.clear()
    await restart(hass, seam)
    simulator.faults.add(LISTS, "status", status=500, times=None)
    record = record_of(seam)
    book = account_of(seam).book
    book._place(Code(record=record), record.device_id)
    assert (await change(hass, code, pin="9051"))["pin"] == "9051"


async def test_change_refused(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Nothing was changed."""
    code = await make(hass, seam, pin="4711")
    simulator.faults.add(
        UPDATE,
        "status",
        status=409,
        body={"error": {"type": "duplicate_access_code", "message": "No."}},
    )
    assert (
        await fails(hass, "update_online_code", code_id=code["code_id"], pin="8041")
        == "duplicate_code"
    )
    assert (record_of(seam).pin, record_of(seam).work) == ("4711", None)


async def test_changed_at_seam(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """What somebody changed in Seam's console is how the code is."""
    code = await make(hass, seam, pin="4711", **WINDOW)
    cloud_id = one(simulator)["access_code_id"]
    moved = dt_util.utcnow().replace(microsecond=0) + timedelta(days=2)
    simulator.seam.patch_code(
        cloud_id,
        {
            "code": "8041",
            "ends_at": (moved + timedelta(days=1)).isoformat(),
            "starts_at": moved.isoformat(),
        },
    )
    await poll(hass, seam)
    await poll(hass, seam)
    (shown,) = await codes(hass, include_pins=True)
    assert (shown["pin"], shown["code_id"]) == ("8041", code["code_id"])
    assert dt_util.parse_datetime(shown["starts_at"]) == moved
    record = record_of(seam)
    assert (record.pin, record.window.starts_at) == ("8041", moved)


@pytest.mark.parametrize(
    ("trouble", "key"),
    [
        (
            {"errors": [{"error_code": "conflicting_external_modification"}]},
            "code_restored_by_seam",
        ),
        (
            {"warnings": [{"warning_code": "external_modification_in_effect"}]},
            "code_changed_elsewhere",
        ),
    ],
)
async def test_changed_elsewhere(
    hass: HomeAssistant,
    simulator: Simulator,
    seam: MockConfigEntry,
    trouble: dict[str, Any],
    key: str,
) -> None:
    """It is told what Seam makes of it, until that is over."""
    await make(hass, seam, pin="4711")
    simulator.clock.advance(timedelta(minutes=1))
    cloud_id = one(simulator)["access_code_id"]
    simulator.seam.patch_code(cloud_id, trouble)
    await poll(hass, seam)
    await poll(hass, seam)
    (shown,) = await codes(hass)
    assert [notice["code"] for notice in shown["cloud_notices"]] == [
        next(iter(trouble.values()))[0].get("error_code")
        or next(iter(trouble.values()))[0].get("warning_code")
    ]
    assert issues(hass) == [key]
    simulator.seam.patch_code(cloud_id, {"errors": [], "warnings": []})
    await poll(hass, seam)
    await poll(hass, seam)
    assert issues(hass) == []


async def test_not_on_the_lock(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """A code that could not be put onto its lock failed, with Seam's reason."""
    simulator.seam.patch_device(FLAT, {"fail_programming": True})
    await make(hass, seam, pin="4711")
    simulator.clock.advance(timedelta(minutes=1))
    await poll(hass, seam)
    await poll(hass, seam)
    (shown,) = await codes(hass)
    assert shown["status"] == "failed"
    (notice,) = shown["cloud_notices"]
    assert notice["code"] == "failed_to_set_on_device"
    assert issues(hass) == ["code_not_on_lock"]
    assert _reason(hass) == notice["message"] != ""
    simulator.seam.patch_code(
        one(simulator)["access_code_id"],
        {"errors": [{"error_code": "failed_to_set_on_device", "message": ""}]},
    )
    await poll(hass, seam)
    await poll(hass, seam)
    assert issues(hass) == ["code_not_on_lock"]
    assert _reason(hass) == "Failed to set on device."


def _reason(hass: HomeAssistant) -> str:
    """Return the reason that the one issue about a code tells."""
    (issue,) = (
        issue
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue_id.startswith("code_")
    )
    return (issue.translation_placeholders or {})["reason"]


@pytest.mark.parametrize("forget", [False, True])
async def test_deleting_what_is_not_on_the_lock(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry, forget: bool
) -> None:
    """A code that failed is deleted at Seam too, which else may set it later on."""
    simulator.seam.patch_device(FLAT, {"fail_programming": True})
    code = await make(hass, seam, pin="4711")
    simulator.clock.advance(timedelta(minutes=1))
    await poll(hass, seam)
    await poll(hass, seam)
    assert [c["status"] for c in await codes(hass)] == ["failed"]
    await act(hass, "delete_code", code_id=code["code_id"], forget=forget)
    assert one(simulator)["simulator_phase"] == "gone"
    await poll(hass, seam)
    assert await codes(hass) == []
    assert issues(hass) == []


async def test_deleted_elsewhere(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """A code that somebody deleted at Seam is reported until it is off the list."""
    code = await make(hass, seam, **WINDOW)
    simulator.seam.remove_code(one(simulator)["access_code_id"])
    with patch(
        "custom_components.igloohome_access.recognition.LISTING_LAG", timedelta()
    ):
        await poll(hass, seam)
        await poll(hass, seam)
    assert [c["status"] for c in await codes(hass)] == ["expired"]
    assert issues(hass) == ["code_gone_elsewhere"]
    # It cannot be changed, and there is nothing to delete.
    tries: list[tuple[str, Data, str]] = [
        ("update_online_code", {"name": "Anna"}, "ended_code_not_changeable"),
        ("delete_code", {"forget": False}, "code_is_over"),
    ]
    for action, more, key in tries:
        with pytest.raises(ServiceValidationError) as caught:
            await act(hass, action, {"code_id": code["code_id"], **more})
        assert caught.value.translation_key == key
    answer = await act(hass, "delete_code", code_id=code["code_id"], forget=True)
    assert answer["still_opens"] is False
    assert issues(hass) == []


async def test_changing_what_was_deleted_elsewhere(
    hass: HomeAssistant, simulator: Simulator, seam: MockConfigEntry
) -> None:
    """Seam says that it does not know it; nothing is changed."""
    code = await make(hass, seam, pin="4711")
    simulator.seam.remove_code(one(simulator)["access_code_id"])
    assert (
        await fails(hass, "update_online_code", code_id=code["code_id"], pin="8041")
        == "code_gone_at_seam"
    )
    assert (record_of(seam).pin, record_of(seam).work) == ("4711", None)
