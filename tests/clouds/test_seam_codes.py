"""Seam's client against the simulator: codes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.igloohome_access.clouds import seam as module
from custom_components.igloohome_access.clouds.base import (
    BridgeBusyError,
    BridgeOfflineError,
    CloudError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudRefusedError,
    DuplicateCodeError,
    LockFullError,
)
from custom_components.igloohome_access.clouds.seam import SeamCloud
from custom_components.igloohome_access.model import CodeKind
from simulator import Simulator
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE, WORKSPACE

from .samples import NOW, START, code_request

TOKEN = "seam_at_simtoken_0001"
BRIDGE = f"{WORKSPACE}_EB1X00aa11bb22"
KEYPAD = f"{WORKSPACE}_EK1X5f6a7b8c9d"
NOWHERE = "c1f0a3d2-5b7e-4e19-9d40-7a1b2c3d9999"


# --- creating offline codes ---------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "length", "sent"),
    [
        (
            CodeKind.HOURLY,
            timedelta(hours=138),
            {"ends_at": "2026-11-26T05:00:00+01:00"},
        ),
        (
            CodeKind.DAILY,
            timedelta(days=31),
            {"ends_at": "2026-12-21T11:00:00+01:00", "max_time_rounding": "1d"},
        ),
        (
            CodeKind.ONE_TIME,
            None,
            {"ends_at": "2026-11-21T11:00:00+01:00", "is_one_time_use": True},
        ),
    ],
)
async def test_create(
    seam: SeamCloud,
    sim: Simulator,
    kind: CodeKind,
    length: timedelta | None,
    sent: dict[str, Any],
) -> None:
    """A code arrives without its PIN, which can be read later."""
    request = code_request(SEAM_LOCK_BRIDGED, kind, length=length, variance=3)
    created = await seam.async_create_offline_code(request)
    assert created.pin is None
    assert sim.requests.all[0].body == {
        "device_id": SEAM_LOCK_BRIDGED,
        "name": "Plumber",
        "is_offline_access_code": True,
        "starts_at": "2026-11-20T11:00:00+01:00",
        **sent,
    }
    (code,) = await seam.async_get_codes([created.cloud_id])
    assert code.kind is kind
    assert code.waiting_for_pin
    assert code.pin is None
    assert code.name == "Plumber"
    assert code.starts_at == START
    assert code.ends_at == request.window.ends_at
    assert code.created_at == NOW
    sim.clock.advance(timedelta(seconds=31))
    (code,) = await seam.async_get_codes([created.cloud_id])
    assert not code.waiting_for_pin
    assert code.pin is not None
    assert code.pin not in repr(code)
    assert [p["pin"] for p in sim.seam.issued_pins()] == [code.pin]


async def test_one_time_without_end(seam: SeamCloud, sim: Simulator) -> None:
    """The end of a one-time code is 24 hours after its start."""
    request = code_request(SEAM_LOCK_BRIDGED, CodeKind.ONE_TIME)
    window = replace(request.window, ends_at=None)
    await seam.async_create_offline_code(replace(request, window=window))
    assert sim.requests.all[0].body["ends_at"] == "2026-11-21T11:00:00+01:00"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (CodeKind.PERMANENT, "permanent_not_supported"),
        (CodeKind.ONLINE, "kind_not_supported"),
        (CodeKind.HOURLY, "end_missing"),
    ],
)
async def test_refused_before_a_request(
    seam: SeamCloud, sim: Simulator, kind: CodeKind, reason: str
) -> None:
    """What Seam cannot make is not asked for."""
    request = code_request(SEAM_LOCK_BRIDGED, kind)
    window = replace(request.window, ends_at=None)
    with pytest.raises(CloudRefusedError) as caught:
        await seam.async_create_offline_code(replace(request, window=window))
    assert caught.value.reason == reason
    assert caught.value.detail
    assert sim.requests.all == []


async def test_refused_by_seam(seam: SeamCloud, sim: Simulator) -> None:
    """The word and the text of a refusal are passed on."""
    with pytest.raises(CloudRefusedError) as caught:
        await seam.async_create_offline_code(
            code_request(SEAM_LOCK_BRIDGED, length=timedelta(hours=700))
        )
    assert caught.value.reason == "invalid_input"
    assert caught.value.detail
    with pytest.raises(CloudNotFoundError):
        await seam.async_create_offline_code(code_request(NOWHERE))
    assert not sim.seam.store.codes
    assert not seam.repeatable_creates


@pytest.mark.parametrize(
    ("status", "word", "error"),
    [
        (409, "duplicate_access_code", DuplicateCodeError),
        (400, "duplicate_code_on_device", DuplicateCodeError),
        (400, "no_space_for_access_code_on_device", LockFullError),
        (400, "igloohome_bridge_too_many_pending_jobs", BridgeBusyError),
        (409, "conflict", CloudRefusedError),
        (400, "igloohome_bridge_offline", BridgeOfflineError),
        (403, "insufficient_permissions", CloudPermissionError),
    ],
)
async def test_other_refusals(
    seam: SeamCloud, sim: Simulator, status: int, word: str, error: type[CloudError]
) -> None:
    """The status decides first, the word second."""
    body = {"error": {"type": word, "message": "Code 1234 is taken"}}
    sim.faults.add("access_codes/create", "status", status=status, body=body)
    with pytest.raises(error) as caught:
        await seam.async_create_offline_code(code_request(SEAM_LOCK_BRIDGED))
    assert type(caught.value) is error
    assert caught.value.detail == "Code *** is taken"
    if isinstance(caught.value, CloudRefusedError):
        assert caught.value.reason == word
    if isinstance(caught.value, CloudPermissionError):
        assert caught.value.permission == word


async def test_pin_at_once(seam: SeamCloud, sim: Simulator) -> None:
    """Where the answer has the PIN, it is taken."""
    sim.seam.switches.pin_assignment_seconds = 0
    created = await seam.async_create_offline_code(code_request(SEAM_LOCK_BRIDGED))
    assert created.pin == sim.seam.issued_pins()[0]["pin"]


# --- reading codes ------------------------------------------------------------------


async def test_codes_by_id(seam: SeamCloud, sim: Simulator) -> None:
    """Many codes are one request; those that are gone are left out."""
    ids = [
        (
            await seam.async_create_offline_code(
                code_request(lock, starts_at=START + timedelta(hours=hour))
            )
        ).cloud_id
        for lock in (SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE)
        for hour in range(4)
    ]
    sim.requests.clear()
    codes = await seam.async_get_codes([*ids, NOWHERE])
    assert {code.cloud_id for code in codes} == set(ids)
    assert sim.requests.counters == {"POST /seam/access_codes/list": 1}
    assert await seam.async_get_codes([]) == ()
    assert len(sim.requests.all) == 1


async def test_codes_by_id_in_chunks(
    seam: SeamCloud, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More ids than fit are asked for in several requests."""
    monkeypatch.setattr(module, "CODES_PAGE_SIZE", 2)
    ids = [
        (
            await seam.async_create_offline_code(
                code_request(SEAM_LOCK_BRIDGED, starts_at=START + timedelta(hours=hour))
            )
        ).cloud_id
        for hour in range(3)
    ]
    sim.requests.clear()
    assert [c.cloud_id for c in await seam.async_get_codes(ids)] == ids
    assert len(sim.requests.all) == 2


