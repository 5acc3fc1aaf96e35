"""igloohome's token server and device list, strict as documented."""

from base64 import urlsafe_b64decode
from datetime import timedelta
import json
from typing import Any

from aiohttp import ClientSession
import pytest

from simulator import Simulator
from simulator.igloohome.scenarios import (
    BRIDGE,
    KEYBOX,
    KEYPAD_RETROFIT,
    LOCK_BRIDGED,
    LOCK_RETROFIT,
    LOCK_SECOND_ACCOUNT,
    LOCK_UNBRIDGED,
    PADLOCK,
    UNKNOWN_TYPE,
)
from simulator.igloohome.state import ALL_SCOPES

from .conftest import NOW
from .igloohome_api import Api, basic

# NOW is 10:20 UTC, so 10:00+00:00 is the current hour.
HOURLY: dict[str, Any] = {
    "variance": 1,
    "startDate": "2026-11-20T10:00:00+00:00",
    "endDate": "2026-11-20T12:00:00+00:00",
    "accessName": "Plumber",
}
DAILY = HOURLY | {"endDate": "2026-12-19T10:00:00+00:00"}
ONETIME = {key: HOURLY[key] for key in ("variance", "startDate", "accessName")}
FORM = {"grant_type": "client_credentials"}
CREDENTIALS = {"client_id": "sim-client-id", "client_secret": "sim-client-secret"}


def path(device: str, kind: str) -> str:
    """Return the path of an algoPIN request."""
    return f"/devices/{device}/algopin/{kind}"


# ------------------------------------------------------------------ token


async def test_token_and_claims(api: Api) -> None:
    """The answer and the claims are what the clients of the real cloud read."""
    status, body = await api.login()
    assert status == 200
    assert body.keys() == {"access_token", "expires_in", "token_type"}
    assert (body["expires_in"], body["token_type"]) == (86400, "Bearer")
    payload = body["access_token"].split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["exp"] == int((NOW + timedelta(days=1)).timestamp())
    assert set(claims["scope"].split()) == {f"igloohomeapi/{s}" for s in ALL_SCOPES}


async def test_token_request_forms(sim: Simulator, http: ClientSession) -> None:
    """Basic or body credentials, form body or query parameters (§1.1)."""
    header = {"Authorization": basic(*CREDENTIALS.values())}
    url = sim.igloohome_auth_url
    forms: list[dict[str, Any]] = [
        {"headers": header, "data": FORM},
        {"data": FORM | CREDENTIALS},
        {"headers": header, "params": FORM},
    ]
    for arguments in forms:
        async with http.post(url, **arguments) as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"data": FORM}, "invalid_client"),
        ({"data": FORM | CREDENTIALS | {"client_secret": "x"}}, "invalid_client"),
        ({"data": FORM | CREDENTIALS | {"client_id": "x"}}, "invalid_client"),
        (
            {"data": FORM | CREDENTIALS, "headers": {"Authorization": "Basic ??"}},
            "invalid_client",
        ),
        ({"data": CREDENTIALS}, "invalid_request"),
        ({"json": FORM | CREDENTIALS}, "invalid_request"),
        ({"data": CREDENTIALS | {"grant_type": "password"}}, "unsupported_grant_type"),
        ({"data": FORM | CREDENTIALS | {"scope": "igloohomeapi/x"}}, "invalid_scope"),
        ({"data": FORM | CREDENTIALS | {"scope": "get-devices"}}, "invalid_scope"),
    ],
)
async def test_token_refusals(
    sim: Simulator, http: ClientSession, arguments: dict[str, Any], error: str
) -> None:
    """Every refusal has Cognito's body with status 400."""
    async with http.post(sim.igloohome_auth_url, **arguments) as response:
        assert response.status == 400
        assert await response.json() == {"error": error}


async def test_token_switches(api: Api) -> None:
    """The uncertain parts of the token answer."""
    switches = api.sim.igloohome.switches
    switches.bad_credentials_status = 401
    assert await api.login(secret="x") == (401, {"error": "invalid_client"})
    switches.bad_scope_error = "invalid_request"
    assert (await api.login(scope="x"))[1] == {"error": "invalid_request"}
    switches.token_seconds = 3600
    switches.expires_in = "string"
    assert (await api.login())[1]["expires_in"] == "3600"
    switches.expires_in = "absent"
    assert "expires_in" not in (await api.login())[1]


