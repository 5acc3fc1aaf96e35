"""Secrets taken out of what a cloud said, before a person or a log reads it.

A cloud may repeat in an error what it was sent or what it stores: a PIN, a key, a
token. Texts of a cloud therefore pass through here before they become part of an
exception or a notice. Losing a harmless number is the smaller evil.
"""

from collections.abc import Iterable
import re

HIDDEN = "***"
"""What stands in the place of a secret."""

MAX_TEXT_LENGTH = 300
"""Characters of a cloud's text that are kept."""

_MIN_SECRET_LENGTH = 4

_SCHEME = re.compile(r"\b(bearer|basic)\s+(?=\S*[\d=._-])[\w.~+/=-]{8,}", re.IGNORECASE)
_KEY = re.compile(r"\b(?:seam_\w+|whsec_[\w+/=]+|eyJ[\w-]+(?:\.[\w-]*)*)")
_LABELLED = re.compile(
    r"\b(\w*(?:secret|token|password|admin_key|api_key|lockref))"
    r"(\"?\s*[:=]\s*\"?)[^\s\"',;&}]+",
    re.IGNORECASE,
)
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
# Codes such as igloo_algopin_must_be_used_within_24_hours are long and no secrets.
_SNAKE_CASE = re.compile(r"[a-z]+(?:_(?:[a-z]+|\d{1,3}))+")
# A PIN may be written in groups: 123 456 789. With other signs between them only in
# groups of one length, of which the last may be shorter: 29-367 is a range of days.
_GROUPED = re.compile(
    r"(?<!\d)(?:"
    r"\d(?:[._/-]\d){3,}"
    r"|\d{2}(?:[._/-]\d{2})+(?:[._/-]\d)?"
    r"|\d{3}(?:[._/-]\d{3})*[._/-]\d{1,3}"
    r"|\d{4}(?:[._/-]\d{4})*[._/-]\d{1,4}"
    r")(?!\d)"
)
_DIGITS = re.compile(r"\d(?:\s?\d){3,}")
# Such a text is shown in notices, which are Markdown: no links, pictures or tags.
_PLAIN = str.maketrans("[]<>`", "()‹›'")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


def _hide_long(match: re.Match[str]) -> str:
    """Hide a long string unless it is plainly a word of the API."""
    text = match.group()
    return text if _SNAKE_CASE.fullmatch(text) else HIDDEN


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a cloud's text in one line, without secrets and not too long.

    ``secrets`` are strings known to be secret; besides them everything that looks
    like a key, a token or a PIN (four digits or more) is hidden.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _MIN_SECRET_LENGTH:
            text = text.replace(secret, HIDDEN)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = _KEY.sub(HIDDEN, text)
    text = _LABELLED.sub(rf"\1\2{HIDDEN}", text)
    text = _LONG.sub(_hide_long, text)
    text = _DIGITS.sub(HIDDEN, _GROUPED.sub(HIDDEN, text))
    text = " ".join(text.translate(_PLAIN).split())
    if len(text) > MAX_TEXT_LENGTH:
        text = f"{text[: MAX_TEXT_LENGTH - 1]}…"
    return text


def safe_word(text: object, secrets: Iterable[str] = ()) -> str:
    """Return a machine-readable word of a cloud, empty if it is none or a secret.

    Error types and codes are open strings (reference/seam-api.md §1.3).
    """
    if not isinstance(text, str) or not _WORD.fullmatch(text):
        return ""
    return text if redact(text, secrets) == text else ""
