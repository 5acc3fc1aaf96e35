"""Issues about an account as a whole: permissions, and what is asked how often."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.account_issues import _NEEDED
from simulator import Simulator

from .conftest import SetUp
from .flows import TEXTS
from .push_world import happen, issues, later, requests, settle
from .surface import move_to
from .test_connect_account import ERROR

pytestmark = pytest.mark.usefixtures("instant_reads")

HOUR = timedelta(hours=1, seconds=1)
EVERYTHING = frozenset(scope for scopes in _NEEDED.values() for scope in scopes)
SCOPES = "custom_components.igloohome_access.clouds.igloohome_token.granted_scopes"
ALWAYS = {"get-devices"}


async def missing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    set_up: SetUp,
    scopes: frozenset[str] | set[str] | None,
) -> dict[str, Any]:
    """Return the topics that are missed by an account with these permissions."""
    with patch(SCOPES, return_value=scopes):
        await set_up(entry)
    return {
        issue.translation_key or "": (issue.translation_placeholders or {})[
            "permissions"
        ]
        for issue in issues(hass, "permission")
    }


async def test_all_permissions(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """With every permission nothing is missed."""
    assert await missing(hass, igloohome_entry, set_up, EVERYTHING | ALWAYS) == {}


async def test_unknown_permissions(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """A token that does not tell is not suspected."""
    assert await missing(hass, igloohome_entry, set_up, None) == {}


@pytest.mark.parametrize("scope", sorted(EVERYTHING))
async def test_one_missing(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp, scope: str
) -> None:
    """Each missing permission is named with what does not work without it."""
    (topic,) = [topic for topic, scopes in _NEEDED.items() if scope in scopes]
    granted = (EVERYTHING | ALWAYS) - {scope}
    assert await missing(hass, igloohome_entry, set_up, granted) == {topic: scope}
    told = TEXTS["issues"][topic]["fix_flow"]["step"]["confirm"]["description"]
    assert "{permissions}" in told


async def test_without_bridge(
    hass: HomeAssistant,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
    simulator: Simulator,
) -> None:
    """Where there is no bridge, nothing that needs one is missed."""
    cloud = simulator.igloohome
    for device in cloud.dump()["devices"]:
        if device["type"] == "Bridge":
            cloud.remove_device(device["device_id"])
    found = await missing(hass, igloohome_entry, set_up, ALWAYS)
    assert found.keys() == {"permission_missing_offline_codes"}


async def test_permission_added(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """The issue goes with the next token, and with the account."""
    assert await missing(hass, igloohome_entry, set_up, ALWAYS)
    with patch(SCOPES, return_value=EVERYTHING | ALWAYS):
        await hass.config_entries.async_reload(igloohome_entry.entry_id)
        await settle(hass)
    assert issues(hass, "permission") == []


async def test_removed(
    hass: HomeAssistant, igloohome_entry: MockConfigEntry, set_up: SetUp
) -> None:
    """An account that is removed takes its issues along."""
    assert await missing(hass, igloohome_entry, set_up, ALWAYS)
    await hass.config_entries.async_remove(igloohome_entry.entry_id)
    assert issues(hass, "permission") == []


async def test_seldom_asked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    seam: MockConfigEntry,
    simulator: Simulator,
) -> None:
    """Seam is asked about its accounts at the start and once an hour."""
    route = "connected_accounts/list"
    assert len(requests(simulator, route)) == 1
    for _ in range(3):
        await move_to(hass, freezer, timedelta(minutes=1, seconds=1))
    assert len(requests(simulator, route)) == 1
    account_id = next(iter(simulator.seam.store.accounts))
    simulator.seam.patch_account(account_id, {"errors": [ERROR]})
    await later(hass, freezer, HOUR)
    assert len(requests(simulator, route)) == 2
    (issue,) = issues(hass, "connected")
    # While Seam does not answer, the issue stays.
    simulator.faults.add(path_regex=route, kind="status", status=503, times=None)
    await later(hass, freezer, HOUR)
    assert issues(hass, "connected") == [issue]
    simulator.faults.clear()
    simulator.seam.patch_account(account_id, {"errors": []})
    await later(hass, freezer, HOUR)
    assert issues(hass, "connected") == []


async def test_news_without_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    seam: MockConfigEntry,
    simulator: Simulator,
) -> None:
    """An account that Seam loses is told with the list of events, not an hour later."""
    account_id = next(iter(simulator.seam.store.accounts))
    freezer.tick(1)
    simulator.seam.patch_account(account_id, {"errors": [ERROR]})
    lists: dict[str, Any] = {
        "connected_account_errors": [],
        "connected_account_warnings": [],
    }
    happen(simulator, "connected_account.disconnected", **lists)
    for _ in range(3):
        await later(hass, freezer, timedelta(minutes=1, seconds=1))
    (issue,) = issues(hass, "connected")
    assert issue.translation_key == "account_disconnected"
    assert len(requests(simulator, "connected_accounts/list")) == 2


async def test_unloaded_before_news(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    seam: MockConfigEntry,
    simulator: Simulator,
) -> None:
    """A check that is due soon is dropped with the account."""
    from custom_components.igloohome_access.account_issues import AccountWatch

    watch = AccountWatch(hass, seam, seam.runtime_data)
    watch.async_start()
    await settle(hass)
    watch.async_check_soon()
    await hass.config_entries.async_unload(seam.entry_id)
    simulator.requests.clear()
    await later(hass, freezer, HOUR)
    assert requests(simulator) == []
