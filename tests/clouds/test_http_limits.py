"""Rate limits, the way to the cloud, unchanged answers, and the log."""

import asyncio
from datetime import UTC, datetime
import logging
import re
from typing import Any
from unittest.mock import patch

from aiohttp import ClientSession, TCPConnector, web
from aiohttp.resolver import ThreadedResolver
import pytest

from custom_components.igloohome_access.clouds.base import (
    CloudRateLimitedError,
    CloudUnreachableError,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.clouds.http import (
    DEFAULT_POLICY,
    HttpClient,
    HttpPolicy,
    Memo,
)

from .samples import HASTY, PIN, PROMPT
from .scripted import ScriptedServer, bad, call, close, limited, ok, value

# --- rate limits --------------------------------------------------------------------


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
        limited("Tue, 01 Jan 2030 00:01:40 GMT", Date="Tue, 01 Jan 2030 00:00:00 GMT")
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


async def test_rate_limited_write(client: HttpClient, scripted: ScriptedServer) -> None:
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


@pytest.mark.parametrize(
    "address", ["http:///nowhere", "nonsense", "ftp://127.0.0.1/x"]
)
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
        patient = HttpClient(session, "test", PROMPT)
        client = HttpClient(
            session, "test", HttpPolicy(connect_timeout=0.2, tries=1, pause=0)
        )
        scripted.answers = [hang]
        first = asyncio.create_task(patient.async_write(call(scripted), value))
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


@pytest.mark.parametrize("whole", [True, False])
async def test_memo(client: HttpClient, scripted: ScriptedServer, whole: bool) -> None:
    """The same bytes give the same object without being parsed again."""
    parsed: list[Any] = []

    def parse(data: Any) -> list[str]:
        parsed.append(data)
        return [value(data)]

    scripted.answers = [ok("a"), ok("a"), ok("b"), ok("a"), ok("a")]
    memo = Memo("things", whole)
    first, second, third, fourth = [
        await client.async_read(call(scripted), parse, memo=memo) for _ in range(4)
    ]
    assert first is second
    assert (first, third, fourth) == (["a"], ["b"], ["a"])
    assert len(parsed) == 3
    memo = Memo("others", whole)
    assert await client.async_read(call(scripted), parse, memo=memo) == ["a"]
    assert len(parsed) == 4


@pytest.mark.parametrize("whole", [True, False])
async def test_memo_of_a_long_answer(
    client: HttpClient, scripted: ScriptedServer, whole: bool
) -> None:
    """An answer that comes in parts is compared to its end, not further than it."""
    long = "a" * 500_000
    blank = web.Response(body=b'{"value": "a"}' + b" " * 500_000)
    values = [long, long[1:] + "b", long[1:] + "b", long, "b" + long, long]
    scripted.answers = [*map(ok, values), ok("a"), blank, ok("a")]
    found = [
        await client.async_read(
            call(scripted), lambda data: [value(data)], memo=Memo("long", whole)
        )
        for _ in range(len(scripted.answers))
    ]
    assert found == [[text] for text in (*values, "a", "a", "a")]
    assert found[1] is found[2]
    assert len({id(one) for one in found}) == len(found) - 1


async def test_memo_of_a_bad_answer(
    client: HttpClient, scripted: ScriptedServer
) -> None:
    """What could not be used is not remembered."""
    scripted.answers = [ok("a"), bad("truncated"), bad("page 200"), ok("a")]
    memo = Memo("m")
    first = await client.async_read(call(scripted), value, memo=memo)
    assert await client.async_read(call(scripted), value, memo=memo) == first


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
