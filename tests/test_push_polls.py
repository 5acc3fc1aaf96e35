"""How often is polled: slowly as long as what happens arrives."""

from collections import Counter
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CoreState, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.coordinator import UPDATE_INTERVAL
from custom_components.igloohome_access.model import CloudKind
from custom_components.igloohome_access.push import RECONCILE
from simulator import Simulator

from .conftest import SetUp
from .news import listen, restart
from .push_world import SOON, happen, issues, later, requests, send, settle, stored
from .surface import move_to, poll

pytestmark = pytest.mark.usefixtures("instant_reads")

USUAL = UPDATE_INTERVAL[CloudKind.SEAM]
MINUTE = timedelta(minutes=1, seconds=1)
HOUR = timedelta(hours=1, seconds=1)


def interval(pushed: MockConfigEntry) -> timedelta:
    """Return how often the account is polled."""
    found: timedelta = pushed.runtime_data.coordinator.update_interval
    return found


async def test_slow_polls(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Polling becomes slow with the first delivery, and stays so over a restart."""
    assert interval(pushed) == USUAL
    happen(simulator)
    assert await send(simulator) == [200]
    await later(hass, freezer, SOON)
    assert interval(pushed) == RECONCILE
    assert stored(pushed)["proven"]
    await move_to(hass, freezer, MINUTE)
    simulator.requests.clear()
    for _ in range(5):
        await move_to(hass, freezer, MINUTE)
    assert requests(simulator) == []
    assert await hass.config_entries.async_reload(pushed.entry_id)
    await settle(hass)
    assert interval(pushed) == RECONCILE


async def _an_hour_later(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    await later(hass, freezer, HOUR)


async def test_unreachable(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Events that do not arrive are told, and polled for, until one arrives again."""
    happen(simulator)
    await send(simulator)
    await later(hass, freezer, SOON)
    # All is well: what happened arrived, and an hour in which nothing happens is too.
    await _an_hour_later(hass, freezer)
    await _an_hour_later(hass, freezer)
    assert interval(pushed) == RECONCILE
    missed = happen(simulator)
    await _an_hour_later(hass, freezer)
    assert interval(pushed) == USUAL
    (issue,) = issues(hass, "webhook")
    assert issue.translation_key == "webhook_unreachable"
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["host"] == "home.example"
    assert stored(pushed)["webhook_id"] not in str(issue)
    # It stays while nothing is known to have changed.
    await _an_hour_later(hass, freezer)
    assert issues(hass, "webhook") == [issue]
    simulator.requests.clear()
    await later(hass, freezer, MINUTE)
    assert "devices/list" in requests(simulator)
    assert await send(simulator, event_ids=missed) == [200]
    await later(hass, freezer, SOON)
    assert issues(hass, "webhook") == []
    assert interval(pushed) == RECONCILE


@pytest.fixture
async def unheard(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Have an address at which nothing ever arrived, and be told."""
    freezer.tick(1)
    happen(simulator)
    await _an_hour_later(hass, freezer)
    assert len(issues(hass, "webhook")) == 1


async def test_never_reachable(hass: HomeAssistant, unheard: None) -> None:
    """An address at which nothing ever arrived is told as well; a new one is tried."""
    await hass.config.async_update(external_url="https://new.example")
    await settle(hass)
    assert issues(hass, "webhook") == []


async def test_never_to_arrive(
    hass: HomeAssistant,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Without a public address nothing is missed that nobody sends."""
    await set_up(seam_entry)
    freezer.tick(1)
    happen(simulator)
    await _an_hour_later(hass, freezer)
    assert issues(hass, "webhook") == []


async def test_address_goes(
    hass: HomeAssistant,
    unheard: None,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What was said of an address is settled when there is none any more."""
    await hass.config.async_update(external_url=None)
    await settle(hass)
    assert issues(hass, "webhook") == []
    happen(simulator)
    await _an_hour_later(hass, freezer)
    assert issues(hass, "webhook") == []


async def test_partly_reachable(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """One delivery that got lost is no outage, nor is an event just now."""
    (arrived, _) = happen(simulator, number=2)
    await send(simulator, event_ids=[arrived])
    await later(hass, freezer, SOON)
    freezer.tick(HOUR - timedelta(minutes=5))
    happen(simulator, "lock.unlocked")
    await later(hass, freezer, timedelta(minutes=5))
    assert issues(hass, "webhook") == []
    assert interval(pushed) == RECONCILE


async def test_check_fails(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What cannot be asked is asked an hour later."""
    freezer.tick(1)
    happen(simulator)
    simulator.faults.add(
        path_regex="/events/list", kind="status", status=503, times=None
    )
    await _an_hour_later(hass, freezer)
    assert issues(hass, "webhook") == []
    simulator.faults.clear()
    await _an_hour_later(hass, freezer)
    assert len(issues(hass, "webhook")) == 1


async def test_memory_of_arrivals(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is remembered of arrivals is bounded; the newest count."""
    monkeypatch.setattr("custom_components.igloohome_access.push._ARRIVED", 2)
    happen(simulator, number=5)
    assert Counter(await send(simulator)) == {200: 5}
    await _an_hour_later(hass, freezer)
    assert issues(hass, "webhook") == []


@pytest.fixture
async def slow(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> MockConfigEntry:
    """Return an account whose webhook has proved to work, and that is quiet."""
    happen(simulator)
    assert await send(simulator) == [200]
    await later(hass, freezer, SOON)
    await later(hass, freezer, MINUTE)
    assert interval(pushed) == RECONCILE
    simulator.requests.clear()
    return pushed


def lock_of(simulator: Simulator) -> str:
    """Return the lock at which everything happens."""
    devices = simulator.seam.store.devices.values()
    return next(d.device_id for d in devices if d.workspace_id == "ws-sim-0001")


async def test_slow_poll_fails(
    hass: HomeAssistant,
    slow: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """After a poll that fails nobody waits for an hour until all is there again."""
    simulator.faults.add(
        path_regex="/devices/list", kind="status", status=503, times=None
    )
    await _an_hour_later(hass, freezer)
    assert not slow.runtime_data.coordinator.last_update_success
    simulator.faults.clear()
    await later(hass, freezer, MINUTE)
    assert slow.runtime_data.coordinator.last_update_success
    assert interval(slow) == RECONCILE


async def test_one_got_lost(
    hass: HomeAssistant,
    slow: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What did not arrive although other news did is found within the hour."""
    door = listen(hass, slow, lock_of(simulator), "door")
    (arrived,) = happen(simulator)
    assert await send(simulator, event_ids=[arrived]) == [200]
    await later(hass, freezer, SOON)
    freezer.tick(MINUTE)
    happen(simulator, "lock.unlocked")
    await _an_hour_later(hass, freezer)
    await later(hass, freezer, SOON)
    assert door.types == ["locked", "unlocked"]
    assert issues(hass, "webhook") == []


async def test_away_for_a_moment(
    hass: HomeAssistant,
    slow: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What was sent while the account was not loaded is read after the start."""
    door = listen(hass, slow, lock_of(simulator), "door")
    await restart(hass, slow, after=lambda: happen(simulator))
    assert interval(slow) == RECONCILE
    await later(hass, freezer, SOON)
    assert door.types == ["locked"]


async def test_home_assistant_starts(
    hass: HomeAssistant,
    slow: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nothing is told before the end of the start, when automations listen."""
    door = listen(hass, slow, lock_of(simulator), "door")

    def begin_to_start() -> None:
        happen(simulator)
        hass.set_state(CoreState.not_running)

    await restart(hass, slow, after=begin_to_start)
    for _ in range(2):
        await poll(hass, slow)
    assert await send(simulator) == [200]
    await later(hass, freezer, SOON)
    assert door.types == []
    await hass.async_start()
    await later(hass, freezer, SOON)
    assert door.types == ["locked"]


async def test_reading_after_a_message_fails(
    hass: HomeAssistant,
    slow: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """When Seam falters just then, it is asked again soon, not an hour later."""
    door = listen(hass, slow, lock_of(simulator), "door")
    happen(simulator)
    simulator.faults.add(
        path_regex="/events/list", kind="status", status=503, times=None
    )
    assert await send(simulator) == [200]
    await later(hass, freezer, SOON)
    assert door.types == []
    simulator.faults.clear()
    await later(hass, freezer, MINUTE)
    assert door.types == ["locked"]
