"""Finds every use of a translation key in the sources, with its placeholders."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .sources import (
    Function,
    Keys,
    Scope,
    Sources,
    UntraceableError,
    argument,
    called,
    parameters,
)

KEY_PARAMETERS: Mapping[str, tuple[str, int, str | int | None]] = {
    # class or function: (section, position of the key, where its placeholders are)
    "RuleViolation": ("exceptions", 0, "**"),
    "Notice": ("exceptions", 0, 1),
    "refused": ("exceptions", 1, None),
    ".message": ("exceptions", 0, 1),
}


@dataclass(frozen=True)
class Use:
    """A translation key in the sources; ``placeholders`` is None if not known."""

    section: str
    key: str
    placeholders: Keys | None
    where: str


def uses(sources: Sources) -> Iterator[Use]:
    """Yield every use of a key of exceptions, issues, selectors and entities."""
    for scope, call in sources.all_calls():
        name = called(call) or ""
        dotted = f".{name}" if isinstance(call.func, ast.Attribute) else name
        if dotted in KEY_PARAMETERS:
            section, position, where = KEY_PARAMETERS[dotted]
            if where == "**":
                given: ast.expr | None = ast.Dict(
                    keys=[
                        None if k.arg is None else ast.Constant(value=k.arg)
                        for k in call.keywords
                    ],
                    values=[k.value for k in call.keywords],
                )
                fixed = True
            elif isinstance(where, int):
                given = call.args[where] if len(call.args) > where else None
                fixed = True
            else:
                given, fixed = None, False
            key = call.args[position]
            yield from _uses(sources, section, key, given, fixed, scope, call)
            continue
        keywords = {k.arg: k.value for k in call.keywords}
        if "translation_key" in keywords:
            yield from _uses(
                sources,
                _section(name, scope.module),
                keywords["translation_key"],
                keywords.get("translation_placeholders"),
                True,
                scope,
                call,
            )


def _uses(
    sources: Sources,
    section: str,
    key: ast.expr,
    given: ast.expr | None,
    fixed: bool,
    scope: Scope,
    call: ast.Call,
) -> Iterator[Use]:
    """Yield the uses of one call, through the callers that give its key."""
    where = f"{(scope.caller or scope).module}:{call.lineno}"
    function = scope.function
    if (
        function is not None
        and scope.call is None
        and isinstance(key, ast.Name)
        and key.id in parameters(function)
        and not any(sources.assigned(key.id, function))
    ):
        for site, outer in sources.calls(function.name):
            inner = Scope(scope.module, function, outer, site)
            passed = argument(outer, function, key.id)
            if (
                isinstance(passed, ast.Name)
                and site.function is not None
                and (passed.id in parameters(site.function))
            ):
                raise UntraceableError(f"{where}: handed on more than once")
            yield from _uses(sources, section, key, given, fixed, inner, outer)
        return
    known = sources.placeholders(given, scope) if fixed else None
    if (
        isinstance(key, ast.Name)
        and isinstance(given, ast.Name)
        and _is_paired(sources, key, given, function)
    ):
        yield from _pairs(sources, section, key, given, scope, where)
        return
    for text in sorted(sources.strings(key, scope)):
        yield Use(section, text, known, where)


def _is_paired(
    sources: Sources, key: ast.Name, given: ast.Name, function: Function | None
) -> bool:
    """Return whether key and placeholders come from one call, as a tuple."""
    if function is None:
        return False
    keys = [value for value, index in sources.assigned(key.id, function) if index == 0]
    told = [
        value for value, index in sources.assigned(given.id, function) if index == 1
    ]
    return bool(keys) and [id(value) for value in keys] == [id(v) for v in told]


def _pairs(
    sources: Sources,
    section: str,
    key: ast.Name,
    given: ast.Name,
    scope: Scope,
    where: str,
) -> Iterator[Use]:
    """Yield the keys of tuples with the placeholders beside them."""
    assert scope.function is not None
    names = {
        called(value)
        for value, _ in sources.assigned(key.id, scope.function)
        if isinstance(value, ast.Call)
    }
    for name in names:
        for module, function in sources.functions.get(name or "", []):
            inner = Scope(module, function)
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
                    text, told = node.value.elts
                    for found in sources.strings(text, inner):
                        known = sources.placeholders(told, inner)
                        yield Use(section, found, known, f"{where} ({name})")


def _section(callee: str, module: str) -> str:
    """Return the section of the translations a call takes its key from."""
    if callee == "async_create_issue":
        return "issues"
    if callee == "SelectSelectorConfig":
        return "selector"
    if callee.endswith("Description"):
        return f"entity.{Path(module).stem}"
    return "exceptions"
