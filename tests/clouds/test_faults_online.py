"""The fault matrix for what goes through a bridge: codes, operations, backups.

As in test_faults.py: sent once, and the error never claims less than what happened.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from custom_components.igloohome_access.clouds.base import (
    CloudRateLimitedError,
    CloudUnreachableError,
    OnlineCodeChange,
    Operation,
)
from custom_components.igloohome_access.clouds.igloohome import IgloohomeCloud
from custom_components.igloohome_access.clouds.seam import SeamCloud
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT

from . import (
    test_igloohome_jobs,
    test_igloohome_online,
    test_seam_online,
    test_seam_operations,
)
from .conftest import MakeIgloohome, MakeSeam
from .samples import NOW, hasty_while_hanging
from .test_faults import FAULTS

DIGITS = "846213"

type Prepare = Callable[[Simulator, Any], Awaitable[Awaitable[Any]]]


@dataclass(frozen=True)
class Write:
    """A write: how it is prepared, its path, and whether it has been carried out.

    ``bare``: an empty object is a good answer to it.
    """

    prepare: Prepare
    path: str
    acted: Callable[[Simulator], bool]
    bare: bool = False


async def igloohome_create(sim: Simulator, cloud: IgloohomeCloud) -> Awaitable[Any]:
    """Prepare a code at igloohome."""
    request = await test_igloohome_online.request(cloud, pin=DIGITS)
    return cloud.async_create_online_code(request)


async def igloohome_delete(sim: Simulator, cloud: IgloohomeCloud) -> Awaitable[Any]:
    """Prepare the deletion of a code at igloohome."""
    device = (await test_igloohome_jobs.devices_of(cloud))[LOCK_BRIDGED]
    return cloud.async_delete_online_code(device, cloud_id=None, pin=DIGITS)


async def igloohome_log(sim: Simulator, cloud: IgloohomeCloud) -> Awaitable[Any]:
    """Prepare the reading of a lock's log."""
    device = (await test_igloohome_jobs.devices_of(cloud))[LOCK_BRIDGED]
    return cloud.async_start(device, Operation.READ_LOG)


async def seam_create(sim: Simulator, cloud: SeamCloud) -> Awaitable[Any]:
    """Prepare a code at Seam."""
    request = await test_seam_online.request(cloud, pin=DIGITS)
    return cloud.async_create_online_code(request)


async def seam_shared(sim: Simulator, cloud: SeamCloud) -> Awaitable[Any]:
    """Prepare a code for two locks."""
    request = await test_seam_online.request(cloud, pin=DIGITS)
    ids = [SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT]
    return cloud.async_create_shared_codes(ids, request)


def seam_code(sim: Simulator) -> str:
    """Return the id of a code that is there already."""
    code = sim.seam.add_code(
        {
            "device_id": SEAM_LOCK_BRIDGED,
            "code": "1928",
            "name": "Old",
            "starts_at": NOW,
            "ends_at": NOW + timedelta(days=1),
        }
    )
    sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"backup_pool_enabled": True})
    return str(code["access_code_id"])


async def seam_update(sim: Simulator, cloud: SeamCloud) -> Awaitable[Any]:
    """Prepare a change."""
    change = OnlineCodeChange(pin=DIGITS, name="New")
    return cloud.async_update_online_code(seam_code(sim), change)


async def seam_delete(sim: Simulator, cloud: SeamCloud) -> Awaitable[Any]:
    """Prepare a deletion."""
    device = (await test_seam_operations.devices_of(cloud))[SEAM_LOCK_BRIDGED]
    return cloud.async_delete_online_code(device, cloud_id=seam_code(sim), pin=None)


async def seam_backup(sim: Simulator, cloud: SeamCloud) -> Awaitable[Any]:
    """Prepare the pulling of a backup code."""
    return cloud.async_pull_backup_code(seam_code(sim))


def _codes(sim: Simulator) -> list[Any]:
    return list(sim.seam.store.codes.values())


WRITES = {
    "igloohome create": Write(
        igloohome_create, "/jobs/bridges/", lambda sim: bool(sim.igloohome.jobs)
    ),
    "igloohome delete": Write(
        igloohome_delete, "/jobs/bridges/", lambda sim: bool(sim.igloohome.jobs)
    ),
    "igloohome log": Write(
        igloohome_log, "/jobs/bridges/", lambda sim: bool(sim.igloohome.jobs)
    ),
    "seam create": Write(
        seam_create, "/access_codes/create", lambda sim: len(_codes(sim)) == 1
    ),
    "seam shared": Write(
        seam_shared, "/access_codes/create_multiple", lambda sim: len(_codes(sim)) == 2
    ),
    "seam update": Write(
        seam_update,
        "/access_codes/update",
        lambda sim: _codes(sim)[0].name == "New",
        bare=True,
    ),
    "seam delete": Write(
        seam_delete,
        "/access_codes/delete",
        lambda sim: _codes(sim)[0].deleted,
        bare=True,
    ),
    "seam backup": Write(
        seam_backup,
        "/access_codes/pull_backup_access_code",
        lambda sim: len(_codes(sim)) == 2,
    ),
}


@pytest.mark.parametrize("write_name", WRITES)
@pytest.mark.parametrize("name", FAULTS)
async def test_write(
    sim: Simulator,
    make_igloohome: MakeIgloohome,
    make_seam: MakeSeam,
    write_name: str,
    name: str,
) -> None:
    """A write is sent once, and its error is honest about what may have happened."""
    write, fault = WRITES[write_name], FAULTS[name]
    make: Any = make_igloohome if write_name.startswith("igloohome") else make_seam
    cloud = make(policy=hasty_while_hanging(sim))
    call = await write.prepare(sim, cloud)
    sim.faults.add(write.path, fault.kind, times=None, **dict(fault.options))
    if name == "empty answer" and write.bare:
        assert await call is None
    else:
        with pytest.raises(fault.error) as caught:
            await call
        assert type(caught.value) is fault.error
        assert caught.value.detail
        assert DIGITS not in str(caught.value)
        if isinstance(caught.value, CloudRateLimitedError):
            assert caught.value.retry_after == (7 if "time" in name else None)
    assert sim.requests.count(path=write.path) == 1
    assert write.acted(sim) is fault.acted


READS = ("dropped before", "truncated", "500", "page 502", "429", "empty answer")


@pytest.mark.parametrize("cloud_name", ["igloohome", "seam"])
@pytest.mark.parametrize("name", READS)
async def test_read(
    sim: Simulator,
    make_igloohome: MakeIgloohome,
    make_seam: MakeSeam,
    cloud_name: str,
    name: str,
) -> None:
    """What happened can be asked again: it survives one bad answer, not all."""
    fault = FAULTS[name]

    def read() -> Awaitable[Any]:
        if cloud_name == "igloohome":
            return make_igloohome().async_read_activity(LOCK_BRIDGED, None)
        return make_seam().async_read_events(NOW)

    path = "/activity" if cloud_name == "igloohome" else "/events/list"
    sim.faults.add(path, fault.kind, **dict(fault.options))
    await read()
    assert sim.requests.count(path=path) == 2
    sim.faults.add(path, fault.kind, times=None, **dict(fault.options))
    limited = name.startswith("429")
    with pytest.raises(CloudRateLimitedError if limited else CloudUnreachableError):
        await read()
