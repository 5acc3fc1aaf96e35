"""What an HTTP answer says: success, refusal, how long to wait.

Pure functions of status, headers and body; sending is done by ``http.py``.
"""

from collections.abc import Mapping
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import re
from typing import Any

import orjson

from .base import (
    CloudAuthError,
    CloudError,
    CloudNotFoundError,
    CloudPermissionError,
    CloudRefusedError,
)

# Longer than any message of either cloud; a longer text is a page or a dump.
_MAX_PLAIN_TEXT = 200


class UnusableAnswerError(ValueError):
    """A 2xx answer lacks what was asked for; the text says what, without values."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A 4xx answer: the cloud's word for it and its text, both without secrets.

    ``reason`` is empty where the cloud gave no word.
    """

    status: int
    reason: str
    detail: str


def error_for(refusal: Refusal) -> CloudError:
    """Return the error for a refusal, by its status (reference/seam-api.md §4)."""
    match refusal.status:
        case 401:
            return CloudAuthError(refusal.detail)
        case 403:
            return CloudPermissionError(refusal.detail)
        case 404 | 410:
            return CloudNotFoundError(refusal.detail)
    return CloudRefusedError(refusal.detail, refusal.reason or f"http_{refusal.status}")


def said(body: bytes) -> tuple[object, str]:
    """Return the word and the text of an error body, whatever its shape.

    Shapes: Seam's ``{"error": {"type", "message", "validation_errors"?}}``, OAuth's
    ``{"error", "error_description"}``, igloohome's ``{"error"}`` or ``{"message"}``
    (reference/seam-api.md §4, reference/igloohome-api.md §1.1 and §3.4), and a short
    plain text.
    """
    data: object = None
    with contextlib.suppress(ValueError):
        data = orjson.loads(body)
    if not isinstance(data, dict):
        short = data is None and len(body) <= _MAX_PLAIN_TEXT
        return None, body.decode(errors="replace") if short else ""
    error = data.get("error")
    if isinstance(error, dict):
        return error.get("type"), "; ".join(_seam_texts(error))
    return error, _text(error, data.get("error_description") or data.get("message"))


def _text(error: object, message: object) -> str:
    """Return what is said to people; both, where ``error`` is more than a word.

    igloohome's service speaks in ``error``, the gateway before it in ``message``.
    """
    if not isinstance(message, str) or not message:
        return error if isinstance(error, str) else ""
    if isinstance(error, str) and " " in error and error != message:
        return f"{error}; {message}"
    return message


def _seam_texts(error: dict[str, Any]) -> list[str]:
    """Return the message of a Seam error and what is wrong with which parameter."""
    texts = [error["message"]] if isinstance(error.get("message"), str) else []
    validation = error.get("validation_errors")
    if isinstance(validation, dict):
        for name, problem in validation.items():
            found = problem.get("_errors") if isinstance(problem, dict) else None
            if isinstance(found, list) and found:
                texts.append(f"{name}: {', '.join(map(str, found))}")
    return texts


def is_page(body: bytes, content_type: str) -> bool:
    """Return whether an answer is a web page of something before the cloud."""
    return content_type == "text/html" or body.lstrip()[:1] == b"<"


def http_date(text: str) -> datetime | None:
    """Return the moment of an HTTP date, None if it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds to wait that ``Retry-After`` asks for, as number or date."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]*)?", text):
        return float(text)
    moment = http_date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())
