"""Strict checks of request bodies (reference/igloohome-api.md §3.2, §4.1, §9).

Error texts are live ones where one is known ("'startDate' must be in format",
"'pin' length is 4-6 digits", "Exceeded the limit of 367 days"); the others are
worded after them.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
import json
import re
from typing import Any

from aiohttp import web

from .errors import refuse, refuse_at_gateway
from .switches import IgloohomeSwitches

_HOUR_FORMAT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:00:00([+-]\d{2}:\d{2}|Z)", re.ASCII)
_TIME_FORMAT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}([+-]\d{2}:\d{2}|Z)", re.ASCII
)
_MAX_OFFSET = timedelta(hours=14)
_CUSTOM_PIN = re.compile(r"[0-9]{4,6}")
_NAME_LENGTH = range(1, 61)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as sent (``text``) and what it means (``at``, aware, own offset)."""

    text: str
    at: datetime


async def json_object(request: web.Request) -> dict[str, Any]:
    """Return the body of a POST, which must be a JSON object."""
    if request.content_type != "application/json":
        refuse_at_gateway(415, "Unsupported Media Type")
    try:
        body = json.loads(await request.text())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        refuse_at_gateway(400, "Invalid request body")
    return body


def only(
    body: dict[str, Any], allowed: AbstractSet[str], switches: IgloohomeSwitches
) -> None:
    """Refuse properties the endpoint does not know."""
    if switches.extra_properties == "refuse" and (extra := body.keys() - allowed):
        refuse(400, f"'{min(extra)}' is not allowed")


def required(body: dict[str, Any], name: str) -> Any:
    """Return a property that must be there and not null."""
    if body.get(name) is None:
        refuse(400, f"'{name}' is required")
    return body[name]


def access_name(body: dict[str, Any]) -> str:
    """Return ``accessName``, 1-60 characters."""
    value = required(body, "accessName")
    if not isinstance(value, str) or len(value) not in _NAME_LENGTH:
        refuse(400, "'accessName' length is 1-60 characters")
    return value


def integer(body: dict[str, Any], name: str, allowed: AbstractSet[int]) -> int:
    """Return a JSON integer out of ``allowed``; true, 1.0 and "1" are none."""
    value = required(body, name)
    if type(value) is not int or value not in allowed:
        options = ", ".join(str(option) for option in sorted(allowed))
        refuse(400, f"'{name}' must be one of {options}")
    return value


def whole_hour(body: dict[str, Any], name: str, switches: IgloohomeSwitches) -> Moment:
    """Return an algoPIN's date: minutes and seconds 00, numeric offset."""
    return _date(body, name, _HOUR_FORMAT, "YYYY-MM-DDTHH:00:00+hh:mm", switches)


def moment(body: dict[str, Any], name: str, switches: IgloohomeSwitches) -> Moment:
    """Return a custom PIN's date: any minute and second, numeric offset."""
    return _date(body, name, _TIME_FORMAT, "YYYY-MM-DDTHH:mm:ss+hh:mm", switches)


def custom_pin(body: dict[str, Any]) -> str:
    """Return the ``pin`` of jobs 4 and 5."""
    value = required(body, "pin")
    if not isinstance(value, str) or _CUSTOM_PIN.fullmatch(value) is None:
        refuse(400, "'pin' length is 4-6 digits")
    return value


def before_current_hour(date: Moment, now: datetime) -> bool:
    """Return whether a date lies before the running hour of its own offset."""
    local = now.astimezone(date.at.tzinfo)
    return date.at < local.replace(minute=0, second=0, microsecond=0)


def _date(
    body: dict[str, Any],
    name: str,
    pattern: re.Pattern[str],
    form: str,
    switches: IgloohomeSwitches,
) -> Moment:
    """Return a date that matches ``pattern`` and exists in the calendar."""
    text = required(body, name)
    at = None
    if (
        isinstance(text, str)
        and pattern.fullmatch(text) is not None
        and (switches.z_suffix == "accept" or not text.endswith("Z"))
    ):
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
    if at is None or abs(at.utcoffset() or timedelta()) > _MAX_OFFSET:
        refuse(400, f"'{name}' must be in format {form}")
    return Moment(text, at)
