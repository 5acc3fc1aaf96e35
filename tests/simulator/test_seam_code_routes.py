"""Seam's access codes: changes, lists, backups, codes made elsewhere, shapes."""

from datetime import timedelta
from typing import Any

from aiohttp import ClientSession
import pytest

from simulator import Simulator
from simulator.seam.scenarios import SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT

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
    changes = {
        "errors": [{"error_code": "new_error"}],
        "warnings": [{"warning_code": "new_warning"}],
        "extra": {"status": "confused"},
    }
    async with api.http.patch(url, json=changes) as answer:
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
