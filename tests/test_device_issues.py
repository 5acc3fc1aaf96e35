"""Repair issues about bridges and keypads: raised, taken back, gone with the account."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
)
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_HUB_DOWN,
    SEAM_LOCK_RETROFIT,
)

from .conftest import SetUp
from .flows import TEXTS, placeholders
from .lock_cases import failed, operate
from .surface import entity_id, poll, registry_id
from .test_devices import SEAM_BRIDGE

pytestmark = pytest.mark.usefixtures("fast_jobs", "quiet_log")

GONE = {
    "online": False,
    "errors": [{"error_code": "hub_disconnected", "message": "Gone"}],
}
BACK: dict[str, Any] = {"online": True, "errors": []}


def issues(hass: HomeAssistant) -> dict[str, dict[str, str]]:
    """Return what is reported of devices: the key of each issue with what it tells."""
    found = {}
    for (domain, issue_id), issue in ir.async_get(hass).issues.items():
        if domain == DOMAIN and issue_id.startswith("device_"):
            assert issue.translation_key is not None
            assert issue.severity is ir.IssueSeverity.WARNING
            assert issue.is_fixable == (issue.translation_key == "bridge_is_failing")
            told = dict(issue.translation_placeholders or {})
            needed = placeholders(json.dumps(TEXTS["issues"][issue.translation_key]))
            assert needed <= told.keys()
            found[issue.translation_key] = told
    return found


@pytest.fixture
async def entry(igloohome_entry: MockConfigEntry, set_up: SetUp) -> MockConfigEntry:
    """Return a loaded igloohome account."""
    return await set_up(igloohome_entry)


async def test_keypad_not_linked(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The bridge has the lock, but codes would have to go to the keypad."""
    assert issues(hass) == {}
    dr.async_get(hass).async_update_device(
        registry_id(hass, entry, LOCK_RETROFIT), name_by_user="Home"
    )
    simulator.igloohome.patch_device(BRIDGE, {"linked": [LOCK_RETROFIT, LOCK_BRIDGED]})
    await poll(hass, entry)
    assert issues(hass) == {
        "keypad_not_linked": {"device": "Home", "bridge": "Hall Bridge"}
    }
    # Neither is linked: that is no mistake.
    simulator.igloohome.patch_device(BRIDGE, {"linked": [LOCK_BRIDGED]})
    await poll(hass, entry)
    assert issues(hass) == {}


