"""Seam's access codes on the bridge: life cycle, changes, refusals."""

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


async def test_update(api: SeamApi) -> None:
    """Name, PIN and window change, with mutations until the lock has them."""
    code = await api.create(SEAM_LOCK_BRIDGED, name="Guest", **window(HOUR, DAY))
    api.sim.clock.advance(2 * HOUR)
    assert (await api.read(code))["status"] == "set"
    changed = NOW + 3 * DAY
    body = await api.ok(
        "access_codes/update",
        access_code_id=code["access_code_id"],
        name="Guest B",
        code="7152",
        ends_at=changed.isoformat(),
    )
    assert body["action_attempt"]["action_type"] == "UPDATE_ACCESS_CODE"
    code = await api.read(code)
    assert (code["name"], code["code"], code["status"]) == (
        "Guest B",
        "7152",
        "setting",
    )
    assert code["ends_at"] == "2026-11-23T10:20:00.000Z"
    assert mutations(code) == ["updating_name", "updating_code", "updating_time_frame"]
    api.advance(seconds=20)
    code = await api.read(code)
    assert (code["status"], mutations(code)) == ("set", [])
    types = await api.event_types(NOW, event_type="access_code.changed")
    assert len(types) == 3
    await api.ok(
        "access_codes/update", access_code_id=code["access_code_id"], type="ongoing"
    )
    code = await api.read(code)
    assert (code["type"], "ends_at" in code) == ("ongoing", False)
    api.sim.clock.advance(30 * DAY)
    assert (await api.read(code))["status"] == "set"


async def test_update_moves_a_scheduled_code(api: SeamApi) -> None:
    """A window put off sends the code back to waiting."""
    code = await api.create(SEAM_LOCK_BRIDGED, **window(DAY, DAY))
    api.advance(minutes=1)
    assert (await api.read(code))["is_scheduled_on_device"] is True
    code_id = code["access_code_id"]
    await api.ok("access_codes/update", access_code_id=code_id, **window(9 * DAY, DAY))
    code = await api.read(code)
    assert (code["status"], code["is_scheduled_on_device"]) == ("unset", False)
    assert "deferring_creation" in mutations(code)
    refused = await api.refused(
        "access_codes/update", access_code_id=code_id, ends_at=NOW.isoformat()
    )
    assert refused[0] == 400
    refused = await api.refused(
        "access_codes/update", access_code_id=code_id, device_id=SEAM_LOCK_RETROFIT
    )
    assert refused[0] == 404


async def test_answers_without_attempts(api: SeamApi) -> None:
    """Documentation samples show no action attempts, so they may be missing."""
    switches = api.sim.seam.switches
    switches.create_answers_attempt = False
    switches.update_answer = switches.delete_answer = "ok"
    body = await api.ok("access_codes/create", device_id=SEAM_LOCK_BRIDGED)
    code_id = body["access_code"]["access_code_id"]
    answers = [
        body.keys() - {"access_code"},
        (await api.ok("access_codes/update", access_code_id=code_id, name="X")).keys(),
        (await api.ok("access_codes/delete", access_code_id=code_id)).keys(),
    ]
    assert answers == [{"ok"}] * 3


async def test_create_multiple_and_update_multiple(api: SeamApi) -> None:
    """One PIN on several locks, changed together by a common key."""
    devices = [SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT]
    codes = (await api.ok("access_codes/create_multiple", device_ids=devices))[
        "access_codes"
    ]
    assert len({code["code"] for code in codes}) == 1
    (key,) = {code["common_code_key"] for code in codes}
    assert key.startswith("auto_set_by_create_multiple_")
    await api.ok("access_codes/update_multiple", common_code_key=key, name="Crew")
    assert {(await api.read(code))["name"] for code in codes} == {"Crew"}
    refused = await api.refused("access_codes/update_multiple", common_code_key="none")
    assert refused[0] == 404
    await api.create(SEAM_LOCK_RETROFIT, code="9044")
    params = {"device_ids": devices, "code": "9044"}
    refused = await api.refused("access_codes/create_multiple", **params)
    assert refused[0] == 409
    body = await api.ok("access_codes/list", device_id=SEAM_LOCK_BRIDGED)
    assert len(body["access_codes"]) == 1
    params["behavior_when_code_cannot_be_shared"] = "create_random_code"
    codes = (await api.ok("access_codes/create_multiple", **params))["access_codes"]
    assert [code["code"] == "9044" for code in codes] == [True, False]
    assert [code["common_code_key"] for code in codes] == [None, None]


async def test_list_and_get(api: SeamApi) -> None:
    """Filters, the PIN as a key, and the need for a filter."""
    code = await api.create(SEAM_LOCK_BRIDGED, name="Cleaner", code="4829")
    await api.create(SEAM_LOCK_RETROFIT, name="Guest")
    assert (await api.refused("access_codes/list"))[0] == 400
    api.sim.seam.switches.list_requires_filter = False
    assert len((await api.ok("access_codes/list"))["access_codes"]) == 2
    for filters in (
        {"device_id": SEAM_LOCK_BRIDGED},
        {"search": "clean"},
        {"access_code_ids": [code["access_code_id"]]},
    ):
        body = await api.ok("access_codes/list", **filters)
        assert [item["name"] for item in body["access_codes"]] == ["Cleaner"]
    params = {"device_id": SEAM_LOCK_BRIDGED, "code": "4829"}
    assert (await api.ok("access_codes/get", **params))["access_code"] == code
    params["code"] = "0000"
    assert (await api.refused("access_codes/get", **params))[0] == 404
    assert (await api.refused("access_codes/get"))[0] == 400
    unknown = "00000000-0000-4000-8000-000000000001"
    assert (await api.refused("access_codes/list", device_id=unknown))[0] == 404


