"""Seam's transport, credentials, errors, pages and rate limits."""

from datetime import timedelta

from aiohttp import ClientSession
import pytest

from simulator import Simulator
from simulator.seam.scenarios import (
    SEAM_LOCK_BRIDGED,
    SEAM_LOCK_OFFLINE,
    SEAM_LOCK_SECOND_WORKSPACE,
)

from .conftest import NOW
from .seam_api import ACCESS_TOKEN, API_KEY, SECOND_API_KEY, SeamApi

UNKNOWN_ID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def api(sim: Simulator, http: ClientSession) -> SeamApi:
    """Return a client of the simulated Seam cloud."""
    return SeamApi(sim, http)


@pytest.mark.parametrize(
    ("key", "headers", "status", "error_type"),
    [
        (None, {}, 401, "unauthorized"),
        ("seam_test_wrong", {}, 401, "unauthorized"),
        ("seam_at_wrong", {}, 401, "unauthorized"),
        ("seam_cst_1", {}, 401, "client_session_token_used_for_api_key"),
        ("seam_pk_1", {}, 401, "publishable_key_used_for_api_key"),
        (ACCESS_TOKEN, {}, 400, "missing_workspace_id"),
        (ACCESS_TOKEN, {"seam-workspace": "other"}, 401, "unauthorized"),
        (None, {"Authorization": "Basic abc"}, 401, "unauthorized"),
    ],
)
async def test_wrong_credentials(
    api: SeamApi,
    key: str | None,
    headers: dict[str, str],
    status: int,
    error_type: str,
) -> None:
    """Each kind of wrong credential has its own answer."""
    got, body, answer_headers = await api.call("devices/list", key=key, headers=headers)
    assert (got, body["error"]["type"]) == (status, error_type)
    assert answer_headers["seam-request-id"]
    if key:
        assert key not in str(body)


async def test_access_token_sees_both_workspaces(api: SeamApi) -> None:
    """A personal access token picks its workspace by a header."""
    _, body, _ = await api.call("workspaces/list", key=ACCESS_TOKEN)
    ids = [item["workspace_id"] for item in body["workspaces"]]
    assert ids == ["ws-sim-0001", "ws-sim-0002"]
    for workspace_id, number in (("ws-sim-0001", 4), ("ws-sim-0002", 1)):
        headers = {"seam-workspace": workspace_id}
        _, body, _ = await api.call("devices/list", key=ACCESS_TOKEN, headers=headers)
        assert len(body["devices"]) == number
        _, body, _ = await api.call("workspaces/get", key=ACCESS_TOKEN, headers=headers)
        assert body["workspace"]["workspace_id"] == workspace_id


async def test_access_token_without_workspace_may_be_unauthorized(api: SeamApi) -> None:
    """Whether that is a 400 or a 401 is unknown, so it is a switch."""
    api.sim.seam.switches.pat_without_workspace = "unauthorized"
    assert (await api.call("devices/list", key=ACCESS_TOKEN))[0] == 401


async def test_api_key_sees_its_workspace_only(api: SeamApi) -> None:
    """Neither list nor get shows another workspace's things."""
    _, body, _ = await api.call("workspaces/list")
    assert [item["name"] for item in body["workspaces"]] == ["Simulated Homes"]
    refused = await api.refused("devices/get", device_id=SEAM_LOCK_SECOND_WORKSPACE)
    assert refused[:2] == (404, "device_not_found")
    params = {"device_id": SEAM_LOCK_BRIDGED}
    status, _, _ = await api.call("devices/get", params, key=SECOND_API_KEY)
    assert status == 404


async def test_revoked_key(api: SeamApi) -> None:
    """A key can stop working while the simulator runs."""
    assert (await api.call("devices/list"))[0] == 200
    api.sim.seam.switches.revoked_tokens = [API_KEY]
    assert (await api.call("devices/list"))[0] == 401


