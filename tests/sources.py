"""Reads the integration's sources: which translation keys they use, with what.

Keys are followed from where they are given to where they are used: through
variables, parameters, imports, the returns of functions and tuples. A key that cannot
be followed is an error, so that no text escapes the comparison with the translations.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

type Function = ast.FunctionDef | ast.AsyncFunctionDef
type Keys = frozenset[str]

CARRIED_ON = frozenset({"key", "translation_key"})
"""Attributes of exceptions and notices that hand on a key which was given before."""


class UntraceableError(Exception):
    """A key is given in a way that cannot be followed."""


@dataclass(frozen=True, eq=False)
class Scope:
    """Where an expression stands; ``call`` is the call its function was followed to.

    ``caller`` is where that call stands.
    """

    module: str
    function: Function | None
    call: ast.Call | None = None
    caller: Scope | None = None


@dataclass(eq=False)
class Sources:
    """The parsed modules of a package, by their path in it."""

    folder: Path
    modules: dict[str, ast.Module] = field(default_factory=dict)
    functions: dict[str, list[tuple[str, Function]]] = field(default_factory=dict)
    _calls: dict[str, list[tuple[Scope, ast.Call]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Parse every module and note its functions and calls."""
        for path in sorted(self.folder.rglob("*.py")):
            name = path.relative_to(self.folder).as_posix()
            self.modules[name] = ast.parse(path.read_text())
            self._note(Scope(name, None), self.modules[name])

    def _note(self, scope: Scope, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            inner = scope
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions.setdefault(child.name, []).append((scope.module, child))
                inner = Scope(scope.module, child)
            elif isinstance(child, ast.Call) and (name := called(child)):
                self._calls.setdefault(name, []).append((scope, child))
            self._note(inner, child)

    def calls(self, name: str) -> list[tuple[Scope, ast.Call]]:
        """Return the calls of everything that has this name."""
        return self._calls.get(name, [])

    def all_calls(self) -> Iterator[tuple[Scope, ast.Call]]:
        """Yield every call."""
        for found in self._calls.values():
            yield from found

    # Values of expressions

    def strings(self, node: ast.expr | None, scope: Scope) -> set[str]:
        """Return every text an expression may be; None counts as no text."""
        match node:
            case None | ast.Constant(value=None):
                return set()
            case ast.Constant(value=str(text)):
                return {text}
            case ast.IfExp():
                return self.strings(node.body, scope) | self.strings(node.orelse, scope)
            case ast.Attribute(attr=attr) if attr in CARRIED_ON:
                return set()
            case ast.Call():
                return self._returned(node, None)
            case ast.Subscript(
                value=ast.Call() as call, slice=ast.Constant(value=int(i))
            ):
                return self._returned(call, i)
            case ast.Name(id=name):
                return self._named(name, scope)
        raise UntraceableError(f"{scope.module}:{node.lineno}: {ast.unparse(node)}")

    def _returned(self, call: ast.Call, index: int | None) -> set[str]:
        """Return what a function of ours returns, or one element of its tuples."""
        found: set[str] = set()
        for module, function in self.functions.get(called(call) or "", []):
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    value = node.value
                    if index is not None:
                        assert isinstance(value, ast.Tuple)
                        value = value.elts[index]
                    found |= self.strings(value, Scope(module, function))
        if not found:
            raise UntraceableError(ast.unparse(call))
        return found

    def _named(self, name: str, scope: Scope) -> set[str]:
        """Return what a variable, a parameter or a constant may be."""
        function = scope.function
        values = list(self.assigned(name, function)) if function else []
        if values and function is not None:
            found: set[str] = set()
            for value, index in values:
                if index is None:
                    found |= self.strings(value, scope)
                else:
                    assert isinstance(value, ast.Call)
                    found |= self._returned(value, index)
            for line, suffix in _suffixes(name, function):
                longer = max((v for v, _ in values if v.lineno < line), key=_line)
                found |= {text + suffix for text in self.strings(longer, scope)}
            return found
        if function is not None and name in parameters(function):
            if scope.call is not None and scope.caller is not None:
                return self.strings(argument(scope.call, function, name), scope.caller)
            sites = self.calls(function.name)
            if not sites:
                raise UntraceableError(f"{scope.module}: nobody calls {function.name}")
            return {
                text
                for site, call in sites
                for text in self.strings(argument(call, function, name), site)
            }
        return self._constant(name, scope.module)

    def assigned(
        self, name: str, function: Function
    ) -> Iterator[tuple[ast.expr, int | None]]:
        """Yield what a variable is set to in a function, with an index for tuples."""
        for node in ast.walk(function):
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if (
                    target == name
                ):
                    yield value, None
                case ast.AnnAssign(
                    target=ast.Name(id=target), value=ast.expr() as value
                ) if target == name:
                    yield value, None
                case ast.Assign(targets=[ast.Tuple(elts=elements)], value=value):
                    for index, element in enumerate(elements):
                        if isinstance(element, ast.Name) and element.id == name:
                            yield value, index
                case ast.For(
                    target=ast.Name(id=target), iter=ast.Tuple(elts=values)
                ) if target == name:
                    for value in values:
                        yield value, None
                case ast.For(
                    target=ast.Tuple(elts=[_, target]),
                    iter=ast.Call(
                        func=ast.Attribute(value=ast.Name(id=table), attr="items")
                    ),
                ):
                    for value in _stored(table, function):
                        yield from _unpacked(name, target, value)

    def _constant(self, name: str, module: str) -> set[str]:
        """Return a constant of a module, or of the one it is imported from."""
        for node in self.modules[module].body:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=target)], value=value)
                    | ast.AnnAssign(
                        target=ast.Name(id=target), value=ast.expr() as value
                    )
                ) if target == name:
                    return self.strings(value, Scope(module, None))
                case ast.ImportFrom(module=str(source), names=names, level=1):
                    for alias in names:
                        if (alias.asname or alias.name) == name:
                            origin = Path(module).parent / f"{source}.py"
                            return self._constant(alias.name, origin.as_posix())
        raise UntraceableError(f"{module}: {name}")

    # Placeholders

    def placeholders(self, node: ast.expr | None, scope: Scope) -> Keys | None:
        """Return the keys a dict surely has, None where that is not known."""
        match node:
            case None | ast.Constant(value=None):
                return frozenset()
            case ast.Dict(keys=keys, values=values):
                found: set[str] = set()
                for key, value in zip(keys, values, strict=True):
                    if key is None:
                        found |= self.placeholders(value, scope) or set()
                    else:
                        found |= self.strings(key, scope)
                return frozenset(found)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return (self.placeholders(left, scope) or frozenset()) | (
                    self.placeholders(right, scope) or frozenset()
                )
            case ast.Call(func=ast.Name(id="dict"), args=[inner]):
                return self.placeholders(inner, scope)
            case ast.BoolOp(op=ast.Or(), values=[first, _]):
                return self.placeholders(first, scope)
            case ast.Name() if scope.function is not None:
                return self._named_placeholders(node, scope, scope.function)
        return None

    def _named_placeholders(
        self, node: ast.Name, scope: Scope, function: Function
    ) -> Keys | None:
        """Return the keys of a variable or parameter that is a dict."""
        before = [
            (value, index)
            for value, index in self.assigned(node.id, function)
            if value.lineno <= node.lineno
        ]
        if before:
            # The one above the use; what was added to it by then is there, too.
            value, index = max(before, key=lambda found: found[0].lineno)
            if index is not None:
                return self._tuple_placeholders(value, index)
            known = self.placeholders(value, scope)
            return None if known is None else known | _added_keys(node, function)
        name = node.id
        if scope.call is None or scope.caller is None:
            return None
        if function.args.kwarg is not None and function.args.kwarg.arg == name:
            own = parameters(function)
            extra = {k.arg for k in scope.call.keywords if k.arg and k.arg not in own}
            return frozenset(extra)
        if name in parameters(function):
            passed = argument(scope.call, function, name)
            return self.placeholders(passed, scope.caller)
        return None

    def _tuple_placeholders(self, call: ast.expr, index: int) -> Keys | None:
        """Return the keys common to one element of all tuples a function returns."""
        assert isinstance(call, ast.Call)
        known: list[Keys] = []
        for module, function in self.functions.get(called(call) or "", []):
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
                    scope = Scope(module, function)
                    found = self.placeholders(node.value.elts[index], scope)
                    if found is None:
                        return None
                    known.append(found)
        return frozenset.intersection(*known) if known else None


