"""Reads requirements files: which files they include, and whether they contain anything to install.

uv interprets the requirements. This module knows just enough of the format to follow `-r`, `-c`, `-e` and paths.
https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from funcpack.errors import MissingLocalPackageError, MissingRequirementsFileError
from funcpack.project.app_files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_NESTED = re.compile(
    r"(?:-r|-c|--requirement|--constraint)(?:\s*=\s*|\s+|(?<=-[rc]))(?P<quote>[\"']?)(?P<file>.+)(?P=quote)"
)
_CONSTRAINT = re.compile(r"-c|--constraint")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s*=\s*|\s+)(?P<path>.+)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True, slots=True)
class Place:
    """A logical line of a requirements file, with the number of its first physical line."""

    file: str
    number: int
    line: str


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
        MissingLocalPackageError: The build does not have a package that a requirement refers to by its path.

    """
    requirements = Requirements()
    _read_into(requirements, file, app)
    return requirements


def _read_into(requirements: Requirements, file: Path, app: Path, *, is_constraints: bool = False) -> None:
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
            _read_into(requirements, target, app, is_constraints=is_constraints or _CONSTRAINT.match(line) is not None)
            continue
        requirements.lines.append(line)
        if nested or not line.startswith("-") or _EDITABLE.match(line):
            requirements.is_empty = False
            path = _local_path(line, file.parent)
            if path and not is_constraints:  # a constraint need not apply
                _check_package(path, Place(shown, number, line), app)
            if path:
                requirements.paths.append(path)


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


def _local_path(line: str, base: Path) -> Path | None:
    """Return the file or the directory that a requirement refers to, which may be missing; None for any other requirement."""
    text = _location(line)
    is_path = _EDITABLE.match(line) or text.startswith((".", "/", "file:")) or text.endswith(_ARCHIVES)
    text = text.removeprefix("file://").removeprefix("file:")
    # Names with variables, quotes or escapes are left to uv.
    return (base / text).resolve() if is_path and not re.search(r"://|\$\{|[\"'%\\]", text) else None


def _location(line: str) -> str:
    """Return the location in a requirement, without its extras, marker and options."""
    editable = _EDITABLE.match(line)
    text = editable["path"] if editable else line.partition(" @ ")[2] or line
    return re.split(r"\s*;|\s+--|\[|#", text.strip())[0]


def _check_package(path: Path, place: Place, app: Path) -> None:
    """Check that there is a package at `path`, unless a marker may exclude it.

    Raises:
        MissingLocalPackageError: There is no package.

    """
    if path.is_file() or ";" in place.line:
        return
    reason = "does not exist"
    if path.is_dir():
        if any((path / name).is_file() for name in ("pyproject.toml", "setup.py")):
            return
        is_empty = not any(path.iterdir())
        reason = "is an empty directory" if is_empty else "has no pyproject.toml or setup.py"
    is_outside = not path.is_relative_to(app)
    raise MissingLocalPackageError(place.file, place.number, _location(place.line), reason, is_outside)


def option_variables(lines: Iterable[str]) -> dict[str, str]:
    """Return the variables of uv for options that uv ignores in requirements files: `--pre` and `--trusted-host`."""
    options = [line.replace("=", " ", 1).split() for line in lines if line.startswith("--")]
    hosts = [option[1] for option in options if option[0] == "--trusted-host" and len(option) > 1]
    variables = {"UV_INSECURE_HOST": " ".join(hosts)} if hosts else {}
    return variables | ({"UV_PRERELEASE": "allow"} if ["--pre"] in options else {})


def _shown(file: Path, app: Path) -> str:
    return str(file.relative_to(app)) if file.is_relative_to(app) else str(file)