async def test_get_takes_a_query_string(api: SeamApi) -> None:
    """Arrays are repeated, booleans and numbers are words."""
    query = [
        ("device_ids", SEAM_LOCK_BRIDGED),
        ("device_ids", SEAM_LOCK_OFFLINE),
        ("limit", "1"),
        ("page_cursor", ""),
        ("_strict", "true"),
    ]
    status, body, _ = await api.call("devices/list", method="GET", query=query)
    assert status == 200
    assert [item["device_id"] for item in body["devices"]] == [SEAM_LOCK_BRIDGED]
    assert body["pagination"]["has_next_page"] is True
    status, body, _ = await api.call(
        "devices/list", method="GET", query=[("limit", "many")]
    )
    assert body["error"]["validation_errors"]["limit"]["_errors"] == [
        "Expected number, received string"
    ]


@pytest.mark.parametrize(
    ("route", "method", "status"),
    [
        ("devices/list", "PUT", 405),
        ("locks/unlock_door", "GET", 405),
        ("access_codes/delete", "PUT", 405),
        ("devices/nonsense", "POST", 404),
    ],
)
async def test_wrong_route_or_method(
    api: SeamApi, route: str, method: str, status: int
) -> None:
    """Errors of routing come as JSON too."""
    got, body, _ = await api.call(route, {}, method=method)
    assert got == status
    assert body["error"]["type"] == {405: "method_not_allowed", 404: "not_found"}[got]


async def test_content_type_is_needed(api: SeamApi) -> None:
    """A POST must be JSON, even an empty one."""
    url = f"{api.sim.seam_api_url}/devices/list"
    headers = {"Authorization": f"Bearer {API_KEY}"}
    for data in (None, b"limit=1"):
        async with api.http.post(url, headers=headers, data=data) as response:
            body = await response.json()
        assert (response.status, body["error"]["type"]) == (400, "invalid_content_type")
    headers["Content-Type"] = "application/json"
    for data in (b"{", b"[]"):
        async with api.http.post(url, headers=headers, data=data) as response:
            body = await response.json()
        assert (response.status, body["error"]["type"]) == (400, "invalid_input")


@pytest.mark.parametrize(
    ("route", "params", "name", "problem"),
    [
        ("locks/lock_door", {}, "device_id", "Required"),
        ("devices/get", {"device_id": "door"}, "device_id", "Invalid uuid"),
        ("devices/list", {"limit": 0}, "limit", "Number must be greater"),
        ("devices/list", {"limit": "5"}, "limit", "Expected number"),
        ("devices/list", {"device_ids": UNKNOWN_ID}, "device_ids", "Expected array"),
        ("devices/list", {"device_type": "toaster"}, "device_type", "Invalid enum"),
        ("devices/list", {"search": ""}, "search", "at least 1"),
        (
            "access_codes/create",
            {"device_id": SEAM_LOCK_BRIDGED, "code": "12ab"},
            "code",
            "Invalid",
        ),
        (
            "access_codes/create",
            {"device_id": SEAM_LOCK_BRIDGED, "starts_at": "2026-12-01T10:00:00"},
            "starts_at",
            "Invalid datetime",
        ),
        (
            "access_codes/create",
            {"device_id": SEAM_LOCK_BRIDGED, "name": None},
            "name",
            "received null",
        ),
        ("webhooks/create", {"url": "ftp://x"}, "url", "Invalid url"),
        ("webhooks/create", {"url": True}, "url", "received boolean"),
        ("webhooks/create", {"url": {}}, "url", "received object"),
        ("webhooks/create", {"url": 1.5}, "url", "received number"),
        ("webhooks/create", {"event_types": [1]}, "event_types", "received number"),
        ("webhooks/create", {"event_types": None}, "event_types", "received null"),
        ("devices/update", {"is_managed": []}, "is_managed", "received array"),
        ("devices/update", {"custom_metadata": 1}, "custom_metadata", "object"),
        ("devices/update", {"is_managed": "yes"}, "is_managed", "received string"),
        ("access_codes/create", {"code": "1234567890123"}, "code", "at most 12"),
    ],
)
async def test_invalid_input_names_the_parameter(
    api: SeamApi, route: str, params: dict[str, object], name: str, problem: str
) -> None:
    """validation_errors lists what is wrong, parameter by parameter."""
    status, body, _ = await api.call(route, params)
    assert (status, body["error"]["type"]) == (400, "invalid_input")
    (text,) = body["error"]["validation_errors"][name]["_errors"]
    assert problem in text


