"""Finds credentials in files of the app, which become part of the image, for everybody who can pull it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from funcpack.project.app_files import is_file, shown_path, text_or_nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_FILES = (
    "requirements.txt",
    "project.toml",
    "func.yaml",
    "pyproject.toml",
    "uv.toml",
    "uv.lock",
    "pylock.toml",
    "pip.conf",
    "pip.ini",
    "poetry.lock",
    "Pipfile",
    "Pipfile.lock",
)
# On Windows, the name of a netrc file begins with an underscore.
_FILES_OF_CREDENTIALS = (*(f"{mark}netrc" for mark in "._"), ".pypirc", ".git-credentials")

_USER = re.compile(r"(?<=://)(?P<user>[^\s/:@\"'<>]{0,200})(?::(?P<password>[^\s/@\"'<>]{0,1000}))?@")
_PASSWORD_OF_INDEX = re.compile(r"\bUV_INDEX_\w{1,200}_PASSWORD\b")
_VARIABLE = re.compile(r"\$\{?\w+\}?|\{\{.*\}\}|\*+")
# An account's name may be the whole user, but a token is longer.
_SHORTEST_TOKEN = 20


def find_credentials(app: Path, requirements: Iterable[Path]) -> tuple[str, ...]:
    """Return the places with credentials, without these: in requirements files and in files with settings of installers."""
    app = app.resolve()
    files = dict.fromkeys([*requirements, *(app / name for name in _FILES)])
    places = [f"{shown_path(file, app)}, line {line}" for file in files for line in _lines(file, app)]
    return (*places, *(name for name in _FILES_OF_CREDENTIALS if is_file(app / name)))


def _lines(file: Path, app: Path) -> Iterator[int]:
    for number, line in enumerate(text_or_nothing(file, app).splitlines(), 1):
        if ("@" in line and any(map(_is_secret, _USER.finditer(line)))) or _PASSWORD_OF_INDEX.search(line):
            yield number


def _is_secret(match: re.Match[str]) -> bool:
    user, password = match["user"], match["password"]
    if password:
        return not _VARIABLE.fullmatch(password)
    return len(user) >= _SHORTEST_TOKEN and not _VARIABLE.fullmatch(user)
