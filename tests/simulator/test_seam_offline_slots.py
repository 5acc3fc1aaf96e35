"""Seam's offline codes: how many may share a slot and a lock, and their PINs."""

from datetime import timedelta
from typing import Any

from aiohttp import ClientSession
import pytest

from simulator import Simulator
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED

from .seam_api import START, SeamApi, offline

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def api(sim: Simulator, http: ClientSession) -> SeamApi:
    """Return a client of the simulated Seam cloud."""
    return SeamApi(sim, http)


@pytest.mark.parametrize(
    ("duration", "more", "number"),
    [
        (3 * HOUR, {}, 3),
        (30 * DAY, {"max_time_rounding": "1d"}, 3),
        (DAY, {"is_one_time_use": True}, 5),
    ],
)
async def test_slots(
    api: SeamApi, duration: timedelta, more: dict[str, Any], number: int
) -> None:
    """A slot's codes differ; one more is refused; another slot is free."""
    params = offline(START, START + duration, **more)
    codes = [await api.create(**params) for _ in range(number)]
    refused = await api.refused("access_codes/create", **params)
    assert (refused[0], "maximum number" in refused[2]) == (400, True)
    await api.create(**offline(START + DAY, START + DAY + duration, **more))
    api.advance(seconds=30)
    pins = {(await api.read(code))["code"] for code in codes}
    assert len(pins) == number


async def test_slot_scope(api: SeamApi) -> None:
    """Whether other ends share the slot of a start is a switch."""
    for _ in range(3):
        await api.offline(SEAM_LOCK_BRIDGED, START, 3)
    other = offline(START, START + 4 * HOUR)
    assert (await api.refused("access_codes/create", **other))[0] == 400
    api.sim.reset("test")
    api.sim.seam.switches.slot_scope = "window"
    for _ in range(3):
        await api.offline(SEAM_LOCK_BRIDGED, START, 3)
    await api.create(**other)


async def test_one_time_slot_by_date(api: SeamApi) -> None:
    """One-time codes may share a slot per day instead of per start."""
    api.sim.seam.switches.one_time_slot = "date"
    for hour in range(5):
        start = START + hour * HOUR
        await api.create(**offline(start, None, is_one_time_use=True))
    params = offline(START - HOUR, None, is_one_time_use=True)
    assert (await api.refused("access_codes/create", **params))[0] == 400


async def test_full_slot_as_an_error_on_the_code(api: SeamApi) -> None:
    """The cloud may accept the request and fail later."""
    api.sim.seam.switches.slot_exhausted = "error_on_code"
    for _ in range(3):
        await api.offline(SEAM_LOCK_BRIDGED, START, 3)
    code = await api.offline(SEAM_LOCK_BRIDGED, START, 3)
    api.advance(minutes=5)
    code = await api.read(code)
    assert (code["code"], code["status"]) == (None, "unset")
    assert code["errors"][0]["is_access_code_error"] is True


async def test_199_pins(api: SeamApi) -> None:
    """Online and offline PINs together fill a lock."""
    api.sim.seam.switches.max_pins_per_lock = 3
    await api.create(SEAM_LOCK_BRIDGED)
    await api.offline(SEAM_LOCK_BRIDGED, START, 3)
    await api.offline(SEAM_LOCK_BRIDGED, START + DAY, 3)
    for params in (offline(START, START + HOUR), {"device_id": SEAM_LOCK_BRIDGED}):
        refused = await api.refused("access_codes/create", **params)
        assert refused[:2] == (400, "no_space_for_access_code_on_device")
    assert api.sim.seam.switches.max_pins_per_lock == 3
    api.sim.reset("test")
    assert api.sim.seam.switches.max_pins_per_lock == 199


async def test_same_window_same_pin_after_a_reset(api: SeamApi) -> None:
    """A PIN is a function of lock, kind, window and variance."""
    pins = []
    for _ in range(2):
        api.sim.reset("test")
        code = await api.offline(SEAM_LOCK_BRIDGED, START, 3)
        api.advance(seconds=30)
        pins.append((await api.read(code))["code"])
    assert pins[0] == pins[1]
