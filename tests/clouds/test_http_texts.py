"""Redaction, what refusals say, and tolerant reading of single values."""

from datetime import UTC, datetime
from typing import Any

from multidict import CIMultiDict
import pytest

from custom_components.igloohome_access.clouds import parsing
from custom_components.igloohome_access.clouds.answers import (
    Refusal,
    error_for,
    http_date,
    is_page,
    retry_after,
    said,
)
from custom_components.igloohome_access.clouds.base import (
    CloudAuthError,
    CloudError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudRefusedError,
)
from custom_components.igloohome_access.clouds.redaction import (
    MAX_TEXT_LENGTH,
    redact,
    safe_word,
)
from custom_components.igloohome_access.model import DeviceType

from .samples import NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The code 1234 is in use", "The code *** is in use"),
        ("pin=048151623.", "pin=***."),
        ("PIN 123 456 789 exists", "PIN *** exists"),
        ("PIN 482-913 exists", "PIN *** exists"),
        ("PIN 4829.13 or 48/29/1 or 4_8_2_9", "PIN *** or *** or ***"),
        ("PIN 049-158-273-1.", "PIN ***."),
        ("at most 672 hours, 29-367 days", "at most 672 hours, 29-367 days"),
        ("one to 3.5 of 24, version 1.2.3", "one to 3.5 of 24, version 1.2.3"),
        ("one of 1, 2, 4", "one of 1, 2, 4"),
        ("Bearer abc.def-123456 refused", "Bearer *** refused"),
        ("Basic c2ltLWNsaWVudC1pZDpz= bad", "Basic *** bad"),
        ("Bearer token is missing", "Bearer token is missing"),
        ("key seam_test_abc is unknown", "key *** is unknown"),
        ("secret whsec_dGVzdA== is old", "secret *** is old"),
        ("token eyJhbGciOi.eyJzdWIi.c2ln expired", "token *** expired"),
        ('{"client_secret": "hush", "x": 1}', '{"client_secret": "***", "x": 1}'),
        ("access_token=hush&a=b", "access_token=***&a=b"),
        ("id 0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f gone", "id *** gone"),
        (
            "igloo_algopin_must_be_used_within_24_hours",
            "igloo_algopin_must_be_used_within_24_hours",
        ),
        ("two\n lines\t here", "two lines here"),
        ("![x](https://e.example) <b>`a`</b>", "!(x)(https://e.example) ‹b›'a'‹/b›"),
        ("'startDate' must be in format YYYY-MM-DDTHH:00:00+hh:mm",) * 2,
    ],
)
def test_redact(text: str, expected: str) -> None:
    """What looks like a secret is hidden, what a person needs is kept."""
    assert redact(text) == expected


def test_redact_known_secrets() -> None:
    """Known secrets are hidden, the longest first; short words are no secrets."""
    assert redact("hushhush and hush", ["hush", "hushhush", "an"]) == "*** and ***"


def test_redact_shortens() -> None:
    """A text is cut, after its secrets are gone."""
    text = redact("word " * 100)
    assert len(text) == MAX_TEXT_LENGTH
    assert text.endswith("…")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("duplicate_access_code", "duplicate_access_code"),
        ("code_1234", ""),
        ("hush", ""),
        ("two words", ""),
        ("", ""),
        (None, ""),
        (7, ""),
        ("x" * 65, ""),
    ],
)
def test_safe_word(value: object, expected: str) -> None:
    """Only a word without secrets is taken as one."""
    assert safe_word(value, ["hush"]) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error": {"type": "t", "message": "m"}}', ("t", "m")),
        (
            b'{"error": {"type": "invalid_input", "message": "m", "validation_errors":'
            b' {"_errors": [], "name": {"_errors": ["Required", 7]}, "x": 1}}}',
            ("invalid_input", "m; name: Required, 7"),
        ),
        (b'{"error": {"message": 5, "validation_errors": []}}', (None, "")),
        (b'{"error": "invalid_client"}', ("invalid_client", "invalid_client")),
        (b'{"error": "e", "error_description": "why"}', ("e", "why")),
        (b'{"error": "invalid", "message": "why"}', ("invalid", "why")),
        (b'{"error": "No bridge", "message": "Oh"}', ("No bridge", "No bridge; Oh")),
        (b'{"error": "Not so", "message": "Not so"}', ("Not so", "Not so")),
        (b'{"error": "Not so", "message": ""}', ("Not so", "Not so")),
        (b'{"error": {}, "message": 7}', (None, "")),
        (b'{"message": "Forbidden"}', (None, "Forbidden")),
        (b'{"message": 7}', (None, "")),
        (b"{}", (None, "")),
        (b"[1]", (None, "")),
        (b"Not here", (None, "Not here")),
        (b"", (None, "")),
        (b"long " * 100, (None, "")),
    ],
)
def test_said(body: bytes, expected: tuple[object, str]) -> None:
    """Every documented shape of an error is understood, any other gives nothing."""
    assert said(body) == expected


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, CloudRefusedError),
        (401, CloudAuthError),
        (403, CloudPermissionError),
        (404, CloudNotFoundError),
        (410, CloudNotFoundError),
        (409, CloudRefusedError),
    ],
)
def test_error_for(status: int, error: type[CloudError]) -> None:
    """The status decides about the class of the error."""
    found = error_for(Refusal(status, "", "why"))
    assert type(found) is error
    assert found.detail == str(found) == "why"


