"""Setting up, reloading, unloading and removing an account."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.igloohome_access.const import DOMAIN, OPTION_CODE_SENSORS
from custom_components.igloohome_access.issuing import Issuer
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED, LOCK_UNBRIDGED

from .conftest import IGLOOHOME_UNIQUE_ID, SetUp
from .surface import act, create, device, entity_id, poll, registry_id, state

LEDGER = f"{DOMAIN}.ledger_{IGLOOHOME_UNIQUE_ID}"


async def test_set_up_and_unload(
    hass: HomeAssistant,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    quiet_log: None,
) -> None:
    """An account loads, unloads with its entities, and loads again."""
    entry = await set_up(igloohome_entry)
    states = [entry.state]
    battery = entity_id(hass, entry, "sensor", LOCK_BRIDGED, "battery")
    assert battery is not None
    found = hass.states.get(battery)
    assert found is not None and found.state == "64"

    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    states.append(entry.state)
    assert states == [ConfigEntryState.LOADED, ConfigEntryState.NOT_LOADED]
    found = hass.states.get(battery)
    assert found is not None and found.state == STATE_UNAVAILABLE

    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    found = hass.states.get(battery)
    assert found is not None and found.state == "64"


async def test_two_accounts_side_by_side(
    hass: HomeAssistant,
    igloohome_entry: MockConfigEntry,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
    quiet_log: None,
) -> None:
    """Each account has its own locks."""
    await set_up(igloohome_entry)
    await set_up(seam_entry)
    assert seam_entry.state is ConfigEntryState.LOADED
    assert device(hass, igloohome_entry, LOCK_BRIDGED) is not None
    assert device(hass, seam_entry, LOCK_BRIDGED) is None


async def test_actions_are_there_without_an_account(hass: HomeAssistant) -> None:
    """Automations that use the actions are valid before an account loads."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert set(hass.services.async_services_for_domain(DOMAIN)) == {
        "create_hourly_code",
        "create_daily_code",
        "create_one_time_code",
        "create_permanent_code",
        "create_online_code",
        "delete_code",
        "get_bookings",
        "get_codes",
        "issue_booking_code",
        "pull_backup_code",
        "update_online_code",
    }


async def test_refused_credentials(
    hass: HomeAssistant, simulator: Simulator, igloohome_entry: MockConfigEntry
) -> None:
    """Refused credentials start the way to new ones."""
    data: dict[str, Any] = {**igloohome_entry.data, "client_secret": "wrong"}
    igloohome_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(igloohome_entry, data=data)
    assert not await hass.config_entries.async_setup(igloohome_entry.entry_id)
    assert igloohome_entry.state is ConfigEntryState.SETUP_ERROR
    assert igloohome_entry.error_reason_translation_key == "cloud_auth_failed"
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


async def test_unreachable_cloud(
    hass: HomeAssistant, simulator: Simulator, seam_entry: MockConfigEntry
) -> None:
    """A cloud that cannot be reached is tried again."""
    simulator.faults.add("/seam/devices/list", "html", times=None)
    seam_entry.add_to_hass(hass)
    with patch("asyncio.sleep"):
        assert not await hass.config_entries.async_setup(seam_entry.entry_id)
    assert seam_entry.state is ConfigEntryState.SETUP_RETRY
    assert seam_entry.error_reason_translation_key == "cloud_unreachable"


async def test_ledger_of_a_newer_version(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
) -> None:
    """Codes of a later version are left alone, also when the account is removed."""
    newer = {"version": 99, "minor_version": 1, "key": LEDGER, "data": {"x": []}}
    hass_storage[LEDGER] = dict(newer)
    igloohome_entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(igloohome_entry.entry_id)
    assert igloohome_entry.state is ConfigEntryState.SETUP_ERROR
    assert igloohome_entry.error_reason_translation_key == "ledger_too_new"
    assert simulator.requests.count() == 0
    await hass.config_entries.async_remove(igloohome_entry.entry_id)
    assert hass_storage[LEDGER]["version"] == 99


