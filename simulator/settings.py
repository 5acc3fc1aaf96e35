"""Set fields of a dataclass from JSON data, with strict type checks.

The control interface and the scenarios change switches and devices by name.
A misspelt name or a wrong value must be an error there, or a test would
quietly check something other than it says.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from datetime import datetime
from enum import Enum
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeAliasType,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def apply_fields(
    target: DataclassInstance,
    values: Mapping[str, Any],
    *,
    read_only: frozenset[str] = frozenset(),
) -> None:
    """Set the fields named in ``values``; set nothing when one is wrong.

    Raises ValueError with a readable text for an unknown or read-only name or
    a value of the wrong type.
    """
    checked = check_fields(type(target), values)
    if locked := read_only & checked.keys():
        raise ValueError(f"cannot be changed: {', '.join(sorted(locked))}")
    for name, value in checked.items():
        setattr(target, name, value)


def check_fields(
    cls: type[DataclassInstance], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return ``values`` converted to the field types of the dataclass ``cls``."""
    known = {item.name for item in fields(cls) if item.init}
    if unknown := set(values) - known:
        raise ValueError(
            f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}"
        )
    hints = get_type_hints(cls)
    return {name: convert(value, hints[name], name) for name, value in values.items()}


def reset_fields(target: DataclassInstance) -> None:
    """Set every field back to its default, in place."""
    for item in fields(target):
        setattr(target, item.name, _default(item))


def _default(item: Field[Any]) -> Any:
    """Return the default of one dataclass field."""
    if item.default is not MISSING:
        return item.default
    if item.default_factory is not MISSING:
        return item.default_factory()
    raise ValueError(f"{item.name} has no default")


def convert(value: Any, hint: Any, name: str) -> Any:
    """Return ``value`` as the type ``hint``, or raise ValueError naming ``name``.

    Understands None, bool, int, float, str, enums, Literal, unions, lists,
    dicts (passed on as they are) and datetimes (as ISO text with an offset).
    """
    if isinstance(hint, TypeAliasType):
        hint = hint.__value__
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        for option in get_args(hint):
            try:
                return convert(value, option, name)
            except ValueError:
                continue
        raise ValueError(f"{name}: {value!r} is not allowed")
    if origin is Literal:
        options = get_args(hint)
        if value not in options or isinstance(value, bool):
            raise ValueError(f"{name}: must be one of {list(options)!r}")
        return value
    if origin is list and isinstance(value, list | tuple):
        (item_hint,) = get_args(hint)
        return [convert(item, item_hint, name) for item in value]
    if origin is dict and isinstance(value, dict):
        return value
    if hint is NoneType and value is None:
        return None
    if isinstance(hint, type):
        try:
            result = _convert_scalar(value, hint)
        except ValueError as err:
            raise ValueError(f"{name}: {err}") from err
        if result is not None:
            return result
    raise ValueError(f"{name}: {value!r} has the wrong type")


def _convert_scalar(value: Any, hint: type) -> Any | None:
    """Return ``value`` as a plain type or enum member, or None."""
    if issubclass(hint, Enum):
        return hint(value)
    if issubclass(hint, datetime):
        moment = value if isinstance(value, datetime) else None
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
        if moment is not None and moment.tzinfo is None:
            raise ValueError("a time needs an offset")
        return moment
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in (bool, int, float, str) and type(value) is hint:
        return value
    return None
