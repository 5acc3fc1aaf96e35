"""The webhook at Seam when something goes wrong on the way."""

import asyncio
from datetime import timedelta
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from .conftest import SetUp
from .push_world import (
    address,
    foreign,
    happen,
    issues,
    later,
    registered,
    requests,
    send,
    settle,
    stored,
)
from .surface import move_to

pytestmark = pytest.mark.usefixtures("instant_reads")

MINUTE = timedelta(minutes=1, seconds=1)
HOUR = timedelta(hours=1, seconds=1)


async def reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Load an account anew, as a restart does."""
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)


@pytest.mark.parametrize("route", ["list", "create"])
async def test_outage(
    hass: HomeAssistant,
    world: Any,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    route: str,
) -> None:
    """It is tried every minute, with one line in the log and one at the end."""
    simulator.faults.add(
        path_regex=f"/webhooks/{route}", kind="status", status=503, times=None
    )
    await set_up(seam_entry)
    for _ in range(3):
        await later(hass, freezer, MINUTE)
    assert registered(simulator) == []
    assert len(requests(simulator, f"webhooks/{route}")) >= 4
    assert caplog.text.count("The webhook could not be registered") == 1
    simulator.faults.clear()
    await later(hass, freezer, MINUTE)
    assert len(registered(simulator)) == 1
    lines = [r for r in caplog.records if "registered after all" in r.getMessage()]
    assert [line.levelno for line in lines] == [logging.INFO]
    simulator.requests.clear()
    await move_to(hass, freezer, MINUTE)
    assert requests(simulator, "webhooks/list") == []


async def test_create_unclear(
    hass: HomeAssistant,
    world: Any,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A webhook whose making was not answered is found, not made again."""
    simulator.faults.add(path_regex="/webhooks/create", kind="drop_after", times=1)
    await set_up(seam_entry)
    (made,) = registered(simulator)
    assert "secret" not in stored(seam_entry)
    happen(simulator)
    assert await send(simulator) == [401]
    await later(hass, freezer, MINUTE)
    assert registered(simulator) == [made]
    assert stored(seam_entry)["secret"] == made.secret


async def test_create_unclear_and_removed(
    hass: HomeAssistant,
    world: Any,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
) -> None:
    """A webhook that nobody heard of is deleted with the pushed."""
    simulator.faults.add(path_regex="/webhooks/create", kind="drop_after", times=1)
    await set_up(seam_entry)
    assert len(registered(simulator)) == 1
    assert await hass.config_entries.async_remove(seam_entry.entry_id)
    assert registered(simulator) == []


@pytest.mark.parametrize("told", ["absent", "odd"])
async def test_rolled_back(
    hass: HomeAssistant,
    world: Any,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
    told: Any,
) -> None:
    """A webhook whose messages could not be checked is taken back at once."""
    simulator.seam.switches.webhook_secret_created = told
    await set_up(seam_entry)
    assert registered(simulator) == []
    assert len(requests(simulator, "webhooks/create")) == 1
    (issue,) = issues(hass, "webhook")
    assert issue.translation_key == "webhook_refused"


async def test_delete_gone(
    hass: HomeAssistant, pushed: MockConfigEntry, simulator: Simulator
) -> None:
    """What is gone already need not be deleted."""
    foreign(simulator, address(pushed))
    simulator.faults.add(
        path_regex="/webhooks/delete",
        kind="status",
        status=404,
        body={"error": {"type": "webhook_not_found", "message": "Not found"}},
    )
    await reload(hass, pushed)
    assert issues(hass, "webhook") == []


async def test_refused(
    hass: HomeAssistant,
    world: Any,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What Seam refuses is told, asked again every hour, and taken back."""
    simulator.faults.add(
        path_regex="/webhooks/create",
        kind="status",
        status=400,
        body={"error": {"type": "invalid_input", "message": "url must be public"}},
        times=None,
    )
    await set_up(seam_entry)
    (issue,) = issues(hass, "webhook")
    assert issue.translation_key == "webhook_refused"
    assert issue.translation_placeholders == {
        "account": "Simulated Homes",
        "host": "home.example",
        "detail": "url must be public",
    }
    await move_to(hass, freezer, MINUTE)
    assert len(requests(simulator, "webhooks/create")) == 1
    await later(hass, freezer, HOUR)
    assert len(requests(simulator, "webhooks/create")) == 2
    assert caplog.text.count("The webhook could not be registered") == 1
    simulator.faults.clear()
    await later(hass, freezer, HOUR)
    assert len(registered(simulator)) == 1
    assert issues(hass, "webhook") == []


async def test_forbidden(
    hass: HomeAssistant,
    world: Any,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
) -> None:
    """A key that may not manage webhooks is told like a refusal."""
    simulator.faults.add(
        path_regex="/webhooks/list", kind="status", status=403, times=None
    )
    await set_up(seam_entry)
    assert len(issues(hass, "webhook")) == 1
    assert await hass.config_entries.async_remove(seam_entry.entry_id)
    assert issues(hass, "webhook") == []


async def test_key_revoked(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
) -> None:
    """A key that was revoked is asked for anew."""
    simulator.faults.add(
        path_regex="/webhooks/list", kind="status", status=401, times=None
    )
    await hass.config.async_update(external_url="https://new.example")
    await settle(hass)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


async def test_unloaded_while_registering(
    hass: HomeAssistant,
    world: Any,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
) -> None:
    """Unloading waits for what is being registered, so that it is not lost."""
    simulator.faults.add(path_regex="/webhooks/create", kind="delay", delay=0.3)
    seam_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(seam_entry.entry_id)
    while not requests(simulator, "webhooks/create"):
        await asyncio.sleep(0.01)
    assert await hass.config_entries.async_unload(seam_entry.entry_id)
    (made,) = registered(simulator)
    assert stored(seam_entry)["seam_id"] == made.webhook_id
