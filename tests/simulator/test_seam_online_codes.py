"""Seam's access codes on the bridge: life cycle and refusals."""

from datetime import timedelta
from typing import Any

from aiohttp import ClientSession
import pytest

from simulator import Simulator
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_HUB_DOWN,
    SEAM_LOCK_OFFLINE,
    SEAM_LOCK_RETROFIT,
)

from .conftest import NOW
from .seam_api import SeamApi

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def api(sim: Simulator, http: ClientSession) -> SeamApi:
    """Return a client of the simulated Seam cloud."""
    return SeamApi(sim, http)


def window(starts_in: timedelta, duration: timedelta) -> dict[str, str]:
    """Return the times of a code from now on."""
    start = NOW + starts_in
    return {"starts_at": start.isoformat(), "ends_at": (start + duration).isoformat()}


def mutations(code: dict[str, Any]) -> list[str]:
    """Return the codes of a code's pending mutations."""
    return [item["mutation_code"] for item in code["pending_mutations"]]


async def test_ongoing_code(api: SeamApi) -> None:
    """Setting, then set; removing, then gone."""
    code = await api.create(SEAM_LOCK_BRIDGED, name="Cleaner", code="4829")
    assert (code["type"], code["status"], code["code"]) == (
        "ongoing",
        "setting",
        "4829",
    )
    assert "starts_at" not in code
    assert mutations(code) == ["creating"]
    api.advance(seconds=20)
    code = await api.read(code)
    assert (code["status"], mutations(code)) == ("set", [])
    assert code["display_status"] == "Active"
    code_id = code["access_code_id"]
    body = await api.ok("access_codes/delete", access_code_id=code_id)
    assert body["action_attempt"]["action_type"] == "DELETE_ACCESS_CODE"
    code = await api.read(code)
    assert (code["status"], mutations(code)) == ("removing", ["deleting"])
    api.advance(seconds=10)
    refused = await api.refused("access_codes/get", access_code_id=code_id)
    assert refused[:2] == (404, "access_code_not_found")
    assert await api.event_types(NOW) == [
        "access_code.set_on_device",
        "access_code.removed_from_device",
        "access_code.deleted",
    ]


async def test_native_scheduling(api: SeamApi) -> None:
    """Loaded 72 hours before, set at the start, removed at the end."""
    code = await api.create(SEAM_LOCK_BRIDGED, **window(10 * DAY, 2 * DAY))
    (mutation,) = code["pending_mutations"]
    assert mutation["mutation_code"] == "deferring_creation"
    assert mutation["scheduled_at"] == "2026-11-27T10:20:00.000Z"
    seen = []
    load = timedelta(seconds=20)
    for step in (timedelta(), 7 * DAY, load, 3 * DAY - load, 2 * DAY):
        api.sim.clock.advance(step)
        code = await api.read(code)
        seen.append((code["status"], code["is_scheduled_on_device"], mutations(code)))
    assert seen == [
        ("unset", False, ["deferring_creation"]),
        ("unset", False, ["creating"]),
        ("unset", True, []),
        ("set", False, []),
        ("removing", False, ["deleting"]),
    ]
    api.advance(seconds=10)
    code_id = code["access_code_id"]
    assert (await api.refused("access_codes/get", access_code_id=code_id))[0] == 404
    assert await api.event_types(NOW) == [
        "access_code.scheduled_on_device",
        "access_code.set_on_device",
        "access_code.removed_from_device",
        "access_code.deleted",
    ]


async def test_just_in_time(api: SeamApi) -> None:
    """Without native scheduling the lock gets the code an hour before its start."""
    code = await api.create(
        SEAM_LOCK_BRIDGED, prefer_native_scheduling=False, **window(2 * DAY, DAY)
    )
    api.sim.clock.advance(2 * DAY - HOUR)
    assert (await api.read(code))["status"] == "setting"
    api.advance(seconds=20)
    assert (await api.read(code))["status"] == "set"


async def test_one_jump_over_a_whole_life(api: SeamApi) -> None:
    """A long jump of the clock yields the same events at the same moments."""
    await api.create(SEAM_LOCK_BRIDGED, **window(10 * DAY, 2 * DAY))
    api.sim.clock.advance(60 * DAY)
    body = await api.ok("events/list", since=NOW.isoformat())
    assert [(e["event_type"], e["occurred_at"]) for e in body["events"]] == [
        ("access_code.scheduled_on_device", "2026-11-27T10:20:20.000Z"),
        ("access_code.set_on_device", "2026-11-30T10:20:00.000Z"),
        ("access_code.removed_from_device", "2026-12-02T10:20:10.000Z"),
        ("access_code.deleted", "2026-12-02T10:20:10.000Z"),
    ]


async def test_expired_code_stays_listed_by_a_switch(api: SeamApi) -> None:
    """Seam is changing whether an ended code answers 404."""
    api.sim.seam.switches.expired_codes_listed = True
    code = await api.create(SEAM_LOCK_BRIDGED, **window(HOUR, HOUR))
    api.sim.clock.advance(DAY)
    code = await api.read(code)
    assert (code["status"], code["display_status"]) == ("unset", "Expired")
    body = await api.ok("access_codes/list", device_id=SEAM_LOCK_BRIDGED)
    assert len(body["access_codes"]) == 1
    code_id = code["access_code_id"]
    await api.ok("access_codes/delete", access_code_id=code_id)
    assert (await api.refused("access_codes/get", access_code_id=code_id))[0] == 404


