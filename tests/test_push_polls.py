"""How often is polled: slowly as long as what happens arrives."""

from collections import Counter
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.coordinator import UPDATE_INTERVAL
from custom_components.igloohome_access.model import CloudKind
from custom_components.igloohome_access.push import RECONCILE
from simulator import Simulator

from .push_world import happen, issues, requests, send, stored
from .surface import move_to

pytestmark = pytest.mark.usefixtures("instant_reads")

USUAL = UPDATE_INTERVAL[CloudKind.SEAM]
MINUTE = timedelta(minutes=1, seconds=1)
HOUR = timedelta(hours=1, seconds=1)


async def settle(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let hints be followed."""
    await move_to(hass, freezer, timedelta(seconds=2))
    await hass.async_block_till_done(wait_background_tasks=True)


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
    await settle(hass, freezer)
    assert interval(pushed) == RECONCILE
    assert stored(pushed)["proven"]
    await move_to(hass, freezer, MINUTE)
    simulator.requests.clear()
    for _ in range(5):
        await move_to(hass, freezer, MINUTE)
    assert requests(simulator) == []
    assert await hass.config_entries.async_reload(pushed.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert interval(pushed) == RECONCILE


async def _an_hour_later(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    await move_to(hass, freezer, HOUR)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_unreachable(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Events that do not arrive are told, and polled for, until one arrives again."""
    happen(simulator)
    await send(simulator)
    await settle(hass, freezer)
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
    await move_to(hass, freezer, MINUTE)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "devices/list" in requests(simulator)
    assert await send(simulator, event_ids=missed) == [200]
    await settle(hass, freezer)
    assert issues(hass, "webhook") == []
    assert interval(pushed) == RECONCILE


async def test_never_reachable(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """An address at which nothing ever arrived is told as well; a new one is tried."""
    freezer.tick(1)
    happen(simulator)
    await _an_hour_later(hass, freezer)
    assert len(issues(hass, "webhook")) == 1
    await hass.config.async_update(external_url="https://new.example")
    await hass.async_block_till_done(wait_background_tasks=True)
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
    await settle(hass, freezer)
    freezer.tick(HOUR - timedelta(minutes=5))
    happen(simulator, "lock.unlocked")
    await move_to(hass, freezer, timedelta(minutes=5))
    await hass.async_block_till_done(wait_background_tasks=True)
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