def test_error_for_reason() -> None:
    """The word of the cloud is the reason, else the status."""
    with_word, without = (
        error_for(Refusal(409, "duplicate", "why")),
        error_for(Refusal(409, "", "why")),
    )
    assert isinstance(with_word, CloudRefusedError)
    assert isinstance(without, CloudRefusedError)
    assert (with_word.reason, without.reason) == ("duplicate", "http_409")


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"", "text/html", True),
        (b"  <!DOCTYPE html>", "application/octet-stream", True),
        (b"{}", "application/json", False),
    ],
)
def test_is_page(body: bytes, content_type: str, expected: bool) -> None:
    """A web page is told by its type or its first character."""
    assert is_page(body, content_type) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7.0),
        (" 2.5 ", 2.5),
        ("Fri, 20 Nov 2026 10:20:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 10:20:30 -0000", 30.0),
        ("Fri, 20 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        (None, None),
    ],
)
def test_retry_after(text: str | None, expected: float | None) -> None:
    """Seconds and dates are understood, nothing else."""
    headers = CIMultiDict({} if text is None else {"retry-after": text})
    assert retry_after(headers, NOW) == expected


def test_http_date_that_cannot_be() -> None:
    """A date that does not exist is no date."""
    assert http_date("Fri, 32 Nov 2026 10:20:30 GMT") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-20T11:00:00+01:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:00.000Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:00.123456Z", datetime(2026, 11, 20, 10, 0, 0, 123456, UTC)),
        ("2026-11-20T10:00:00+0000", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00+05:00", None),
        ("yesterday", None),
        (1763632800, None),
        (None, None),
    ],
)
def test_as_moment(value: object, expected: datetime | None) -> None:
    """Moments come in several forms; what is none is nothing."""
    assert parsing.as_moment(value) == expected


@pytest.mark.parametrize(
    ("value", "full", "expected"),
    [
        (64, 100, 64),
        (0, 100, 0),
        (101, 100, None),
        (-1, 100, None),
        (True, 100, None),
        ("64", 100, None),
        (float("nan"), 100, None),
        (0.864, 1, 86),
        (1, 1, 100),
        (1.2, 1, None),
    ],
)
def test_as_percent(value: object, full: float, expected: int | None) -> None:
    """A level outside of its range is none."""
    assert parsing.as_percent(value, full) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0012345", "0012345"),
        ("1234", "1234"),
        ("123", None),
        ("1234567890123", None),
        ("12 34", None),
        ("١٢٣٤", None),
        ("1234\n", None),
        (123456789, None),
        (None, None),
    ],
)
def test_as_pin(value: object, expected: str | None) -> None:
    """A PIN is a text of 4 to 12 digits; a number has lost its zeros."""
    assert parsing.as_pin(value) == expected


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        (parsing.as_id, 7, "7"),
        (parsing.as_id, True, None),
        (parsing.as_id, " a ", "a"),
        (parsing.as_text, "  ", None),
        (parsing.as_text, 7, None),
        (parsing.as_flag, 1, None),
        (parsing.as_flag, False, False),
        (parsing.as_object, [], {}),
        (parsing.as_objects, [1, {"a": 1}, None], [{"a": 1}]),
        (parsing.as_objects, {"a": 1}, []),
        (parsing.lock_type, "igk3300dead66", DeviceType.KEYBOX),
        (parsing.lock_type, "SK3E00", DeviceType.KEYBOX),
        (parsing.lock_type, "SP2X33", DeviceType.PADLOCK),
        (parsing.lock_type, "IGP100", DeviceType.PADLOCK),
        (parsing.lock_type, "IGB400", DeviceType.LOCK),
        (parsing.lock_type, None, DeviceType.LOCK),
    ],
)
def test_small_values(function: Any, value: object, expected: object) -> None:
    """Values of the wrong type are the same as none."""
    assert function(value) == expected


def test_last_result() -> None:
    """A result is kept as long as the very same arguments come."""
    calls: list[tuple[object, ...]] = []

    def add(*arguments: object) -> int:
        calls.append(arguments)
        return len(calls)

    last = parsing.LastResult(add)
    first, equal = ["a"], ["a"]
    assert [last.get(first), last.get(first), last.get(equal), last.get()] == [
        1,
        1,
        2,
        3,
    ]
