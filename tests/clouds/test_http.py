"""Retries of reads, single writes, and what every kind of bad answer becomes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
import logging
import re
from typing import Any
from unittest.mock import patch

from aiohttp import ClientSession, TCPConnector, web
from aiohttp.resolver import ThreadedResolver
import pytest

from custom_components.igloohome_access.clouds.answers import UnusableAnswerError
from custom_components.igloohome_access.clouds.base import (
    CloudAuthError,
    CloudError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudRateLimitedError,
    CloudRefusedError,
    CloudUnreachableError,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.clouds.http import (
    DEFAULT_POLICY,
    Call,
    HttpClient,
    HttpPolicy,
)

from .conftest import HASTY, PROMPT, ScriptedServer
from .samples import PIN


def call(server: ScriptedServer, url: str | None = None, **options: Any) -> Call:
    """Return a request to the scripted server."""
    return Call(
        method="POST",
        url=url or f"{server.url}/things/7?cursor=c",
        template="/things/{}",
        headers={"Authorization": "Bearer sim-client-secret"},
        body=b"{}",
        secrets=("hush",),
        **options,
    )


def value(data: Any) -> str:
    """Return the value of an answer, as a client's parse function does."""
    if not isinstance(data, dict) or not isinstance(data.get("value"), str):
        raise UnusableAnswerError("The answer has no value")
    return str(data["value"])


def ok(text: str = "good") -> web.Response:
    """Return a good answer."""
    return web.json_response({"value": text})


async def close(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def stop_midway(request: web.Request) -> web.StreamResponse:
    """Close the connection in the middle of a good answer."""
    response = web.StreamResponse()
    response.content_length = 1000
    await response.prepare(request)
    await response.write(b'{"value": "')
    assert request.transport is not None
    request.transport.close()
    return response


async def refuse_midway(request: web.Request) -> web.StreamResponse:
    """Close the connection in the middle of a refusal."""
    response = web.StreamResponse(status=404)
    response.content_length = 1000
    await response.prepare(request)
    await response.write(b'{"message": "')
    assert request.transport is not None
    request.transport.close()
    return response


def page(status: int) -> web.Response:
    """Return a web page."""
    return web.Response(status=status, text=f"<html>{PIN}</html>", content_type="text/html")


@pytest.fixture
def client(session: ClientSession) -> HttpClient:
    """Return a client that retries at once."""
    return HttpClient(session, "test", PROMPT)


type Bad = Callable[[], web.Response] | Callable[[web.Request], Awaitable[Any]]

BAD_ANSWERS: dict[str, Bad] = {
    "dropped": close,
    "half": stop_midway,
    "500": lambda: web.json_response({"message": "oops"}, status=500),
    "503 without a body": lambda: web.Response(status=503),
    "408": lambda: web.Response(status=408),
    "page 502": lambda: page(502),
    "page 200": lambda: page(200),
    "truncated": lambda: web.Response(text='{"value": "go', content_type="text/json"),
    "without the value": lambda: web.json_response({"value": 7}),
    "nothing": lambda: web.Response(status=204),
}


def bad(name: str) -> Any:
    """Return a bad answer; responses must be made anew each time."""
    answer: Any = BAD_ANSWERS[name]
    return answer if name in ("dropped", "half") else answer()


@pytest.mark.parametrize("name", BAD_ANSWERS)
async def test_read_survives(
    client: HttpClient, scripted: ScriptedServer, name: str
) -> None:
    """A read is repeated until it succeeds, at most three times in all."""
    scripted.answers = [bad(name), bad(name), ok()]
    assert await client.async_read(call(scripted), value) == "good"
    assert len(scripted.requests) == 3


@pytest.mark.parametrize("name", BAD_ANSWERS)
async def test_read_gives_up(
    client: HttpClient, scripted: ScriptedServer, name: str
) -> None:
    """After three bad answers the cloud is unreachable."""
    scripted.answers = [bad(name), bad(name), bad(name), ok()]
    with pytest.raises(CloudUnreachableError) as caught:
        await client.async_read(call(scripted), value)
    assert len(scripted.requests) == 3
    assert caught.value.detail
    assert PIN not in caught.value.detail


@pytest.mark.parametrize("name", BAD_ANSWERS)
async def test_write_is_sent_once(
    client: HttpClient, scripted: ScriptedServer, name: str
) -> None:
    """A write without a usable answer may have been carried out."""
    scripted.answers = [bad(name), ok()]
    with pytest.raises(OutcomeUnknownError) as caught:
        await client.async_write(call(scripted), value)
    assert len(scripted.requests) == 1
    assert PIN not in str(caught.value)


@pytest.mark.parametrize("status", [200, 201])
async def test_write(client: HttpClient, scripted: ScriptedServer, status: int) -> None:
    """A write with any success is done."""
    scripted.answers = [web.json_response({"value": "made"}, status=status)]
    assert await client.async_write(call(scripted), value) == "made"
    request = scripted.requests[0]
    assert request.method == "POST"
    assert request.path_qs == "/things/7?cursor=c"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, CloudRefusedError),
        (401, CloudAuthError),
        (403, CloudPermissionError),
        (404, CloudNotFoundError),
        (409, CloudRefusedError),
    ],
)
@pytest.mark.parametrize("write", [True, False])
async def test_refusals(
    client: HttpClient,
    scripted: ScriptedServer,
    status: int,
    error: type[CloudError],
    write: bool,
) -> None:
    """A refusal is definite: not repeated, and told without secrets."""
    text = f"No: hush, {PIN}, Bearer abcd-1234567, seam_test_abcdef"
    scripted.answers = [web.json_response({"error": text}, status=status), ok()]
    send = client.async_write if write else client.async_read
    with pytest.raises(error) as caught:
        await send(call(scripted), value)
    assert type(caught.value) is error
    assert caught.value.detail == "No: ***, ***, Bearer ***, ***"
    assert len(scripted.requests) == 1


