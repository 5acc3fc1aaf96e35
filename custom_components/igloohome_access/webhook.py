"""What arrives at the webhook: checked, and then no more than a hint.

A delivery that is not signed properly, is old or was here before is refused without
work and without a word. Of one that is right only the kind of news and the device are
looked at; what happened is read from the cloud. PINs in it are never touched.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

from aiohttp import StreamReader, web
from aiohttp.web import Request, Response
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import orjson

from .clouds.answers import http_date
from .clouds.parsing import as_flag, as_id, as_number, as_object
from .webhook_signatures import IgloohomeKey, SignatureError, SvixKey

MAX_BODY = 64 * 1024
"""Bytes of a body that are read."""

READ_SECONDS = 10
"""How long a body may take to arrive."""

REMEMBERED = 4096
"""Deliveries that are known again; far more than come within the tolerance."""

_JOB_COMPLETE, _ACTIVITY, _BRIDGE_CONNECTION = 3, 5, 10
"""igloohome's kinds of news that are of use (reference/igloohome-api.md §6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Something has happened, perhaps at a device; the cloud knows what.

    ``event_id`` is the cloud's id of it. ``connected``: igloohome told that a bridge
    came or went, which nothing else of it tells; ``sent_at`` is when.
    """

    event_id: str
    device_id: str | None = None
    about_accounts: bool = False
    connected: bool | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery whose signature is right: who it is, and which attempt.

    ``hint`` is None for news without a meaning here.
    """

    delivery_id: str
    attempt: str
    hint: Hint | None


class UnreadableError(Exception):
    """The body is not what a cloud sends."""


class Sender(Protocol):
    """A cloud that sends: how its deliveries are checked and understood."""

    def accept(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Return a delivery; raises SignatureError or UnreadableError."""


class SeamSender:
    """Seam, signing by Svix's rules (reference/seam-api.md §11)."""

    def __init__(self, secret: str) -> None:
        """Check with this secret; KeyFormatError if it cannot be one."""
        self._key = SvixKey(secret)

    def accept(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Return a delivery; its body is the event."""
        delivery_id, attempt = self._key.verify(headers, body, dt_util.utcnow())
        event = _json_object(body)
        kind = event.get("event_type")
        hint = Hint(
            event_id=as_id(event.get("event_id")) or delivery_id,
            device_id=as_id(event.get("device_id")),
            about_accounts=isinstance(kind, str)
            and kind.startswith("connected_account."),
        )
        return Delivery(delivery_id, attempt, hint)


class IgloohomeSender:
    """igloohome, signing with a key of its own (reference/igloohome-api.md §6)."""

    def __init__(self, public_key: str, url: str) -> None:
        """Check with this key; KeyFormatError if it cannot be one.

        ``url`` is the address that was pasted into the portal.
        """
        self._key = IgloohomeKey(public_key)
        self._url = url

    def accept(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Return a delivery; the event and the device are in its payload."""
        attempt = self._key.verify(self._url, headers, body, dt_util.utcnow())
        payload = as_object(_json_object(body).get("payload"))
        event = as_object(payload.get("event"))
        event_id = as_id(event.get("id"))
        if event_id is None:
            raise UnreadableError
        device_id = as_id(as_object(payload.get("product")).get("id"))
        kind = as_number(event.get("type"))
        hint: Hint | None = None
        if kind in (_JOB_COMPLETE, _ACTIVITY):
            hint = Hint(event_id=event_id, device_id=device_id)
        elif kind == _BRIDGE_CONNECTION:
            connected = as_flag(as_object(event.get("data")).get("isOnline"))
            hint = Hint(
                event_id=event_id,
                device_id=device_id,
                connected=connected,
                sent_at=http_date(attempt),
            )
        return Delivery(event_id, attempt, hint)


class Receiver:
    """Answers what comes in, and hands on hints."""

    def __init__(self, on_hint: Callable[[Hint], None]) -> None:
        """Refuse everything until there is a sender."""
        self.sender: Sender | None = None
        self._on_hint = on_hint
        self._seen: OrderedDict[str, str] = OrderedDict()

    async def async_handle(
        self, hass: HomeAssistant, webhook_id: str, request: Request
    ) -> Response:
        """Answer a request; what it causes begins later."""
        sender = self.sender
        if sender is None:
            return _answer(HTTPStatus.UNAUTHORIZED)
        try:
            async with asyncio.timeout(READ_SECONDS):
                body = await _async_read(request)
        except TimeoutError:
            return _answer(HTTPStatus.REQUEST_TIMEOUT)
        except web.RequestPayloadError, OSError:
            return _answer(HTTPStatus.BAD_REQUEST)
        if body is None:
            return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            delivery = sender.accept(request.headers, body)
        except SignatureError:
            return _answer(HTTPStatus.UNAUTHORIZED)
        except UnreadableError:
            return _answer(HTTPStatus.BAD_REQUEST)
        return _answer(self._taken(delivery))

    def _taken(self, delivery: Delivery) -> HTTPStatus:
        """Hand on what is new, and return how to answer.

        The same attempt twice is a replay. A further attempt, which only the cloud
        can sign, comes when it missed our answer: it has to get one, or it goes on
        trying for a day.
        """
        known = self._seen.get(delivery.delivery_id)
        if known == delivery.attempt:
            return HTTPStatus.CONFLICT
        self._seen[delivery.delivery_id] = delivery.attempt
        self._seen.move_to_end(delivery.delivery_id)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        if known is None and delivery.hint is not None:
            self._on_hint(delivery.hint)
        return HTTPStatus.OK


def _answer(status: HTTPStatus) -> Response:
    return Response(status=status)


async def _async_read(request: Request) -> bytes | None:
    """Return the body, None if it is too long.

    What comes through the cloud is no aiohttp request; both have a stream.
    """
    stream: StreamReader = request.content
    body = bytearray()
    while chunk := await stream.read(MAX_BODY + 1 - len(body)):
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        data = orjson.loads(body)
    except ValueError:
        raise UnreadableError from None
    if not isinstance(data, dict):
        raise UnreadableError
    return data
