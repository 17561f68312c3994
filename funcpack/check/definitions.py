"""The names that a module defines at its top level, as far as its source shows them without being run."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A module that uses one of these may define names that the source does not show.
_DYNAMIC_NAMES = frozenset({"globals", "locals", "vars", "exec", "eval", "setattr", "__dict__", "modules"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Import:
    """`from module import name`, or `import module` where `name` is empty; `level` counts leading dots."""

    module: str
    name: str
    level: int


Value = Function | ast.ClassDef | ast.expr | Import
"""The value of a name: a definition, the assigned expression, or an import."""


@dataclass(slots=True)
class Definitions:
    """The names of a module.

    `names` are all names that any statement at the top level may bind. `certain` maps those that an unconditional statement
    binds to their values. `is_dynamic` is true if the module may have more names than the source shows.
    """

    names: set[str] = field(default_factory=set)
    certain: dict[str, Value] = field(default_factory=dict)
    is_dynamic: bool = False

    @classmethod
    def of(cls, module: ast.Module) -> Definitions:
        """Collect the definitions of a parsed module."""
        definitions = cls()
        for statement in module.body:
            definitions._add(statement)
        for node in ast.walk(module):
            definitions._note(node)
        return definitions

    def functions(self) -> list[str]:
        """Return the names of public functions, in the order of the source."""
        return [
            name for name, value in self.certain.items() if isinstance(value, Function) and not name.startswith("_")
        ]

    def _add(self, statement: ast.stmt) -> None:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self._bind(name, statement)
            case ast.Import() | ast.ImportFrom() if not _is_dynamic(statement):
                for name, value in imported(statement):
                    self._bind(name, value)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._bind(name, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._bind(name, value)
            case ast.AnnAssign(value=None):
                pass
            case ast.Delete(targets=targets):
                for target in targets:
                    self._forget(target)
            case _:
                self._add_uncertain(statement)

    def _add_uncertain(self, statement: ast.stmt) -> None:
        if any(map(_is_dynamic, _own_scope(statement))):
            self.certain.clear()  # it may bind any name again
        for name in _bound_in(statement):
            self._bind_uncertainly(name)

    def _bind(self, name: str, value: Value) -> None:
        self.names.add(name)
        # The last binding wins. The name moves to the end, so that the order is that of the bindings.
        self.certain.pop(name, None)
        self.certain[name] = value

    def _bind_uncertainly(self, name: str) -> None:
        self.names.add(name)
        self.certain.pop(name, None)

    def _forget(self, target: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.names.discard(target.id)
            self.certain.pop(target.id, None)

    def _note(self, node: ast.AST) -> None:
        """Record the effects on the module's names that a node at any depth of the source may have."""
        match node:
            case ast.Global(names=names):
                for name in names:
                    self._bind_uncertainly(name)
            case ast.NamedExpr(target=ast.Name(id=name)):
                self._bind_uncertainly(name)
            case ast.FunctionDef(name="__getattr__"):
                self.is_dynamic = True
            case _ if _is_dynamic(node):
                self.is_dynamic = True


def imported(statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Import]]:
    """Return the names that an import statement binds, each with its import."""
    for alias in statement.names:
        if isinstance(statement, ast.ImportFrom):
            yield alias.asname or alias.name, Import(statement.module or "", alias.name, statement.level)
        else:
            module = alias.name if alias.asname else alias.name.partition(".")[0]
            yield alias.asname or module, Import(module, "", 0)


def _bound_in(statement: ast.stmt) -> Iterator[str]:
    """Return every name that a statement may bind in its own scope; a superset does no harm."""
    for node in _own_scope(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import() | ast.ImportFrom():
                yield from (name for name, _ in imported(node))
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name


def _is_dynamic(node: ast.AST) -> bool:
    """Check whether a node may bind names that the source does not show: `from x import *`, `exec`, `globals`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _DYNAMIC_NAMES
        case ast.ImportFrom(names=[ast.alias(name="*")]):
            return True
    return False


def _own_scope(statement: ast.stmt) -> Iterator[ast.AST]:
    """Return the nodes of a statement in its own scope. A long chain of `elif` is nested too deeply for a recursion."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, _SCOPES):
            pending += ast.iter_child_nodes(node)
