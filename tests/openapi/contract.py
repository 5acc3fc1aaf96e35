"""Seam's OpenAPI document as a judge of requests and answers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from .deviations import ERROR_STATUSES, UNDOCUMENTED_ROUTES, Problem, is_known
from .document import Schema, json_schema, load_document

_URI = "urn:seam"
_SDK_PARAMETERS = frozenset({"_strict"})
_ERROR_SCHEMA: Schema = {
    "type": "object",
    "required": ["error", "ok"],
    "additionalProperties": False,
    "properties": {
        "ok": {"const": False},
        "error": {
            "type": "object",
            "required": ["type", "message"],
            "additionalProperties": False,
            "properties": {
                "type": {"type": "string", "minLength": 1},
                "message": {"type": "string", "minLength": 1},
                "data": {"type": "object"},
                "validation_errors": {
                    "type": "object",
                    "required": ["_errors"],
                    "properties": {
                        "_errors": {"type": "array", "items": {"type": "string"}}
                    },
                },
            },
            "if": {"required": ["validation_errors"]},
            "then": {"properties": {"type": {"const": "invalid_input"}}},
        },
    },
}
"""The shape of every error (reference/seam-api.md §4)."""


_FORMATS = FormatChecker(("uuid", "email"))


@_FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    """Return whether a text is a moment with an offset, as RFC 3339 writes it.

    Needs no further package, so that the check cannot be skipped unnoticed.
    """
    if not isinstance(value, str):
        return True
    moment = datetime.fromisoformat(value)
    return moment.tzinfo is not None and value[10:11] == "T"


def _any_of(
    validator: Any, branches: Sequence[Schema], value: object, schema: Schema
) -> Iterator[ValidationError]:
    """Check a union as jsonschema does, without the branches that cannot be meant.

    Nearly every event of Seam is of another kind, and each is told by a constant.
    """
    found: list[ValidationError] = []
    for index, branch in enumerate(branches):
        if _excluded(branch, value):
            continue
        errors = list(validator.descend(value, branch, schema_path=index))
        if not errors:
            return
        found += errors
    yield ValidationError("fits no branch of a union", context=found)


# The library says nothing of the type.
_Validator: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"anyOf": _any_of}
)


class SeamContract:
    """Says what is wrong with a request or an answer.

    Paths are those of the API, for example /devices/list. Problems never contain
    values, which may be PINs.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Use an OpenAPI 3.0 document."""
        self._paths: Mapping[str, Any] = document["paths"]
        schemas = document["components"]["schemas"]
        self._components: dict[str, Schema] = {
            f"#/components/schemas/{name}": json_schema(schema)
            for name, schema in schemas.items()
        }
        contents = {
            "components": {
                "schemas": {
                    name.rpartition("/")[2]: schema
                    for name, schema in self._components.items()
                }
            }
        }
        resource = DRAFT202012.create_resource(contents)
        self._registry: Registry[Any] = Registry().with_resource(_URI, resource)
        self._response_schema = cache(self._find_response_schema)

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Return the contract of a JSON file, by default of the npm package's document.

        Raise SeamContractUnavailableError when that cannot be had.
        """
        return cls(load_document(path))

    def check_request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | Sequence[str]] | None = None,
        body: object = None,
    ) -> list[str]:
        """Return what the document has against a request.

        `query` holds the texts of the query string, `body` the JSON data of the body.
        """
        if path in UNDOCUMENTED_ROUTES:
            return []
        if (operations := self._paths.get(path)) is None:
            return ["the document has no such route"]
        if (operation := operations.get(method.lower())) is None:
            return [f"{method} is not allowed"]
        parameters = {item["name"]: item for item in operation.get("parameters", ())}
        schema: Schema = {
            "type": "object",
            "properties": {
                name: json_schema(item["schema"]) for name, item in parameters.items()
            },
            "required": [n for n, item in parameters.items() if item.get("required")],
        }
        values = {
            name: _from_query(schema["properties"].get(name, {}), value)
            for name, value in (query or {}).items()
            if name not in _SDK_PARAMETERS
        }
        problems = [f"query: {p}" for p in self._problems(schema, values)]
        content = operation.get("requestBody", {}).get("content", {})
        body_schema = content.get("application/json", {}).get("schema", {})
        if content or body is not None:
            sent = {} if body is None else body
            wanted = {"type": "object", "properties": {}, **json_schema(body_schema)}
            problems += [str(p) for p in self._problems(wanted, sent)]
        return problems

    def check_response(self, path: str, status: int, body: object) -> list[str]:
        """Return what the document has against an answer, known deviations aside."""
        if status >= 400:
            problems = list(self._problems(_ERROR_SCHEMA, body, unknown=False))
            if status not in ERROR_STATUSES:
                problems.append(Problem((), f"status {status} is not documented"))
            return [str(problem) for problem in problems]
        if status != 200:
            return [f"status {status} is not documented"]
        if path in UNDOCUMENTED_ROUTES:
            schema: Schema | None = {"type": "object", "required": ["ok"]}
        else:
            schema = self._response_schema(path)
        if schema is None:
            return ["the document has no such route"]
        found = self._problems(schema, body)
        return [str(p) for p in found if not is_known(path, p)]

    def _find_response_schema(self, path: str) -> Schema | None:
        """Return the schema of a route's 200 answer."""
        if (operations := self._paths.get(path)) is None:
            return None
        operation = next(iter(operations.values()))
        content = operation["responses"]["200"]["content"]
        return json_schema(content["application/json"]["schema"])

    def _validator(self, schema: Schema) -> Any:
        """Return a validator that finds the document's components."""
        return _Validator(
            {"$id": f"{_URI}:part", **_absolute(schema)},
            registry=self._registry,
            format_checker=_FORMATS,
        )

    def _problems(
        self, schema: Schema, body: object, *, unknown: bool = True
    ) -> Iterator[Problem]:
        """Yield everything that does not fit a schema, once."""
        seen: set[str] = set()
        found = [
            problem
            for error in self._validator(schema).iter_errors(body)
            for problem in _explain(error)
        ]
        if unknown:
            found += self._unknown_keys(schema, body, ())
        for problem in found:
            if str(problem) not in seen:
                seen.add(str(problem))
                yield problem

    def _unknown_keys(
        self, schema: Schema, value: object, path: tuple[str | int, ...]
    ) -> Iterator[Problem]:
        """Yield the keys that no schema of their place mentions."""
        if isinstance(value, list):
            shapes = [s for s in self._shapes(schema, value) if "items" in s]
            for index, item in enumerate(value):
                union = {"anyOf": [shape["items"] for shape in shapes]}
                yield from self._unknown_keys(union, item, (*path, index))
        if not isinstance(value, dict):
            return
        shapes = list(self._shapes(schema, value))
        if not any("properties" in shape for shape in shapes):
            return
        for key, item in value.items():
            known = [
                shape["properties"][key]
                for shape in shapes
                if key in shape.get("properties", {})
            ]
            open_ended = any("additionalProperties" in shape for shape in shapes)
            if known:
                yield from self._unknown_keys({"anyOf": known}, item, (*path, key))
            elif not open_ended:
                yield Problem(path, "unknown", key)

    def _shapes(self, schema: Schema, value: object) -> Iterator[Schema]:
        """Yield the plain schemas that together describe a value.

        Of a union's branches those count that the value's constants do not exclude.
        """
        if "$ref" in schema:
            yield from self._shapes(self._components[schema["$ref"]], value)
        for branch in schema.get("allOf", ()):
            yield from self._shapes(branch, value)
        for branch in schema.get("anyOf", ()):
            if not _excluded(branch, value):
                yield from self._shapes(branch, value)
        if "properties" in schema or "items" in schema:
            yield schema


