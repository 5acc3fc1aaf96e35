"""Signatures, held against independent implementations: svix, and cryptography."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
import hashlib
import hmac
import re

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, strategies as st
from multidict import CIMultiDict
import pytest
from svix.webhooks import Webhook

from custom_components.igloohome_access.webhook_signatures import (
    IGLOOHOME_TOLERANCE,
    SVIX_TOLERANCE,
    IgloohomeKey,
    KeyFormatError,
    SignatureError,
    SvixKey,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECRET = f"whsec_{base64.b64encode(b'a secret of twenty-four b').decode()}"
OTHER = f"whsec_{base64.b64encode(b'somebody else').decode()}"
BODY = '{"event_id":"e1","event_type":"lock.locked","device_name":"Tür"}'
SECOND = timedelta(seconds=1)

# Svix


def _svix(
    body: str = BODY, at: datetime = NOW, secret: str = SECRET, name: str = "svix"
) -> CIMultiDict[str]:
    """Return the headers of a message that svix has signed."""
    return CIMultiDict(
        {
            f"{name}-id": "msg_1",
            f"{name}-timestamp": str(int(at.timestamp())),
            f"{name}-signature": Webhook(secret).sign("msg_1", at, body),
        }
    )


def _accepts(
    headers: Mapping[str, str], body: bytes = BODY.encode(), secret: str = SECRET
) -> bool:
    try:
        SvixKey(secret).verify(headers, body, NOW)
    except SignatureError:
        return False
    return True


def test_known_vector() -> None:
    """The vector of reference/seam-api.md §11 holds."""
    key = SvixKey("whsec_dGVzdA==")
    headers = {
        "svix-id": "msg_1",
        "svix-timestamp": "1700000000",
        "svix-signature": "v1,pBIi/cOBhgtdKG3PGhTqq5mReHC9+sBjVOO9D7S+dls=",
    }
    body = b'{"event_id":"e1","event_type":"lock.locked"}'
    moment = datetime.fromtimestamp(1700000000, UTC)
    assert key.verify(headers, body, moment) == ("msg_1", "1700000000")


@given(
    body=st.text(max_size=200),
    key=st.binary(min_size=1, max_size=64),
    message_id=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    seconds=st.integers(-300, 300),
)
def test_svix_agrees(body: str, key: bytes, message_id: str, seconds: int) -> None:
    """What svix signs is accepted, with any key, body and id."""
    secret = f"whsec_{base64.b64encode(key).decode()}"
    at = NOW + timedelta(seconds=seconds)
    headers = {
        "svix-id": message_id,
        "svix-timestamp": str(int(at.timestamp())),
        "svix-signature": Webhook(secret).sign(message_id, at, body),
    }
    stamp = headers["svix-timestamp"]
    for text in (secret, secret.rstrip("="), f" {secret}\n"):
        assert SvixKey(text).verify(headers, body.encode(), NOW) == (message_id, stamp)


@pytest.mark.parametrize("name", ["svix", "webhook", "Svix", "WEBHOOK"])
def test_header_names(name: str) -> None:
    """Both families of names are understood, in any case of letters."""
    assert _accepts(_svix(name=name))


@pytest.mark.parametrize(
    ("offset", "accepted"),
    [
        (-SVIX_TOLERANCE, True),
        (SVIX_TOLERANCE, True),
        (-SVIX_TOLERANCE - SECOND, False),
        (SVIX_TOLERANCE + SECOND, False),
    ],
)
def test_svix_moment(offset: timedelta, accepted: bool) -> None:
    """A message is good for five minutes, both ways."""
    assert _accepts(_svix(at=NOW + offset)) is accepted


@pytest.mark.parametrize(
    "change",
    [
        {"svix-id": "msg_2"},
        {"svix-id": ""},
        {"svix-id": "x" * 129},
        {"svix-id": "müll"},
        {"svix-timestamp": str(int(NOW.timestamp()) + 1)},
        {"svix-timestamp": ""},
        {"svix-timestamp": "soon"},
        {"svix-timestamp": "²"},
        {"svix-timestamp": "-1"},
        {"svix-timestamp": "1.5"},
        {"svix-timestamp": "9" * 13},
        {"svix-timestamp": "9" * 5000},
        {"svix-signature": ""},
        {"svix-signature": "v1"},
        {"svix-signature": "v1,"},
        {"svix-signature": "v1,!"},
        {"svix-signature": "v1,é"},
        {"svix-signature": _svix(secret=OTHER)["svix-signature"]},
        {"svix-signature": _svix()["svix-signature"].replace("v1,", "v2,")},
        {"svix-signature": _svix()["svix-signature"].removeprefix("v1,")},
        {"svix-signature": f"{'v1,AAAA ' * 16}{_svix()['svix-signature']}"},
    ],
)
def test_svix_refused(change: dict[str, str]) -> None:
    """One thing wrong is enough."""
    headers = _svix()
    headers.update(change)
    with pytest.raises(SignatureError) as err:
        SvixKey(SECRET).verify(headers, BODY.encode(), NOW)
    # Nothing of the message is repeated.
    assert not re.search(r"msg|\d", str(err.value))


def test_svix_body() -> None:
    """It is the bytes that are signed, not what they mean."""
    assert _accepts(_svix(), BODY.encode())
    assert not _accepts(_svix(), BODY.replace(",", ", ").encode())
    assert not _accepts(_svix(), BODY.encode() + b" ")
    assert not _accepts(_svix(), b"")
    assert not _accepts({})


def test_svix_several() -> None:
    """While a secret is being changed, messages are signed with both."""
    mine, foreign = _svix()["svix-signature"], _svix(secret=OTHER)["svix-signature"]
    for signature in (f"{foreign} {mine}", f"{mine} {foreign}", f"v1a,xyz {mine}"):
        headers = _svix()
        headers["svix-signature"] = signature
        assert _accepts(headers)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_no base64", "whsec_A", "é"])
def test_no_secret(secret: str) -> None:
    """What cannot be a secret is not taken for one."""
    with pytest.raises(KeyFormatError) as err:
        SvixKey(secret)
    assert secret == "" or secret not in str(err.value)


# igloohome

URL = "https://home.example/api/webhook/0123abcd"
KEY = generate_private_key(public_exponent=65537, key_size=2048)
FOREIGN = generate_private_key(public_exponent=65537, key_size=2048)
DER = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
PUBLIC = base64.b64encode(DER).decode()
JSON = "application/json"


def _signed(
    body: bytes = BODY.encode(),
    at: datetime = NOW,
    host: str = "home.example",
    path: str = "/api/webhook/0123abcd",
    kind: str = JSON,
    sent: str | None = None,
    key: RSAPrivateKey = KEY,
    method: str = "POST",
) -> CIMultiDict[str]:
    """Return the headers of a request that igloohome has signed (§6)."""
    date = format_datetime(at, usegmt=True)
    message = f"{method}|{host}|{path}|{kind}|{date}|".encode() + body
    digest = hmac.digest(DER, message, hashlib.sha256)
    signature = base64.b64encode(key.sign(digest, PKCS1v15(), SHA256())).decode()
    return CIMultiDict(
        {
            "Content-Type": sent or kind,
            "Date": date,
            "X-IglooCompany-SHA256": signature,
        }
    )


def _but(changed: dict[str, str]) -> CIMultiDict[str]:
    """Return headers that were changed after signing."""
    headers = _signed()
    headers.update(changed)
    return headers


def _passes(
    headers: Mapping[str, str], body: bytes = BODY.encode(), url: str = URL
) -> bool:
    try:
        assert IgloohomeKey(PUBLIC).verify(url, headers, body, NOW) == headers["Date"]
    except SignatureError:
        return False
    return True


def test_igloohome() -> None:
    """What is signed as described is accepted, in all readings that are not settled."""
    assert _passes(_signed())
    quoted = _signed()
    quoted["X-IglooCompany-SHA256"] = f'"{quoted["X-IglooCompany-SHA256"]}"'
    assert _passes(quoted)
    parameters = f"{JSON}; charset=utf-8"
    assert _passes(_signed(kind=parameters))
    assert _passes(_signed(sent=parameters))
    with_port = URL.replace("example", "example:8443")
    assert _passes(_signed(host="home.example:8443"), url=with_port)
    assert _passes(_signed(), url=with_port)
    binary = b"\x00\xff" + BODY.encode()
    assert _passes(_signed(binary), binary)


@pytest.mark.parametrize(
    "headers",
    [
        _signed(b"{}"),
        _signed(host="evil.example"),
        _signed(path="/api/webhook/other"),
        _signed(method="PUT"),
        _signed(key=FOREIGN),
        _signed(sent="text/plain"),
        _signed(at=NOW - IGLOOHOME_TOLERANCE - SECOND),
        _signed(at=NOW + IGLOOHOME_TOLERANCE + SECOND),
        _but({"Date": format_datetime(NOW + SECOND, usegmt=True)}),
        _but({"Date": ""}),
        _but({"Date": "yesterday"}),
        _but({"Date": "Fri, 20 Nov 2026 12:00:00"}),
        _but({"X-IglooCompany-SHA256": ""}),
        _but({"X-IglooCompany-SHA256": "AAAA"}),
        _but({"X-IglooCompany-SHA256": "no base64!"}),
        _but({"Content-Type": "日本"}),
        {},
    ],
)
def test_igloohome_refused(headers: CIMultiDict[str]) -> None:
    """One thing wrong is enough."""
    assert not _passes(CIMultiDict(headers))


@pytest.mark.parametrize(
    "form", [PublicFormat.PKCS1, PublicFormat.SubjectPublicKeyInfo]
)
def test_key_forms(form: PublicFormat) -> None:
    """The key is understood as base64 and as PEM, and as forms leave them."""
    public = KEY.public_key()
    pem = public.public_bytes(Encoding.PEM, form).decode()
    plain = base64.b64encode(public.public_bytes(Encoding.DER, form)).decode()
    for text in (
        plain,
        f'"{plain}"',
        f" {plain[:70]}\n{plain[70:]} ",
        pem,
        pem.replace("\n", " "),
        pem.replace("\n", "\r\n"),
    ):
        IgloohomeKey(text).verify(URL, _signed(), BODY.encode(), NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no key",
        "AAAA",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY----- AAAA -----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY----- 日本 -----END PUBLIC KEY-----",
        base64.b64encode(
            ec.generate_private_key(ec.SECP256R1())
            .public_key()
            .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).decode(),
        base64.b64encode(
            generate_private_key(public_exponent=65537, key_size=1024)
            .public_key()
            .public_bytes(Encoding.DER, PublicFormat.PKCS1)
        ).decode(),
    ],
    ids=lambda text: f"{len(text)} characters",
)
def test_no_key(text: str) -> None:
    """What cannot be igloohome's key is not taken for one."""
    with pytest.raises(KeyFormatError):
        IgloohomeKey(text)
