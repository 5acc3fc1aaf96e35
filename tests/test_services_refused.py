"""Codes that a cloud does not make, on one lock and on some of several."""

from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.clouds.base import CloudError
from custom_components.igloohome_access.ledger import LedgerUnwritableError
from simulator import Simulator
from simulator.igloohome.scenarios import KEYBOX, LOCK_BRIDGED, LOCK_UNBRIDGED, PADLOCK
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE

from .conftest import SetUp
from .surface import Data, act, create, poll, registry_id, told

# What the cloud says


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ({"kind": "status", "status": 400, "body": {"message": "No"}}, "cloud_refused"),
        ({"kind": "status", "status": 404}, "cloud_not_found"),
        ({"kind": "status", "status": 403}, "cloud_permission_missing"),
        ({"kind": "status", "status": 429, "retry_after": 60}, "cloud_rate_limited"),
    ],
)
async def test_refused_by_the_cloud(
    hass: HomeAssistant,
    simulator: Simulator,
    berlin_entry: MockConfigEntry,
    fault: dict[str, Any],
    key: str,
) -> None:
    """What the cloud refuses is told, and leaves nothing behind."""
    lock = registry_id(hass, berlin_entry, LOCK_UNBRIDGED)
    simulator.faults.add("/algopin/", times=None, **fault)
    with pytest.raises(HomeAssistantError) as caught:
        await create(hass, "one_time", lock)
    assert not isinstance(caught.value, ServiceValidationError)
    found, placeholders = told(caught.value)
    assert found == key
    assert isinstance(caught.value.__cause__, CloudError)
    if key == "cloud_refused":
        assert placeholders == {"detail": "No"}
    if key == "cloud_permission_missing":
        assert placeholders["permission"] == "algopin-onetime"
    if key == "cloud_rate_limited":
        assert placeholders == {"seconds": "60"}
    assert list(berlin_entry.runtime_data.book) == []


