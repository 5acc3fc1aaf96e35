"""Whether a webhook request was sent by the cloud it claims to come from.

Pure functions of the request and the present moment. What is not signed properly
raises ``SignatureError``, whose text says why without repeating anything of the
request.
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
import hashlib
import hmac

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)
from yarl import URL

SVIX_TOLERANCE = timedelta(minutes=5)
"""How far the moment of a request may be off, both ways (seam-api.md §11)."""

IGLOOHOME_TOLERANCE = timedelta(days=1)
"""The same for igloohome, which describes no limit: its retries, whose times nobody
knows either, may carry the date of the first attempt (igloohome-api.md §6)."""

IGLOOHOME_HEADER = "x-igloocompany-sha256"

_MAX_ID = 128
_MAX_ITEMS = 16
_MIN_KEY_BITS, _MAX_KEY_BITS = 2048, 8192
_SECRET_PREFIX = "whsec_"


class SignatureError(Exception):
    """The request is not signed as it should be."""


class KeyFormatError(ValueError):
    """A text is not a secret or public key that signatures can be checked with."""


class SvixKey:
    """The secret of a Seam webhook (reference/seam-api.md §11)."""

    def __init__(self, secret: str) -> None:
        """Take the secret as Seam tells it: ``whsec_`` and base64."""
        text = secret.strip().removeprefix(_SECRET_PREFIX)
        try:
            # The padding may be missing.
            padding = "=" * (-len(text) % 4)
            self._key = base64.b64decode(text + padding, validate=True)
        except ValueError:
            raise KeyFormatError("The secret is not base64") from None
        if not self._key:
            raise KeyFormatError("The secret is empty")

    def verify(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> tuple[str, str]:
        """Check that a message is signed with this secret, at about this time.

        Return its id, and the moment of this attempt to deliver it.
        """
        message_id = _header(headers, "id")
        timestamp = _header(headers, "timestamp")
        signatures = _header(headers, "signature")
        if len(message_id) > _MAX_ID or not message_id.isascii():
            raise SignatureError("The id is no id")
        if not (timestamp.isascii() and timestamp.isdecimal()) or len(timestamp) > 12:
            raise SignatureError("The timestamp is no timestamp")
        _check_age(int(timestamp) - now.timestamp(), SVIX_TOLERANCE)
        signed = f"{message_id}.{timestamp}.".encode() + body
        expected = hmac.digest(self._key, signed, hashlib.sha256)
        matches = False
        for item in signatures.split(" ", _MAX_ITEMS)[:_MAX_ITEMS]:
            version, _, signature = item.partition(",")
            if version == "v1":
                # All are compared, so that the time tells nothing.
                matches |= hmac.compare_digest(expected, _decoded(signature))
        if not matches:
            raise SignatureError("No signature fits")
        return message_id, timestamp


def _header(headers: Mapping[str, str], name: str) -> str:
    """Return a header of Svix, by its own or its standard name."""
    value = headers.get(f"svix-{name}") or headers.get(f"webhook-{name}")
    if not value:
        raise SignatureError(f"The header {name} is missing")
    return value


def _decoded(signature: str) -> bytes:
    """Return the bytes of a signature, none if it is not base64."""
    try:
        return base64.b64decode(signature, validate=True)
    except ValueError:
        return b""


def _check_age(seconds: float, tolerance: timedelta) -> None:
    if abs(seconds) > tolerance.total_seconds():
        raise SignatureError("The moment is too far off")


class IgloohomeKey:
    """The public key igloohome's requests are checked with (igloohome-api.md §6)."""

    def __init__(self, text: str) -> None:
        """Take the key as base64 of its PKCS#1 DER form, or as PEM."""
        self._key = _public_key(text)
        self._der = self._key.public_bytes(Encoding.DER, PublicFormat.PKCS1)

    def verify(
        self, url: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> str:
        """Check that a POST to ``url`` is igloohome's, and from about now.

        ``url`` is the public address as it was registered. Return the date of this
        attempt to deliver it.
        """
        date = headers.get("Date", "")
        try:
            moment = parsedate_to_datetime(date)
        except ValueError:
            raise SignatureError("The date is missing or no date") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        _check_age((moment - now).total_seconds(), IGLOOHOME_TOLERANCE)
        signature = _decoded(headers.get(IGLOOHOME_HEADER, "").strip().strip('"'))
        if not signature:
            raise SignatureError("The signature is missing")
        for parts in _signed_parts(url, headers.get("Content-Type", ""), date):
            if self._fits(signature, "|".join(parts), body):
                return date
        raise SignatureError("The signature does not fit")

    def _fits(self, signature: bytes, head: str, body: bytes) -> bool:
        message = head.encode("latin-1", "replace") + b"|" + body
        digest = hmac.digest(self._der, message, hashlib.sha256)
        try:
            self._key.verify(signature, digest, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


def _signed_parts(url: str, content_type: str, date: str) -> list[list[str]]:
    """Return what may stand before the body in the signed text.

    Whether the host comes with its port and the content type with its parameters is
    not settled.
    """
    address = URL(url)
    hosts = dict.fromkeys((address.host or "", address.authority))
    types = dict.fromkeys((content_type, content_type.partition(";")[0].strip()))
    path = address.raw_path
    return [["POST", host, path, each, date] for host in hosts for each in types]


def _public_key(text: str) -> RSAPublicKey:
    """Return the RSA key in a text, base64 DER (PKCS#1 or SPKI) or PEM."""
    data = text.strip().strip('"').strip()
    try:
        if data.startswith("-----"):
            # A single line where a form has swallowed the others.
            key = load_pem_public_key(_pem(data))
        else:
            der = base64.b64decode("".join(data.split()), validate=True)
            key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as err:
        raise KeyFormatError("This is no public key") from err
    if not isinstance(key, RSAPublicKey):
        raise KeyFormatError("This is no RSA key")
    if not _MIN_KEY_BITS <= key.key_size <= _MAX_KEY_BITS:
        raise KeyFormatError("The key is too short or too long")
    return key


def _pem(text: str) -> bytes:
    """Return a PEM text with its line breaks, which a form may have swallowed."""
    parts = text.split("-----")
    if len(parts) != 5:
        raise KeyFormatError("This is no PEM")
    body = "".join(parts[2].split())
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    pem = f"-----{parts[1]}-----\n{lines}\n-----{parts[3]}-----\n"
    return pem.encode("ascii", "replace")
