"""A server that answers what a test tells it, and answers to tell it."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from custom_components.igloohome_access.clouds.answers import UnusableAnswerError
from custom_components.igloohome_access.clouds.http import Call

from .samples import PIN


class ScriptedServer:
    """A server that answers what a test tells it, one answer after the other."""

    def __init__(self) -> None:
        """Start without answers; an unexpected request is answered 599."""
        self.answers: list[web.StreamResponse | Callable[[web.Request], Any]] = []
        self.requests: list[web.Request] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Give the next answer."""
        self.requests.append(request)
        await request.read()
        if not self.answers:
            return web.Response(status=599)
        answer = self.answers.pop(0)
        if isinstance(answer, web.StreamResponse):
            return answer
        response: web.StreamResponse = await answer(request)
        return response


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
    return web.Response(
        status=status, text=f"<html>{PIN}</html>", content_type="text/html"
    )


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


def limited(retry_after: str | None = None, **headers: str) -> web.Response:
    """Return a 429."""
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return web.json_response({"message": "Slow"}, status=429, headers=headers)
