"""Locks that could not be operated, or of which nobody knows whether they were."""

from unittest.mock import patch

from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE, LOCK_BRIDGED

from .lock_cases import BOTH, IGLOOHOME, WRITES, Case, failed, operate, shown
from .surface import registry_id

pytestmark = pytest.mark.usefixtures("fast_jobs")


@BOTH
async def test_failed(
    hass: HomeAssistant, simulator: Simulator, lock: str, case: Case
) -> None:
    """The lock could not do it, and the cloud says so."""
    simulator.seam.switches.attempt_outcome = "error"
    simulator.faults.add(
        "/igloohome/jobs/",
        "json",
        body={
            "jobId": "x",
            "completed": True,
            "jobResponse": {"jobStatus": 2, "opResult": {"result": 5}},
        },
    )
    before = shown(hass, lock)
    key, placeholders = await failed(hass, "unlock", lock)
    assert key == "operation_failed"
    assert placeholders == (
        {"lock": "Garden Gate", "detail": "job status 2, result 5"}
        if case == IGLOOHOME
        else {"lock": "Apartment 1", "detail": "The lock did not answer."}
    )
    assert shown(hass, lock) == before


@BOTH
async def test_expired(
    hass: HomeAssistant, simulator: Simulator, lock: str, case: Case
) -> None:
    """The bridge did not reach the lock: nothing was done."""
    simulator.seam.switches.attempt_outcome = "error"
    simulator.seam.switches.attempt_error_type = "action_attempt_expired"
    simulator.igloohome.switches.job_expiry_seconds = 0.05
    simulator.igloohome.patch_device(LOCK_BRIDGED, {"in_reach": False})
    key, placeholders = await failed(hass, "unlock", lock)
    assert key == "operation_expired"
    assert placeholders["lock"] == (
        "Garden Gate" if case == IGLOOHOME else "Apartment 1"
    )


@pytest.mark.parametrize("case", [IGLOOHOME], ids=["igloohome"])
async def test_bridge_offline(
    hass: HomeAssistant, simulator: Simulator, lock: str
) -> None:
    """A bridge that is not there is told at once; nothing was sent to the lock."""
    simulator.igloohome.patch_device(BRIDGE, {"online": False})
    key, _ = await failed(hass, "unlock", lock)
    assert key == "bridge_offline"
    assert simulator.igloohome.jobs == []
    assert shown(hass, lock) == STATE_UNKNOWN


@BOTH
async def test_pending_for_ever(
    hass: HomeAssistant, simulator: Simulator, lock: str
) -> None:
    """Nobody waits for ever, and nobody knows what happened."""
    simulator.seam.switches.attempt_outcome = "pending"
    simulator.igloohome.switches.lock_job_seconds = 3600
    with patch("custom_components.igloohome_access.operations.LONGEST_JOB", 0.1):
        key, placeholders = await failed(hass, "unlock", lock)
    assert key == "operation_unknown"
    assert placeholders["detail"] == "(no reason given)"
    assert simulator.requests.count(path=WRITES, method="POST") == 1


@BOTH
@pytest.mark.parametrize("kind", ["drop_after", "truncated", "status_after"])
async def test_an_unknown_outcome_is_never_repeated(
    hass: HomeAssistant, simulator: Simulator, lock: str, kind: str
) -> None:
    """When the answer got lost the door may have opened: it is asked only once."""
    simulator.faults.add(WRITES, kind, status=500)
    key, placeholders = await failed(hass, "unlock", lock)
    assert key == "operation_unknown"
    assert placeholders["detail"] not in ("", "(no reason given)")
    assert simulator.requests.count(path=WRITES, method="POST") == 1
    assert len(simulator.igloohome.jobs) + len(simulator.seam.store.attempts) == 1


@BOTH
async def test_a_refusal_leaves_the_bolt_alone(
    hass: HomeAssistant, simulator: Simulator, lock: str
) -> None:
    """What was not even begun changes nothing about what is known of the door."""
    await operate(hass, "unlock", lock)
    assert shown(hass, lock) == "unlocked"
    simulator.faults.add(WRITES, "status", status=400, times=None)
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    await failed(hass, "lock", lock)
    states = [
        new.state
        for event in events
        if event.data["entity_id"] == lock
        and (new := event.data["new_state"]) is not None
    ]
    assert states == ["locking", "unlocked"]


LOOKS = "/igloohome/jobs/|/seam/action_attempts/get"


@BOTH
async def test_a_look_that_fails_is_repeated(
    hass: HomeAssistant, simulator: Simulator, lock: str
) -> None:
    """Trouble while waiting changes nothing about the job."""
    simulator.faults.add(LOOKS, "html", times=7)
    simulator.faults.add(LOOKS, "status", status=429, retry_after=0.01, times=7)
    await operate(hass, "unlock", lock)
    assert shown(hass, lock) == "unlocked"
    assert simulator.requests.count(path=WRITES, method="POST") == 1


@BOTH
@pytest.mark.parametrize(
    ("status", "reauth"), [(401, True), (403, False), (404, False)]
)
async def test_a_look_that_is_refused(
    hass: HomeAssistant, simulator: Simulator, lock: str, status: int, reauth: bool
) -> None:
    """Where nobody may look, the outcome is unknown at once."""
    simulator.faults.add(LOOKS, "status", status=status, times=None)
    key, _ = await failed(hass, "unlock", lock)
    assert key == "operation_unknown"
    assert simulator.requests.count(path=LOOKS) <= 2
    flows = hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == ["reauth"] * reauth


@BOTH
async def test_credentials_are_refused(
    hass: HomeAssistant, simulator: Simulator, lock: str
) -> None:
    """Refused credentials start the way to new ones."""
    simulator.faults.add(WRITES, "status", status=401, times=None)
    key, _ = await failed(hass, "lock", lock)
    assert key == "cloud_auth_failed"
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


@pytest.mark.parametrize("case", [IGLOOHOME], ids=["igloohome"])
async def test_errors_name_the_lock_as_people_do(
    hass: HomeAssistant,
    simulator: Simulator,
    lock: str,
    igloohome_entry: MockConfigEntry,
) -> None:
    """A lock that was renamed in Home Assistant is called so."""
    dr.async_get(hass).async_update_device(
        registry_id(hass, igloohome_entry, LOCK_BRIDGED), name_by_user="Rose Arch"
    )
    simulator.faults.add(WRITES, "drop_after")
    _, placeholders = await failed(hass, "unlock", lock)
    assert placeholders["lock"] == "Rose Arch"
