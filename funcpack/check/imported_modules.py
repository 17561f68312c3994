"""Checks the modules of the app that Python imports together with the function's module.

Only imports that always run count: those at the top level of a module, outside of `try` and `if`.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from funcpack.check.definitions import Definitions, imported
from funcpack.check.modules import OpaqueModuleError
from funcpack.check.relative_imports import check_relative_imports
from funcpack.check.source import is_certain, parse_source
from funcpack.errors import SourceError, UserError

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    from funcpack.check.modules import FoundModule, Modules


def check_imported_modules(
    module: str, app: Path, target: tuple[int, ...], modules: Modules, reserved: Container[str]
) -> None:
    """Check all modules that an import of `module` runs. `reserved` are names of modules that may come from elsewhere.

    Raises:
        SourceError, UnreadableFileError: The source of a module is not valid or not readable.
        RelativeImportError: An import leaves the top-level package.

    """
    for error in errors_of_imported_modules(module, app, target, modules, reserved):
        raise error


def errors_of_imported_modules(
    module: str, app: Path, target: tuple[int, ...], modules: Modules, reserved: Container[str]
) -> Iterator[UserError]:
    """Return the errors of all modules that an import of `module` runs, as `check_imported_modules` raises the first."""
    walk = _Walk(app, target, modules, reserved)
    walk.enqueue(module)
    while walk.pending:
        try:
            walk.check(*walk.pending.pop())
        except UserError as exc:
            yield exc


@dataclass(slots=True)
class _Walk:
    app: Path
    target: tuple[int, ...]
    modules: Modules
    reserved: Container[str]
    pending: list[tuple[str, Path]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    trees: dict[Path, ast.Module | None] = field(default_factory=dict)
    definitions: dict[Path, Definitions] = field(default_factory=dict)

    def enqueue(self, module: str) -> None:
        """Add a module of the app and its parent packages to those that are still to be checked."""
        found = self._find(module)
        for name, file in (*found.parents, (found.module, found.file)) if found else ():
            if name not in self.seen:
                self.seen.add(name)
                self.pending.append((name, file))

    def check(self, module: str, file: Path) -> None:
        """Check a module, and enqueue the modules that it imports."""
        tree = self._parse(file)
        if tree is None:
            return
        check_relative_imports(tree, module, file.relative_to(self.app))
        if _changes_import_system(tree):
            return
        for statement in tree.body:
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    self.enqueue(alias.name)
            elif isinstance(statement, ast.ImportFrom):
                for name in self._names(statement, module, is_package=file.name == "__init__.py"):
                    self.enqueue(name)

    def _names(self, statement: ast.ImportFrom, module: str, *, is_package: bool) -> Iterator[str]:
        """Return the module that names are imported from, and those of the names that are submodules."""
        for _, value in imported(statement):
            base = self.modules.absolute(value, module, is_package=is_package)
            if base:
                yield base
                if not self._defines(base, value.name):
                    yield f"{base}.{value.name}"

    def _defines(self, module: str, name: str) -> bool:
        found = self._find(module)
        if found is None:
            return False
        if found.file not in self.definitions:
            tree = self._parse(found.file)
            self.definitions[found.file] = Definitions.of(tree) if tree else Definitions()
        definitions = self.definitions[found.file]
        return name in definitions.names or definitions.is_dynamic

    def _parse(self, file: Path) -> ast.Module | None:
        """Return a parsed module, or None if this Python does not know its syntax, but that of the image may."""
        if file not in self.trees:
            try:
                self.trees[file] = parse_source(file, self.app, self.target)
            except SourceError as exc:
                if is_certain(exc, self.target):
                    raise
                self.trees[file] = None
        return self.trees[file]

    def _find(self, module: str) -> FoundModule | None:
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top in self.reserved:
            return None
        try:
            return self.modules.find(module)
        except OpaqueModuleError:
            return None


def _changes_import_system(tree: ast.Module) -> bool:
    """Check whether a module uses names with which it can decide what its imports find."""
    names = {"path", "modules", "meta_path", "path_hooks"}
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in names
        and isinstance(node.value, ast.Name)
        and node.value.id == "sys"
        for node in ast.walk(tree)
    )