async def test_unknown_parameters_are_refused_by_a_switch(api: SeamApi) -> None:
    """A misspelt parameter does not go unnoticed."""
    refused = await api.refused("devices/list", limits=3)
    assert "limits" in refused[2]
    api.sim.seam.switches.strict_parameters = False
    await api.ok("devices/list", limits=3)


async def test_pages(api: SeamApi) -> None:
    """A cursor leads through all items with unchanged parameters only."""
    names: list[str] = []
    cursor = None
    for _ in range(4):
        body = await api.ok("devices/list", limit=1, page_cursor=cursor)
        names += [device["display_name"] for device in body["devices"]]
        cursor = body["pagination"]["next_page_cursor"]
    assert names == ["Apartment 1", "Apartment 2", "Apartment 3", "Apartment 4"]
    assert body["pagination"] == {
        "has_next_page": False,
        "next_page_cursor": None,
        "next_page_url": None,
    }
    body = await api.ok("devices/list", limit=2)
    cursor = body["pagination"]["next_page_cursor"]
    refused = await api.refused("devices/list", limit=3, page_cursor=cursor)
    assert refused[:2] == (400, "mismatched_page_parameters")
    refused = await api.refused("devices/list", page_cursor="bm9uc2Vuc2U=")
    assert refused[:2] == (400, "invalid_input")


async def test_page_defects_by_switches(api: SeamApi) -> None:
    """Short pages and a cursor that repeats can be provoked."""
    api.sim.seam.switches.page_size_cap = 3
    body = await api.ok("devices/list", limit=500)
    assert len(body["devices"]) == 3
    api.sim.seam.switches.repeat_cursor = True
    first = (await api.ok("devices/list", limit=2))["pagination"]
    cursor = first["next_page_cursor"]
    again = await api.ok("devices/list", limit=2, page_cursor=cursor)
    assert again["pagination"]["next_page_cursor"] == cursor


@pytest.mark.parametrize(
    ("route", "limit"), [("locks/lock_door", 15), ("access_codes/create", 10)]
)
async def test_rate_limit_per_device_and_minute(
    api: SeamApi, route: str, limit: int
) -> None:
    """The documented number is served; one more is a 429 until a minute passed."""
    for _ in range(limit):
        await api.ok(route, device_id=SEAM_LOCK_BRIDGED)
    status, _, headers = await api.call(route, {"device_id": SEAM_LOCK_BRIDGED})
    assert status == 429
    assert "Retry-After" not in headers
    api.sim.seam.switches.rate_limit_retry_after = 30
    status, _, headers = await api.call(route, {"device_id": SEAM_LOCK_BRIDGED})
    assert (status, headers["Retry-After"]) == (429, "30")
    api.sim.clock.advance(timedelta(seconds=61))
    await api.ok(route, device_id=SEAM_LOCK_BRIDGED)


async def test_health_needs_no_key(api: SeamApi) -> None:
    """The route answers without credentials, or not at all."""
    assert (await api.call("health", method="GET", key=None))[0] == 200
    api.sim.seam.switches.health_route = False
    assert (await api.call("health", method="GET", key=None))[0] == 404


