"""Reads requirements files: which files they include, and whether they contain anything to install.

uv interprets the requirements. This module knows just enough of the format to follow `-r`, `-c`, `-e` and paths.
https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from funcpack.errors import MissingRequirementsFileError
from funcpack.project.app_files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NESTED = re.compile(
    r"(?:-r|-c|--requirement|--constraint)(?:\s*=\s*|\s+|(?<=-[rc]))(?P<quote>[\"']?)(?P<file>.+)(?P=quote)"
)
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s*=\s*|\s+)(?P<path>\S+)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz")


@dataclass(slots=True)
class Requirements:
    """The content of a requirements file and of all files that it includes.

    `files` are the requirements and constraints files. `paths` are files and directories of the app that are installed.
    `lines` are all logical lines except those that include a file of the app. `is_empty` is true if there is nothing to
    install.
    """

    files: list[Path] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    is_empty: bool = True


def read_requirements(file: Path, app: Path) -> Requirements:
    """Read a requirements file and the files that it includes.

    Raises:
        MissingRequirementsFileError, FileEncodingError, UnreadableFileError: One of the files is missing or not readable.

    """
    requirements = Requirements()
    _read_into(requirements, file, app)
    return requirements


def _read_into(requirements: Requirements, file: Path, app: Path) -> None:
    if file in requirements.files:
        return
    requirements.files.append(file)
    shown = _shown(file, app)
    for number, line in _lines(read_text(file, shown)):
        nested = _NESTED.fullmatch(line)
        # URLs and names with variables are left to uv.
        if nested and "://" not in nested["file"] and "${" not in nested["file"]:
            target = (file.parent / nested["file"]).resolve()
            if not target.is_file():
                raise MissingRequirementsFileError(shown, number, nested["file"])
            _read_into(requirements, target, app)
            continue
        requirements.lines.append(line)
        if nested or not line.startswith("-") or _EDITABLE.match(line):
            requirements.is_empty = False
            requirements.paths += _local_path(line, file.parent)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Return the logical lines without comments, each with the number of its first physical line."""
    pending, start = "", 0
    for number, line in enumerate([*text.splitlines(), ""], 1):  # the last line may end with a backslash, too
        start = start if pending else number
        pending += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        stripped = _COMMENT.sub("", pending).strip()
        pending = ""
        if stripped:
            yield start, stripped


def _local_path(line: str, base: Path) -> list[Path]:
    """Return the file or the directory that a requirement refers to, if it exists."""
    editable = _EDITABLE.match(line)
    text = editable["path"] if editable else line.partition(" @ ")[2] or line
    text = re.split(r"\s+;|\s+--|\[", text.strip())[0]
    is_path = editable or text.startswith((".", "/", "file:")) or text.endswith(_ARCHIVES)
    text = text.removeprefix("file://").removeprefix("file:")
    if "://" in text or not is_path:
        return []
    path = (base / text).resolve()
    return [path] if path.exists() else []


def _shown(file: Path, app: Path) -> str:
    return str(file.relative_to(app)) if file.is_relative_to(app) else str(file)