async def test_codes_of_a_lock(seam: SeamCloud, sim: Simulator) -> None:
    """Codes of Seam and codes of the maker's app stand in two lists."""
    created = await seam.async_create_offline_code(code_request(SEAM_LOCK_BRIDGED))
    app = sim.seam.add_code(
        {
            "device_id": SEAM_LOCK_BRIDGED,
            "name": "Made in the app",
            "code": "4711",
            "is_managed": False,
        }
    )
    (managed,) = await seam.async_list_codes(SEAM_LOCK_BRIDGED, managed=True)
    (unmanaged,) = await seam.async_list_codes(SEAM_LOCK_BRIDGED, managed=False)
    assert managed.cloud_id == created.cloud_id
    assert managed.managed
    assert unmanaged.cloud_id == app["access_code_id"]
    assert (unmanaged.managed, unmanaged.kind) == (False, CodeKind.ONLINE)
    assert unmanaged.pin == "4711"
    assert not unmanaged.waiting_for_pin
    for flag in (True, False):
        assert await seam.async_list_codes(SEAM_LOCK_OFFLINE, managed=flag) == ()
    assert seam.lists_codes


async def test_codes_of_a_lock_on_several_pages(
    seam: SeamCloud, sim: Simulator
) -> None:
    """The list of codes has pages too."""
    for hour in range(4):
        await seam.async_create_offline_code(
            code_request(SEAM_LOCK_BRIDGED, starts_at=START + timedelta(hours=hour))
        )
    sim.seam.switches.page_size_cap = 3
    assert len(await seam.async_list_codes(SEAM_LOCK_BRIDGED, managed=True)) == 4


@pytest.mark.parametrize("shape", ["new", "t977", "old"])
async def test_shapes_of_codes(seam: SeamCloud, sim: Simulator, shape: Any) -> None:
    """An offline code is the same code in every edition of the API."""
    sim.seam.switches.object_shape = shape
    sim.seam.switches.extra_keys = True
    sim.seam.switches.appearance = True
    created = await seam.async_create_offline_code(
        code_request(SEAM_LOCK_BRIDGED, length=timedelta(hours=48))
    )
    sim.clock.advance(timedelta(seconds=31))
    (code,) = await seam.async_get_codes([created.cloud_id])
    assert code.kind is CodeKind.HOURLY
    assert code.status in ("unset", "setting", "set")
    assert "igloo_algopin_must_be_used_within_24_hours" in {
        notice.code for notice in code.notices
    }
