"""Retries of reads, single writes, and what every kind of bad answer becomes."""

from aiohttp import ClientSession, web
import pytest

from custom_components.igloohome_access.clouds.base import (
    CloudAuthError,
    CloudError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudRefusedError,
    CloudUnreachableError,
    OutcomeUnknownError,
)
from custom_components.igloohome_access.clouds.http import HttpClient, HttpPolicy

from .samples import PIN
from .scripted import (
    BAD_ANSWERS,
    ScriptedServer,
    bad,
    call,
    ok,
    page,
    refuse_midway,
    value,
)


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
