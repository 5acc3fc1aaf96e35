"""The webhook at Seam: one and only one, whatever happens on the way."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.clouds.seam_webhooks import EVENT_TYPES
from custom_components.igloohome_access.const import DOMAIN
from simulator import Simulator

from .conftest import SetUp
from .push_world import (
    PUBLIC,
    address,
    foreign,
    happen,
    later,
    registered,
    requests,
    send,
    settle,
    stored,
)

pytestmark = pytest.mark.usefixtures("instant_reads")

MINUTE = timedelta(minutes=1, seconds=1)
HOUR = timedelta(hours=1, seconds=1)


async def reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Load an account anew, as a restart does."""
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)


async def test_registered(pushed: MockConfigEntry, simulator: Simulator) -> None:
    """The account registers itself, for the events it uses, and keeps the secret."""
    (webhook,) = registered(simulator)
    assert webhook.url == address(pushed)
    assert set(webhook.event_types) == EVENT_TYPES
    assert stored(pushed) == {
        "webhook_id": webhook.url.rpartition("/")[2],
        "url": webhook.url,
        "seam_id": webhook.webhook_id,
        "secret": webhook.secret,
        "proven": False,
    }
    assert pushed.state is ConfigEntryState.LOADED
    happen(simulator)
    assert await send(simulator) == [200]


