"""Checks the files that the variables of uv and pip name. Those that the project names must be in the app directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.errors import OutsideFileError
from funcpack.project.app_files import exists, is_inside
from funcpack.project.local_paths import local_path

if TYPE_CHECKING:
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


def check_paths(settings: Settings, app: Path) -> None:
    """Check the variables of the project that name requirements files.

    Raises:
        OutsideFileError: A file is not in the app directory.

    """
    for name in filter(settings.is_of_project, _NAMES):
        setting = settings.get(name)
        for value in setting.value.split() if setting else ():
            path = local_path(value, app)
            if path and exists(path) and not is_inside(path, app):
                raise OutsideFileError(value, str(path), setting.origin if setting else name)
