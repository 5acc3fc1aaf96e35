"""Tolerant reading of single values that a cloud sends.

Both clouds leave out fields, send null for them, and add values their
documentation does not know (reference/igloohome-api.md §2.2,
reference/seam-api.md §7). A value that cannot be understood is the same as none.
"""

from collections.abc import Callable
from datetime import UTC, datetime
import math
import re
from typing import Any

from ..model import DeviceType

type JsonObject = dict[str, Any]
"""A decoded JSON object; its values are checked where they are read."""

_PIN = re.compile(r"[0-9]{4,12}")

# Prefixes of Bluetooth ids, seen one by one, no official table
# (reference/igloohome-api.md §2.3).
_TYPE_PREFIXES = (
    (("IGK", "SK3"), DeviceType.KEYBOX),
    (("SP", "IGP"), DeviceType.PADLOCK),
)


def as_object(value: object) -> JsonObject:
    """Return a JSON object, empty if it is something else."""
    return value if isinstance(value, dict) else {}


def as_objects(value: object) -> list[JsonObject]:
    """Return the objects of a JSON array, leaving out everything else."""
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]


def as_text(value: object) -> str | None:
    """Return a text without surrounding blanks, None if there is none."""
    if not isinstance(value, str):
        return None
    return value.strip() or None


def as_id(value: object) -> str | None:
    """Return an id as text; ids are opaque and might be numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return as_text(value)


def as_flag(value: object) -> bool | None:
    """Return a boolean, None if it is neither true nor false."""
    return value if isinstance(value, bool) else None


def as_number(value: object) -> float | None:
    """Return a finite number, None if it is something else (also for booleans)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def as_count(value: object) -> int | None:
    """Return a whole number from 0 on, None if it is something else."""
    number = as_number(value)
    if number is None or number < 0 or number != int(number):
        return None
    return int(number)


def as_pin(value: object) -> str | None:
    """Return a PIN of 4 to 12 digits as the text it is.

    A number is not accepted: its leading zeros would be lost
    (reference/igloohome-api.md §3.1 and §7).
    """
    return value if isinstance(value, str) and _PIN.fullmatch(value) else None


def as_moment(value: object) -> datetime | None:
    """Return an ISO 8601 moment in UTC; without an offset it is meant in UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except ValueError, OverflowError:
        return None


def as_percent(value: object, full: float = 100) -> int | None:
    """Return a level between 0 and ``full`` as a whole percentage."""
    level = as_number(value)
    if level is None or not 0 <= level <= full:
        return None
    return round(level * 100 / full)


def lock_type(bluetooth_id: str | None) -> DeviceType:
    """Return what a lock is to a person, as far as its Bluetooth id gives a hint."""
    for prefixes, device_type in _TYPE_PREFIXES:
        if bluetooth_id is not None and bluetooth_id.upper().startswith(prefixes):
            return device_type
    return DeviceType.LOCK


class LastResult[T]:
    """The last result of a pure function, as long as its arguments are the same.

    Pages that have not changed are the same objects (HttpClient.async_read), so the
    devices made of them need not be made again.
    """

    def __init__(self, function: Callable[..., T]) -> None:
        """Nothing has been computed yet."""
        self._function = function
        self._last: tuple[tuple[object, ...], T] | None = None

    def get(self, *arguments: object) -> T:
        """Return the result for ``arguments``, which are compared by identity."""
        if self._last is not None:
            known, result = self._last
            if [id(a) for a in known] == [id(a) for a in arguments]:
                return result
        result = self._function(*arguments)
        self._last = (arguments, result)
        return result
