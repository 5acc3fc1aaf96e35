"""Reading codes back: one request per poll, every lock in turn."""

import asyncio
from datetime import timedelta
from unittest.mock import patch
from uuid import UUID

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.igloohome_access.clouds.base import CloudError
from custom_components.igloohome_access.coordinator import Account
from custom_components.igloohome_access.inventory import Inventory
from custom_components.igloohome_access.model import CodeOrigin, CodeStatus
from simulator import Simulator
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE

from .codes import START, account_of, create, lock_of, record
from .conftest import SetUp

pytestmark = pytest.mark.usefixtures("instant_reads")

LISTS = "/seam/access_codes/(unmanaged/)?list$"


@pytest.fixture
async def seam(
    freezer: FrozenDateTimeFactory, seam_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Return a Seam account whose locks have all been read at START."""
    freezer.move_to(START)
    return await set_up(seam_entry)


@pytest.fixture
def account(seam: MockConfigEntry, simulator: Simulator) -> Account:
    """Return what the account consists of; it polls when told to.

    Requests are counted from here on.
    """
    account = account_of(seam)
    account.coordinator.update_interval = None
    account.coordinator._async_unsub_refresh()
    simulator.requests.clear()
    return account


def lists(simulator: Simulator) -> list[tuple[str, bool]]:
    """Return whose codes were listed: lock or "ids", and whether managed ones."""
    return [
        (
            request.body.get("device_id", "ids"),
            "unmanaged" not in request.path,
        )
        for request in simulator.requests.all
        if request.path.endswith("/list") and "access_codes" in request.path
    ]


async def test_every_lock_is_read_after_the_start(
    hass: HomeAssistant, seam: MockConfigEntry, simulator: Simulator
) -> None:
    """Read both lists of every lock that takes codes, once."""
    takes = {
        device.device_id
        for device in account_of(seam).coordinator.data.values()
        if device.takes_codes
    }
    read = lists(simulator)
    assert len(takes) == 4
    assert sorted(read) == sorted((d, m) for d in takes for m in (True, False))


async def test_fresh_enough(
    account: Account, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Read a lock again when its list is old, or when the clock was set back."""
    lock, inventory = SEAM_LOCK_BRIDGED, account.inventory
    freezer.tick(timedelta(minutes=10))
    await inventory.async_ensure_fresh(lock)
    assert lists(simulator) == []
    freezer.tick(timedelta(seconds=1))
    await asyncio.gather(*(inventory.async_ensure_fresh(lock) for _ in range(5)))
    assert lists(simulator) == [(lock, True), (lock, False)]
    freezer.move_to(START)
    await inventory.async_ensure_fresh(lock)
    assert len(lists(simulator)) == 4


async def test_failed_reading_is_not_fresh(
    account: Account, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Try again when half of a lock could not be read, also for who waited."""
    freezer.tick(timedelta(minutes=11))
    simulator.faults.add("/unmanaged/list", "status", status=400)
    results = await asyncio.gather(
        *(account.inventory.async_ensure_fresh(SEAM_LOCK_BRIDGED) for _ in range(2)),
        return_exceptions=True,
    )
    assert [type(result) for result in results] != [type(None)] * 2
    assert isinstance(results[0], CloudError)
    assert results[1] is None
    assert len(lists(simulator)) == 4


async def test_one_request_per_poll(
    hass: HomeAssistant,
    seam: MockConfigEntry,
    account: Account,
    simulator: Simulator,
) -> None:
    """Read our codes and the locks in turn, one request a time."""
    takes = sorted(
        device.device_id
        for device in account.coordinator.data.values()
        if device.takes_codes
    )
    # Without codes of ours every poll reads a list of a lock.
    for _ in range(8):
        await account.inventory.async_read_next(takes)
    assert lists(simulator) == [(d, m) for d in takes for m in (True, False)]
    await create(hass, seam, lock_of(seam))
    simulator.requests.clear()
    for _ in range(4):
        await account.inventory.async_read_next(takes)
    assert [whose == "ids" for whose, _ in lists(simulator)].count(True) == 2
    assert len(lists(simulator)) == 4


async def test_many_codes_of_ours(account: Account, simulator: Simulator) -> None:
    """Read so many ids per request, one batch after the other."""
    ids = [str(UUID(int=number)) for number in range(3)]
    for cloud_id in ids:
        await account.book.async_update(record(cloud_id, cloud_id=cloud_id))
    with patch("custom_components.igloohome_access.inventory.IDS_PER_REQUEST", 2):
        for _ in range(6):
            await account.inventory.async_read_next([])
    asked = [
        request.body["access_code_ids"]
        for request in simulator.requests.all
        if "access_code_ids" in (request.body or {})
    ]
    assert asked == [ids[:2], ids[2:], ids[:2]]


async def test_lock_that_cannot_be_read(account: Account, simulator: Simulator) -> None:
    """Go on with the other locks, and forget the turns of one that is gone."""
    first, second = SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE
    simulator.faults.add("/access_codes/list", "status", status=400)
    with pytest.raises(CloudError):
        await account.inventory.async_read_next([first, second])
    await account.inventory.async_read_next([first, second])
    await account.inventory.async_read_next([second])
    await account.inventory.async_read_next([])
    assert lists(simulator) == [(first, True), (first, False), (second, True)]


async def test_no_lock_at_all(account: Account, simulator: Simulator) -> None:
    """Ask for nothing where there is nothing."""
    for _ in range(3):
        await account.inventory.async_read_next([])
    assert lists(simulator) == []


async def test_made_and_deleted_elsewhere(
    seam: MockConfigEntry,
    account: Account,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Follow codes that come and go in the maker's app and at Seam."""
    lock = SEAM_LOCK_BRIDGED
    app = simulator.seam.add_code(
        {"device_id": lock, "name": "App", "code": "1234", "is_managed": False}
    )
    other = simulator.seam.add_code(
        {"device_id": lock, "name": "Other", "code": "567890"}
    )
    await account.inventory.async_read_lock(lock)
    codes = {code.name: code for code in account.book.of_device(lock)}
    assert set(codes) == {"App", "Other"}
    assert {code.origin for code in codes.values()} == {CodeOrigin.ELSEWHERE}
    assert account.book.live_count(lock) == 2
    assert account.book.status(app["access_code_id"]) is CodeStatus.ACTIVE
    simulator.seam.remove_code(other["access_code_id"])
    freezer.tick(timedelta(minutes=5))
    await account.inventory.async_read_lock(lock)
    assert [code.name for code in account.book.of_device(lock)] == ["App"]


async def test_cloud_without_lists(
    igloohome_entry: MockConfigEntry, set_up: SetUp, simulator: Simulator
) -> None:
    """Ask igloohome for nothing: it cannot list codes."""
    account = account_of(await set_up(igloohome_entry))
    simulator.requests.clear()
    inventory: Inventory = account.inventory
    await inventory.async_read_lock("lock1")
    await inventory.async_ensure_fresh("lock1")
    await inventory.async_read_next(["lock1"])
    assert simulator.requests.all == []
