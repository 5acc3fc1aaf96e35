"""Every answer of the simulated Seam cloud fits Seam's own OpenAPI document.

A tour through all routes, in several states and object shapes, is checked exchange by
exchange. Known deviations and their reasons: tests/openapi/deviations.py.
"""

from datetime import timedelta
from typing import Any

from aiohttp import ClientSession
import pytest

from simulator import Simulator
from simulator.seam.cloud import ENDPOINTS
from simulator.seam.scenarios import (
    ACCOUNT,
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_HUB_DOWN,
    SEAM_LOCK_OFFLINE,
    SEAM_LOCK_RETROFIT,
)
from tests.openapi import SeamContract, SeamContractUnavailableError, deviations
from tests.openapi.deviations import DEVIATIONS

from .conftest import NOW
from .seam_api import ACCESS_TOKEN, SeamApi

UNKNOWN_ID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def api(sim: Simulator, http: ClientSession) -> SeamApi:
    """Return a client of the simulated Seam cloud."""
    return SeamApi(sim, http)


@pytest.fixture(scope="module")
def contract() -> SeamContract:
    """Return Seam's contract, or skip where it cannot be had."""
    try:
        return SeamContract.load()
    except SeamContractUnavailableError as err:
        pytest.skip(str(err))


def problems(sim: Simulator, contract: SeamContract) -> list[str]:
    """Return what the document has against the exchanges so far.

    A refused request may well be wrong; only its answer is checked then.
    """
    found: list[str] = []
    for exchange in sim.seam.exchanges:
        texts = contract.check_response(
            exchange.path, exchange.status, exchange.response
        )
        if exchange.status == 200:
            texts += contract.check_request(
                exchange.method, exchange.path, exchange.query, exchange.body
            )
        found += [f"{exchange.method} {exchange.path}: {text}" for text in texts]
    return sorted(set(found))


async def _read_all(api: SeamApi) -> None:
    """Use every route that only reads."""
    await api.ok("health")
    await api.ok("workspaces/get")
    await api.call("workspaces/list", key=ACCESS_TOKEN)
    await api.ok("connected_accounts/list")
    await api.ok("connected_accounts/get", connected_account_id=ACCOUNT)
    await api.ok("devices/list", limit=2)
    await api.call("devices/list", method="GET", query=[("limit", "3")])
    await api.ok("devices/list", device_type="igloohome_lock", search="Apartment")
    await api.ok("devices/get", device_id=SEAM_LOCK_BRIDGED)
    await api.ok("devices/list_device_providers", provider_category="stable")
    await api.ok("locks/list")
    await api.ok("locks/get", device_id=SEAM_LOCK_HUB_DOWN)
    for device_id in (SEAM_LOCK_BRIDGED, SEAM_LOCK_OFFLINE):
        body = await api.ok("access_codes/list", device_id=device_id, limit=50)
        for code in body["access_codes"]:
            await api.read(code)
        body = await api.ok("access_codes/unmanaged/list", device_id=device_id)
        for code in body["access_codes"]:
            params = {"access_code_id": code["access_code_id"]}
            await api.ok("access_codes/unmanaged/get", **params)
        await api.ok("action_attempts/list", device_id=device_id)
    await api.ok("access_codes/generate_code", device_id=SEAM_LOCK_BRIDGED)
    since = (NOW - timedelta(days=100)).isoformat()
    body = await api.ok("events/list", since=since, limit=500)
    assert body["events"]
    await api.ok("events/get", event_id=body["events"][0]["event_id"])
    await api.ok("webhooks/list")
    await api.ok("connect_webviews/list")


async def _operate(api: SeamApi) -> None:
    """Lock and unlock, with success and failure, awaited."""
    for route, outcome in (
        ("locks/lock_door", "success"),
        ("locks/unlock_door", "error"),
    ):
        api.sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"attempt_outcome": outcome})
        body = await api.ok(route, device_id=SEAM_LOCK_BRIDGED)
        params = {"action_attempt_id": body["action_attempt"]["action_attempt_id"]}
        await api.ok("action_attempts/get", **params)
        api.advance(seconds=5)
        await api.ok("action_attempts/get", **params)


async def _change_codes(api: SeamApi) -> None:
    """Create, change, back up and delete codes."""
    start = api.sim.clock.now().replace(minute=0, microsecond=0) + timedelta(hours=2)
    window: dict[str, Any] = {
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(days=2)).isoformat(),
    }
    await api.offline(
        SEAM_LOCK_OFFLINE, start, 40, name="Guest", max_time_rounding="1d"
    )
    await api.create(
        SEAM_LOCK_OFFLINE,
        is_offline_access_code=True,
        is_one_time_use=True,
        starts_at=start.isoformat(),
    )
    code = await api.create(
        SEAM_LOCK_BRIDGED, use_backup_access_code_pool=True, **window
    )
    params = {"access_code_id": code["access_code_id"]}
    api.advance(minutes=1)
    await api.ok("access_codes/pull_backup_access_code", **params)
    await api.ok("access_codes/update", **params, name="B", code="8421", **window)
    await api.read(code)
    await api.ok("access_codes/delete", **params)
    await api.read(code)
    devices = [SEAM_LOCK_BRIDGED, SEAM_LOCK_RETROFIT]
    body = await api.ok("access_codes/create_multiple", device_ids=devices, name="C")
    key = body["access_codes"][0]["common_code_key"]
    await api.ok("access_codes/update_multiple", common_code_key=key, name="D")
    failing = {"fail_programming": True}
    api.sim.seam.patch_device(SEAM_LOCK_RETROFIT, failing)
    await api.create(SEAM_LOCK_RETROFIT)
    api.advance(minutes=1)


