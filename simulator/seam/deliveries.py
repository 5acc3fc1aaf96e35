"""Webhook deliveries, signed by Svix's rules (reference/seam-api.md §11).

Nothing is sent by itself: a test, or the control interface, says when, how often, in
which order, and what is wrong with it.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
import hmac
import json
import random
from typing import Literal, get_args

from aiohttp import ClientSession, ClientTimeout
from yarl import URL

from ..clock import Clock
from .model import JsonObject, Webhook
from .store import Store

type Forgery = Literal[
    "none", "no_signature", "wrong_secret", "changed_body", "old", "early", "not_json"
]
type Order = Literal["as_it_happened", "reversed", "shuffled"]

_OFF = timedelta(minutes=6)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What is posted to a webhook."""

    event_id: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def sign(
    webhook: Webhook, event: JsonObject, at: datetime, forgery: Forgery = "none"
) -> SignedRequest:
    """Return an event as it is sent to a webhook at a moment."""
    if forgery == "old":
        at -= _OFF
    elif forgery == "early":
        at += _OFF
    body = json.dumps(event, separators=(",", ":")).encode()
    if forgery == "not_json":
        body = b"event=" + body
    secret = webhook.secret.removeprefix("whsec_")
    key = b"somebody else" if forgery == "wrong_secret" else base64.b64decode(secret)
    message_id = f"msg_{event['event_id']}"
    timestamp = str(int(at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.digest(key, signed, hashlib.sha256)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Svix-Webhooks/1.0",
        "svix-id": message_id,
        "svix-timestamp": timestamp,
    }
    if forgery != "no_signature":
        headers["svix-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    if forgery == "changed_body":
        body = body.replace(b'"event_type"', b'"event_typ"')
    return SignedRequest(event["event_id"], webhook.url, headers, body)


async def deliver(
    store: Store,
    clock: Clock,
    *,
    event_ids: Sequence[str] | None = None,
    copies: int = 1,
    order: Order = "as_it_happened",
    forgery: Forgery = "none",
) -> list[dict[str, str | int]]:
    """Send events to the webhooks that want them, and return how each was answered.

    Without ids: what has happened since the last time. ``copies`` are sent of each,
    the very same. Raise ValueError for words that are unknown here.
    """
    if forgery not in get_args(Forgery.__value__):
        raise ValueError(f"forgery: not {forgery}")
    if order not in get_args(Order.__value__):
        raise ValueError(f"order: not {order}")
    if event_ids is None:
        events = store.events[store.delivered :]
        store.delivered = len(store.events)
    else:
        wanted = set(event_ids)
        events = [event for event in store.events if event["event_id"] in wanted]
    requests = [
        sign(webhook, event, clock.now(), forgery)
        for event in events
        for webhook in store.webhooks.values()
        if webhook.workspace_id == event["workspace_id"]
        and {"*", event["event_type"]} & set(webhook.event_types)
    ]
    requests = [request for request in requests for _ in range(copies)]
    if order == "reversed":
        requests.reverse()
    elif order == "shuffled":
        random.Random(len(requests)).shuffle(requests)
    return await _send(requests, store.switches.webhook_origin)


async def _send(
    requests: Sequence[SignedRequest], origin: str | None
) -> list[dict[str, str | int]]:
    """Post one after the other."""
    answers: list[dict[str, str | int]] = []
    async with ClientSession(timeout=ClientTimeout(total=10)) as session:
        for request in requests:
            url = URL(request.url)
            if origin is not None:
                url = URL(origin).join(URL(url.raw_path, encoded=True))
            async with session.post(
                url, data=request.body, headers=request.headers
            ) as response:
                answers.append(
                    {"event_id": request.event_id, "status": response.status}
                )
    return answers
