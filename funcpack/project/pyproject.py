"""Reads pyproject.toml: the tables that a build uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.project.app_files import as_table, is_present, read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Pyproject:
    """The table `[project]`, and those of three tools as they are; all are empty if there is no such file.

    `build_requires` are the packages with the build backend, or None if there is no `[build-system]`. `groups` are the names in
    `[dependency-groups]` and `[project.optional-dependencies]`.
    """

    project: Mapping[str, object]
    uv: object
    poetry: object
    pdm: object
    build_requires: tuple[str, ...] | None = None
    groups: tuple[str, ...] = ()

    @classmethod
    def read(cls, directory: Path, app: Path | None = None) -> Pyproject:
        """Read pyproject.toml in a directory, which is `app` or a directory in it.

        Raises:
            UserError: The file is not readable or not TOML.

        """
        file = directory / NAME
        document = read_toml(file, app or directory) if is_present(file) else {}
        tools = as_table(document.get("tool"))
        requires = as_table(document.get("build-system")).get("requires")
        build_requires = tuple(map(str, requires)) if isinstance(requires, list) else None
        project = as_table(document.get("project"))
        groups = [*as_table(document.get("dependency-groups")), *as_table(project.get("optional-dependencies"))]
        return cls(project, tools.get("uv"), tools.get("poetry"), tools.get("pdm"), build_requires, tuple(groups))

    @property
    def is_package(self) -> bool:
        """Whether the project is a package to install, by the rules of uv, unless it is not one for Poetry or PDM.

        https://docs.astral.sh/uv/concepts/projects/config/#build-systems
        """
        package = as_table(self.uv).get("package")
        is_package = package if isinstance(package, bool) else self.build_requires is not None and self._may_be_packaged
        return is_package and bool(self.project.get("name"))

    @property
    def _may_be_packaged(self) -> bool:
        """Whether Poetry or PDM may package the project. Their templates have a `[build-system]` in any case."""
        modes = (as_table(self.poetry).get("package-mode"), as_table(self.pdm).get("distribution"))
        return False not in modes

    @property
    def dynamic(self) -> tuple[str, ...]:
        """The names of the fields that the build backend decides on."""
        dynamic = self.project.get("dynamic")
        return tuple(map(str, dynamic)) if isinstance(dynamic, list) else ()

    @property
    def has_dependencies(self) -> bool:
        """Whether the project declares dependencies, here or by its build backend, which knows them only for packages."""
        is_dynamic = "dependencies" in self.dynamic and self._may_be_packaged
        return is_dynamic or bool(self.project.get("dependencies"))

    @property
    def has_poetry_dependencies(self) -> bool:
        """Whether the project declares packages for Poetry, whose list also contains `python`."""
        declared = self.poetry.get("dependencies") if isinstance(self.poetry, dict) else None
        return isinstance(declared, dict) and bool(declared.keys() - {"python"})

    @property
    def static_dependencies(self) -> tuple[str, ...] | None:
        """The dependencies, or None if a build backend has a say in them."""
        dependencies = self.project.get("dependencies", [])
        if not isinstance(dependencies, list) or "dependencies" in self.dynamic:
            return None
        return tuple(map(str, dependencies))
