"""Finding out at Seam what became of a request, and waiting for its PIN."""

import asyncio
from collections.abc import Generator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.clouds.base import (
    CreatedCode,
    OfflineCodeRequest,
)
from custom_components.igloohome_access.clouds.http import HttpPolicy
from custom_components.igloohome_access.model import CodeStatus, RecordState
from simulator import Simulator

from .codes import (
    NAME,
    account_of,
    assert_nothing_lost,
    create,
    live_pins,
    lock_of,
    records_of,
    settle,
)
from .conftest import SetUp
from .faults import fails, issue

BASE = "custom_components.igloohome_access"
CREATE = "/seam/access_codes/create$"
LIST = "/seam/access_codes/list$"


@pytest.fixture(autouse=True)
def impatient() -> Generator[None]:
    """Do not wait for a lost request to come through late."""
    with (
        patch(f"{BASE}.clouds.http.DEFAULT_POLICY", HttpPolicy(pause=0)),
        patch(f"{BASE}.issuing.SETTLING", timedelta()),
    ):
        yield


@pytest.fixture
async def entry(
    seam_entry: MockConfigEntry, set_up: SetUp, simulator: Simulator
) -> MockConfigEntry:
    """Return a Seam account that is set up; a new code has its PIN at once."""
    simulator.seam.switches.pin_assignment_seconds = 0
    simulator.seam.switches.rate_limits = False
    return await set_up(seam_entry)


def requests(simulator: Simulator) -> int:
    """Return how often a code was asked for."""
    return simulator.requests.count(cloud="seam", path=CREATE)


# The list that answers what became of a request