async def test_bridge_offline(api: SeamApi) -> None:
    """A code waits for the bridge with a warning, and goes on when it is back."""
    device_id = SEAM_LOCK_HUB_DOWN
    refused = await api.refused(
        "access_codes/create", device_id=device_id, attempt_for_offline_device=False
    )
    assert refused[0] == 400
    code = await api.create(device_id)
    api.advance(hours=2)
    code = await api.read(code)
    assert code["status"] == "setting"
    assert code["warnings"][0]["warning_code"] == "delay_in_setting_on_device"
    assert code["errors"][0]["error_code"] == "hub_disconnected"
    api.sim.seam.patch_device(device_id, {"online": True, "errors": []})
    api.advance(seconds=19)
    assert (await api.read(code))["status"] == "setting"
    api.advance(seconds=1)
    assert (await api.read(code))["status"] == "set"
    api.sim.seam.patch_device(device_id, {"online": False})
    await api.ok("access_codes/delete", access_code_id=code["access_code_id"])
    api.advance(hours=2)
    assert (await api.read(code))["status"] == "removing"


async def test_lock_that_refuses_codes(api: SeamApi) -> None:
    """Programming can fail, with an error and an event."""
    api.sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"fail_programming": True})
    code = await api.create(SEAM_LOCK_BRIDGED)
    api.advance(minutes=1)
    code = await api.read(code)
    assert code["errors"][0]["error_code"] == "failed_to_set_on_device"
    assert await api.event_types(NOW) == ["access_code.failed_to_set_on_device"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"starts_at": "2026-12-01T10:00:00Z"}, "Both starts_at and ends_at"),
        (window(DAY, -HOUR), "ends_at must be after"),
        (window(-HOUR, DAY), "starts_at must be in the future"),
        ({"code": "12345678"}, "must have 4, 5, 6 digits"),
        ({"is_one_time_use": True}, "offline access codes only"),
        ({"use_backup_access_code_pool": True}, "time-bound codes only"),
    ],
)
async def test_refusals(api: SeamApi, params: dict[str, Any], message: str) -> None:
    """What breaks a rule is a 400 that says so."""
    refused = await api.refused(
        "access_codes/create", device_id=SEAM_LOCK_BRIDGED, **params
    )
    assert refused[:2] == (400, "invalid_input")
    assert message in refused[2]


@pytest.mark.parametrize(
    ("constraint", "pin", "allowed"),
    [
        ("no_zeros", "1203", "1213"),
        ("cannot_start_with_12", "1274", "2174"),
        ("no_triple_consecutive_ints", "4777", "4747"),
        ("no_all_same_digits", "5555", "5556"),
        ("at_least_three_unique_digits", "4747", "4748"),
        ("no_ascending_or_descending_sequence", "6543", "6542"),
        ("unique_first_four_digits", "12314", "12341"),
    ],
)
async def test_code_constraints(
    api: SeamApi, constraint: str, pin: str, allowed: str
) -> None:
    """The constraints a lock declares are enforced."""
    constraints = [{"constraint_type": constraint}]
    api.sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"code_constraints": constraints})
    refused = await api.refused(
        "access_codes/create", device_id=SEAM_LOCK_BRIDGED, code=pin
    )
    assert constraint in refused[2]
    await api.create(SEAM_LOCK_BRIDGED, code=allowed)
    assert (await api.create(SEAM_LOCK_BRIDGED))["code"]


async def test_name_length_and_fixed_pins(api: SeamApi) -> None:
    """A lock may limit names, or allow no chosen PIN at all."""
    constraints = [
        {"constraint_type": "name_length", "min_length": 2, "max_length": 5},
        {"constraint_type": "cannot_specify_pin_code"},
    ]
    api.sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"code_constraints": constraints})
    for params in ({"name": "Johanna"}, {"name": "Jo", "code": "4829"}):
        params["device_id"] = SEAM_LOCK_BRIDGED
        assert (await api.refused("access_codes/create", **params))[0] == 400
    await api.create(SEAM_LOCK_BRIDGED, name="Jo")


async def test_duplicates_and_missing_capability(api: SeamApi) -> None:
    """The same PIN twice is a conflict; a lock without a bridge takes no codes."""
    await api.create(SEAM_LOCK_BRIDGED, code="4829")
    params = {"device_id": SEAM_LOCK_BRIDGED, "code": "4829"}
    refused = await api.refused("access_codes/create", **params)
    assert refused[:2] == (409, "duplicate_access_code")
    await api.create(SEAM_LOCK_RETROFIT, code="4829")
    refused = await api.refused("access_codes/create", device_id=SEAM_LOCK_OFFLINE)
    assert "can_program_online_access_codes" in refused[2]


async def test_full_lock(api: SeamApi) -> None:
    """A lock takes a limited number of online codes."""
    api.sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"max_active_codes": 1})
    await api.create(SEAM_LOCK_BRIDGED)
    refused = await api.refused("access_codes/create", device_id=SEAM_LOCK_BRIDGED)
    assert refused[:2] == (400, "no_space_for_access_code_on_device")
