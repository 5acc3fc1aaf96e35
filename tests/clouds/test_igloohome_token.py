"""igloohome's access token: fetched once, shared, renewed; missing permissions."""

import asyncio
from base64 import b64encode, urlsafe_b64encode
import json
from typing import Any

from aiohttp import ClientSession, web
from freezegun import freeze_time
import pytest

from custom_components.igloohome_access.clouds import igloohome_token as module
from custom_components.igloohome_access.clouds.base import (
    CloudAuthError,
    CloudError,
    CloudPermissionError,
    CloudUnreachableError,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.clouds.igloohome import IgloohomeCloud
from custom_components.igloohome_access.clouds.igloohome_token import granted_scopes
from simulator import Simulator
from simulator.igloohome.scenarios import LOCK_BRIDGED

from .conftest import MakeIgloohome
from .samples import PROMPT, code_request
from .scripted import ScriptedServer

TOKEN = "/oauth2/token"


def tokens(sim: Simulator) -> int:
    """Return the number of token requests so far."""
    return sim.requests.count(path=TOKEN)


def jwt(claims: Any) -> str:
    """Return a token with claims."""
    body = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJub25lIn0.{body}.c2lnbmF0dXJl"


async def test_request(session: ClientSession, scripted: ScriptedServer) -> None:
    """Client credentials in a Basic header, no scope: the server grants them all."""
    bodies: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        bodies.append(await request.text())
        return web.json_response({"access_token": "opaque"})

    scripted.answers = [answer, web.json_response([])]
    cloud = IgloohomeCloud(
        session, "id", "sécret", api_url=scripted.url, auth_url=f"{scripted.url}/token"
    )
    identity = await cloud.async_identify()
    assert identity.permissions is None
    token, listing = scripted.requests
    basic = b64encode("id:sécret".encode()).decode()
    assert token.headers["Authorization"] == f"Basic {basic}"
    assert token.content_type == "application/x-www-form-urlencoded"
    assert token.path_qs == "/token"
    assert bodies == ["grant_type=client_credentials"]
    assert listing.headers["Authorization"] == "Bearer opaque"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (
            jwt({"scope": "igloohomeapi/get-devices openid"}),
            {"get-devices", "openid"},
        ),
        (jwt({"scope": ["igloohomeapi/get-devices", 7]}), {"get-devices"}),
        (jwt({"scope": ""}), None),
        (jwt({"scope": 7}), None),
        (jwt({}), None),
        (jwt([1]), None),
        ("opaque", None),
        ("a.b!c.d", None),
        ("a.é.d", None),
    ],
)
def test_granted_scopes(token: str, expected: set[str] | None) -> None:
    """The claims are read without trust and without failing."""
    found = granted_scopes(token)
    assert found == (None if expected is None else frozenset(expected))


@pytest.mark.parametrize(
    ("expires_in", "advanced", "requests"),
    [
        # Used until a minute before its end.
        (86400, 86400 - 65, 1),
        (86400, 86400 - 55, 2),
        ("7200", 7200 - 65, 1),
        ("7200", 7200 - 55, 2),
        # Without a lifetime one hour is assumed.
        (None, 3600 - 65, 1),
        (None, 3600 - 55, 2),
        ("soon", 3600 - 55, 2),
        (0, 3600 - 65, 1),
        # A short one is used for half of its life.
        (40, 15, 1),
        (40, 25, 2),
    ],
)
async def test_lifetime(
    session: ClientSession,
    scripted: ScriptedServer,
    expires_in: object,
    advanced: int,
    requests: int,
) -> None:
    """The token is renewed before it ends."""
    answer = {"access_token": "opaque", "expires_in": expires_in}
    cloud = IgloohomeCloud(
        session, "i", "s", api_url=scripted.url, auth_url=f"{scripted.url}/token"
    )
    with freeze_time("2026-11-20T10:20:00Z") as frozen:
        scripted.answers = [web.json_response(answer), web.json_response([])]
        await cloud.async_list_devices()
        frozen.tick(advanced)
        scripted.answers = [web.json_response([])]
        if requests == 2:
            scripted.answers.insert(0, web.json_response(answer))
        await cloud.async_list_devices()
    assert sum(r.path == "/token" for r in scripted.requests) == requests