async def test_no_reload(
    hass: HomeAssistant, world: Any, seam_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """Noting down the webhook does not load the account anew; a setting does."""
    states: list[ConfigEntryState] = []
    seam_entry.async_on_state_change(lambda: states.append(seam_entry.state))
    await set_up(seam_entry)
    assert states.count(ConfigEntryState.LOADED) == 1
    hass.config_entries.async_update_entry(seam_entry, title="Other name")
    await settle(hass)
    assert states.count(ConfigEntryState.LOADED) == 2


@pytest.mark.parametrize("listed", [True, False])
async def test_restart(
    hass: HomeAssistant, pushed: MockConfigEntry, simulator: Simulator, listed: bool
) -> None:
    """The webhook is found again, also where the list tells no secrets."""
    simulator.seam.switches.webhook_secrets_listed = listed
    (before,) = registered(simulator)
    assert await hass.config_entries.async_unload(pushed.entry_id)
    assert registered(simulator) == [before]
    await hass.config_entries.async_setup(pushed.entry_id)
    await settle(hass)
    assert registered(simulator) == [before]
    happen(simulator)
    assert await send(simulator) == [200]


async def test_unloaded(
    hass: HomeAssistant, pushed: MockConfigEntry, simulator: Simulator
) -> None:
    """Without the account Home Assistant answers as to any unknown webhook."""
    assert await hass.config_entries.async_unload(pushed.entry_id)
    simulator.requests.clear()
    happen(simulator)
    assert await send(simulator) == [200]
    await settle(hass)
    assert requests(simulator) == []


async def test_secret_lost(
    hass: HomeAssistant, pushed: MockConfigEntry, simulator: Simulator
) -> None:
    """A webhook whose secret nobody knows any more is replaced."""
    (before,) = registered(simulator)
    simulator.seam.switches.webhook_secrets_listed = False
    kept = {**stored(pushed)}
    del kept["secret"]
    hass.config_entries.async_update_entry(
        pushed, data={**pushed.data, "webhook": kept}
    )
    await reload(hass, pushed)
    (after,) = registered(simulator)
    assert after.webhook_id != before.webhook_id
    happen(simulator)
    assert await send(simulator) == [200]


async def test_foreign_and_duplicates(
    hass: HomeAssistant, pushed: MockConfigEntry, simulator: Simulator
) -> None:
    """What is ours twice is deleted, what belongs to others is left alone."""
    (mine,) = registered(simulator)
    others = [
        foreign(simulator),
        foreign(simulator, f"{PUBLIC}/api/webhook/{'0' * 64}"),
    ]
    foreign(simulator, mine.url)
    foreign(simulator, mine.url.replace("home.", "old."))
    await reload(hass, pushed)
    assert registered(simulator) == [mine, *others]


async def test_event_types(
    hass: HomeAssistant, pushed: MockConfigEntry, simulator: Simulator
) -> None:
    """A webhook from an older version gets the events that are used now."""
    (mine,) = registered(simulator)
    mine.event_types = ["lock.locked"]
    await reload(hass, pushed)
    assert registered(simulator) == [mine]
    assert set(mine.event_types) == EVENT_TYPES


async def test_address_changes(
    hass: HomeAssistant, pushed: MockConfigEntry, simulator: Simulator
) -> None:
    """The webhook moves with the address; other settings do not matter."""
    other = foreign(simulator)
    (mine, _) = registered(simulator)
    simulator.requests.clear()
    await hass.config.async_update(location_name="Elsewhere")
    await settle(hass)
    assert requests(simulator) == []
    await hass.config.async_update(external_url="https://new.example")
    await settle(hass)
    (kept, new) = registered(simulator)
    assert kept == other
    assert new.url == address(pushed, "https://new.example") == stored(pushed)["url"]
    assert new.webhook_id != mine.webhook_id
    happen(simulator)
    assert await send(simulator) == [200]


@pytest.mark.parametrize("url", [None, "http://home.example", "http://203.0.113.7"])
async def test_address_goes(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    url: str | None,
) -> None:
    """Without a public address, or with an open one, there is no webhook."""
    await hass.config.async_update(external_url=url)
    await settle(hass)
    assert registered(simulator) == []
    assert stored(pushed).keys() == {"webhook_id"}
    await hass.config.async_update(external_url=PUBLIC)
    await settle(hass)
    assert [webhook.url for webhook in registered(simulator)] == [address(pushed)]


async def test_loopback(
    hass: HomeAssistant,
    world: Any,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
) -> None:
    """Plain http is good enough within this machine, where the simulator is."""
    hass.config.external_url = "http://127.0.0.1:8123"
    await set_up(seam_entry)
    assert [w.url for w in registered(simulator)] == [
        address(seam_entry, "http://127.0.0.1:8123")
    ]


async def test_without_address(
    hass: HomeAssistant,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nothing is asked of Seam where nothing could arrive; it is noticed later."""
    await set_up(seam_entry)
    assert stored(seam_entry) == {}
    await later(hass, freezer, HOUR)
    assert requests(simulator, "webhooks/list", "webhooks/create") == []
    hass.config.external_url = PUBLIC
    await later(hass, freezer, HOUR)
    assert len(registered(simulator)) == 1


async def test_switched_off(
    hass: HomeAssistant, pushed: MockConfigEntry, simulator: Simulator
) -> None:
    """The option takes the webhook away, and brings it back."""
    other = foreign(simulator)
    hass.config_entries.async_update_entry(pushed, options={"push": False})
    await settle(hass)
    assert registered(simulator) == [other]
    simulator.requests.clear()
    await reload(hass, pushed)
    assert requests(simulator, "webhooks/list") == []
    hass.config_entries.async_update_entry(pushed, options={"push": True})
    await settle(hass)
    assert len(registered(simulator)) == 2


async def test_switched_off_during_outage(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What could not be deleted is deleted later, and refuses everything until then."""
    simulator.faults.add(
        path_regex="/webhooks/delete", kind="status", status=503, times=None
    )
    hass.config_entries.async_update_entry(pushed, options={"push": False})
    await settle(hass)
    assert len(registered(simulator)) == 1
    simulator.faults.clear()
    await later(hass, freezer, MINUTE)
    assert registered(simulator) == []
    assert stored(pushed).keys() == {"webhook_id"}


async def test_removed(
    hass: HomeAssistant, pushed: MockConfigEntry, simulator: Simulator
) -> None:
    """The webhook goes with the account; those of others stay."""
    other = foreign(simulator)
    assert await hass.config_entries.async_remove(pushed.entry_id)
    await settle(hass)
    assert registered(simulator) == [other]


async def test_removed_during_outage(
    hass: HomeAssistant,
    pushed: MockConfigEntry,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The account goes all the same, with one line in the log."""
    simulator.faults.add(
        path_regex="/webhooks/list", kind="status", status=503, times=None
    )
    assert await hass.config_entries.async_remove(pushed.entry_id)
    assert not hass.config_entries.async_entries(DOMAIN)
    assert caplog.text.count("could not be deleted") == 1