def _excluded(branch: Schema, value: object) -> bool:
    """Return whether a union's branch is for another type or other constants."""
    if branch.get("type") == "null":
        return value is not None
    if not isinstance(value, dict):
        return False
    return any(
        name in value and "enum" in item and value[name] not in item["enum"]
        for name, item in branch.get("properties", {}).items()
    )


def _absolute(schema: Any) -> Any:
    """Return a schema whose references lead into the document."""
    if isinstance(schema, dict):
        return {
            key: f"{_URI}{value}" if key == "$ref" else _absolute(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_absolute(item) for item in schema]
    return schema


def _explain(error: ValidationError) -> Iterator[Problem]:
    """Yield the problems an error of the validator stands for.

    When one branch of a union is meant, its problems; otherwise the union's.
    """
    path = tuple(error.absolute_path)
    wanted: Any = error.validator_value
    present: Any = error.instance
    if error.validator == "required":
        for key in wanted:
            if key not in present:
                yield Problem(path, "required", key)
        return
    if error.validator == "anyOf":
        meant = [n for n, item in enumerate(wanted) if not _excluded(item, present)]
        if len(meant) == 1:
            for inner in error.context or ():
                if inner.relative_schema_path[0] == meant[0]:
                    yield from _explain(inner)
            return
    yield Problem(path, str(error.validator), None, present)


def _from_query(schema: Schema, value: str | Sequence[str]) -> object:
    """Return the data that texts of a query string stand for."""
    texts = [value] if isinstance(value, str) else list(value)
    options = [schema, *schema.get("anyOf", ())]
    types = {option.get("type") for option in options}
    if "array" in types:
        return texts
    text = texts[-1]
    if "null" in types and text == "":
        return None
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    if types & {"number", "integer"}:
        try:
            return float(text) if "." in text else int(text)
        except ValueError:
            return text
    return text
