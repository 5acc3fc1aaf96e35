"""Taking up requests that were left unfinished."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.model import RecordState
from custom_components.igloohome_access.rules import RuleViolation
from simulator import Simulator

from .codes import (
    account_of,
    assert_nothing_lost,
    create,
    live_pins,
    lock_of,
    records_of,
    settle,
    until,
)
from .issuing import ALGOPIN, issue, path_of, plan_of, requests

pytestmark = pytest.mark.usefixtures("instant_reads")


async def test_window_has_passed_when_resumed(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Report a code as failed whose window passed before the cloud answered."""
    simulator.faults.add(path_of(entry), "drop_before", times=None)
    with pytest.raises(HomeAssistantError):
        await create(hass, entry, lock_of(entry), duration={"hours": 1})
    simulator.faults.clear()
    asked = requests(simulator)
    later = dt_util.utcnow() + timedelta(hours=2)
    with patch(
        "custom_components.igloohome_access.issuing.dt_util.utcnow", return_value=later
    ):
        await settle(hass, entry)
    (record,) = records_of(entry)
    assert (record.state, record.failure) == (RecordState.FAILED, "window_passed")
    assert record.failed_at == later
    assert requests(simulator) == asked


async def test_window_passes_before_the_request(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Refuse a code whose window has passed by the time it could be asked for."""
    plan = plan_of(entry, hours=1)
    await account_of(entry).inventory.async_ensure_fresh(lock_of(entry))
    with patch(
        "custom_components.igloohome_access.issuing.dt_util.utcnow",
        return_value=plan.window.ends_at,
    ):
        caller = issue(hass, entry, plan)
        with pytest.raises(RuleViolation) as caught:
            await caller
    assert caught.value.key == "window_passed"
    assert records_of(entry) == []
    assert requests(simulator) == 0


async def test_resumed_twice_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Finish each request once, however many rounds overlap."""
    simulator.faults.add(path_of(entry), "drop_before", times=None)
    for name in ("One", "Two", "Three"):
        with pytest.raises(HomeAssistantError):
            await create(hass, entry, lock_of(entry), name=name)
    simulator.faults.clear()
    simulator.faults.add(path_of(entry), "delay", delay=0.05, times=None)
    simulator.requests.clear()
    issuer = account_of(entry).issuer
    with patch("custom_components.igloohome_access.issuing.SETTLING", timedelta()):
        await asyncio.gather(*(issuer.async_resume() for _ in range(3)))
    await hass.async_block_till_done()
    assert requests(simulator) == 3
    assert len(live_pins(simulator)) == 3
    assert_nothing_lost(entry, simulator)


async def test_resuming_leaves_alone_what_is_under_way(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Do not take up a request that a call is waiting for, nor one taken off."""
    simulator.faults.add(path_of(entry), "delay", delay=0.1)
    caller = issue(hass, entry)
    await until(lambda: requests(simulator))
    await settle(hass, entry)
    await caller
    assert requests(simulator) == 1
    assert_nothing_lost(entry, simulator)


async def test_taken_off_while_resuming(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Pass over a request that was taken off while others were finished."""
    simulator.faults.add(ALGOPIN, "drop_before", times=None)
    for name in ("One", "Two"):
        with pytest.raises(HomeAssistantError):
            await create(hass, igloohome, lock_of(igloohome), name=name)
    simulator.faults.clear()
    simulator.faults.add(ALGOPIN, "delay", delay=0.1)
    simulator.requests.clear()
    account = account_of(igloohome)
    resuming = hass.async_create_task(account.issuer.async_resume())
    await until(lambda: requests(simulator))
    await account.book.async_remove([records_of(igloohome)[1].code_id])
    await resuming
    assert requests(simulator) == 1
    assert [record.name for record in records_of(igloohome)] == ["One"]


async def test_resuming_ends_with_the_account(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Take nothing up any more once the account is being unloaded."""
    simulator.faults.add(ALGOPIN, "drop_before", times=None)
    for name in ("One", "Two"):
        with pytest.raises(HomeAssistantError):
            await create(hass, igloohome, lock_of(igloohome), name=name)
    simulator.faults.clear()
    simulator.faults.add(ALGOPIN, "delay", delay=0.1)
    simulator.requests.clear()
    issuer = account_of(igloohome).issuer
    ledger = account_of(igloohome).book.ledger
    resuming = hass.async_create_task(issuer.async_resume())
    await until(lambda: requests(simulator))
    await hass.config_entries.async_unload(igloohome.entry_id)
    await resuming
    assert requests(simulator) == 1
    assert [record.state for record in ledger.records.values()] == [
        RecordState.ISSUED,
        RecordState.REQUESTED,
    ]


async def test_learned_meanwhile(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Keep what was learned of a code while its request was under way."""
    simulator.faults.add(ALGOPIN, "delay", delay=0.1)
    caller = issue(hass, igloohome)
    await until(lambda: requests(simulator))
    (record,) = records_of(igloohome)
    now = dt_util.utcnow()
    await account_of(igloohome).book.async_update(replace(record, superseded_at=now))
    issued = await caller
    assert issued.record.superseded_at == now
    assert issued.record.pin is not None


async def test_listener(
    hass: HomeAssistant, igloohome: MockConfigEntry, simulator: Simulator
) -> None:
    """Tell when a request has come to an end, with nothing under way any more."""
    issuer, calls = account_of(igloohome).issuer, []
    remove = issuer.async_listen(
        lambda _code_id: calls.append(
            [issuer.is_under_way(record.code_id) for record in records_of(igloohome)]
        )
    )
    await create(hass, igloohome, lock_of(igloohome))
    remove()
    await create(hass, igloohome, lock_of(igloohome))
    assert calls == [[False]]