async def test_refusal_explained(client: HttpClient, scripted: ScriptedServer) -> None:
    """The caller may know better what a refusal means."""
    scripted.answers = [
        web.json_response({"error": {"type": "bad_thing", "message": "m"}}, status=400),
        web.json_response({"error": {"type": "bad_thing", "message": "m"}}, status=400),
    ]
    mine = CloudRefusedError("mine", "mine")

    with pytest.raises(CloudRefusedError) as caught:
        await client.async_write(call(scripted, explain=lambda _: mine), value)
    assert caught.value is mine
    with pytest.raises(CloudRefusedError) as caught:
        await client.async_write(call(scripted, explain=lambda _: None), value)
    assert (caught.value.detail, caught.value.reason) == ("m", "bad_thing")


@pytest.mark.parametrize("write", [True, False])
async def test_refusal_with_half_a_body(
    client: HttpClient, scripted: ScriptedServer, write: bool
) -> None:
    """The status of a refusal is enough to know that nothing was done."""
    scripted.answers = [refuse_midway]
    send = client.async_write if write else client.async_read
    with pytest.raises(CloudNotFoundError):
        await send(call(scripted), value)


async def test_refusal_with_a_huge_body(
    client: HttpClient, scripted: ScriptedServer
) -> None:
    """Of a refusal only the beginning is read."""
    scripted.answers = [web.Response(status=404, body=b"x" * 1_000_000)]
    with pytest.raises(CloudNotFoundError, match="HTTP 404"):
        await client.async_write(call(scripted), value)


@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize("write", [True, False])
async def test_refusing_web_page(
    client: HttpClient, scripted: ScriptedServer, status: int, write: bool
) -> None:
    """A page with a 4xx comes from something before the cloud: nothing was done."""
    scripted.answers = [page(status), ok()]
    send = client.async_write if write else client.async_read
    with pytest.raises(CloudUnreachableError, match=f"HTTP {status}, a web page"):
        await send(call(scripted), value)
    assert len(scripted.requests) == 1