async def test_unreachable(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A cloud that is not there made nothing."""
    entry = await set_up(igloohome_entry)
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    await simulator.pause()
    with patch(
        "custom_components.igloohome_access.clouds.http.random.uniform",
        return_value=0.0,
    ):
        # A write into a connection that has just died might have arrived.
        await poll(hass, entry)
    with pytest.raises(HomeAssistantError) as caught:
        await create(hass, "one_time", lock)
    assert told(caught.value)[0] == "cloud_unreachable"
    assert list(entry.runtime_data.book) == []


async def test_refused_credentials(
    hass: HomeAssistant, simulator: Simulator, berlin_entry: MockConfigEntry
) -> None:
    """Refused credentials start the way to new ones."""
    simulator.faults.add("/algopin/", "status", status=401, times=None)
    with pytest.raises(HomeAssistantError) as caught:
        await create(hass, "one_time", registry_id(hass, berlin_entry, LOCK_UNBRIDGED))
    assert told(caught.value)[0] == "cloud_auth_failed"
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"
    assert flow["context"]["entry_id"] == berlin_entry.entry_id


async def test_a_disk_that_is_full(
    hass: HomeAssistant, simulator: Simulator, berlin_entry: MockConfigEntry
) -> None:
    """Nothing is requested that cannot be recorded first."""
    simulator.requests.clear()
    with (
        patch(
            "custom_components.igloohome_access.ledger.Ledger.async_reserve",
            side_effect=LedgerUnwritableError,
        ),
        pytest.raises(HomeAssistantError) as caught,
    ):
        await create(hass, "one_time", registry_id(hass, berlin_entry, LOCK_UNBRIDGED))
    assert told(caught.value) == ("ledger_unwritable", {})
    assert simulator.requests.count() == 0


# Several locks


async def _make(
    hass: HomeAssistant, berlin_entry: MockConfigEntry, **more: Any
) -> Data:
    """Make a code on three locks."""
    return await act(
        hass,
        "create_one_time_code",
        {
            "name": "Anna",
            "device_id": [
                registry_id(hass, berlin_entry, lock)
                for lock in (LOCK_UNBRIDGED, PADLOCK, KEYBOX)
            ],
        },
        **more,
    )


def _refuse(simulator: Simulator, lock: str, text: str) -> None:
    simulator.faults.add(
        f"/devices/{lock}/algopin",
        "status",
        status=400,
        body={"message": text},
        times=None,
    )


async def test_all_locks(
    hass: HomeAssistant, simulator: Simulator, berlin_entry: MockConfigEntry
) -> None:
    """Each lock has a code of its own, with the same window."""
    codes = (await _make(hass, berlin_entry))["codes"]
    assert [code["lock"] for code in codes] == ["Bike Padlock", "Guest Room", "Key Box"]
    assert len({code["starts_at"] for code in codes}) == 1
    assert {code["pin"] for code in codes} == {
        issued.pin for issued in simulator.igloohome.issued
    }


async def test_some_locks(
    hass: HomeAssistant, simulator: Simulator, berlin_entry: MockConfigEntry
) -> None:
    """The answer lists every lock, and what went wrong does not hide the codes."""
    _refuse(simulator, PADLOCK, "Broken")
    padlock, room, box = (await _make(hass, berlin_entry))["codes"]
    assert padlock == {
        "code_id": None,
        "device_id": registry_id(hass, berlin_entry, PADLOCK),
        "lock": "Bike Padlock",
        "name": "Anna",
        "kind": "one_time",
        "pin": None,
        "starts_at": None,
        "ends_at": None,
        "first_use_by": None,
        "status": "failed",
        "warnings": [],
        "error": {
            "key": "cloud_refused",
            "message": "The cloud refused this; nothing was done. It said: Broken",
            "placeholders": {"detail": "Broken"},
        },
    }
    for code in (room, box):
        assert len(code["pin"]) == 9
        assert "error" not in code


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (
            ("Broken", "Broken"),
            "The cloud refused this; nothing was done. It said: Broken",
        ),
        (
            ("Broken", "Too old"),
            "Bike Padlock: The cloud refused this; nothing was done. It said: Broken "
            "Key Box: The cloud refused this; nothing was done. It said: Too old",
        ),
    ],
)
async def test_some_locks_without_an_answer(
    hass: HomeAssistant,
    simulator: Simulator,
    berlin_entry: MockConfigEntry,
    texts: tuple[str, str],
    reason: str,
) -> None:
    """Who takes no answer gets an error that names the locks; the codes are made."""
    for lock, text in zip((PADLOCK, KEYBOX), texts, strict=True):
        _refuse(simulator, lock, text)
    with pytest.raises(HomeAssistantError) as caught:
        await _make(hass, berlin_entry, response=False)
    assert told(caught.value) == (
        "some_locks_failed",
        {"locks": "Bike Padlock, Key Box", "reason": reason},
    )
    assert len(simulator.igloohome.issued) == 1


@pytest.mark.parametrize("response", [True, False])
async def test_no_lock(
    hass: HomeAssistant,
    simulator: Simulator,
    berlin_entry: MockConfigEntry,
    response: bool,
) -> None:
    """When no lock got a code the call fails: with the reason, or all reasons."""
    for lock in (PADLOCK, LOCK_UNBRIDGED, KEYBOX):
        _refuse(simulator, lock, "Broken")
    with pytest.raises(HomeAssistantError) as caught:
        await _make(hass, berlin_entry, response=response)
    assert told(caught.value) == ("cloud_refused", {"detail": "Broken"})

    simulator.faults.clear()
    for lock in (PADLOCK, LOCK_UNBRIDGED, KEYBOX):
        _refuse(simulator, lock, f"Not {lock}")
    with pytest.raises(HomeAssistantError) as caught:
        await _make(hass, berlin_entry, response=response)
    assert not isinstance(caught.value, ServiceValidationError)
    key, placeholders = told(caught.value)
    assert key == "all_locks_failed"
    assert "Key Box: The cloud refused this" in placeholders["reason"]
    assert f"Not {PADLOCK}" in placeholders["reason"]
    assert list(berlin_entry.runtime_data.book) == []


async def test_no_lock_by_rules_alone(
    hass: HomeAssistant,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    berlin_entry: MockConfigEntry,
) -> None:
    """What only the caller can put right is a mistake of the caller."""
    await set_up(seam_entry)
    locks = [
        registry_id(hass, berlin_entry, LOCK_BRIDGED),
        registry_id(hass, seam_entry, SEAM_LOCK_BRIDGED),
        registry_id(hass, seam_entry, SEAM_LOCK_OFFLINE),
    ]
    for _ in range(3):
        await create(hass, "permanent", locks[0])
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "create_permanent_code", name="Anna", device_id=locks)
    key, placeholders = told(caught.value)
    assert key == "all_locks_failed"
    assert placeholders["reason"].startswith("Apartment 1: Seam offers no permanent")
    assert "Garden Gate: All 3 codes" in placeholders["reason"]


# Outcomes nobody knows


@pytest.mark.parametrize("kind", ["drop_after", "truncated", "status_after"])
async def test_unknown_outcome(
    hass: HomeAssistant, simulator: Simulator, berlin_entry: MockConfigEntry, kind: str
) -> None:
    """It is said that nobody knows, and the code stays in sight."""
    simulator.faults.add("/algopin/", kind, status=500, times=None)
    with pytest.raises(HomeAssistantError) as caught:
        await create(hass, "one_time", registry_id(hass, berlin_entry, LOCK_UNBRIDGED))
    assert told(caught.value)[0] == "outcome_unknown"
    assert not isinstance(caught.value, ServiceValidationError)
    (code,) = (await act(hass, "get_codes"))["codes"]
    assert (code["status"], code["name"]) == ("requested", "Plumber")
    assert len(simulator.igloohome.issued_distinct()) == 1


async def test_unknown_outcome_on_one_of_several(
    hass: HomeAssistant, simulator: Simulator, berlin_entry: MockConfigEntry
) -> None:
    """The lock whose code may exist is in the answer as requested, with its id."""
    simulator.faults.add(f"/devices/{PADLOCK}/algopin", "drop_after", times=None)
    padlock, room, _ = (await _make(hass, berlin_entry))["codes"]
    assert (padlock["status"], padlock["pin"]) == ("requested", None)
    assert padlock["error"]["key"] == "outcome_unknown"
    assert padlock["starts_at"] == room["starts_at"]
    assert berlin_entry.runtime_data.book.get(padlock["code_id"]) is not None

    simulator.faults.clear()
    await berlin_entry.runtime_data.issuer.async_resume()
    (code,) = (
        await act(hass, "get_codes", code_id=padlock["code_id"], include_pins=True)
    )["codes"]
    assert (code["status"], len(code["pin"])) == ("active", 9)


async def test_an_outcome_that_was_settled_meanwhile(
    hass: HomeAssistant, simulator: Simulator, berlin_entry: MockConfigEntry
) -> None:
    """A code that is not requested any more is not in the answer of a failed call."""
    simulator.faults.add(f"/devices/{PADLOCK}/algopin", "drop_after", times=None)
    with patch.object(berlin_entry.runtime_data.book, "of_device", return_value=[]):
        padlock = (await _make(hass, berlin_entry))["codes"][0]
    assert (padlock["status"], padlock["code_id"]) == ("failed", None)
    assert padlock["error"]["key"] == "outcome_unknown"
