"""Reads pyproject.toml: the tables that a build uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.project.app_files import is_present, read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Pyproject:
    """The table `[project]`, and `[tool.uv]` and `[tool.poetry]` as they are; all are empty if there is no such file."""

    project: Mapping[str, object]
    uv: object
    poetry: object

    @classmethod
    def read(cls, app: Path) -> Pyproject:
        """Read pyproject.toml in the app directory.

        Raises:
            UserError: The file is not readable or not TOML.

        """
        document = read_toml(app, NAME) if is_present(app / NAME) else {}
        project, tool = document.get("project"), document.get("tool")
        tools = tool if isinstance(tool, dict) else {}
        return cls(project if isinstance(project, dict) else {}, tools.get("uv"), tools.get("poetry"))

    @property
    def has_dependencies(self) -> bool:
        """Whether the project declares dependencies, here or by its build backend."""
        dynamic = self.project.get("dynamic")
        return bool(self.project.get("dependencies") or (isinstance(dynamic, list) and "dependencies" in dynamic))

    @property
    def has_poetry_dependencies(self) -> bool:
        """Whether the project declares packages for Poetry, whose list also contains `python`."""
        declared = self.poetry.get("dependencies") if isinstance(self.poetry, dict) else None
        return isinstance(declared, dict) and bool(declared.keys() - {"python"})

    @property
    def static_dependencies(self) -> tuple[str, ...] | None:
        """The dependencies, or None if a build backend has a say in them."""
        dependencies = self.project.get("dependencies")
        if not isinstance(dependencies, list) or self.project.get("dynamic"):
            return None
        return tuple(map(str, dependencies))
