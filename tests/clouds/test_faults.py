"""The fault matrix: what a bad day at the cloud becomes, for reads and writes.

The simulator knows whether it acted; the error must never claim less than that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import re
from typing import Any

import pytest

from custom_components.igloohome_access.clouds.base import (
    CloudAuthError,
    CloudError,
    CloudRateLimitedError,
    CloudUnreachableError,
    CreatedCode,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.model import CodeKind
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED
from simulator.seam.scenarios import SEAM_LOCK_OFFLINE

from .conftest import MakeIgloohome, MakeSeam
from .samples import code_request, hasty_while_hanging


@dataclass(frozen=True)
class Fault:
    """A fault, what a write makes of it, and whether the cloud had acted."""

    kind: str
    error: type[CloudError]
    acted: bool
    hangs: bool = False
    options: tuple[tuple[str, Any], ...] = ()


FAULTS = {
    "dropped before": Fault("drop_before", OutcomeUnknownError, acted=False),
    "dropped after": Fault("drop_after", OutcomeUnknownError, acted=True),
    "silent before": Fault(
        "hang_before", OutcomeUnknownError, False, True, (("delay", 5.0),)
    ),
    "silent after": Fault(
        "hang_after", OutcomeUnknownError, True, True, (("delay", 5.0),)
    ),
    "reset while answering": Fault("reset_midway", OutcomeUnknownError, acted=True),
    "truncated": Fault("truncated", OutcomeUnknownError, acted=True),
    "500": Fault("status", OutcomeUnknownError, False, options=(("status", 500),)),
    "500 after acting": Fault(
        "status_after", OutcomeUnknownError, True, options=(("status", 500),)
    ),
    "503 after acting": Fault(
        "status_after",
        OutcomeUnknownError,
        True,
        options=(("status", 503), ("body", "")),
    ),
    "page 502": Fault("html", OutcomeUnknownError, acted=False),
    "page 403": Fault("html", CloudUnreachableError, False, options=(("status", 403),)),
    "429": Fault("status", CloudRateLimitedError, False, options=(("status", 429),)),
    "429 with a time": Fault(
        "status",
        CloudRateLimitedError,
        False,
        options=(("status", 429), ("retry_after", 7)),
    ),
    "empty answer": Fault("json", OutcomeUnknownError, True, options=(("body", {}),)),
    "list as answer": Fault("json", OutcomeUnknownError, True, options=(("body", []),)),
}

type Create = Callable[[Simulator, MakeIgloohome, MakeSeam], Awaitable[Any]]


async def create_igloohome(
    sim: Simulator, make_igloohome: MakeIgloohome, make_seam: MakeSeam
) -> tuple[Awaitable[CreatedCode], str]:
    """Return a create on igloohome and the path it takes."""
    del make_seam
    cloud = make_igloohome(policy=hasty_while_hanging(sim))
    await cloud.async_list_devices()
    return cloud.async_create_offline_code(code_request(LOCK_BRIDGED)), "/algopin/"


async def create_seam(
    sim: Simulator, make_igloohome: MakeIgloohome, make_seam: MakeSeam
) -> tuple[Awaitable[CreatedCode], str]:
    """Return a create on Seam and the path it takes."""
    del make_igloohome
    cloud = make_seam(policy=hasty_while_hanging(sim))
    request = code_request(SEAM_LOCK_OFFLINE)
    return cloud.async_create_offline_code(request), "/access_codes/create"


def made(sim: Simulator) -> int:
    """Return the number of codes that exist in both clouds."""
    return len(sim.igloohome.issued) + len(sim.seam.store.codes)


@pytest.mark.parametrize("create", [create_igloohome, create_seam])
@pytest.mark.parametrize("name", FAULTS)
async def test_create(
    sim: Simulator,
    make_igloohome: MakeIgloohome,
    make_seam: MakeSeam,
    create: Create,
    name: str,
) -> None:
    """A create is sent once, and its error is honest about what may have happened."""
    fault = FAULTS[name]
    call, path = await create(sim, make_igloohome, make_seam)
    sim.faults.add(path, fault.kind, times=None, **dict(fault.options))
    with pytest.raises(fault.error) as caught:
        await call
    assert type(caught.value) is fault.error
    assert sim.requests.count(path=path) == 1
    assert made(sim) == fault.acted
    assert caught.value.detail
    for pins in (sim.igloohome.issued_pins(), sim.seam.issued_pins()):
        assert not any(record["pin"] in str(caught.value) for record in pins)
    if isinstance(caught.value, CloudRateLimitedError):
        assert caught.value.retry_after == (7 if "time" in name else None)


@pytest.mark.parametrize("create", [create_igloohome, create_seam])
async def test_create_refused_connection(
    sim: Simulator, make_igloohome: MakeIgloohome, make_seam: MakeSeam, create: Create
) -> None:
    """Without a connection nothing can have happened."""
    call, path = await create(sim, make_igloohome, make_seam)
    await sim.pause()
    # A kept connection that was closed is not used again.
    await asyncio.sleep(0.05)
    with pytest.raises(CloudUnreachableError):
        await call
    await sim.resume()
    assert sim.requests.count(path=path) == 0


async def test_create_401_in_the_middle(
    sim: Simulator, make_igloohome: MakeIgloohome, make_seam: MakeSeam
) -> None:
    """igloohome's token is renewed once; a Seam key cannot be."""
    for create, expected in ((create_igloohome, 1), (create_seam, 1)):
        call, path = await create(sim, make_igloohome, make_seam)
        sim.faults.add(path, "status", status=401)
        if create is create_seam:
            with pytest.raises(CloudAuthError, match="Unauthorized"):
                await call
        else:
            assert (await call).pin
        assert made(sim) == expected


