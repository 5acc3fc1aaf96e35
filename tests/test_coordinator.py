"""Reading an account: what is believed, what is counted, and on whose clock."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
import logging
import sys
import threading
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import OPTION_TIME_ZONE
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED, LOCK_UNBRIDGED
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE

from .conftest import SetUp
from .surface import act, create, device, entity_id, poll, registry_id, state

pytestmark = pytest.mark.usefixtures("short_reads")

_CODES = r"/seam/access_codes/"
_CODES_OR_EVENTS = r"/seam/(access_codes|events)/"
type Opened = list[str]
_watchers: list[Callable[[str], None]] = []


@pytest.fixture
def short_reads() -> Generator[None]:
    """Let reads be repeated, and empty lists be asked for again, at once."""
    base = "custom_components.igloohome_access"
    with (
        patch(f"{base}.coordinator.EMPTY_PAUSE", 0),
        patch(f"{base}.clouds.http.random.uniform", return_value=0.0),
    ):
        yield


# What is believed


async def test_a_single_empty_list_is_not_believed(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    quiet_log: None,
) -> None:
    """Locks stay until the cloud has listed nothing twice in a row."""
    entry = await set_up(igloohome_entry)
    nothing = {"payload": [], "nextCursor": ""}
    listing = "/igloohome/devices$"
    simulator.faults.add(listing, "json", body=nothing)
    await poll(hass, entry)
    assert device(hass, entry, LOCK_BRIDGED) is not None
    assert state(hass, entry, "sensor", LOCK_BRIDGED, "battery") is not None

    # A full list in between, and the count starts anew.
    await poll(hass, entry)
    simulator.faults.add(listing, "json", body=nothing)
    await poll(hass, entry)
    assert device(hass, entry, LOCK_BRIDGED) is not None
    simulator.faults.add(listing, "json", body=nothing)
    await poll(hass, entry)
    assert device(hass, entry, LOCK_BRIDGED) is None
    assert entity_id(hass, entry, "sensor", LOCK_BRIDGED, "battery") is None

    # And they come back.
    await poll(hass, entry)
    found = state(hass, entry, "sensor", LOCK_BRIDGED, "battery")
    assert found is not None and found.state == "64"


@pytest.mark.parametrize(("times", "kept"), [(1, True), (2, False)])
async def test_an_empty_list_after_the_start(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    times: int,
    kept: bool,
) -> None:
    """Also a restart does not take a single empty list for the end of all locks."""
    entry = await set_up(igloohome_entry)
    lock = registry_id(hass, entry, LOCK_BRIDGED)
    dr.async_get(hass).async_update_device(lock, name_by_user="Gate")
    await hass.config_entries.async_unload(entry.entry_id)
    simulator.faults.add(
        "/igloohome/devices$", "json", body={"payload": []}, times=times
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    found = dr.async_get(hass).async_get(lock)
    assert (found is not None) is kept
    assert found is None or found.name_by_user == "Gate"


async def test_an_account_without_locks(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    quiet_log: None,
) -> None:
    """A new account without locks is asked once, and its first lock appears."""
    simulator.reset("empty")
    entry = await set_up(igloohome_entry)
    assert simulator.requests.count("igloohome", "/igloohome/devices$") == 1
    simulator.igloohome.add_device(
        {"device_id": LOCK_UNBRIDGED, "name": "First", "keypad": True}
    )
    await poll(hass, entry)
    assert device(hass, entry, LOCK_UNBRIDGED) is not None


# When the cloud fails


async def test_unavailable_while_the_cloud_fails(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What only the cloud knows is unavailable; down and up are logged once each."""
    entry = await set_up(seam_entry)
    target = registry_id(hass, entry, SEAM_LOCK_OFFLINE)
    code = await create(hass, "one_time", target)
    simulator.faults.add("/seam/", "html", times=None)
    await poll(hass, entry)
    await poll(hass, entry)
    for platform, key in (("sensor", "battery"), ("lock", "lock")):
        found = state(hass, entry, platform, SEAM_LOCK_BRIDGED, key)
        assert found is not None and found.state == STATE_UNAVAILABLE
    # The ledger and the clock go on knowing.
    for parts in ((SEAM_LOCK_OFFLINE, "live_codes"), (code["code_id"],)):
        found = state(hass, entry, "sensor", *parts)
        assert found is not None and found.state != STATE_UNAVAILABLE
    simulator.faults.clear()
    await poll(hass, entry)
    found = state(hass, entry, "lock", SEAM_LOCK_BRIDGED, "lock")
    assert found is not None and found.state == "locked"
    logged = [
        record
        for record in caplog.records
        if record.name.startswith("custom_components.igloohome_access")
        and record.levelno >= logging.INFO
    ]
    assert [record.levelno for record in logged] == [logging.ERROR, logging.INFO]


