"""Checks the files that the variables of uv and pip name. Those that the project names must be in the app directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from funcpack.errors import OutsideFileError
from funcpack.project.app_files import exists, is_inside
from funcpack.project.local_paths import local_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from funcpack.project.settings import Settings

_NAMES = (
    "PIP_BUILD_CONSTRAINT",
    "PIP_CONSTRAINT",
    "UV_BUILD_CONSTRAINT",
    "UV_CONSTRAINT",
    "UV_EXCLUDE",
    "UV_OVERRIDE",
)


class NamedFile(NamedTuple):
    """A requirements file that a variable names: how messages show it, and its path, or None if it is at a URL."""

    shown: str
    path: Path | None
    is_of_project: bool


def named_files(settings: Settings, app: Path) -> Iterator[NamedFile]:
    """Return the requirements files that variables name, relative to the app directory."""
    for name in _NAMES:
        setting = settings.get(name)
        for value in setting.value.split() if setting else ():
            shown = f"'{value}' ({setting.origin if setting else name})"
            yield NamedFile(shown, local_path(value, app), settings.is_of_project(name))


def check_paths(settings: Settings, app: Path) -> None:
    """Check the variables of the project that name requirements files.

    Raises:
        OutsideFileError: A file is not in the app directory.

    """
    for named in named_files(settings, app):
        if named.is_of_project and named.path and exists(named.path) and not is_inside(named.path, app):
            raise OutsideFileError(named.shown, str(named.path))
