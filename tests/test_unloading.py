"""What arrives after an account was unloaded: it may be gone, or know better by then."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.igloohome_access import account_issues, registration
from custom_components.igloohome_access.clouds.base import (
    CloudAuthError,
    CloudError,
    CloudUnreachableError,
)
from custom_components.igloohome_access.clouds.seam import SeamCloud
from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import Device, RecordState
from simulator import Simulator
from simulator.igloohome.scenarios import BRIDGE, LOCK_RETROFIT, LOCK_UNBRIDGED

from .codes import account_of, record
from .conftest import SetUp
from .push_world import happen, registered, settle
from .surface import device, poll
from .test_account_issues import SCOPES
from .test_connect_account import ERROR
from .test_races import Held, held

pytestmark = pytest.mark.usefixtures("instant_reads", "quiet_log")

HOUR = timedelta(hours=1, seconds=1)
ATTIC = "IGM3new"
NEW = {"device_id": ATTIC, "name": "Attic", "keypad": True}

type End = Callable[[HomeAssistant, str], Awaitable[object]]


async def remove(hass: HomeAssistant, entry_id: str) -> None:
    """Remove an account."""
    await hass.config_entries.async_remove(entry_id)


async def disable(hass: HomeAssistant, entry_id: str) -> None:
    """Disable an account."""
    await hass.config_entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)


ENDS = pytest.mark.parametrize("end", [remove, disable])


def told(hass: HomeAssistant) -> list[str]:
    """Return the keys of all issues of the integration."""
    return sorted(
        str(issue.translation_key)
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN
    )


# A list that is on its way


@ENDS
async def test_list(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry, end: End
) -> None:
    """New devices of an account that has gone are not added."""
    account = account_of(igloohome)
    simulator.igloohome.add_device(NEW)
    with held(account.cloud, "async_list_devices") as listing:
        reading = asyncio.create_task(account.coordinator.async_request_refresh())
        await listing.asked.wait()
        await end(hass, igloohome.entry_id)
        listing.let_go.set()
        await reading
    assert device(hass, igloohome, ATTIC) is None


@ENDS
@pytest.mark.parametrize("error", [CloudAuthError, CloudUnreachableError])
async def test_refusal(
    hass: HomeAssistant,
    igloohome: MockConfigEntry,
    end: End,
    error: type[CloudError],
) -> None:
    """Nobody is asked for the credentials of an account that has gone."""
    account, listing = account_of(igloohome), Held()

    async def refuse() -> tuple[Device, ...]:
        listing.asked.set()
        await listing.let_go.wait()
        raise error

    with patch.object(account.cloud, "async_list_devices", refuse):
        reading = asyncio.create_task(account.coordinator.async_request_refresh())
        await listing.asked.wait()
        await end(hass, igloohome.entry_id)
        listing.let_go.set()
        await reading
    await hass.async_block_till_done()
    assert hass.config_entries.flow.async_progress() == []


async def test_reload(
    hass: HomeAssistant, simulator: Simulator, igloohome: MockConfigEntry
) -> None:
    """A list from before does not take away what was found since."""
    account = account_of(igloohome)
    simulator.igloohome.patch_device(LOCK_UNBRIDGED, {"battery_level": 7})
    with held(account.cloud, "async_list_devices") as listing:
        reading = asyncio.create_task(account.coordinator.async_request_refresh())
        await listing.asked.wait()
        simulator.igloohome.add_device(NEW)
        await hass.config_entries.async_reload(igloohome.entry_id)
        listing.let_go.set()
        await reading
    await settle(hass)
    assert device(hass, igloohome, ATTIC) is not None


# Checks that are under way


@pytest.mark.parametrize(
    ("asked", "method"),
    [
        (account_issues, "async_list_accounts"),
        (SeamCloud, "async_read_events"),
        (registration, "async_list_webhooks"),
    ],
    ids=["accounts", "events", "webhooks"],
)
async def test_hourly_checks(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    pushed: MockConfigEntry,
    simulator: Simulator,
    asked: Any,
    method: str,
) -> None:
    """What is checked once an hour ends with the account, and raises no issue."""
    freezer.tick(1)
    happen(simulator)
    account_id = next(iter(simulator.seam.store.accounts))
    simulator.seam.patch_account(account_id, {"errors": [ERROR]})
    polls = patch.object(account_of(pushed).news, "async_poll")
    with polls, held(asked, method) as checking:
        freezer.tick(HOUR)
        async_fire_time_changed(hass)
        await checking.asked.wait()
        await hass.config_entries.async_remove(pushed.entry_id)
        checking.let_go.set()
        await settle(hass)
    assert told(hass) == []
    assert registered(simulator) == []


# Issues


async def test_disabled(
    hass: HomeAssistant,
    simulator: Simulator,
    igloohome_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A disabled account asks nobody to do what cannot be done; enabled it does."""
    with patch(SCOPES, return_value={"get-devices"}):
        await set_up(igloohome_entry)
        simulator.igloohome.patch_device(BRIDGE, {"linked": [LOCK_RETROFIT]})
        await poll(hass, igloohome_entry)
        failed = replace(
            record(device_id=LOCK_UNBRIDGED, pin=None),
            state=RecordState.FAILED,
            failed_at=dt_util.utcnow(),
        )
        await account_of(igloohome_entry).book.async_update(failed)
        before = told(hass)
        assert {"code_failed", "keypad_not_linked"} < set(before)
        assert "permission_missing_offline_codes" in before
        await disable(hass, igloohome_entry.entry_id)
        assert told(hass) == []
        await hass.config_entries.async_set_disabled_by(igloohome_entry.entry_id, None)
        await settle(hass)
        assert told(hass) == before