async def test_lock_not_linked(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The bridge has the keypad, but cannot move the bolt."""
    simulator.igloohome.patch_device(
        BRIDGE, {"linked": [KEYPAD_RETROFIT, LOCK_BRIDGED]}
    )
    await poll(hass, entry)
    assert issues(hass) == {
        "lock_not_linked": {"device": "Front Door", "bridge": "Hall Bridge"}
    }
    simulator.igloohome.patch_device(
        BRIDGE, {"linked": [KEYPAD_RETROFIT, LOCK_RETROFIT]}
    )
    await poll(hass, entry)
    assert issues(hass) == {}


async def test_bridge_failing(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Three jobs in a row that came to nothing are reported, until one succeeds."""
    lock = entity_id(hass, entry, "lock", LOCK_BRIDGED, "lock")
    assert lock is not None
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    for count in range(3):
        assert issues(hass) == {}, count
        await failed(hass, "unlock", lock)
    expected = {"bridge_is_failing": {"device": "Hall Bridge", "bridge": "-"}}
    assert issues(hass) == expected
    await poll(hass, entry)
    assert issues(hass) == expected

    simulator.igloohome.patch_device(BRIDGE, {"online": True})
    await operate(hass, "unlock", lock)
    assert issues(hass) == {}


async def test_not_every_failure_is_the_bridge(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """A lock that says no was reached; a cloud that says no tells nothing."""
    lock = entity_id(hass, entry, "lock", LOCK_BRIDGED, "lock")
    assert lock is not None
    simulator.igloohome.switches.job_expiry_seconds = 0.05
    simulator.igloohome.patch_device(LOCK_BRIDGED, {"in_reach": False})
    for _ in range(2):
        await failed(hass, "unlock", lock)
    simulator.faults.add("/jobs/bridges/", "status", status=400, times=1)
    await failed(hass, "unlock", lock)
    assert issues(hass) == {}
    simulator.faults.add(
        "/igloohome/jobs/",
        "json",
        body={
            "jobId": "x",
            "completed": True,
            "jobResponse": {"jobStatus": 2, "opResult": {"result": 5}},
        },
    )
    assert (await failed(hass, "unlock", lock))[0] == "operation_failed"
    await failed(hass, "unlock", lock)
    assert issues(hass) == {}


@pytest.mark.parametrize("remove", [False, True])
async def test_gone_with_the_account(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, remove: bool
) -> None:
    """An account that is removed takes its issues along; a reload keeps them."""
    simulator.igloohome.patch_device(BRIDGE, {"linked": [LOCK_RETROFIT]})
    await poll(hass, entry)
    assert issues(hass)
    if remove:
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        await hass.config_entries.async_reload(entry.entry_id)
    assert bool(issues(hass)) is not remove


async def test_without_permissions(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Where nothing may be asked of a bridge, nothing is made up about its links."""
    data = dict(igloohome_entry.data)
    data["client_id"] = "limited-client-id"
    data["client_secret"] = "limited-client-secret"
    limited = MockConfigEntry(
        domain=DOMAIN, title="Limited", unique_id="limited", data=data
    )
    simulator.igloohome.patch_device(BRIDGE, {"linked": [KEYPAD_RETROFIT]})
    await set_up(limited)
    assert issues(hass) == {}


async def test_seam_bridge_offline(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """One bridge that is away is one issue, however many locks it has."""
    simulator.seam.patch_device(SEAM_LOCK_HUB_DOWN, BACK)
    entry = await set_up(seam_entry)
    assert issues(hass) == {}
    for lock in (SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT, SEAM_LOCK_HUB_DOWN):
        simulator.seam.patch_device(lock, GONE)
    await poll(hass, entry)
    found = issues(hass)
    assert found.keys() == {"bridge_is_offline"}
    registered = dr.async_get(hass).async_get(registry_id(hass, entry, SEAM_BRIDGE))
    assert registered is not None
    assert found["bridge_is_offline"]["device"] == registered.name

    # One of its locks is reached again, so the bridge is there.
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, BACK)
    await poll(hass, entry)
    assert issues(hass).keys() == {"lock_is_cut_off"}
    for lock in (SEAM_LOCK_RETROFIT, SEAM_LOCK_HUB_DOWN):
        simulator.seam.patch_device(lock, BACK)
    await poll(hass, entry)
    assert issues(hass) == {}


async def test_seam_bridge_unknown(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A lock that misses a bridge which Seam does not name is reported itself."""
    simulator.seam.patch_device(SEAM_LOCK_HUB_DOWN, {"bridge_id": None})
    await set_up(seam_entry)
    assert issues(hass) == {"lock_is_cut_off": {"device": "Apartment 3", "bridge": "-"}}


async def test_seam_keypad_setup(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Seam says itself that a keypad is not linked to the bridge."""
    simulator.seam.patch_device(SEAM_LOCK_HUB_DOWN, BACK)
    warning = {
        "warning_code": "accessory_keypad_setup_required",
        "message": "Link the keypad",
    }
    simulator.seam.patch_device(SEAM_LOCK_RETROFIT, {"warnings": [warning]})
    entry = await set_up(seam_entry)
    assert issues(hass).keys() == {"keypad_not_linked"}
    assert issues(hass)["keypad_not_linked"]["device"] == "Apartment 4"
    simulator.seam.patch_device(SEAM_LOCK_RETROFIT, {"warnings": []})
    await poll(hass, entry)
    assert issues(hass) == {}


async def test_seam_tells_itself(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Attempts that expire say nothing of a bridge that Seam calls connected."""
    simulator.seam.patch_device(SEAM_LOCK_HUB_DOWN, BACK)
    entry = await set_up(seam_entry)
    lock = entity_id(hass, entry, "lock", SEAM_LOCK_BRIDGED, "lock")
    assert lock is not None
    simulator.seam.switches.attempt_outcome = "error"
    simulator.seam.switches.attempt_error_type = "action_attempt_expired"
    for _ in range(4):
        assert (await failed(hass, "unlock", lock))[0] == "operation_expired"
    assert issues(hass) == {}
