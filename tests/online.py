"""Online codes in tests: the actions, and what lies on the locks of the simulator."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.const import DOMAIN
from custom_components.igloohome_access.model import CodeRecord
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED as GATE
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED as FLAT

from .codes import account_of
from .surface import Data, act, registry_id, told

JOBS = "/jobs/bridges/"
POLLS = "/igloohome/jobs/"
CREATE = "/seam/access_codes/create$"
SHARED = "/seam/access_codes/create_multiple"
UPDATE = "/seam/access_codes/update"
DELETE = "/seam/access_codes/delete"
LISTS = "/seam/access_codes/list"
PULL = "/seam/access_codes/pull_backup"


def lock_of(entry: MockConfigEntry) -> str:
    """Return the bridged lock of an account."""
    return GATE if entry.data["cloud"] == "igloohome" else FLAT


async def make(
    hass: HomeAssistant, entry: MockConfigEntry, *locks: str, **fields: Any
) -> Data:
    """Make an online code on the bridged lock, or on others; return the first."""
    answer = await make_all(hass, entry, *locks, **fields)
    code: Data = answer[0]
    return code


async def make_all(
    hass: HomeAssistant, entry: MockConfigEntry, *locks: str, **fields: Any
) -> list[Data]:
    """Make an online code on several locks and return what is told of each."""
    ids = [registry_id(hass, entry, lock) for lock in locks or (lock_of(entry),)]
    data = {"device_id": ids, "name": "Cleaner", **fields}
    answer = await act(hass, "create_online_code", data)
    found: list[Data] = answer["codes"]
    return found


async def change(hass: HomeAssistant, code: Data, **fields: Any) -> Data:
    """Change a code and return how it is now."""
    answer = await act(hass, "update_online_code", code_id=code["code_id"], **fields)
    (changed,) = answer["codes"]
    assert isinstance(changed, dict)
    return changed


async def delete(hass: HomeAssistant, code: Data, **fields: Any) -> Data:
    """Delete a code and return what is said of it."""
    return await act(hass, "delete_code", code_id=code["code_id"], **fields)


async def fails(
    hass: HomeAssistant, action: str, *, kind: type = HomeAssistantError, **data: Any
) -> str:
    """Call an action that fails; return the key of its error, which has no digits."""
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, action, data)
    await hass.async_block_till_done()
    wrong_input = isinstance(caught.value, ServiceValidationError)
    assert wrong_input is (kind is ServiceValidationError)
    key, placeholders = told(caught.value)
    assert key is not None
    if "pin" in data:
        assert data["pin"] not in f"{caught.value} {placeholders}"
    return key


async def make_fails(
    hass: HomeAssistant, entry: MockConfigEntry, *locks: str, **fields: Any
) -> str:
    """Make a code on the bridged lock, expect that to fail; return why."""
    ids = [registry_id(hass, entry, lock) for lock in locks or (lock_of(entry),)]
    data = {"device_id": ids, "name": "Cleaner", **fields}
    return await fails(hass, "create_online_code", **data)


async def refused(hass: HomeAssistant, entry: MockConfigEntry, **fields: Any) -> str:
    """Make a code with a wrong input; return why that is refused."""
    return await fails(
        hass,
        "create_online_code",
        kind=ServiceValidationError,
        device_id=registry_id(hass, entry, lock_of(entry)),
        **{"name": "Anna", **fields},
    )


def on_gate(simulator: Simulator) -> dict[str, tuple[int, str, str | None]]:
    """Return the PINs on igloohome's bridged lock: type, start and end of each."""
    assert simulator.igloohome.jobs is not None  # brings everything up to now
    return {
        pin: (
            custom.pin_type,
            custom.starts_at.isoformat(),
            None if custom.ends_at is None else custom.ends_at.isoformat(),
        )
        for pin, custom in simulator.igloohome.devices[GATE].custom_pins.items()
    }


def in_seam(simulator: Simulator) -> list[tuple[str | None, str | None]]:
    """Return name and digits of the codes Seam has or is about to take off."""
    pins = {pin["access_code_id"]: pin["pin"] for pin in simulator.seam.issued_pins()}
    return [
        (code["name"], pins.get(code["access_code_id"]))
        for code in simulator.seam.dump()["codes"]
        if code["simulator_phase"] not in ("gone", "removing")
    ]


def one(simulator: Simulator) -> dict[str, Any]:
    """Return the only code Seam has."""
    (code,) = simulator.seam.dump()["codes"]
    assert isinstance(code, dict)
    return code


def record_of(entry: MockConfigEntry, code: Data | None = None) -> CodeRecord:
    """Return the record of a code, by default of the only one."""
    records = account_of(entry).book.ledger.records
    if code is None:
        (record,) = records.values()
        return record
    found: CodeRecord = records[code["code_id"]]
    return found


async def resume(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let the account finish what is left, as it does every few minutes."""
    await account_of(entry).online.async_resume()
    await hass.async_block_till_done()


async def restart(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Load the account anew; what is on disk is all that is left."""
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def bridges_idle(simulator: Simulator) -> None:
    """Wait until every job has come to its end, as it has a minute later.

    A job whose answer got lost still occupies its bridge for a moment, and the same
    digits are refused until it has ended; Home Assistant then tries again later.
    """
    async with asyncio.timeout(10):
        while any(job.outcome is None for job in simulator.igloohome.jobs):
            await asyncio.sleep(0.01)


_HELD = timedelta(seconds=60)
"""Less than after which a job has expired, more than any test takes to look at it."""


def hold_bridges(simulator: Simulator) -> None:
    """Let no job end by itself, however slow the computer is, until they are let go."""
    switches = simulator.igloohome.switches
    switches.lock_job_seconds = switches.pin_job_seconds = _HELD.total_seconds()
    switches.query_job_seconds = _HELD.total_seconds()


def let_bridges_go(simulator: Simulator) -> None:
    """Let what is held come to its end now, and further jobs take a blink."""
    simulator.clock.advance(_HELD)
    # To look at the jobs brings them up to now.
    assert all(job.outcome is not None for job in simulator.igloohome.jobs)
    switches = simulator.igloohome.switches
    switches.lock_job_seconds = switches.pin_job_seconds = 0.02
    switches.query_job_seconds = 0.02


def issues(hass: HomeAssistant) -> list[str]:
    """Return which repair issues about codes there are."""
    return sorted(
        str(issue.translation_key)
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue_id.startswith("code_")
    )
