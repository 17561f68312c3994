"""The backend that the code of a function names, `Goblet(backend="cloudrun")`, read without running the code."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from funcpack.deploy.settings.backends import Choice
from funcpack.deployment_errors import BackendLiteralError, BackendLiteralsError

if TYPE_CHECKING:
    from collections.abc import Iterator

# `funcpack_invoker.goblet` does nothing at run time. `goblet` is the tool that others deploy the same code with.
_MODULES = ("funcpack_invoker.goblet", "goblet")
_CLASS = "Goblet"
_OTHER_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def backend_in(module: ast.Module, file: str) -> Choice | None:
    """Return the backend that a module passes to `Goblet`, or None if it passes none. `file` is what errors name.

    Raises:
        BackendLiteralError: The backend is not a literal.
        BackendLiteralsError: The module names different backends.

    """
    names = set(_names_of_the_class(module))
    calls = [call for call in _calls(module) if ast.unparse(call.func) in names] if names else []
    found = [(_backend(argument, file), argument.lineno) for call in calls if (argument := _argument(call))]
    if len({backend for backend, _ in found}) > 1:
        raise BackendLiteralsError(file, tuple(line for _, line in found))
    return Choice(found[0][0], f"{file}, line {found[0][1]}") if found else None


def _names_of_the_class(module: ast.Module) -> Iterator[str]:
    """Return what the imports at any place of a module let it write for the class, for example `goblet.Goblet`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (f"{alias.asname or alias.name}.{_CLASS}" for alias in node.names if alias.name in _MODULES)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                if node.module in _MODULES and alias.name == _CLASS:
                    yield alias.asname or alias.name
                elif f"{node.module}.{alias.name}" in _MODULES:
                    yield f"{alias.asname or alias.name}.{_CLASS}"


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """Return the calls that importing the module may make itself, in order."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child
        if not isinstance(child, _OTHER_SCOPES):
            yield from _calls(child)


def _argument(call: ast.Call) -> ast.expr | None:
    """Return the argument of a call that is, or may contain, the backend."""
    for keyword in call.keywords:
        if keyword.arg in {"backend", None}:
            return keyword.value
    starred = next((argument for argument in call.args[:2] if isinstance(argument, ast.Starred)), None)
    return starred or (call.args[1] if len(call.args) > 1 else None)


def _backend(argument: ast.expr, file: str) -> str:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    raise BackendLiteralError(file, argument.lineno, ast.unparse(argument))
