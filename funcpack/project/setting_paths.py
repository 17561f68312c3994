"""Checks the files that the variables of uv and pip name. Those that the project names must be in the app directory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from funcpack.errors import NotAFileError
from funcpack.project.app_files import exists, is_file
from funcpack.project.local_paths import check_inside, local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from funcpack.project.settings import Settings

# Variables with requirements files.
REQUIREMENTS = (
    "PIP_BUILD_CONSTRAINT",
    "PIP_CONSTRAINT",
    "UV_BUILD_CONSTRAINT",
    "UV_CONSTRAINT",
    "UV_EXCLUDE",
    "UV_OVERRIDE",
)
_CERTIFICATES = (
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CLIENT_CERT",
)
_PLACES_OF_PACKAGES = (
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_URL",
)
# An index may have a name: NAME=URL.
_NAME = re.compile(r"^[\w-]+=")


class Named(NamedTuple):
    """What a variable names: its value in quotation marks, where the variable was set, and the path, or None if it is at a URL."""

    value: str
    origin: str
    path: Path | None
    is_of_project: bool

    @property
    def shown(self) -> str:
        """How messages name it."""
        return f"{self.value} ({self.origin})"


def named_requirements(settings: Settings, app: Path) -> Iterator[Named]:
    """Return the requirements files that variables name, relative to the app directory."""
    for name in REQUIREMENTS:
        yield from _named(name, str.split, settings, app)


def check_paths(settings: Settings, app: Path) -> None:
    """Check the files and directories that variables name.

    Raises:
        OutsideFileError: The project names one that is not in the app directory.
        NotAFileError: It is not a file, although the variable requires one. uv could wait for it forever.

    """
    files = [*named_requirements(settings, app)]
    for name in _CERTIFICATES:
        files += _named(name, lambda value: [value], settings, app)
    places = [named for name in _PLACES_OF_PACKAGES for named in _named(name, _places, settings, app)]
    for named in (*files, *places):
        if named.path and named.is_of_project:
            check_inside(named.path, app, named.value, named.origin)
    for named in files:
        if named.path and exists(named.path) and not is_file(named.path):
            raise NotAFileError(named.shown, "not a regular file")


def _named(name: str, split: Callable[[str], list[str]], settings: Settings, app: Path) -> Iterator[Named]:
    setting = settings.get(name)
    for value in split(setting.value) if setting else ():
        origin = setting.origin if setting else name
        yield Named(f"'{value}'", origin, local_path(value, app), settings.is_of_project(name))


def _places(value: str) -> list[str]:
    """Return the places in a list, which has spaces or commas, and may begin with the name of an index: NAME=URL."""
    return [_NAME.sub("", place) for place in (*value.split(), *value.split(","))]