async def test_guard(api: Api) -> None:
    """No, wrong, expired and revoked tokens; missing scopes (§9 "API guard")."""
    clock = api.sim.clock
    for token in ("", "wrong"):
        other = Api(api.sim, api.http)
        other.token = token
        assert await other.get("/devices") == (401, {"message": "Unauthorized"})
    clock.advance(timedelta(seconds=86399))
    assert (await api.get("/devices"))[0] == 200
    clock.advance(timedelta(seconds=1))
    assert await api.get("/devices") == (401, {"message": "Unauthorized"})
    await api.login()
    api.sim.igloohome.revoke_tokens()
    api.sim.igloohome.switches.expired_token_status = 403
    assert await api.get("/devices") == (403, {"message": "Forbidden"})
    clock.set(NOW)

    await api.login("limited")
    assert (await api.get("/devices"))[0] == 200
    forbidden = (403, {"message": "Forbidden"})
    assert await api.post(path(PADLOCK, "hourly"), HOURLY) == forbidden
    assert await api.job(LOCK_BRIDGED, BRIDGE, 2) == forbidden
    assert await api.get("/jobs/x") == forbidden
    assert await api.login("limited", scope="igloohomeapi/algopin-hourly") == (
        400,
        {"error": "invalid_scope"},
    )
    await api.login("nodevices")
    assert await api.get("/devices") == forbidden
    assert await api.get(f"/devices/{PADLOCK}") == forbidden
    assert (await api.post(path(PADLOCK, "hourly"), HOURLY))[0] == 200


async def test_requested_scopes_limit_the_token(api: Api) -> None:
    """A token asked for with one scope has that scope only."""
    await api.login(scope="igloohomeapi/get-devices igloohomeapi/get-job-status")
    assert (await api.get("/devices"))[0] == 200
    assert (await api.get("/jobs/none"))[0] == 404
    assert (await api.post(path(PADLOCK, "hourly"), HOURLY))[0] == 403


# ---------------------------------------------------------------- devices


async def test_device_list(api: Api) -> None:
    """The list of the scenario, in the documented shape."""
    status, body = await api.get("/devices")
    assert (status, body["nextCursor"]) == (200, "")
    found = {device["deviceId"]: device for device in body["payload"]}
    assert found.keys() == {
        LOCK_RETROFIT,
        KEYPAD_RETROFIT,
        BRIDGE,
        LOCK_BRIDGED,
        LOCK_UNBRIDGED,
        PADLOCK,
        KEYBOX,
        UNKNOWN_TYPE,
    }
    lock = found[LOCK_BRIDGED]
    assert lock.pop("id")
    assert lock == {
        "type": "Lock",
        "deviceId": LOCK_BRIDGED,
        "deviceName": "Garden Gate",
        "batteryLevel": 64,
        "pairedAt": "2026-01-09T11:19:25+00:00",
        "homeId": ["home-main"],
        "linkedDevices": [],
        "lastSync": "2026-11-20T09:20:00+00:00",
    }
    assert found[BRIDGE]["batteryLevel"] is None
    assert found[BRIDGE]["linkedDevices"] == [
        {"type": "Lock", "deviceId": LOCK_RETROFIT},
        {"type": "Keypad", "deviceId": KEYPAD_RETROFIT},
        {"type": "Lock", "deviceId": LOCK_BRIDGED},
    ]
    assert found[KEYPAD_RETROFIT]["linkedDevices"] == [
        {"type": "Lock", "deviceId": LOCK_RETROFIT}
    ]
    assert "lastSync" not in found[PADLOCK]
    assert found[KEYBOX]["batteryLevel"] == 9
    assert found[UNKNOWN_TYPE]["type"] not in ("Lock", "Keypad", "Bridge")