async def test_ended_token(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A token that ended early is renewed once, also for a write."""
    await igloohome.async_list_devices()
    sim.igloohome.revoke_tokens()
    await igloohome.async_list_devices()
    assert tokens(sim) == 2
    sim.igloohome.revoke_tokens()
    await igloohome.async_create_offline_code(code_request(LOCK_BRIDGED))
    assert tokens(sim) == 3
    assert len(sim.igloohome.issued) == 1
    assert sim.requests.count(path="/algopin/") == 2


async def test_ended_token_of_many(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """Twenty calls that find the token ended share the new one."""
    await igloohome.async_list_devices()
    sim.igloohome.revoke_tokens()
    await asyncio.gather(*(igloohome.async_list_devices() for _ in range(20)))
    assert tokens(sim) == 2


async def test_still_unauthorized(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A second 401 with a new token is about the account."""
    sim.faults.add("/igloohome/devices", "status", status=401, times=2)
    with pytest.raises(CloudAuthError, match="Unauthorized"):
        await igloohome.async_list_devices()
    assert tokens(sim) == 2
    assert sim.requests.count(path="/igloohome/devices") == 2


async def test_ended_token_answered_as_forbidden(
    igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """Some gateways say 403 for a token that has ended."""
    sim.igloohome.switches.expired_token_status = 403
    await igloohome.async_list_devices()
    sim.igloohome.revoke_tokens()
    await igloohome.async_list_devices()
    assert tokens(sim) == 2


async def test_forbidden(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """A lasting 403 is a missing permission, and costs one extra token at most."""
    sim.faults.add("/algopin/", "status", status=403, times=None)
    for _ in range(3):
        with pytest.raises(CloudPermissionError, match="Forbidden") as caught:
            await igloohome.async_create_offline_code(code_request(LOCK_BRIDGED))
        assert caught.value.permission == "algopin-hourly"
    assert tokens(sim) == 2
    assert sim.requests.count(path="/algopin/") == 4


async def test_missing_permission(
    make_igloohome: MakeIgloohome, sim: Simulator
) -> None:
    """A permission the token does not have is reported before a request."""
    cloud = make_igloohome("nodevices-client-id", "nodevices-client-secret")
    with pytest.raises(CloudPermissionError) as caught:
        await cloud.async_identify()
    assert caught.value.permission == "get-devices"
    assert sim.requests.counters == {"POST /oauth2/token": 1}
    limited = make_igloohome("limited-client-id", "limited-client-secret")
    identity = await limited.async_identify()
    assert identity.permissions == frozenset({"get-devices"})
    with pytest.raises(CloudPermissionError) as caught:
        await limited.async_create_offline_code(code_request(LOCK_BRIDGED))
    assert caught.value.permission == "algopin-hourly"
    assert sim.requests.count(path="/algopin/") == 0


async def test_permission_added_later(
    make_igloohome: MakeIgloohome, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old token may not know a permission yet; a new one is fetched to see."""
    cloud = make_igloohome("limited-client-id", "limited-client-secret")
    await cloud.async_identify()
    monkeypatch.setattr(module, "RECHECK", 0)
    with pytest.raises(CloudPermissionError):
        await cloud.async_create_offline_code(code_request(LOCK_BRIDGED))
    assert tokens(sim) == 2
    world = sim.igloohome._world
    client = world.clients["limited-client-id"]
    world.clients["limited-client-id"] = type(client)(
        client.client_id,
        client.client_secret,
        client.home,
        client.scopes | {"algopin-hourly"},
        "",
    )
    created = await cloud.async_create_offline_code(code_request(LOCK_BRIDGED))
    assert created.pin


@pytest.mark.parametrize("status", [400, 401])
async def test_wrong_credentials(
    make_igloohome: MakeIgloohome, sim: Simulator, status: Any
) -> None:
    """Wrong credentials are refused at once, by one request."""
    sim.igloohome.switches.bad_credentials_status = status
    cloud = make_igloohome("sim-client-id", "wrong-client-secret")
    with pytest.raises(CloudAuthError, match="invalid_client"):
        await cloud.async_identify()
    assert sim.requests.counters == {"POST /oauth2/token": 1}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": "unauthorized_client"}, CloudAuthError),
        (403, {"message": "Forbidden"}, CloudAuthError),
        (400, {"error": "invalid_scope"}, CloudPermissionError),
        (400, {"error": "invalid_request"}, CloudPermissionError),
        (400, {"error": "else"}, CloudUnreachableError),
        (404, {"message": "Not Found"}, CloudUnreachableError),
        (500, {"message": "oops"}, CloudUnreachableError),
        (200, {"token": "x"}, CloudUnreachableError),
        (200, {"access_token": "a\r\nHost: elsewhere"}, CloudUnreachableError),
        (200, {"access_token": "tökén"}, CloudUnreachableError),
    ],
)
async def test_other_answers(
    igloohome: IgloohomeCloud,
    sim: Simulator,
    status: int,
    body: Any,
    error: type[CloudError],
) -> None:
    """What else the auth server may say."""
    sim.faults.add(TOKEN, "status", status=status, body=body, times=None)
    with pytest.raises(error) as caught:
        await igloohome.async_list_devices()
    assert type(caught.value) is error
    assert sim.requests.count(path="/devices") == 0


@pytest.mark.parametrize("kind", ["html", "drop_before", "truncated", "reset_midway"])
async def test_faults_are_survived(
    igloohome: IgloohomeCloud, sim: Simulator, kind: str
) -> None:
    """A token request may be repeated: it changes nothing."""
    sim.faults.add(TOKEN, kind, times=2)
    await igloohome.async_list_devices()
    assert tokens(sim) == 3


@pytest.mark.parametrize("kind", ["html", "drop_before", "truncated"])
async def test_auth_server_down(
    igloohome: IgloohomeCloud, sim: Simulator, kind: str
) -> None:
    """Without a token a write certainly did nothing."""
    sim.faults.add(TOKEN, kind, times=None)
    with pytest.raises(CloudUnreachableError):
        await igloohome.async_create_offline_code(code_request(LOCK_BRIDGED))
    assert sim.requests.count(path="/algopin/") == 0


async def test_failure_is_shared(igloohome: IgloohomeCloud, sim: Simulator) -> None:
    """Twenty calls at once that get no token do not ask twenty times."""
    sim.faults.add(TOKEN, "status", status=400, body={"error": "invalid_client"})
    results = await asyncio.gather(
        *(igloohome.async_list_devices() for _ in range(20)), return_exceptions=True
    )
    assert {type(result) for result in results} == {CloudAuthError}
    assert tokens(sim) == 1
    # The next call asks again.
    assert await igloohome.async_list_devices()


async def test_cancelled_while_asking(
    igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """When the call that asks is cancelled, one that waits asks itself."""
    # Longer than any test: only giving up ends it.
    sim.faults.add(TOKEN, "delay", delay=600)
    first = asyncio.create_task(igloohome.async_list_devices())
    second = asyncio.create_task(igloohome.async_list_devices())
    while not tokens(sim):
        await asyncio.sleep(0.01)
    first.cancel()
    assert await second
    with pytest.raises(asyncio.CancelledError):
        await first
    assert tokens(sim) == 2


async def test_secrets_of_the_account_are_hidden(
    igloohome: IgloohomeCloud, sim: Simulator
) -> None:
    """The cloud may repeat the credentials and the token; nobody else does."""
    await igloohome.async_list_devices()
    token = igloohome._api.tokens._token
    assert token is not None
    assert token.value not in repr(token)
    basic = b64encode(b"sim-client-id:sim-client-secret").decode()
    said = f"{token.value} {basic} sim-client-secret sim-client-id"
    sim.faults.add("/devices", "status", status=400, body={"error": said}, times=None)
    with pytest.raises(CloudError) as caught:
        await igloohome.async_list_devices()
    assert str(caught.value) == "*** *** *** ***"
    sim.faults.clear()
    sim.faults.add(TOKEN, "status", status=401, body={"error": said}, times=None)
    sim.igloohome.revoke_tokens()
    with pytest.raises(CloudAuthError) as caught:
        await igloohome.async_list_devices()
    assert "sim-client" not in str(caught.value)
    assert basic not in str(caught.value)
    assert token.value not in str(caught.value)


async def test_unknown_outcome_keeps_the_token(
    make_igloohome: MakeIgloohome, sim: Simulator
) -> None:
    """A lost answer is no reason for a new token."""
    cloud = make_igloohome(policy=PROMPT)
    sim.faults.add("/algopin/", "drop_after")
    with pytest.raises(OutcomeUnknownError):
        await cloud.async_create_offline_code(code_request(LOCK_BRIDGED))
    await cloud.async_create_offline_code(code_request(LOCK_BRIDGED))
    assert tokens(sim) == 1
    assert len(sim.igloohome.issued) == 1
