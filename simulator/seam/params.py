"""Checks the parameters of a request the way Seam's framework does.

Parameters come as a JSON body or as a query string (repeated names for arrays,
`true`/`false`, an empty value for null; reference/seam-api.md §2). Every problem is
collected into `validation_errors` (§4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import re
from typing import Any, Literal
from urllib.parse import urlsplit
import uuid

from multidict import MultiMapping

from .errors import SeamError, ValidationErrors

type Kind = Literal[
    "string",
    "uuid",
    "datetime",
    "bool",
    "number",
    "object",
    "strings",
    "uuids",
    "datetimes",
]
type Spec = Mapping[str, Param]

_ARRAY_KINDS = {"strings": "string", "uuids": "uuid", "datetimes": "datetime"}
_SDK_PARAMETERS = frozenset({"_strict"})
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a route."""

    kind: Kind = "string"
    required: bool = False
    nullable: bool = False
    choices: frozenset[str] | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    uri: bool = False


def parse_instant(text: str) -> datetime:
    """Return the aware UTC moment an ISO 8601 text names.

    Raise ValueError for anything else, a text without an offset included.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("missing time zone")
    return moment.astimezone(UTC)


def _check_text(param: Param, value: str) -> str | None:
    """Return what is wrong with a text, or None."""
    if param.min_length is not None and len(value) < param.min_length:
        return f"String must contain at least {param.min_length} character(s)"
    if param.max_length is not None and len(value) > param.max_length:
        return f"String must contain at most {param.max_length} character(s)"
    if param.pattern is not None and not re.fullmatch(param.pattern, value):
        return "Invalid"
    if param.choices is not None and value not in param.choices:
        return "Invalid enum value"
    if param.uri:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return "Invalid url"
    return None


def _check_scalar(kind: str, param: Param, value: object) -> tuple[Any, str | None]:
    """Return the converted value and what is wrong with it, or None."""
    match kind:
        case "bool":
            if not isinstance(value, bool):
                return None, f"Expected boolean, received {_type_name(value)}"
            return value, None
        case "number":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return None, f"Expected number, received {_type_name(value)}"
            if param.minimum is not None and value < param.minimum:
                return None, f"Number must be greater than or equal to {param.minimum}"
            if param.maximum is not None and value > param.maximum:
                return None, f"Number must be less than or equal to {param.maximum}"
            return value, None
        case "object":
            if not isinstance(value, dict):
                return None, f"Expected object, received {_type_name(value)}"
            return value, None
    if not isinstance(value, str):
        return None, f"Expected string, received {_type_name(value)}"
    if problem := _check_text(param, value):
        return None, problem
    try:
        if kind == "uuid":
            return str(uuid.UUID(value)), None
        if kind == "datetime":
            return parse_instant(value), None
    except ValueError:
        return None, "Invalid uuid" if kind == "uuid" else "Invalid datetime"
    return value, None


def _type_name(value: object) -> str:
    """Return JSON's name of a value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def _check(param: Param, value: object) -> tuple[Any, str | None]:
    """Return the converted value and what is wrong with it, or None."""
    if value is None:
        if param.nullable:
            return None, None
        kind = "array" if param.kind in _ARRAY_KINDS else param.kind
        return None, f"Expected {kind}, received null"
    if (item_kind := _ARRAY_KINDS.get(param.kind)) is None:
        return _check_scalar(param.kind, param, value)
    if not isinstance(value, list):
        return None, f"Expected array, received {_type_name(value)}"
    items: list[Any] = []
    for item in value:
        converted, problem = _check_scalar(item_kind, param, item)
        if problem:
            return None, problem
        items.append(converted)
    return items, None


def check_parameters(
    spec: Spec, raw: Mapping[str, Any], *, strict: bool
) -> dict[str, Any]:
    """Return the converted parameters that were given.

    UUIDs are lower-cased texts, moments aware UTC datetimes. Raise a 400
    invalid_input that names every wrong parameter.
    """
    errors: ValidationErrors = {"_errors": []}
    result: dict[str, Any] = {}
    first: str | None = None
    for name, param in spec.items():
        value = raw.get(name, _MISSING)
        if value is _MISSING:
            problem = "Required" if param.required else None
        else:
            converted, problem = _check(param, value)
            if problem is None:
                result[name] = converted
        if problem is not None:
            errors[name] = {"_errors": [problem]}
            first = first or f'{problem} for "{name}"'
    if strict and (unknown := sorted(set(raw) - set(spec) - _SDK_PARAMETERS)):
        problem = f"Unrecognized key(s) in object: {', '.join(unknown)}"
        errors["_errors"].append(problem)
        first = first or problem
    if first is not None:
        raise SeamError(400, "invalid_input", first, validation_errors=errors)
    return result


def query_parameters(spec: Spec, query: MultiMapping[str]) -> dict[str, Any]:
    """Return the raw parameters of a query string, typed by the route's spec.

    What cannot be converted stays text and fails in `check_parameters`.
    """
    raw: dict[str, Any] = {}
    for name in query:
        param = spec.get(name, Param())
        if param.kind in _ARRAY_KINDS:
            raw[name] = list(query.getall(name))
            continue
        text = query[name]
        match param.kind:
            case _ if text == "" and param.nullable:
                raw[name] = None
            case "bool" if text in ("true", "false"):
                raw[name] = text == "true"
            case "number":
                try:
                    raw[name] = float(text) if "." in text else int(text)
                except ValueError:
                    raw[name] = text
            case _:
                raw[name] = text
    return raw


LIMIT = Param("number", minimum=1)
CURSOR = Param(nullable=True)
SEARCH = Param(min_length=1)
CODE = Param(pattern=r"[0-9]+", min_length=4, max_length=12)
WINDOW = {"starts_at": Param("datetime"), "ends_at": Param("datetime")}
EXTERNAL = {
    "is_external_modification_allowed": Param("bool"),
    "allow_external_modification": Param("bool"),
}
