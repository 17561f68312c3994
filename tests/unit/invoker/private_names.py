"""Finds private names of other libraries (`_name`) in our sources.

A name is ours if our own sources define it where it is used: a class's body, its methods (`self._name = ...`) or its bases
among our classes; for other objects a class or function of the same module. Everything else is another library's: also
a name of ours that a base class of another library has too, because it replaces that one.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Names with an underscore that their libraries document as public.
DOCUMENTED = frozenset({"_asdict", "_exit", "_field_defaults", "_fields", "_is_gil_enabled", "_make", "_replace"})

# Functions that take the name of an attribute as text.
_BY_TEXT = frozenset(
    {
        "__delattr__",
        "__getattribute__",
        "__setattr__",
        "attrgetter",
        "delattr",
        "getattr",
        "hasattr",
        "methodcaller",
        "setattr",
    }
)
_ITEM_METHODS = frozenset({"get", "pop", "setdefault"})


def is_private(name: str) -> bool:
    """Check whether a name is private: one underscore in front, and not one at the end as in enum's `_missing_`."""
    return re.fullmatch(r"_(?!_)\w*(?<!_)", name) is not None and name not in DOCUMENTED


@dataclass(frozen=True, order=True)
class Use:
    """A private name of another library, and where it is used."""

    name: str
    file: str
    line: int


@dataclass
class Class:
    """One of our classes: the private names in its body, and its bases as they are written."""

    node: ast.ClassDef
    module: Module
    names: set[str] = field(default_factory=set)

    def bases(self) -> Iterator[str]:
        for base in self.node.bases:
            expression = base.value if isinstance(base, ast.Subscript) else base
            yield self.module.full_name(ast.unparse(expression))


@dataclass
class Module:
    """One of our files: what it imports, by the names that it uses, and its classes."""

    name: str
    file: str
    tree: ast.Module
    imports: dict[str, str] = field(default_factory=dict)
    classes: list[Class] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)

    def full_name(self, expression: str) -> str:
        first, dot, rest = expression.partition(".")
        return self.imports.get(first, f"{self.name}.{first}") + dot + rest


def parse(sources: dict[str, tuple[str, str]]) -> list[Module]:
    """Parse sources: by module name, the file and its text."""
    return [_module(name, file, text) for name, (file, text) in sources.items()]


def _module(name: str, file: str, text: str) -> Module:
    module = Module(name, file, ast.parse(text))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                module.imports[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module:
            module.imports |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ClassDef):
            module.classes.append(Class(node, module, {name for name in _defined(node) if is_private(name)}))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            module.functions |= {node.name, *(argument.arg for argument in _arguments(node))}
    return module


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _defined(node: ast.ClassDef) -> Iterator[str]:
    """Return the names that a class defines: in its body, in `__slots__`, and on `self`."""
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            yield from names
            if names == ["__slots__"] and statement.value is not None:
                yield from (_text(part) for part in ast.walk(statement.value))
        elif isinstance(statement, ast.If):  # `if TYPE_CHECKING:`
            yield from (part.name for part in statement.body if isinstance(part, ast.FunctionDef))
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store) and _is_self(part.value):
            yield part.attr


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


class Finder:
    """Finds the uses in modules that belong together.

    `mixed_into` names the class of another library that a class of ours is combined with at run time.
    """

    def __init__(self, modules: list[Module], mixed_into: dict[str, str] | None = None) -> None:
        self._modules = modules
        self._classes = {f"{module.name}.{one.node.name}": one for module in modules for one in module.classes}
        self._packages = {module.name.partition(".")[0] for module in modules}
        self._mixed_into = mixed_into or {}

    def uses(self) -> list[Use]:
        """Return all uses of private names of other libraries."""
        found = {use for module in self._modules for use in self._in_module(module)}
        found |= {use for one in self._classes.values() for use in self._replaced(one)}
        return sorted(found)

    def _in_module(self, module: Module) -> Iterator[Use]:
        own = {name for one in module.classes for name in self._names(one)}
        for node, inside in _walk(module.tree, module.classes):
            for name, target in _named(node):
                if is_private(name) and not self._is_ours(name, target, module, inside, own):
                    yield Use(name, module.file, getattr(node, "lineno", 0))

    def _is_ours(self, name: str, target: ast.AST | None, module: Module, inside: Class | None, own: set[str]) -> bool:
        if target is None:  # a keyword
            return name in module.functions
        if isinstance(target, ast.alias):
            return target.name.partition(".")[0] in self._packages
        if inside is not None and (_is_self(target) or _is_super(target)):
            return name in self._names(inside)
        if isinstance(target, ast.Name) and target.id in module.imports:
            return module.imports[target.id].partition(".")[0] in self._packages
        return name in own

    def _names(self, one: Class) -> set[str]:
        """Return the private names of a class and its bases among ours."""
        return one.names.union(*(self._names(base) for base in self._own_bases(one)))

    def _own_bases(self, one: Class) -> Iterator[Class]:
        return (self._classes[base] for base in one.bases() if base in self._classes)

    def _replaced(self, one: Class) -> Iterator[Use]:
        """Return names of a class that a base of another library has too."""
        for base in self._foreign_bases(one):
            for name in one.names & foreign_names(base):
                yield Use(name, one.module.file, one.node.lineno)

    def _foreign_bases(self, one: Class) -> Iterator[str]:
        if one.node.name in self._mixed_into:
            yield self._mixed_into[one.node.name]
        for base in one.bases():
            if base in self._classes:
                yield from self._foreign_bases(self._classes[base])
            else:
                yield base