async def test_page_with_401(client: HttpClient, scripted: ScriptedServer) -> None:
    """A 401 is about the credentials, whatever it looks like."""
    scripted.answers = [page(401)]
    with pytest.raises(CloudAuthError, match="HTTP 401"):
        await client.async_write(call(scripted), value)


@pytest.mark.parametrize("write", [True, False])
async def test_redirect_is_not_followed(
    client: HttpClient, scripted: ScriptedServer, write: bool
) -> None:
    """Credentials go to no other address; whether the write was done is unclear."""
    scripted.answers = [web.Response(status=307, headers={"Location": "/other"}), ok()]
    send = client.async_write if write else client.async_read
    error = OutcomeUnknownError if write else CloudUnreachableError
    with pytest.raises(error, match="HTTP 307"):
        await send(call(scripted), value)
    assert len(scripted.requests) == 1


async def test_too_large(session: ClientSession, scripted: ScriptedServer) -> None:
    """An answer beyond the cap is not read to its end, and not asked for again."""
    client = HttpClient(session, "test", HttpPolicy(max_bytes=1000, pause=0))
    scripted.answers = [ok("x" * 2000), ok("x" * 2000), ok("x" * 900)]
    with pytest.raises(CloudUnreachableError, match="too large"):
        await client.async_read(call(scripted), value)
    with pytest.raises(OutcomeUnknownError, match="too large"):
        await client.async_write(call(scripted), value)
    assert await client.async_read(call(scripted), value) == "x" * 900


# --- rate limits --------------------------------------------------------------------


def limited(retry_after: str | None = None, **headers: str) -> web.Response:
    """Return a 429."""
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return web.json_response({"message": "Slow"}, status=429, headers=headers)


@pytest.mark.parametrize("retry_after", [None, "0", "0.01"])
async def test_rate_limit_is_waited_for(
    client: HttpClient, scripted: ScriptedServer, retry_after: str | None
) -> None:
    """A read waits for a short time that the cloud asks for."""
    scripted.answers = [limited(retry_after), limited(retry_after), ok()]
    assert await client.async_read(call(scripted), value) == "good"


async def test_rate_limit_with_a_date(
    client: HttpClient, scripted: ScriptedServer
) -> None:
    """A date in Retry-After is meant on the cloud's own clock."""
    scripted.answers = [
        limited(
            "Tue, 01 Jan 2030 00:01:40 GMT", Date="Tue, 01 Jan 2030 00:00:00 GMT"
        )
    ]
    with pytest.raises(CloudRateLimitedError) as caught:
        await client.async_read(call(scripted), value)
    assert caught.value.retry_after == 100


async def test_rate_limit_too_long(
    client: HttpClient, scripted: ScriptedServer
) -> None:
    """A longer wait is the caller's business."""
    scripted.answers = [limited("30"), ok()]
    with pytest.raises(CloudRateLimitedError, match="Slow") as caught:
        await client.async_read(call(scripted), value)
    assert caught.value.retry_after == 30
    assert len(scripted.requests) == 1


async def test_rate_limit_for_ever(
    client: HttpClient, scripted: ScriptedServer
) -> None:
    """After three tries the limit is reported, with what the cloud said last."""
    scripted.answers = [limited(), limited(), limited("0.02")]
    with pytest.raises(CloudRateLimitedError) as caught:
        await client.async_read(call(scripted), value)
    assert caught.value.retry_after == 0.02
    assert len(scripted.requests) == 3


async def test_rate_limited_write(
    client: HttpClient, scripted: ScriptedServer
) -> None:
    """A limited write did nothing, and is not repeated here."""
    scripted.answers = [limited(), ok()]
    with pytest.raises(CloudRateLimitedError) as caught:
        await client.async_write(call(scripted), value)
    assert caught.value.retry_after is None
    assert len(scripted.requests) == 1