async def test_generate_code(api: SeamApi) -> None:
    """Generated digits are not stored."""
    body = await api.ok("access_codes/generate_code", device_id=SEAM_LOCK_BRIDGED)
    assert len(body["generated_code"]["code"]) == 4
    body = await api.ok("access_codes/list", device_id=SEAM_LOCK_BRIDGED)
    assert body["access_codes"] == []


async def test_backup_code(api: SeamApi) -> None:
    """Only a time-bound code of a lock with a pool has one, always the same."""
    ongoing = await api.create(SEAM_LOCK_BRIDGED)
    params = {"access_code_id": ongoing["access_code_id"]}
    refused = await api.refused("access_codes/pull_backup_access_code", **params)
    assert refused[:2] == (400, "access_code_not_time_bound")
    code = await api.create(SEAM_LOCK_BRIDGED, **window(HOUR, DAY))
    params = {"access_code_id": code["access_code_id"]}
    assert code["is_backup_access_code_available"] is False
    refused = await api.refused("access_codes/pull_backup_access_code", **params)
    assert refused[1] == "backup_access_code_not_available"
    code = await api.create(
        SEAM_LOCK_BRIDGED, use_backup_access_code_pool=True, **window(HOUR, DAY)
    )
    assert code["is_backup_access_code_available"] is True
    params = {"access_code_id": code["access_code_id"]}
    first = await api.ok("access_codes/pull_backup_access_code", **params)
    again = await api.ok("access_codes/pull_backup_access_code", **params)
    backup = first["backup_access_code"]
    assert backup == again["backup_access_code"]
    assert (backup["is_backup"], backup["ends_at"]) == (True, code["ends_at"])
    pulled = again["access_code"]
    assert pulled["pulled_backup_access_code_id"] == backup["access_code_id"]
    assert pulled["warnings"][0]["warning_code"] == "using_backup_access_code"
    body = await api.ok("access_codes/list", device_id=SEAM_LOCK_BRIDGED)
    listed = {item["access_code_id"] for item in body["access_codes"]}
    assert code["access_code_id"] in listed
    assert backup["access_code_id"] not in listed


async def test_unmanaged_codes(api: SeamApi) -> None:
    """Codes made elsewhere have their own routes and end by themselves."""
    add = api.sim.seam.add_code
    code = add(
        {
            "device_id": SEAM_LOCK_BRIDGED,
            "name": "App",
            "code": "904417",
            "is_managed": False,
            "starts_at": NOW,
            "ends_at": NOW + DAY,
        }
    )
    body = await api.ok("access_codes/unmanaged/list", device_id=SEAM_LOCK_BRIDGED)
    assert body["access_codes"] == [code]
    code_id = code["access_code_id"]
    body = await api.ok("access_codes/unmanaged/get", access_code_id=code_id)
    assert (body["access_code"]["is_managed"], body["access_code"]["status"]) == (
        False,
        "set",
    )
    assert (await api.refused("access_codes/get", access_code_id=code_id))[0] == 404
    api.sim.clock.advance(DAY)
    body = await api.ok("access_codes/unmanaged/list", device_id=SEAM_LOCK_BRIDGED)
    assert body["access_codes"] == []


@pytest.mark.parametrize(
    ("shape", "keys"),
    [
        ("new", {"display_status", "pending_mutations"}),
        ("t977", {"pending_mutations"}),
        ("old", set()),
    ],
)
async def test_object_shapes(api: SeamApi, shape: Any, keys: set[str]) -> None:
    """Both the old and the new shape can be had."""
    api.sim.seam.switches.object_shape = shape
    api.sim.seam.switches.appearance = True
    api.sim.seam.switches.extra_keys = True
    code = await api.create(SEAM_LOCK_BRIDGED, name="A name that is much too long")
    assert code.keys() & {"display_status", "pending_mutations"} == keys
    assert code["status"] == "setting"
    assert code["appearance"] == {"name": "A name that is much "}
    assert "simulated_future_key" in code


async def test_control_of_codes(api: SeamApi) -> None:
    """Codes can be changed behind the API's back, with unknown errors and keys."""
    url = f"{api.sim.url}/_control/seam/codes"
    values = {"device_id": SEAM_LOCK_BRIDGED, "name": "Console", "phase": "set"}
    async with api.http.post(url, json=values) as answer:
        assert answer.status == 200
        code = await answer.json()
    assert code["status"] == "set"
    url = f"{url}/{code['access_code_id']}"
    values = {
        "errors": [{"error_code": "new_error"}],
        "warnings": [{"warning_code": "new_warning"}],
        "extra": {"status": "confused"},
    }
    async with api.http.patch(url, json=values) as answer:
        assert answer.status == 200
    code = await api.read(code)
    assert code["status"] == "confused"
    assert code["errors"][0]["is_access_code_error"] is True
    assert code["warnings"][0]["message"]
    async with api.http.delete(url) as answer:
        assert answer.status == 200
    code_id = code["access_code_id"]
    assert (await api.refused("access_codes/get", access_code_id=code_id))[0] == 404
    async with api.http.patch(url, json={"device_id": "x"}) as answer:
        assert answer.status == 400
