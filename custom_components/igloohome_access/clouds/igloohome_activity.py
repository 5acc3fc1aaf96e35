"""Rows of a lock's log as igloohome has them, read tolerantly.

Facts: reference/igloohome-api.md §5. A row comes in one of two shapes: described
(``activityType``, ``localActionAt``) from the API, raw (``logType``, ``entryDate``)
from a webhook. Neither has an id, so one is made of what happened where and when;
both shapes of one row get the same.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
import hashlib
import re

from ..model import Activity, ActivityKind
from .parsing import JsonObject, as_id, as_moment, as_number, as_pin, as_text
from .redaction import safe_word

_UNLOCKED, _LOCKED = ActivityKind.UNLOCKED, ActivityKind.LOCKED

# Kind, method and first use of each logType (§5.2). Missing numbers are unknown.
_LOG_TYPES: dict[int, tuple[ActivityKind, str | None, bool | None]] = {
    11: (_UNLOCKED, "bluetooth", None),
    16: (ActivityKind.ACCESS_DENIED, "keycode", None),
    18: (_UNLOCKED, "keycode", None),
    19: (_UNLOCKED, "keycode", False),
    20: (_UNLOCKED, "keycode", True),
    21: (_UNLOCKED, "keycode", None),
    22: (_UNLOCKED, "keycode", True),
    23: (_UNLOCKED, "keycode", None),
    24: (_UNLOCKED, "keycode", None),
    25: (_UNLOCKED, "keycode", None),
    26: (_UNLOCKED, "keycode", None),
    37: (_LOCKED, "bluetooth", None),
    43: (_UNLOCKED, "card", None),
    49: (_LOCKED, "button", None),
    50: (_UNLOCKED, "button", None),
    51: (_LOCKED, "key", None),
    52: (_UNLOCKED, "key", None),
    53: (ActivityKind.TAMPERED, None, None),
    56: (_UNLOCKED, "fingerprint", None),
}

# Words of activityType. Five names are known (§5.1); these are their parts and the
# likely parts of the others.
_REFUSED = frozenset({"FAILED", "FAIL", "WRONG", "INVALID", "INCORRECT", "DENIED"})
_BREAK_IN = frozenset({"BREAK", "BREAKIN", "TAMPER", "TAMPERED", "INTRUSION"})
_LOCKING = frozenset({"LOCK", "LOCKED", "RELOCK", "AUTOLOCK", "AUTORELOCK"})
_METHODS = (
    (frozenset({"PIN", "PASSCODE", "KEYPAD"}), "keycode"),
    (frozenset({"CARD", "RFID", "NFC"}), "card"),
    (frozenset({"FINGERPRINT", "BIOMETRIC"}), "fingerprint"),
    (frozenset({"BLUETOOTH", "BLE", "EKEY", "APP"}), "bluetooth"),
    (frozenset({"BRIDGE", "REMOTE"}), "remote"),
    (frozenset({"AUTO", "AUTOLOCK", "AUTORELOCK"}), "automatic"),
    (frozenset({"BUTTON"}), "button"),
    (frozenset({"KEY", "THUMBTURN"}), "key"),
    (frozenset({"MANUAL"}), "manual"),
)
_OFFSET = re.compile(r"(Z|[+-]\d\d:?\d\d)$", re.IGNORECASE)
# A moment in seconds has ten digits for centuries; one with more is in milliseconds.
_MILLISECONDS = 1e11


def parse_row(device_id: str, row: JsonObject) -> Activity | None:
    """Return what a row of a lock's log says, None if it does not say when."""
    happened_at = _moment(row)
    if happened_at is None:
        return None
    number = as_number(row.get("logType"))
    text = as_text(row.get("activityType"))
    if number is not None and number in _LOG_TYPES:
        kind, method, first_use = _LOG_TYPES[int(number)]
    elif text is not None:
        (kind, method), first_use = _described(text), None
    else:
        kind, method, first_use = ActivityKind.OTHER, None, None
    word = safe_word(text) or (as_id(row.get("logType")) if number else None)
    parts = [device_id, kind, f"{happened_at:%Y%m%dT%H%M%S}"]
    if kind is ActivityKind.OTHER:
        parts.append(word or "")
    return Activity(
        activity_id=hashlib.sha256("|".join(parts).encode()).hexdigest()[:32],
        device_id=device_id,
        kind=kind,
        happened_at=happened_at,
        method=method,
        pin=as_pin(row.get("pin")),
        first_use=first_use,
        word=word,
    )


def merge_rows(found: Iterable[Activity]) -> tuple[Activity, ...]:
    """Return every activity once, oldest first, with all that its rows tell."""
    merged: dict[str, Activity] = {}
    for row in found:
        known = merged.get(row.activity_id)
        merged[row.activity_id] = row if known is None else _merged(known, row)
    return tuple(sorted(merged.values(), key=lambda row: row.happened_at))


def _merged(known: Activity, other: Activity) -> Activity:
    """Return what two rows about the same tell together."""
    return replace(
        known,
        method=known.method or other.method,
        pin=known.pin or other.pin,
        first_use=other.first_use if known.first_use is None else known.first_use,
        word=known.word or other.word,
    )


def _moment(row: JsonObject) -> datetime | None:
    """Return when a row happened: at the lock, not when it arrived.

    What is called local is believed only with an offset; without one it would be on
    the clock of a lock whose zone is not known here.
    """
    texts = [as_text(row.get(key)) for key in ("localActionAt", "activityTimeAt")]
    for text in texts:
        if text is not None and _OFFSET.search(text) and (moment := as_moment(text)):
            return moment
    seconds = as_number(row.get("entryDate"))
    if seconds is not None and seconds > 0:
        if seconds >= _MILLISECONDS:
            seconds /= 1000
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except OverflowError, ValueError, OSError:
            return None
    return next((moment for text in texts if (moment := as_moment(text))), None)


def _described(text: str) -> tuple[ActivityKind, str | None]:
    """Return kind and method of an ``activityType``, by the words it is made of."""
    words = frozenset(re.split(r"[^A-Z]+", text.upper()))
    method = next((name for names, name in _METHODS if words & names), None)
    if words & _REFUSED:
        # CREATE_PIN_FAILED is nobody at the door, WRONG_PIN is.
        failed = words & {"FAILED", "FAIL"}
        denied = words & {"UNLOCK", "ACCESS"} or ("PIN" in words and not failed)
        return (ActivityKind.ACCESS_DENIED if denied else ActivityKind.OTHER), method
    if words & _BREAK_IN:
        return ActivityKind.TAMPERED, method
    if words & {"UNLOCK", "UNLOCKED"}:
        return _UNLOCKED, method
    if words & _LOCKING:
        return _LOCKED, method
    if {"LOW", "BATTERY"} <= words:
        return ActivityKind.LOW_BATTERY, None
    return ActivityKind.OTHER, method