async def test_outage_with_a_long_retry_after(
    client: HttpClient, scripted: ScriptedServer
) -> None:
    """An outage that the cloud expects to last is not waited for."""
    scripted.answers = [web.Response(status=503, headers={"Retry-After": "60"}), ok()]
    with pytest.raises(CloudUnreachableError, match="HTTP 503"):
        await client.async_read(call(scripted), value)
    assert len(scripted.requests) == 1


async def test_pauses_grow(session: ClientSession, scripted: ScriptedServer) -> None:
    """The pause doubles from try to try and is spread by half."""
    policy = HttpPolicy(tries=5, pause=1.0)
    client = HttpClient(session, "test", policy)
    scripted.answers = [web.Response(status=500) for _ in range(5)]
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    with (
        patch("custom_components.igloohome_access.clouds.http.asyncio.sleep", note),
        pytest.raises(CloudUnreachableError),
    ):
        await client.async_read(call(scripted), value)
    assert len(pauses) == 4
    for number, pause in enumerate(pauses):
        assert 0.5 * 2**number <= pause <= 1.5 * 2**number


# --- the way there ------------------------------------------------------------------


@pytest.mark.parametrize("write", [True, False])
async def test_connection_refused(
    client: HttpClient, scripted: ScriptedServer, unused_tcp_port: int, write: bool
) -> None:
    """What could not connect certainly did nothing, a write included."""
    send = client.async_write if write else client.async_read
    with pytest.raises(CloudUnreachableError, match="ClientConnectorError"):
        await send(call(scripted, f"http://127.0.0.1:{unused_tcp_port}/x"), value)


@pytest.mark.parametrize("write", [True, False])
async def test_tls_failure(
    client: HttpClient, scripted: ScriptedServer, write: bool
) -> None:
    """A server without TLS never sees the request."""
    send = client.async_write if write else client.async_read
    address = scripted.url.replace("http:", "https:")
    with pytest.raises(CloudUnreachableError, match="ClientConnector"):
        await send(call(scripted, address), value)
    assert scripted.requests == []


@pytest.mark.parametrize("address", ["http:///nowhere", "nonsense", "ftp://127.0.0.1/x"])
@pytest.mark.parametrize("write", [True, False])
async def test_impossible_address(
    client: HttpClient, scripted: ScriptedServer, address: str, write: bool
) -> None:
    """An address that is none is unreachable, at once."""
    send = client.async_write if write else client.async_read
    with pytest.raises(CloudUnreachableError):
        await send(call(scripted, address), value)


async def test_closed_session(client: HttpClient, scripted: ScriptedServer) -> None:
    """Home Assistant closes the session when it stops."""
    await client._session.close()
    with pytest.raises(CloudUnreachableError, match="closed"):
        await client.async_write(call(scripted), value)


@pytest.mark.parametrize("write", [True, False])
async def test_timeout(
    session: ClientSession, scripted: ScriptedServer, write: bool
) -> None:
    """A read that nobody answers is repeated; a write is of unknown outcome."""

    async def hang(request: web.Request) -> web.Response:
        del request
        await scripted_release.wait()
        return web.Response()

    scripted_release = asyncio.Event()
    client = HttpClient(session, "test", HASTY)
    scripted.answers = [hang, hang]
    send = client.async_write if write else client.async_read
    error = OutcomeUnknownError if write else CloudUnreachableError
    try:
        with pytest.raises(error, match="No answer in time"):
            await send(call(scripted), value)
    finally:
        scripted_release.set()
    assert len(scripted.requests) == (1 if write else 2)


async def test_connect_timeout(scripted: ScriptedServer) -> None:
    """Waiting for a free connection is before the request: nothing was done."""
    release = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        del request
        await release.wait()
        return ok()

    connector = TCPConnector(limit=1, resolver=ThreadedResolver())
    async with ClientSession(connector=connector) as session:
        client = HttpClient(
            session, "test", HttpPolicy(connect_timeout=0.2, tries=1, pause=0)
        )
        scripted.answers = [hang]
        first = asyncio.create_task(client.async_write(call(scripted), value))
        while not scripted.requests:
            await asyncio.sleep(0.01)
        with pytest.raises(CloudUnreachableError, match="No answer in time"):
            await client.async_write(call(scripted), value)
        release.set()
        assert await first == "good"
    assert len(scripted.requests) == 1


