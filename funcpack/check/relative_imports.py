"""Finds relative imports that are certain to fail, because they leave the top-level package or are not in a package at all."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from funcpack.check.definitions import Definitions
from funcpack.errors import RelativeImportError

if TYPE_CHECKING:
    from pathlib import Path


def check_relative_imports(tree: ast.Module, module: str, file: Path) -> None:
    """Check the imports that Python runs whenever it imports the module; `file` is relative to the app directory.

    Raises:
        RelativeImportError: A relative import has more dots than the module has parent packages.

    """
    parts = module.split(".")
    package = parts if file.name == "__init__.py" else parts[:-1]
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.level > len(package):
            # A module that sets __package__ decides itself what its imports are relative to.
            if "__package__" in Definitions.of(tree).names:
                return
            top = package[0] if package else None
            shown, absolute = ast.unparse(statement), ast.unparse(_absolute(statement))
            raise RelativeImportError(str(file), statement.lineno, shown, absolute, top)


def _absolute(statement: ast.ImportFrom) -> ast.Import | ast.ImportFrom:
    """Return the import without dots; the app directory is on `sys.path`."""
    if statement.module:
        return ast.ImportFrom(statement.module, statement.names, 0)
    return ast.Import(statement.names)
