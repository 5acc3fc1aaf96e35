"""Injected faults: what a network and a cloud do on a bad day.

A fault is a rule on the path of a request. The difference that matters most
for a client is whether the server had *acted* when the answer got lost, so
every way of losing an answer exists in both forms.
"""

from asyncio import Event, wait_for
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
import json
import re
from typing import Any
from uuid import uuid4

from aiohttp import web

from .requests import CloudName

type Act = Callable[[], Awaitable[web.StreamResponse]]


class FaultKind(StrEnum):
    """What happens to a request. "Acted" means the cloud's state changed."""

    DELAY = "delay"
    """Wait ``delay`` seconds, then act and answer normally."""
    DROP_BEFORE = "drop_before"
    """Close the connection; not acted."""
    DROP_AFTER = "drop_after"
    """Act, then close the connection without an answer."""
    HANG_BEFORE = "hang_before"
    """Stay silent for ``delay`` seconds, then close; not acted."""
    HANG_AFTER = "hang_after"
    """Act, stay silent for ``delay`` seconds, then close."""
    STATUS = "status"
    """Answer ``status`` and ``body``; not acted."""
    STATUS_AFTER = "status_after"
    """Act, then answer ``status`` and ``body``."""
    HTML = "html"
    """Answer an HTML error page (502 unless ``status`` is given); not acted."""
    TRUNCATED = "truncated"
    """Act, then answer half of the JSON with a matching Content-Length."""
    RESET_MIDWAY = "reset_midway"
    """Act, announce the whole body, send half of it, close."""
    JSON = "json"
    """Act, then answer ``body`` with ``status`` (200) in place of the truth."""


_NO_ANSWER_KINDS = {
    FaultKind.DROP_BEFORE,
    FaultKind.DROP_AFTER,
    FaultKind.HANG_BEFORE,
    FaultKind.HANG_AFTER,
    FaultKind.RESET_MIDWAY,
}
_HTML_PAGE = (
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    "<body><center><h1>502 Bad Gateway</h1></center></body></html>"
)


@dataclass(slots=True)
class Fault:
    """One rule.

    ``path_regex`` is searched (``re.search``) in the path with its cloud prefix.
    ``skip`` matching requests pass unharmed, then ``times`` are hit (None: all
    until the rule is cleared). ``delay`` and ``retry_after`` are seconds;
    ``delay`` is waited before the request is refused or answered whatever the
    kind. Without ``body`` a status comes with the usual error body of the cloud.

    aiohttp's client repeats an idempotent request (GET, PUT, DELETE) once by
    itself when a *reused* connection is dropped: use ``times=2`` or ``None``
    to make such a request fail.
    """

    path_regex: str
    kind: FaultKind
    method: str | None = None
    times: int | None = 1
    delay: float = 0.0
    status: int | None = None
    body: Any = None
    retry_after: float | None = None
    skip: int = 0
    hits: int = 0
    id: str = field(default_factory=lambda: uuid4().hex[:8])

    def __post_init__(self) -> None:
        """Refuse a rule that could never work, with a ValueError."""
        try:
            re.compile(self.path_regex)
        except re.PatternError as err:
            raise ValueError(f"path_regex: {err}") from err
        self.kind = FaultKind(self.kind)
        if self.method is not None:
            self.method = self.method.upper()

    def matches(self, method: str, path: str) -> bool:
        """Return whether the rule is about this request and not used up."""
        return (
            (self.times is None or self.hits < self.times)
            and (self.method is None or self.method == method)
            and re.search(self.path_regex, path) is not None
        )