async def test_stale_connection(client: HttpClient, scripted: ScriptedServer) -> None:
    """A write on a kept connection that died is unknown: its bytes may have left."""
    scripted.answers = [ok(), close]
    assert await client.async_write(call(scripted), value) == "good"
    with pytest.raises(OutcomeUnknownError, match="ServerDisconnectedError"):
        await client.async_write(call(scripted), value)


# --- unchanged answers --------------------------------------------------------------


async def test_memo(client: HttpClient, scripted: ScriptedServer) -> None:
    """The same bytes give the same object without being parsed again."""
    parsed: list[Any] = []

    def parse(data: Any) -> list[str]:
        parsed.append(data)
        return [value(data)]

    scripted.answers = [ok("a"), ok("a"), ok("b"), ok("a"), ok("a")]
    first, second, third, fourth = [
        await client.async_read(call(scripted), parse, memo="things") for _ in range(4)
    ]
    assert first is second
    assert (first, third, fourth) == (["a"], ["b"], ["a"])
    assert len(parsed) == 3
    assert await client.async_read(call(scripted), parse, memo="others") == ["a"]
    assert len(parsed) == 4


async def test_memo_of_a_bad_answer(
    client: HttpClient, scripted: ScriptedServer
) -> None:
    """What could not be used is not remembered."""
    scripted.answers = [ok("a"), bad("truncated"), bad("page 200"), ok("a")]
    first = await client.async_read(call(scripted), value, memo="m")
    assert await client.async_read(call(scripted), value, memo="m") == first


# --- the log ------------------------------------------------------------------------


async def test_log(
    client: HttpClient, scripted: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The log tells route, status, time and Seam's request id, nothing else."""
    scripted.answers = [
        web.json_response({"value": PIN}, headers={"seam-request-id": "req-1"}),
        web.json_response({"value": PIN}, headers={"seam-request-id": "req 1\t{}"}),
        close,
    ]
    with caplog.at_level(logging.DEBUG, "custom_components.igloohome_access"):
        await client.async_write(call(scripted), value)
        await client.async_write(call(scripted), value)
        with pytest.raises(OutcomeUnknownError):
            await client.async_write(call(scripted), value)
    lines = [
        record.getMessage()
        for record in caplog.records
        if record.name == "custom_components.igloohome_access.clouds.http"
    ]
    assert [re.sub(r"\d+ ms", "7 ms", line) for line in lines] == [
        "test: POST /things/{}: 200 in 7 ms, request req-1",
        "test: POST /things/{}: 200 in 7 ms",
        "test: POST /things/{}: ServerDisconnectedError in 7 ms",
    ]


def test_nothing_secret_is_in_a_repr(scripted: ScriptedServer) -> None:
    """A request can be shown in a traceback."""
    shown = repr(call(scripted))
    assert "/things/{}" in shown
    assert "sim-client-secret" not in shown
    assert "hush" not in shown
    assert "cursor" not in shown


def test_default_policy_can_be_replaced(session: ClientSession) -> None:
    """Tests of the whole integration shorten the pauses in one place."""
    base = "custom_components.igloohome_access.clouds.http.DEFAULT_POLICY"
    assert HttpClient(session, "test")._policy is DEFAULT_POLICY
    with patch(base, PROMPT):
        assert HttpClient(session, "test")._policy is PROMPT


async def test_now_without_a_date_header(
    client: HttpClient, scripted: ScriptedServer
) -> None:
    """Without the cloud's clock ours is used."""
    soon = datetime.now(UTC).timestamp() + 3600
    text = datetime.fromtimestamp(soon, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    scripted.answers = [limited(text, Date="nonsense")]
    with pytest.raises(CloudRateLimitedError) as caught:
        await client.async_read(call(scripted), value)
    assert caught.value.retry_after is not None
    assert 3500 < caught.value.retry_after <= 3600