async def test_ledger_the_disk_does_not_give(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An account waits for its ledger, and removing it deletes nothing unread."""
    entry = await set_up(igloohome_entry)
    await create(hass, "one_time", registry_id(hass, entry, LOCK_UNBRIDGED))
    await hass.config_entries.async_unload(entry.entry_id)
    with patch(
        "homeassistant.helpers.storage.Store.async_load",
        side_effect=HomeAssistantError("disk"),
    ):
        await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_RETRY
        assert entry.error_reason_translation_key == "ledger_unreadable"
        await hass.config_entries.async_remove(entry.entry_id)
    assert len(hass_storage[LEDGER]["data"]["records"]) == 1


async def test_removal_keeps_codes_that_can_open_a_door(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Removing an account keeps a ledger with a live code, and deletes any other."""
    entry = await set_up(igloohome_entry)
    code = await create(
        hass, "hourly", registry_id(hass, entry, LOCK_UNBRIDGED), duration="02:00:00"
    )
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    (kept,) = hass_storage[LEDGER]["data"]["records"]
    assert kept["code_id"] == code["code_id"]

    again = MockConfigEntry(
        domain=DOMAIN, unique_id=entry.unique_id, data=dict(entry.data)
    )
    await set_up(again)
    found = state(hass, again, "sensor", code["code_id"])
    assert found is not None and found.state == "active"

    await hass.config_entries.async_unload(again.entry_id)
    kept["state"] = "failed"
    await hass.config_entries.async_remove(again.entry_id)
    assert LEDGER not in hass_storage


async def test_unloading_waits_for_a_request_under_way(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The answer of a request that is under way is recorded before the end."""
    entry = await set_up(igloohome_entry)
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    fault = simulator.faults.add("/algopin/", "delay", delay=0.2)
    making = hass.async_create_task(create(hass, "one_time", lock))
    while not fault.hits:
        await asyncio.sleep(0.01)
    assert await hass.config_entries.async_unload(entry.entry_id)
    (kept,) = hass_storage[LEDGER]["data"]["records"]
    assert kept["state"] == "issued"
    assert kept["pin"] == (await making)["pin"]


@pytest.mark.parametrize("expected_lingering_timers", [True])
async def test_platforms_that_do_not_unload(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """An account whose entities stay is not taken for unloaded."""
    entry = await set_up(igloohome_entry)
    with (
        patch.object(
            hass.config_entries, "async_unload_platforms", return_value=False
        ) as unload,
        patch.object(Issuer, "async_drain") as drain,
    ):
        assert not await hass.config_entries.async_unload(entry.entry_id)
    unload.assert_called_once()
    drain.assert_not_called()


async def test_options_reload_the_account(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """Sensors per code go and come with their option; the counts stay."""
    entry = await set_up(igloohome_entry)
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    code = await create(hass, "hourly", lock, duration={"hours": 2})
    assert entity_id(hass, entry, "sensor", code["code_id"]) is not None

    hass.config_entries.async_update_entry(entry, options={OPTION_CODE_SENSORS: False})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entity_id(hass, entry, "sensor", code["code_id"]) is None
    found = state(hass, entry, "sensor", LOCK_UNBRIDGED, "live_codes")
    assert found is not None and found.state == "1"
    assert len((await act(hass, "get_codes"))["codes"]) == 1

    hass.config_entries.async_update_entry(entry, options={OPTION_CODE_SENSORS: True})
    await hass.async_block_till_done(wait_background_tasks=True)
    found = state(hass, entry, "sensor", code["code_id"])
    assert found is not None and found.state == "active"


@pytest.mark.parametrize("loaded", [True, False])
async def test_removing_a_device_by_hand(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    loaded: bool,
) -> None:
    """Only what the cloud no longer lists may be removed; unloaded nobody knows."""
    assert await async_setup_component(hass, "config", {})
    entry = await set_up(igloohome_entry)
    lock = registry_id(hass, entry, LOCK_UNBRIDGED)
    registry = dr.async_get(hass)
    gone = registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "gone")}
    )
    if not loaded:
        await hass.config_entries.async_unload(entry.entry_id)
    client = await hass_ws_client(hass)
    answers = []
    for device_id in (lock, gone.id):
        await client.send_json_auto_id(
            {"type": "config/device_registry/remove", "device_id": device_id}
        )
        answers.append((await client.receive_json())["success"])
    assert answers == [False, loaded]
    assert registry.async_get(lock) is not None
    assert (registry.async_get(gone.id) is None) is loaded


@pytest.mark.parametrize("scenario", ["large:200"])
async def test_requests_of_a_large_igloohome_account(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    quiet_log: None,
    scenario: str,
) -> None:
    """200 locks and their bridges: a token and the pages; then the pages alone."""
    simulator.reset(scenario)
    entry = await set_up(igloohome_entry)
    pages = -(-(200 + 40) // simulator.igloohome.switches.page_size)
    assert simulator.requests.count("igloohome", "/oauth2/token") == 1
    assert simulator.requests.count("igloohome", "/igloohome/devices$") == pages
    assert simulator.requests.count() == 1 + pages
    assert len(hass.states.async_entity_ids("lock")) == 200

    simulator.requests.clear()
    await poll(hass, entry)
    assert simulator.requests.count("igloohome", "/igloohome/devices$") == pages
    assert simulator.requests.count() == pages


async def test_poll_intervals(
    hass: HomeAssistant,
    igloohome_entry: MockConfigEntry,
    seam_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Each cloud is read as often as something can change there."""
    await set_up(igloohome_entry)
    await set_up(seam_entry)
    assert [
        entry.runtime_data.coordinator.update_interval
        for entry in (igloohome_entry, seam_entry)
    ] == [timedelta(minutes=15), timedelta(minutes=1)]