async def test_list_fails_too(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Ask for nothing while it is not known what was made."""
    await account_of(entry).inventory.async_ensure_fresh(lock_of(entry))
    simulator.faults.add(CREATE, "drop_after")
    rule = simulator.faults.add(LIST, "status", status=500, times=None)
    assert (await fails(hass, entry)).translation_key == "outcome_unknown"
    assert rule.hits > 3
    assert requests(simulator) == 1
    assert [r.state for r in records_of(entry)] == [RecordState.REQUESTED]
    await settle(hass, entry)
    assert requests(simulator) == 1
    assert issue(hass) == "code_outcome_unknown"
    simulator.faults.clear()
    await settle(hass, entry)
    assert requests(simulator) == 1
    assert_nothing_lost(entry, simulator)
    assert issue(hass) is None


EMPTY_LIST: dict[str, Any] = {
    "access_codes": [],
    "ok": True,
    "pagination": {
        "has_next_page": False,
        "next_page_cursor": None,
        "next_page_url": None,
    },
}


async def test_list_lags_a_little(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Look twice before asking again: a list may not show a code at once."""
    await account_of(entry).inventory.async_ensure_fresh(lock_of(entry))
    simulator.faults.add(CREATE, "drop_after")
    simulator.faults.add(LIST, "json", body=EMPTY_LIST)
    code = await create(hass, entry, lock_of(entry))
    assert code["status"] == "active"
    assert requests(simulator) == 1
    assert_nothing_lost(entry, simulator)


async def test_list_fails_and_then_lags(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Count only looks that showed something before asking again."""
    await account_of(entry).inventory.async_ensure_fresh(lock_of(entry))
    simulator.faults.add(CREATE, "drop_after")
    simulator.faults.add(LIST, "status", status=400)
    simulator.faults.add(LIST, "json", body=EMPTY_LIST)
    await create(hass, entry, lock_of(entry))
    assert requests(simulator) == 1
    assert_nothing_lost(entry, simulator)


async def test_lost_twice(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Look again after the last request as well."""
    simulator.faults.add(CREATE, "drop_before")
    simulator.faults.add(CREATE, "drop_after")
    await create(hass, entry, lock_of(entry))
    assert requests(simulator) == 2
    assert len(live_pins(simulator)) == 1
    assert_nothing_lost(entry, simulator)


async def test_refusal_because_of_the_code_that_is_not_listed_yet(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Do not take the refusal of a second request for the answer to the first.

    The slot is full by the very code whose answer was lost.
    """
    for number in range(2):
        await create(hass, entry, lock_of(entry), name=f"Guest {number}")
    simulator.faults.add(CREATE, "drop_after")
    # Two looks before, one that sees the other codes but not ours.
    listed = simulator.faults.add(LIST, "json", body=EMPTY_LIST, times=2)
    error = await fails(hass, entry)
    assert listed.hits == 2
    assert error.translation_key == "outcome_unknown"
    assert requests(simulator) == 4
    assert len(live_pins(simulator)) == 3
    await settle(hass, entry)
    assert_nothing_lost(entry, simulator)
    assert requests(simulator) == 4
    assert issue(hass) is None


async def test_refused_when_resumed(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Report a code as failed that was not made and is refused for good."""
    simulator.faults.add(CREATE, "drop_before", times=None)
    await fails(hass, entry)
    simulator.faults.clear()
    body = {"error": {"type": "invalid_input", "message": "Not this lock"}}
    simulator.faults.add(CREATE, "status", status=400, body=body)
    await settle(hass, entry)
    (record,) = records_of(entry)
    assert (record.state, record.failure) == (RecordState.FAILED, "cloud_refused")
    assert record.failure_detail == "Not this lock"
    assert issue(hass) == "code_failed"
    assert live_pins(simulator) == set()
    # What failed is not asked for again.
    await settle(hass, entry)
    assert requests(simulator) == 3


async def test_lock_leaves_the_account(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Report a code as not made when its lock is not there to ask for it any more."""
    simulator.faults.add(CREATE, "drop_before", times=None)
    await fails(hass, entry)
    simulator.faults.clear()
    simulator.seam.remove_device(lock_of(entry))
    with patch(f"{BASE}.issuing.SETTLING", timedelta(minutes=1)):
        await settle(hass, entry)
        assert [r.state for r in records_of(entry)] == [RecordState.REQUESTED]
    await settle(hass, entry)
    (record,) = records_of(entry)
    assert (record.state, record.failure) == (RecordState.FAILED, "cloud_not_found")
    assert issue(hass) == "code_failed"


@pytest.mark.parametrize("status", [401, 403])
async def test_credentials_refused_when_resumed(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, status: int
) -> None:
    """Keep a request that could not be finished for want of a valid key."""
    simulator.faults.add(CREATE, "drop_before", times=None)
    await fails(hass, entry)
    simulator.faults.clear()
    simulator.faults.add("/seam/access_codes", "status", status=status, times=None)
    await settle(hass, entry)
    assert [r.state for r in records_of(entry)] == [RecordState.REQUESTED]
    assert issue(hass) == "code_outcome_unknown"
    simulator.faults.clear()
    simulator.faults.add(CREATE, "status", status=status)
    await settle(hass, entry)
    assert [r.state for r in records_of(entry)] == [RecordState.REQUESTED]
    await settle(hass, entry)
    assert_nothing_lost(entry, simulator)
    assert len(live_pins(simulator)) == 1


async def test_late_request_is_not_repeated_too_early(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Wait before asking again in the background; the first may still come through."""
    simulator.faults.add(CREATE, "drop_before", times=2)
    await fails(hass, entry)
    with patch(f"{BASE}.issuing.SETTLING", timedelta(minutes=1)):
        await settle(hass, entry)
        assert requests(simulator) == 2
        # What counts is when it was asked for last, not when it was reserved.
        later = dt_util.utcnow() + timedelta(minutes=5)
        with patch(f"{BASE}.issuing.dt_util.utcnow", return_value=later):
            await settle(hass, entry)
        assert requests(simulator) == 2
        # A restart does not know when it was asked last, but when it was reserved.
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert requests(simulator) == 2
        assert issue(hass) == "code_outcome_unknown"
    await settle(hass, entry)
    assert requests(simulator) == 3
    assert_nothing_lost(entry, simulator)


# The PIN


async def test_pin_comes_while_waiting(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Answer with the PIN although it was assigned late."""
    simulator.seam.switches.pin_assignment_seconds = 30
    looks = 0

    def pauses() -> Any:
        nonlocal looks
        for _ in range(3):
            simulator.clock.advance(timedelta(seconds=11))
            looks += 1
            yield 0

    # A look that fails is not the end.
    simulator.faults.add(LIST, "status", status=500, times=3, skip=1)
    with patch("custom_components.igloohome_access.issuing.PIN_PAUSES", pauses()):
        code = await create(hass, entry, lock_of(entry))
    assert looks == 3
    assert code["status"] == "active"
    assert code["pin"] == simulator.seam.issued_pins()[0]["pin"]
    assert records_of(entry)[0].pin == code["pin"]


async def test_pin_comes_minutes_later(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Answer without a PIN after a minute; the polls bring it."""
    simulator.seam.switches.pin_assignment_seconds = 240
    code = await create(hass, entry, lock_of(entry))
    assert (code["status"], code["pin"]) == ("waiting_for_pin", None)
    assert issue(hass) is None
    assert_nothing_lost(entry, simulator)
    simulator.clock.advance(timedelta(minutes=4))
    for _ in range(2):
        await account_of(entry).coordinator.async_refresh()
    (record,) = records_of(entry)
    assert record.pin == simulator.seam.issued_pins()[0]["pin"]
    assert account_of(entry).book.status(record.code_id) is CodeStatus.ACTIVE


async def test_pin_is_never_assigned(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Go on waiting, and say that it failed when the cloud says so."""
    simulator.seam.switches.pin_assignment_seconds = None
    code = await create(hass, entry, lock_of(entry))
    assert (code["status"], code["pin"]) == ("waiting_for_pin", None)
    account = account_of(entry)
    (record,) = records_of(entry)
    assert record.cloud_id is not None
    simulator.seam.patch_code(record.cloud_id, {"errors": [{"error_code": "no_slot"}]})
    await account.inventory.async_read_lock(record.device_id)
    assert account.book.status(record.code_id) is CodeStatus.FAILED
    # It is in the ledger all the same, and nothing is asked again.
    await settle(hass, entry)
    assert_nothing_lost(entry, simulator)
    assert requests(simulator) == 1


async def test_failed_while_waiting(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Do not wait for a PIN that is not going to come."""
    simulator.seam.switches.slot_exhausted = "error_on_code"
    for number in range(3):
        await create(hass, entry, lock_of(entry), name=f"Guest {number}")
    # Another end: a window of its own to us, the same slot to Seam.
    before = simulator.requests.count(cloud="seam", path=LIST)
    code = await create(hass, entry, lock_of(entry), duration={"hours": 3})
    assert (code["status"], code["pin"]) == ("failed", None)
    assert simulator.requests.count(cloud="seam", path=LIST) == before + 1


# Two calls


async def test_two_identical_calls_both_unclear(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Give two calls for the same thing two different codes."""
    simulator.faults.add(CREATE, "drop_after", times=2)
    codes = await asyncio.gather(
        *(create(hass, entry, lock_of(entry)) for _ in range(2))
    )
    assert requests(simulator) == 2
    assert len({code["pin"] for code in codes}) == 2
    assert len({code["code_id"] for code in codes}) == 2
    assert_nothing_lost(entry, simulator)


async def test_twin_whose_answer_is_on_its_way(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Do not adopt the code of an identical call that is about to be answered.

    The first call was lost, the second one made a code and is answered slowly.
    """
    cloud = account_of(entry).cloud
    real = cloud.async_create_offline_code
    calls = 0

    async def slowly(request: OfflineCodeRequest) -> CreatedCode:
        nonlocal calls
        calls += 1
        number = calls
        created = await real(request)
        if number == 2:
            await asyncio.sleep(0.1)
        return created

    simulator.faults.add(CREATE, "drop_before")
    with patch.object(cloud, "async_create_offline_code", slowly):
        codes = await asyncio.gather(
            *(create(hass, entry, lock_of(entry)) for _ in range(2))
        )
    assert len({code["pin"] for code in codes}) == 2
    assert requests(simulator) == 3
    assert_nothing_lost(entry, simulator)


async def test_code_of_somebody_else_is_not_adopted(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Ask again rather than take over an older code that only looks like ours."""
    now = simulator.clock.now().replace(minute=0, second=0, microsecond=0)
    older = simulator.seam.add_code(
        {
            "device_id": lock_of(entry),
            "name": NAME,
            "is_offline": True,
            "starts_at": now,
            "ends_at": now + timedelta(hours=2),
            "created_at": simulator.clock.now() - timedelta(hours=1),
        }
    )
    simulator.faults.add(CREATE, "drop_before")
    code = await create(hass, entry, lock_of(entry))
    (record,) = records_of(entry)
    assert record.cloud_id != older["access_code_id"]
    assert code["pin"] == record.pin
    assert requests(simulator) == 2
