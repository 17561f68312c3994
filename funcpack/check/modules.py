"""Finds modules of an app by name, as Python's import system would, without importing them.

A package takes precedence over a module of the same name, an extension module over a source file, and a directory without
`__init__.py` counts only if nothing else has the name. https://docs.python.org/3/reference/import.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.machinery import BYTECODE_SUFFIXES
from typing import TYPE_CHECKING

from funcpack.project.app_files import children, is_directory, is_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from funcpack.check.definitions import Import


class OpaqueModuleError(Exception):
    """The module, or one of its parent packages, is compiled and has no source."""


@dataclass(frozen=True, slots=True)
class FoundModule:
    """The source file of a module, and the names and files of its parent packages, which Python imports first."""

    module: str
    file: Path
    parents: tuple[tuple[str, Path], ...]


class Modules:
    """The modules in the directories on the function's `sys.path`."""

    def __init__(self, app: Path, roots: Sequence[Path]) -> None:
        self._app = app
        self._roots = tuple(roots)
        self._extensions: dict[Path, frozenset[str]] = {}

    def find(self, module: str) -> FoundModule | None:
        """Return the source files of a module, or None if there is no such module.

        A directory without `__init__.py` has submodules, but is not a module with source itself.

        Raises:
            OpaqueModuleError: The module, or one of its parent packages, has no source.

        """
        directories, parents, file = self._roots, [], None
        parts = module.split(".")
        for index, part in enumerate(parts):
            if index and not directories:
                return None  # the parent is a module, not a package
            step = self._find_in(directories, part)
            if step is None:
                return None
            directories, file = step
            if file:
                parents.append((".".join(parts[: index + 1]), file))
        return FoundModule(module, file, tuple(parents[:-1])) if file else None

    def absolute(self, value: Import, module: str, *, is_package: bool) -> str:
        """Return the full name of the module that an import in `module` refers to; "" if it leaves the top-level package."""
        if not value.level:
            return value.module
        parts = module.split(".")
        up = value.level - 1 if is_package else value.level
        package = parts[: len(parts) - up] if up else parts
        return ".".join([*package, value.module] if value.module else package)

    def names(self) -> list[str]:
        """Return the names of the top-level modules and packages, sorted."""
        return self._names

    def names_around(self, module: str) -> list[str]:
        """Return the names of the top-level modules and of the modules in `module` and in its parent packages."""
        names, directories, package = list(self._names), self._roots, ""
        for part in module.split("."):
            directories = tuple(path for path in (directory / part for directory in directories) if is_directory(path))
            if not directories:
                break
            package += f"{part}."
            names += [package + name for name in _modules_in(directories)]
        return names

    def _find_in(self, directories: Sequence[Path], name: str) -> tuple[tuple[Path, ...], Path | None] | None:
        """Return the directories that contain the submodules, and the source file of the module if it has one."""
        for directory in directories:
            package = directory / name
            init = package / "__init__.py"
            if is_file(init):
                return (package,), init
            if self._is_opaque(package / "__init__") or self._is_opaque(package):
                raise OpaqueModuleError
            source = directory / f"{name}.py"
            if is_file(source):
                return (), source
        portions = tuple(directory / name for directory in directories if is_directory(directory / name))
        return (portions, None) if portions else None

    def _is_opaque(self, path: Path) -> bool:
        """Check whether there is a compiled module, for any interpreter: the image may have another one than the build."""
        parent = path.parent
        if parent not in self._extensions:
            self._extensions[parent] = _extension_modules(parent)
        source = parent / f"{path.name}.py"
        return path.name in self._extensions[parent] or (
            not is_file(source) and any(is_file(parent / f"{path.name}{suffix}") for suffix in BYTECODE_SUFFIXES)
        )

    @cached_property
    def _names(self) -> list[str]:
        return _modules_in(self._roots)


def _modules_in(directories: Sequence[Path]) -> list[str]:
    files = {path.stem for directory in directories for path in directory.glob("*.py") if is_file(path)}
    packages = {path.name for directory in directories for path in children(directory) if is_file(path / "__init__.py")}
    return sorted(name for name in (files | packages) - {"__init__"} if name.isidentifier())


def _extension_modules(directory: Path) -> frozenset[str]:
    """Return the names of the compiled modules in a directory, which need not exist."""
    try:
        return frozenset(path.name.partition(".")[0] for path in directory.iterdir() if path.name.endswith(".so"))
    except OSError:
        return frozenset()