async def test_webhook_registrations(api: SeamApi) -> None:
    """Create, read, change and delete; the secret has Svix's form."""
    refused = await api.refused(
        "webhooks/create", url="https://home.example/hook", event_types=["lock.eaten"]
    )
    assert refused[:2] == (400, "invalid_event_types")
    webhook = (await api.ok("webhooks/create", url="https://home.example/hook"))[
        "webhook"
    ]
    assert webhook["event_types"] == ["*"]
    assert webhook["secret"].startswith("whsec_")
    webhook_id = webhook["webhook_id"]
    await api.ok("webhooks/update", webhook_id=webhook_id, event_types=["lock.locked"])
    (listed,) = (await api.ok("webhooks/list"))["webhooks"]
    got = (await api.ok("webhooks/get", webhook_id=webhook_id))["webhook"]
    assert got == listed == {**webhook, "event_types": ["lock.locked"]}
    await api.ok("webhooks/delete", webhook_id=webhook_id)
    assert (await api.refused("webhooks/get", webhook_id=webhook_id))[0] == 404


async def test_event_listener_hook(api: SeamApi) -> None:
    """A webhook sender can hear of every event, also after a reset."""
    heard: list[str] = []
    api.sim.seam.store.listeners.append(lambda e: heard.append(e["event_type"]))
    api.sim.reset("test")
    heard.clear()
    await api.create(SEAM_LOCK_BRIDGED)
    assert heard == ["access_code.created"]


async def test_connect_webview(api: SeamApi) -> None:
    """A webview is authorized by the person who signs in."""
    webview = (
        await api.ok("connect_webviews/create", accepted_providers=["igloohome"])
    )["connect_webview"]
    assert (webview["status"], webview["connected_account_id"]) == ("pending", None)
    view_id = webview["connect_webview_id"]
    api.sim.seam.complete_connect_webview(view_id)
    webview = (await api.ok("connect_webviews/get", connect_webview_id=view_id))[
        "connect_webview"
    ]
    assert webview["status"] == "authorized"
    account_id = webview["connected_account_id"]
    account = await api.ok("connected_accounts/get", connected_account_id=account_id)
    assert account["connected_account"]["account_type"] == "igloohome"
    other = (await api.ok("connect_webviews/create"))["connect_webview"]
    api.sim.seam.complete_connect_webview(other["connect_webview_id"], authorized=False)
    listed = (await api.ok("connect_webviews/list"))["connect_webviews"]
    assert [item["status"] for item in listed] == ["authorized", "failed"]
    await api.ok("connect_webviews/delete", connect_webview_id=view_id)
    assert len((await api.ok("connect_webviews/list"))["connect_webviews"]) == 1
    refused = await api.refused("connect_webviews/create", accepted_providers=["yale"])
    assert refused[0] == 400


async def test_events_need_a_span_and_are_filtered(api: SeamApi) -> None:
    """Since and between are exclusive; types, devices and codes filter."""
    await api.create(SEAM_LOCK_BRIDGED)
    api.advance(minutes=1)
    code = await api.create(SEAM_LOCK_BRIDGED)
    assert (await api.refused("events/list"))[0] == 400
    assert (await api.refused("events/list", between=[NOW.isoformat()]))[0] == 400
    before = NOW - timedelta(seconds=1)
    types = await api.event_types(before)
    assert types == [
        "access_code.created",
        "access_code.set_on_device",
        "access_code.created",
    ]
    assert await api.event_types(NOW, event_type="access_code.created") == [
        "access_code.created"
    ]
    code_id = code["access_code_id"]
    assert await api.event_types(before, access_code_id=code_id) == types[-1:]
    assert await api.event_types(before, device_id=SEAM_LOCK_OFFLINE) == []
    span = [before.isoformat(), (NOW + timedelta(seconds=1)).isoformat()]
    body = await api.ok("events/list", between=span)
    assert [event["event_type"] for event in body["events"]] == types[:1]
    event_id = body["events"][0]["event_id"]
    assert (await api.ok("events/get", event_id=event_id))["event"] == body["events"][0]
    assert (await api.refused("events/get", event_id=UNKNOWN_ID))[0] == 404
    api.sim.seam.switches.events_newest_first = True
    assert await api.event_types(before) == types[::-1]
    assert await api.event_types(before, limit=1, unstable_offset=1) == types[1:2]
