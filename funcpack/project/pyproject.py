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
    """The table `[project]`, and `[tool.uv]` as it is; both are empty if there is no such file."""

    project: Mapping[str, object]
    uv: object

    @classmethod
    def read(cls, app: Path) -> Pyproject:
        """Read pyproject.toml in the app directory.

        Raises:
            UserError: The file is not readable or not TOML.

        """
        document = read_toml(app, NAME) if is_present(app / NAME) else {}
        project, tool = document.get("project"), document.get("tool")
        return cls(
            project if isinstance(project, dict) else {},
            tool.get("uv") if isinstance(tool, dict) else None,
        )

    @property
    def has_dependencies(self) -> bool:
        """Whether the project declares dependencies, here or by its build backend."""
        dynamic = self.project.get("dynamic")
        return bool(self.project.get("dependencies") or (isinstance(dynamic, list) and "dependencies" in dynamic))

    @property
    def static_dependencies(self) -> tuple[str, ...] | None:
        """The dependencies, or None if a build backend has a say in them."""
        dependencies = self.project.get("dependencies")
        if not isinstance(dependencies, list) or self.project.get("dynamic"):
            return None
        return tuple(map(str, dependencies))