READ_FAULTS = {
    name: fault
    for name, fault in FAULTS.items()
    if name not in ("page 403", "429 with a time", "list as answer")
}


@pytest.mark.parametrize("cloud_name", ["igloohome", "seam"])
@pytest.mark.parametrize("name", READ_FAULTS)
async def test_read(
    sim: Simulator,
    make_igloohome: MakeIgloohome,
    make_seam: MakeSeam,
    cloud_name: str,
    name: str,
) -> None:
    """A list survives one bad answer, and gives up when they do not end."""
    fault = FAULTS[name]
    make: Any = make_igloohome if cloud_name == "igloohome" else make_seam
    cloud = make(policy=hasty_while_hanging(sim))
    path = "/igloohome/devices" if cloud_name == "igloohome" else "/seam/devices/list"
    sim.faults.add(path, fault.kind, **dict(fault.options))
    assert await cloud.async_list_devices()
    assert sim.requests.count(path=path) == 2
    if fault.hangs:
        return
    sim.faults.add(path, fault.kind, times=None, **dict(fault.options))
    expected = (
        CloudRateLimitedError if name.startswith("429") else CloudUnreachableError
    )
    with pytest.raises(expected):
        await cloud.async_list_devices()


async def test_all_kinds_on_igloohome(
    sim: Simulator, make_igloohome: MakeIgloohome
) -> None:
    """After a lost answer the same request gives the very code that was made."""
    cloud = make_igloohome()
    for kind in (kind for kind in CodeKind if kind.offline):
        request = code_request(LOCK_BRIDGED, kind)
        sim.faults.add("/algopin/", "drop_after")
        with pytest.raises(OutcomeUnknownError):
            await cloud.async_create_offline_code(request)
        created = await cloud.async_create_offline_code(request)
        issued = [p.pin for p in sim.igloohome.issued if p.kind == _word(kind)]
        assert issued == [created.pin]


def _word(kind: CodeKind) -> str:
    """Return igloohome's word for a kind."""
    return re.sub("_", "", kind.value)