async def test_second_account_sees_its_own(api: Api) -> None:
    """Accounts do not see each other's devices."""
    await api.login("second")
    _, body = await api.get("/devices")
    assert [d["deviceId"] for d in body["payload"]] == [LOCK_SECOND_ACCOUNT]
    assert await api.get(f"/devices/{PADLOCK}") == (404, {"error": "Device not found"})
    assert (await api.post(path(PADLOCK, "hourly"), HOURLY))[0] == 404


async def test_paging_and_its_ends(api: Api) -> None:
    """Cursors lead through all pages; the end has three forms."""
    switches = api.sim.igloohome.switches
    switches.page_size = 3
    for form in ("empty", "null", "absent"):
        switches.end_of_pages = form
        ids: list[str] = []
        cursors: list[Any] = []
        params: dict[str, str] = {}
        while True:
            _, body = await api.get("/devices", **params)
            ids += [device["deviceId"] for device in body["payload"]]
            cursors.append(body.get("nextCursor", "absent"))
            if not body.get("nextCursor"):
                break
            params = {"cursor": body["nextCursor"]}
        assert (len(ids), len(set(ids)), len(cursors)) == (8, 8, 3)
        assert cursors[-1] == {"empty": "", "null": None, "absent": "absent"}[form]
    switches.endless_pages = True
    _, body = await api.get("/devices", cursor=cursors[1])
    _, again = await api.get("/devices", cursor=body["nextCursor"])
    assert again["payload"][0]["deviceId"] == LOCK_RETROFIT
    for wrong in ("x", "b2Zmc2V0Ojk5", "b2Zmc2V0Oi0x", "%%%"):
        assert await api.get("/devices", cursor=wrong) == (
            400,
            {"error": "Invalid cursor"},
        )


async def test_single_device(api: Api) -> None:
    """The bare object, the wrapped one, the secrets only on request."""
    _, bare = await api.get(f"/devices/{LOCK_BRIDGED}")
    assert bare["deviceName"] == "Garden Gate"
    assert bare.keys().isdisjoint({"lockRef", "admin_key"})
    api.sim.igloohome.switches.single_device = "payload"
    assert (await api.get(f"/devices/{LOCK_BRIDGED}"))[1] == {"payload": bare}
    _, more = await api.get(f"/devices/{LOCK_BRIDGED}", lock_id="1")
    assert more["payload"].keys() - bare.keys() == {"lockRef", "admin_key"}
    assert (await api.get(f"/devices/{bare['id']}"))[0] == 404


async def test_device_shape_switches(api: Api) -> None:
    """The uncertain fields of the Device object."""
    switches = api.sim.igloohome.switches

    async def bridge() -> dict[str, Any]:
        return dict((await api.get(f"/devices/{BRIDGE}"))[1])

    switches.linked_devices = "strings"
    assert (await bridge())["linkedDevices"] == [
        LOCK_RETROFIT,
        KEYPAD_RETROFIT,
        LOCK_BRIDGED,
    ]
    api.sim.igloohome.remove_device(LOCK_BRIDGED)
    assert LOCK_BRIDGED not in (await bridge())["linkedDevices"]
    switches.linked_devices = "null"
    switches.home_id = "null"
    switches.last_sync = "null"
    answer = await bridge()
    assert [answer[key] for key in ("linkedDevices", "homeId", "lastSync")] == [
        None
    ] * 3
    switches.linked_devices = "absent"
    switches.home_id = "absent"
    switches.last_sync = "absent"
    switches.no_battery = "absent"
    switches.future_fields = True
    assert (await bridge()).keys() == {
        "id",
        "type",
        "deviceId",
        "deviceName",
        "pairedAt",
        "futureField",
    }


async def test_server_health_and_unknown_paths(api: Api) -> None:
    """The SDK's health call; everything else does not exist."""
    _, body = await api.get("/server-health")
    assert body["userRef"] == "user-home-main"
    assert "igloohomeapi/get-devices" in body["scopes"]
    api.sim.igloohome.switches.server_health = False
    assert (await api.get("/server-health"))[0] == 403
    missing = (404, {"message": "Not Found"})
    assert await api.get("/nothing") == missing
    assert await api.request("DELETE", path(PADLOCK, "hourly") + "/x") == missing
    assert await api.post(path(PADLOCK, "weekly"), HOURLY) == missing