class Faults:
    """The list of rules; the first rule that hits a request decides its fate."""

    def __init__(self) -> None:
        """Start without rules."""
        self._rules: list[Fault] = []

    @property
    def rules(self) -> list[Fault]:
        """Return a copy of the rules, used-up ones included."""
        return list(self._rules)

    def add(
        self,
        path_regex: str,
        kind: FaultKind | str,
        *,
        method: str | None = None,
        times: int | None = 1,
        delay: float = 0.0,
        status: int | None = None,
        body: Any = None,
        retry_after: float | None = None,
        skip: int = 0,
    ) -> Fault:
        """Add a rule and return it; ``rule.hits`` counts the requests it hit."""
        rule = Fault(
            path_regex=path_regex,
            kind=FaultKind(kind),
            method=method,
            times=times,
            delay=delay,
            status=status,
            body=body,
            retry_after=retry_after,
            skip=skip,
        )
        self._rules.append(rule)
        return rule

    def remove(self, rule_id: str) -> bool:
        """Remove one rule by its id; return whether it existed."""
        before = len(self._rules)
        self._rules = [rule for rule in self._rules if rule.id != rule_id]
        return len(self._rules) < before

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the rule that hits this request and count the hit."""
        for rule in self._rules:
            if rule.matches(method, path):
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                rule.hits += 1
                return rule
        return None


async def apply_fault(
    fault: Fault, request: web.Request, cloud: CloudName, act: Act, release: Event
) -> tuple[web.StreamResponse, bool]:
    """Serve ``request`` under ``fault``; ``act`` is the cloud's own handler.

    ``release`` ends every waiting at once (the server stops or is paused).
    Returns the response and whether the client gets to see it.
    """
    kind = fault.kind
    response: web.StreamResponse
    if kind in (
        FaultKind.DROP_AFTER,
        FaultKind.HANG_AFTER,
        FaultKind.STATUS_AFTER,
        FaultKind.TRUNCATED,
        FaultKind.RESET_MIDWAY,
        FaultKind.JSON,
    ):
        response = await act()
        await _wait(fault.delay, release)
    else:
        await _wait(fault.delay, release)
        if kind is FaultKind.DELAY:
            return await act(), True
        response = web.Response()

    if kind in (FaultKind.STATUS, FaultKind.STATUS_AFTER):
        response = _status_response(fault, cloud)
    elif kind is FaultKind.HTML:
        response = web.Response(
            status=fault.status or 502, text=_HTML_PAGE, content_type="text/html"
        )
        _set_retry_after(response, fault)
    elif kind is FaultKind.JSON:
        response = web.json_response(fault.body, status=fault.status or 200)
    elif kind is FaultKind.TRUNCATED:
        body = _body(response)
        response = web.Response(
            status=response.status,
            body=body[: len(body) // 2],
            content_type="application/json",
        )
    elif kind is FaultKind.RESET_MIDWAY:
        response = await _send_half(request, response)

    if kind in _NO_ANSWER_KINDS:
        if (transport := request.transport) is not None:
            # close() and not abort(): what was written so far still goes out.
            transport.close()
        return response, False
    return response, True


async def _wait(seconds: float, release: Event) -> None:
    """Wait, but no longer than until ``release`` is set."""
    if seconds > 0:
        with suppress(TimeoutError):
            await wait_for(release.wait(), seconds)


def _status_response(fault: Fault, cloud: CloudName) -> web.Response:
    """Build the answer of the kinds "status" and "status_after"."""
    status = fault.status or 500
    if isinstance(fault.body, str):
        response = web.Response(status=status, text=fault.body)
    else:
        body = fault.body if fault.body is not None else _usual_body(cloud, status)
        response = web.json_response(body, status=status)
    _set_retry_after(response, fault)
    return response


def _set_retry_after(response: web.Response, fault: Fault) -> None:
    """Add the Retry-After header in seconds when the rule has one."""
    if fault.retry_after is not None:
        response.headers["Retry-After"] = f"{fault.retry_after:g}"


def _usual_body(cloud: CloudName, status: int) -> dict[str, Any]:
    """Return what the cloud usually says (igloohome-api.md §1.1, seam-api.md §4)."""
    message = {
        401: "Unauthorized",
        403: "Forbidden",
        429: "Too Many Requests",
    }.get(status, "Internal Server Error")
    if cloud == "igloohome":
        return {"message": message}
    error_type = message.lower().replace(" ", "_")
    return {"error": {"type": error_type, "message": message}, "ok": False}


def _body(response: web.StreamResponse) -> bytes:
    """Return the body bytes of a response that was not sent yet."""
    if isinstance(response, web.Response) and isinstance(response.body, bytes):
        return response.body
    return json.dumps({}).encode()


async def _send_half(
    request: web.Request, response: web.StreamResponse
) -> web.StreamResponse:
    """Announce the whole body and send its first half."""
    body = _body(response)
    broken = web.StreamResponse(
        status=response.status, headers={"Content-Type": "application/json"}
    )
    broken.content_length = len(body)
    await broken.prepare(request)
    await broken.write(body[: len(body) // 2])
    return broken