async def _change_the_rest(api: SeamApi) -> None:
    """Change devices, webhooks and webviews."""
    await api.ok("devices/update", device_id=SEAM_LOCK_OFFLINE, name="Annex")
    webhook = (await api.ok("webhooks/create", url="https://home.example/"))["webhook"]
    params = {"webhook_id": webhook["webhook_id"]}
    await api.ok("webhooks/get", **params)
    await api.ok("webhooks/list")
    await api.ok("webhooks/update", **params, event_types=["lock.locked"])
    await api.ok("webhooks/delete", **params)
    webview = (
        await api.ok("connect_webviews/create", accepted_providers=["igloohome"])
    )["connect_webview"]
    view_id = webview["connect_webview_id"]
    api.sim.seam.complete_connect_webview(view_id)
    await api.ok("connect_webviews/get", connect_webview_id=view_id)
    await api.ok("connect_webviews/list")
    await api.ok("connect_webviews/delete", connect_webview_id=view_id)


async def _be_refused(api: SeamApi) -> None:
    """Provoke each kind of error."""
    await api.refused("devices/get", device_id="door")
    await api.refused("devices/get", device_id=UNKNOWN_ID)
    await api.refused("access_codes/get", access_code_id=UNKNOWN_ID)
    await api.call("devices/list", key="wrong")
    await api.call("devices/list", key=ACCESS_TOKEN)
    await api.call("devices/list", {}, method="PUT")
    await api.create(SEAM_LOCK_BRIDGED, code="7777")
    await api.refused("access_codes/create", device_id=SEAM_LOCK_BRIDGED, code="7777")
    await api.refused("locks/lock_door", device_id=SEAM_LOCK_OFFLINE)
    for _ in range(15):
        await api.call("locks/lock_door", {"device_id": SEAM_LOCK_BRIDGED})
    refused = await api.refused("locks/lock_door", device_id=SEAM_LOCK_BRIDGED)
    assert refused[0] == 429


async def _tour(api: SeamApi) -> None:
    """Use every route in several states."""
    await _read_all(api)
    await _operate(api)
    await _change_codes(api)
    await _change_the_rest(api)
    for delta in (timedelta(), timedelta(minutes=5), timedelta(days=3)):
        api.sim.clock.advance(delta)
        await _read_all(api)
    api.sim.seam.patch_device(SEAM_LOCK_BRIDGED, {"online": False})
    await _read_all(api)
    await _be_refused(api)


@pytest.mark.parametrize("shape", ["new", "t977", "old"])
async def test_tour(api: SeamApi, contract: SeamContract, shape: str) -> None:
    """Every route's requests and answers fit the document, whatever the shape."""
    api.sim.reset("demo")
    switches = api.sim.seam.switches
    if shape != "t977":
        switches.object_shape = "new" if shape == "new" else "old"
        switches.appearance = True
        switches.microseconds = True
        switches.missing_location = "null"
    else:
        switches.object_shape = "t977"
    await _tour(api)
    found = problems(api.sim, contract)
    assert found == []
    assert {e.path for e in api.sim.seam.exchanges} == {e.path for e in ENDPOINTS}
    assert {e.status for e in api.sim.seam.exchanges} == {
        200,
        400,
        401,
        404,
        405,
        409,
        429,
    }


async def test_answers_behind_switches(
    api: SeamApi, contract: SeamContract, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known deviations cover what switches change, and each of them is needed."""
    switches = api.sim.seam.switches
    switches.object_shape = "old"
    switches.missing_location = "null"
    switches.create_answers_attempt = False
    switches.update_answer = switches.delete_answer = "ok"
    switches.extra_keys = True
    switches.was_confirmed_by_device = None
    switches.pin_assigned_events = ["access_code.code_changed"]
    device = {
        "errors": [{"error_code": "brand_new"}],
        "warnings": [{"warning_code": "brand_new"}],
    }
    api.sim.seam.patch_device(SEAM_LOCK_BRIDGED, device)
    code = await api.create(SEAM_LOCK_BRIDGED, name="A")
    api.sim.seam.patch_code(code["access_code_id"], device)
    await api.ok("access_codes/update", access_code_id=code["access_code_id"], name="B")
    await _operate(api)
    await api.offline(SEAM_LOCK_BRIDGED, NOW + timedelta(days=1), 3)
    api.advance(minutes=1)
    await _read_all(api)
    await api.ok("access_codes/delete", access_code_id=code["access_code_id"])
    found = problems(api.sim, contract)
    assert found == []
    for deviation in DEVIATIONS:
        others = tuple(item for item in DEVIATIONS if item is not deviation)
        monkeypatch.setattr(deviations, "DEVIATIONS", others)
        assert problems(api.sim, contract), deviation.reason


async def test_defects_are_found(api: SeamApi, contract: SeamContract) -> None:
    """The tour would notice a wrong status, a missing key and a misspelt one."""
    code = await api.create(SEAM_LOCK_BRIDGED)
    code_id = code["access_code_id"]
    for extra in ({"status": "confused"}, {"is_on_time_use": False}, {"code": 1234}):
        api.sim.seam.patch_code(code_id, {"extra": extra})
        api.sim.seam.exchanges.clear()
        await api.read(code)
        assert len(problems(api.sim, contract)) == 1
