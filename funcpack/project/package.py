"""Decides whether the project itself is a package to install, as `uv sync` does, and what its installation depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.project import digest
from funcpack.project.app_files import exists

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.project.pyproject import Pyproject


@dataclass(frozen=True, slots=True)
class Package:
    """The project as a package.

    `digest` covers all files of the app, because the build backend decides which of them belong to the package. `changing` are
    the reasons why the digest cannot cover everything. `build_requires` are the packages with the build backend.
    """

    name: str
    digest: str
    build_requires: tuple[str, ...]
    changing: tuple[str, ...] = ()


def find_package(app: Path, pyproject: Pyproject) -> Package | None:
    """Return the project as a package, or None if it is not one.

    Raises:
        UnreadableFileError: A file cannot be read.

    """
    if not pyproject.is_package:
        return None
    has_repository = "version" in pyproject.dynamic and exists(app / ".git")
    changing = ("the version of the project may come from its Git repository",) if has_repository else ()
    return Package(
        str(pyproject.project.get("name")), digest.files_digest([app], app), pyproject.build_requires or (), changing
    )