def _walk(node: ast.AST, classes: list[Class], inside: Class | None = None) -> Iterator[tuple[ast.AST, Class | None]]:
    """Walk over a tree, with the class that each node is in."""
    for child in ast.iter_child_nodes(node):
        within = next((one for one in classes if one.node is child), inside)
        yield child, within
        yield from _walk(child, classes, within)


def _named(node: ast.AST) -> Iterable[tuple[str, ast.AST | None]]:
    """Return the names that a node uses, each with the object that it is a name of."""
    if isinstance(node, ast.Attribute):
        return [(node.attr, node.value)]
    if isinstance(node, ast.ImportFrom | ast.Import):
        return _imported(node)
    if isinstance(node, ast.keyword):
        return [(node.arg or "", None)]
    if isinstance(node, ast.Call):
        return _named_by_text(node)
    if isinstance(node, ast.Subscript | ast.Constant):
        return _text_in_place(node)
    return []


def _text_in_place(node: ast.Subscript | ast.Constant) -> Iterable[tuple[str, ast.AST | None]]:
    if isinstance(node, ast.Constant):  # it may reach `getattr` by a variable
        return [(_text(node), node)] if _text(node).islower() else []
    return [(_text(node.slice), _owner(node.value))] if _is_namespace(node.value) else []


def _imported(node: ast.ImportFrom | ast.Import) -> Iterable[tuple[str, ast.AST | None]]:
    if isinstance(node, ast.Import):
        return [(part, alias) for alias in node.names for part in alias.name.split(".")]
    origin = ast.alias(node.module or "")
    return [(name, origin) for alias in node.names for name in (alias.name, *origin.name.split("."))]


def _named_by_text(node: ast.Call) -> Iterable[tuple[str, ast.AST | None]]:
    function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if isinstance(node.func, ast.Attribute) and function in _ITEM_METHODS and _is_namespace(node.func.value):
        return [(_text(part), _owner(node.func.value)) for part in node.args[:1]]
    if function in _BY_TEXT and node.args:
        return [(_text(part), node.args[0]) for part in node.args]
    return []


def _is_namespace(node: ast.AST) -> bool:
    """Check whether this is `x.__dict__` or `vars(x)`."""
    is_vars = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "vars"
    return is_vars or (isinstance(node, ast.Attribute) and node.attr == "__dict__")


def _owner(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.Attribute):
        return node.value
    return node.args[0] if isinstance(node, ast.Call) and node.args else node


def _text(node: ast.AST) -> str:
    """Return the text of a constant, or of an f-string as far as it is known."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


@cache
def foreign_names(full_name: str) -> frozenset[str]:
    """Return the private names of another library's class and its bases, those set on `self` included."""
    found = _load(full_name)
    if not isinstance(found, type):
        return frozenset()
    names = {name for base in found.__mro__ for name in (*vars(base), *_set_on_self(base))}
    return frozenset(name for name in names if is_private(name))


def _load(full_name: str) -> object:
    module, _, name = full_name.rpartition(".")
    if not module:
        return None
    try:
        return getattr(import_module(module), name, None)
    except ImportError:
        return getattr(_load(module), name, None)


def _set_on_self(base: type) -> Iterator[str]:
    try:
        source = textwrap.dedent(inspect.getsource(base))
    except (OSError, TypeError):  # it is written in C
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_self(node.value):
            yield node.attr
