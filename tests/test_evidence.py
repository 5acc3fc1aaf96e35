"""What is known of a bolt, where it comes from, and for how long it is believed."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.igloohome_access.evidence import DoorEvidence, LockEvidence
from custom_components.igloohome_access.lock import RELOCK
from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE, LOCK_BRIDGED
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED

from .lock_cases import IGLOOHOME, SEAM, operate, shown
from .surface import NOW, move_to, poll

pytestmark = pytest.mark.usefixtures("fast_jobs", "quiet_log")

ON_IGLOOHOME = pytest.mark.parametrize("case", [IGLOOHOME], ids=["igloohome"])
ON_SEAM = pytest.mark.parametrize("case", [SEAM], ids=["seam"])
SECOND = timedelta(seconds=1)


def test_the_newest_counts(freezer: FrozenDateTimeFactory) -> None:
    """News that come late change nothing, whatever they say."""
    freezer.move_to(NOW)
    evidence = LockEvidence()
    assert evidence.latest("door") is None
    heard: list[DoorEvidence | None] = []
    stop = evidence.async_listen("door", lambda: heard.append(evidence.latest("door")))
    evidence.async_note("door", False, "Cleaner", NOW - SECOND)
    evidence.async_note("door", True, "manual", NOW - 2 * SECOND)
    evidence.async_note("window", True, None, NOW)
    unlocked = DoorEvidence(False, "Cleaner", NOW - SECOND)
    assert heard == [unlocked]
    # Not known any more, but who was the last to move it is.
    evidence.async_note("door", None, None, NOW - SECOND)
    assert heard[1:] == [DoorEvidence(None, "Cleaner", NOW - SECOND)]
    # A clock that is ahead of ours does not hold up what comes after.
    evidence.async_note("door", True, None, NOW + timedelta(hours=1))
    assert heard[2:] == [DoorEvidence(True, None, NOW)]
    evidence.async_note("door", None, "bluetooth", NOW)
    assert heard[3:] == [DoorEvidence(None, "bluetooth", NOW)]
    stop()
    evidence.async_note("door", False, None, NOW)
    assert len(heard) == 4


def _changed_by(hass: HomeAssistant, lock: str) -> Any:
    found = hass.states.get(lock)
    assert found is not None
    return found.attributes.get("changed_by")


@ON_IGLOOHOME
async def test_shown_for_a_while(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    lock: str,
    igloohome_entry: MockConfigEntry,
) -> None:
    """A door that was opened with a code is shown so until it has locked itself."""
    evidence = igloohome_entry.runtime_data.evidence
    now = dt_util.utcnow()
    evidence.async_note(LOCK_BRIDGED, False, "Cleaner", now - RELOCK + 5 * SECOND)
    assert shown(hass, lock) == "unlocked"
    assert _changed_by(hass, lock) == "Cleaner"
    await move_to(hass, freezer, 4 * SECOND)
    assert shown(hass, lock) == "unlocked"
    await move_to(hass, freezer, 2 * SECOND)
    assert shown(hass, lock) == "unknown"
    assert _changed_by(hass, lock) == "Cleaner"

    # What happened long ago tells who it was, not how the bolt is now.
    evidence.async_note(LOCK_BRIDGED, True, "manual", dt_util.utcnow() - RELOCK)
    assert shown(hass, lock) == "unknown"
    assert _changed_by(hass, lock) == "manual"


@ON_IGLOOHOME
async def test_a_lock_that_comes_back(
    hass: HomeAssistant,
    simulator: Simulator,
    lock: str,
    igloohome_entry: MockConfigEntry,
) -> None:
    """What was learned before the entity was there is shown as well."""
    simulator.igloohome.patch_device(BRIDGE, {"linked": []})
    await poll(hass, igloohome_entry)
    assert hass.states.get(lock) is None
    igloohome_entry.runtime_data.evidence.async_note(
        LOCK_BRIDGED, False, "Cleaner", dt_util.utcnow()
    )
    simulator.igloohome.patch_device(BRIDGE, {"linked": [LOCK_BRIDGED]})
    await poll(hass, igloohome_entry)
    assert shown(hass, lock) == "unlocked"
    assert _changed_by(hass, lock) == "Cleaner"


@pytest.mark.parametrize("case", [IGLOOHOME, SEAM], ids=["igloohome", "seam"])
async def test_operated_from_here(hass: HomeAssistant, lock: str) -> None:
    """What was operated here is told so, with one change of the state."""
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    await operate(hass, "unlock", lock)
    seen = [
        (new.state, new.attributes.get("changed_by"))
        for event in events
        if event.data["entity_id"] == lock
        and (new := event.data["new_state"]) is not None
    ]
    assert seen == [("unlocking", None), ("unlocked", "Home Assistant")]


@ON_SEAM
async def test_moved_by_somebody_else(
    hass: HomeAssistant, simulator: Simulator, lock: str, seam_entry: MockConfigEntry
) -> None:
    """When Seam lists another state, who moved it last is not known any more."""
    await operate(hass, "unlock", lock)
    assert _changed_by(hass, lock) == "Home Assistant"
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"battery_level": 0.4})
    await poll(hass, seam_entry)
    assert _changed_by(hass, lock) == "Home Assistant"
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"locked": True})
    await poll(hass, seam_entry)
    assert shown(hass, lock) == "locked"
    assert _changed_by(hass, lock) is None
    seam_entry.runtime_data.evidence.async_note(
        SEAM_LOCK_BRIDGED, True, "automatic", dt_util.utcnow()
    )
    assert _changed_by(hass, lock) == "automatic"


def _learn_later(
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    locked: bool | None,
    by: str | None,
) -> None:
    """Learn something of Seam's door a second after its list was read."""
    freezer.tick(SECOND)
    entry.runtime_data.evidence.async_note(
        SEAM_LOCK_BRIDGED, locked, by, dt_util.utcnow()
    )


@ON_SEAM
async def test_seam_missed_it(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    lock: str,
    seam_entry: MockConfigEntry,
) -> None:
    """News that Seam's list never shows do not stay for ever."""
    _learn_later(seam_entry, freezer, False, "manual")
    assert shown(hass, lock) == "unlocked"
    await move_to(hass, freezer, RELOCK + SECOND)
    # The last list is older than that, and so is no evidence of the contrary.
    assert shown(hass, lock) == STATE_UNKNOWN
    await poll(hass, seam_entry)
    assert shown(hass, lock) == "locked"


@ON_SEAM
async def test_an_empty_list_is_no_evidence(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    lock: str,
    seam_entry: MockConfigEntry,
) -> None:
    """Where a sudden nothing is not believed, what was listed is as old as before."""
    _learn_later(seam_entry, freezer, None, None)
    freezer.tick(SECOND)
    simulator.faults.add("/seam/devices/list$", "json", body={"devices": []})
    await poll(hass, seam_entry)
    assert shown(hass, lock) == STATE_UNKNOWN
    await poll(hass, seam_entry)
    assert shown(hass, lock) == "locked"