def called(call: ast.Call) -> str | None:
    """Return the last name of what is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


def parameters(function: Function) -> list[str]:
    """Return the names of a function's parameters, without ``self``."""
    args = function.args
    names = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def argument(call: ast.Call, function: Function, name: str) -> ast.expr | None:
    """Return what a call gives for a parameter, None for its default."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    position = parameters(function).index(name)
    return call.args[position] if position < len(call.args) else None


def _unpacked(
    name: str, target: ast.expr, value: ast.expr
) -> Iterator[tuple[ast.expr, int | None]]:
    """Yield what a variable is set to when ``value`` is unpacked to ``target``."""
    match target, value:
        case ast.Name(id=found), _ if found == name:
            yield value, None
        case ast.Tuple(elts=targets), ast.Tuple(elts=values):
            for inner, element in zip(targets, values, strict=True):
                yield from _unpacked(name, inner, element)


def _stored(table: str, function: Function) -> Iterator[ast.expr]:
    """Yield the values put into a dict with ``table[…] = value``."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id=name))], value=value
            ) if name == table:
                yield value


def _added_keys(table: ast.Name, function: Function) -> Keys:
    """Return the keys put into a dict with ``table["key"] = …`` before a use."""
    found = set()
    for node in ast.walk(function):
        match node:
            case ast.Assign(
                targets=[
                    ast.Subscript(
                        value=ast.Name(id=name), slice=ast.Constant(value=str(key))
                    )
                ],
                value=value,
            ) if name == table.id and table.lineno > value.lineno:
                found.add(key)
    return frozenset(found)


def _suffixes(name: str, function: Function) -> Iterator[tuple[int, str]]:
    """Yield what is appended to a variable that holds a text, with the line."""
    for node in ast.walk(function):
        match node:
            case ast.AugAssign(
                target=ast.Name(id=target), value=ast.Constant(value=str(text))
            ) if target == name:
                yield node.lineno, text


def _line(node: ast.expr) -> int:
    return node.lineno