async def test_the_cloud_asks_to_wait(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The next poll comes when the cloud said."""
    entry = await set_up(seam_entry)
    simulator.faults.add("/seam/devices", "status", status=429, retry_after=600)
    coordinator = entry.runtime_data.coordinator
    await coordinator.async_refresh()
    assert coordinator.last_exception.translation_key == "cloud_rate_limited"
    assert coordinator.last_exception.translation_placeholders == {"seconds": "600"}
    assert coordinator.last_exception.retry_after == 600


async def test_credentials_revoked_later(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A poll that is refused starts the way to new credentials."""
    entry = await set_up(seam_entry)
    simulator.seam.switches.revoked_tokens = ["seam_test_simkey_0001"]
    await poll(hass, entry)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


async def test_codes_that_cannot_be_read_do_not_hide_the_locks(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The devices of a poll count, also when the codes of it fail."""
    entry = await set_up(seam_entry)
    simulator.faults.add(_CODES_OR_EVENTS, "html", times=None)
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"locked": False})
    await poll(hass, entry)
    found = state(hass, entry, "lock", SEAM_LOCK_BRIDGED, "lock")
    assert found is not None and found.state == "unlocked"


# Requests


@pytest.mark.parametrize("scenario", ["test", "large:200"])
async def test_requests_of_a_seam_poll(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    quiet_log: None,
    scenario: str,
) -> None:
    """A poll is the pages of devices and at most one request more."""
    simulator.reset(scenario)
    simulator.seam.switches.page_size_cap = 90
    locks = 4 if scenario == "test" else 200
    pages = -(-locks // 90)
    base = "custom_components.igloohome_access"
    with (
        patch(f"{base}.upkeep.Upkeep.async_start"),
        patch(f"{base}.account_issues.AccountWatch.async_start"),
    ):
        entry = await set_up(seam_entry)
    assert simulator.requests.count("seam", "/seam/devices/list") == pages
    assert simulator.requests.count() == pages

    for number, lock in enumerate(list(simulator.seam.store.devices)[:locks]):
        for code in range(3 if number % 4 == 0 else 1):
            simulator.seam.add_code(
                {"device_id": lock, "name": f"Guest {code}", "code": f"{4000 + code}"}
            )
    for _ in range(6):
        simulator.requests.clear()
        await poll(hass, entry)
        assert simulator.requests.count("seam", "/seam/devices/list") == pages
        assert simulator.requests.count() <= pages + 1
        assert (
            simulator.requests.count("seam", _CODES_OR_EVENTS)
            == simulator.requests.count() - pages
        )


async def test_a_poll_without_news_writes_no_states(
    hass: HomeAssistant, seam_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """Nothing is told where nothing has changed."""
    entry = await set_up(seam_entry)
    before = hass.states.async_all()
    data = entry.runtime_data.coordinator.data
    with patch("homeassistant.helpers.entity.Entity.async_write_ha_state") as written:
        await poll(hass, entry)
    written.assert_not_called()
    assert entry.runtime_data.coordinator.data is data
    assert hass.states.async_all() == before


# Time zones


async def _zone_of_a_code(hass: HomeAssistant, lock: str) -> str:
    """Return the UTC offset of a code that would be made for January."""
    code = await create(
        hass,
        "hourly",
        lock,
        starts_at="2027-01-10 15:00:00",
        duration={"hours": 2},
        dry_run=True,
    )
    return str(code["starts_at"])


async def test_whose_time_zone(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    quiet_log: None,
) -> None:
    """The lock's zone goes first, then the option's, then Home Assistant's."""
    await hass.config.async_set_time_zone("Asia/Kathmandu")
    entry = await set_up(seam_entry)
    known = registry_id(hass, entry, SEAM_LOCK_BRIDGED)
    unknown = registry_id(hass, entry, SEAM_LOCK_OFFLINE)
    assert await _zone_of_a_code(hass, known) == "2027-01-10T15:00:00+01:00"
    assert await _zone_of_a_code(hass, unknown) == "2027-01-10T15:00:00+05:45"

    hass.config_entries.async_update_entry(
        entry, options={OPTION_TIME_ZONE: "America/New_York"}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await _zone_of_a_code(hass, known) == "2027-01-10T15:00:00+01:00"
    assert await _zone_of_a_code(hass, unknown) == "2027-01-10T15:00:00-05:00"

    # A zone that nobody knows is as good as none.
    simulator.seam.patch_device(SEAM_LOCK_OFFLINE, {"time_zone": "Mars/Olympus"})
    await poll(hass, entry)
    assert await _zone_of_a_code(hass, unknown) == "2027-01-10T15:00:00-05:00"
    simulator.seam.patch_device(SEAM_LOCK_OFFLINE, {"time_zone": "Europe/Lisbon"})
    await poll(hass, entry)
    assert await _zone_of_a_code(hass, unknown) == "2027-01-10T15:00:00+00:00"


async def test_a_new_zone_of_home_assistant(
    hass: HomeAssistant,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    quiet_log: None,
) -> None:
    """When the home moves, so do its codes, without a reload."""
    entry = await set_up(igloohome_entry)
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    assert await _zone_of_a_code(hass, lock) == "2027-01-10T15:00:00-08:00"
    await hass.config.async_update(time_zone="Australia/Perth")
    assert await _zone_of_a_code(hass, lock) == "2027-01-10T15:00:00+08:00"


@contextmanager
def _zone_files() -> Generator[Opened]:
    """Collect the zone files that this thread opens."""
    opened: Opened = []
    thread = threading.get_ident()

    def watch(path: str) -> None:
        if "zoneinfo" in path and threading.get_ident() == thread:
            opened.append(path)

    if not _watchers:
        # An audit hook cannot be taken out again, so there is one that asks around.
        def hook(event: str, args: tuple[Any, ...]) -> None:
            if event == "open":
                for watcher in _watchers:
                    watcher(str(args[0]))

        sys.addaudithook(hook)
    _watchers.append(watch)
    try:
        yield opened
    finally:
        _watchers.remove(watch)


async def test_no_zone_file_is_read_in_the_event_loop(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Zones of locks and of recorded codes are loaded before they are used."""
    simulator.seam.patch_device(SEAM_LOCK_OFFLINE, {"time_zone": "Pacific/Chatham"})
    ZoneInfo.clear_cache()
    with _zone_files() as opened:
        entry = await set_up(seam_entry)
        target = registry_id(hass, entry, SEAM_LOCK_OFFLINE)
        code = await create(hass, "hourly", target, duration={"hours": 30})
        await hass.config_entries.async_unload(entry.entry_id)
        simulator.seam.patch_device(SEAM_LOCK_OFFLINE, {"time_zone": "Asia/Tehran"})
        ZoneInfo.clear_cache()
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        (again,) = (await act(hass, "get_codes"))["codes"]
        assert again["starts_at"] == code["starts_at"]
        assert await _zone_of_a_code(hass, target) == "2027-01-10T15:00:00+03:30"
    assert opened == []
    # The watching itself works.
    with _zone_files() as opened:
        ZoneInfo.no_cache("Indian/Cocos")
    assert opened


async def test_poll_by_the_clock(
    hass: HomeAssistant,
    simulator: Simulator,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    freezer: Any,
) -> None:
    """The account is read by itself."""
    from .surface import move_to

    entry = await set_up(seam_entry)
    simulator.seam.patch_device(SEAM_LOCK_BRIDGED, {"locked": False})
    await move_to(hass, freezer, timedelta(minutes=1, seconds=1))
    await hass.async_block_till_done(wait_background_tasks=True)
    found = state(hass, entry, "lock", SEAM_LOCK_BRIDGED, "lock")
    assert found is not None and found.state == "unlocked"
