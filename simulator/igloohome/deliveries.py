"""Webhook deliveries of igloohome, signed with its RSA scheme (igloohome-api.md §6).

Nothing is sent by itself: a test, or the control interface, says when and what. The
key pair is made when it is needed first, and lives as long as the simulator.
"""

import base64
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
import hashlib
import hmac
import json
from typing import Any, Literal, get_args

from aiohttp import ClientSession, ClientTimeout
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from yarl import URL

type Forgery = Literal["none", "no_signature", "wrong_key", "changed_body", "old"]

_CONTENT_TYPE = "application/json"


@cache
def _key(name: str) -> RSAPrivateKey:
    """Return a key pair by name: igloohome's, or that of somebody else."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def _der(key: RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)


def public_key() -> str:
    """Return the key as igloohome hands it out: base64 of PKCS#1 DER."""
    return base64.b64encode(_der(_key("igloohome"))).decode()


def sign(
    url: str, body: bytes, at: datetime, forgery: Forgery = "none"
) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of a delivery to an address at a moment."""
    if forgery == "old":
        at -= timedelta(days=2)
    key = _key("somebody else" if forgery == "wrong_key" else "igloohome")
    date = format_datetime(at, usegmt=True)
    address = URL(url)
    head = f"POST|{address.host}|{address.raw_path}|{_CONTENT_TYPE}|{date}|"
    digest = hmac.digest(_der(key), head.encode("latin-1") + body, hashlib.sha256)
    signature = key.sign(digest, PKCS1v15(), SHA256())
    headers = {"Content-Type": _CONTENT_TYPE, "Date": date}
    if forgery != "no_signature":
        encoded = base64.b64encode(signature).decode()
        headers["x-igloocompany-sha256"] = f'"{encoded}"'
    if forgery == "changed_body":
        body += b" "
    return headers, body


async def deliver(
    url: str,
    at: datetime,
    *,
    event_id: str,
    event_type: int,
    device_id: str,
    data: dict[str, Any],
    origin: str | None = None,
    copies: int = 1,
    forgery: Forgery = "none",
) -> list[int]:
    """Send one event to an address and return how each copy was answered.

    ``origin`` takes the place of scheme, host and port: here is no DNS, and no TLS.
    """
    if forgery not in get_args(Forgery.__value__):
        raise ValueError(f"forgery: not {forgery}")
    payload = {
        "product": {"id": device_id},
        "event": {"id": event_id, "type": event_type, "data": data},
    }
    headers, body = sign(url, json.dumps({"payload": payload}).encode(), at, forgery)
    target = URL(url)
    if origin is not None:
        target = URL(origin).join(URL(target.raw_path, encoded=True))
    statuses = []
    async with ClientSession(timeout=ClientTimeout(total=10)) as session:
        for _ in range(copies):
            async with session.post(target, data=body, headers=headers) as response:
                statuses.append(response.status)
    return statuses
