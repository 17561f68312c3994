"""Reads files of the app, with errors for files that are not text or that the build does not have."""

from __future__ import annotations

import codecs
import re
import tomllib
from typing import TYPE_CHECKING

from funcpack.errors import FileEncodingError, InvalidTomlError, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


def source_roots(app: Path) -> tuple[Path, ...]:
    """Return the directories on the function's `sys.path`: the app directory and, if it exists, its `src`."""
    src = app / "src"
    return (app, src) if src.is_dir() else (app,)


def is_source_tree(directory: Path) -> bool:
    """Check whether a directory contains a package to build."""
    return any((directory / name).is_file() for name in ("pyproject.toml", "setup.py"))


def is_present(file: Path) -> bool:
    """Check whether there is a file or a broken link, whose target was not sent to the build."""
    return file.is_file() or is_broken_link(file)


def is_broken_link(file: Path) -> bool:
    """Check whether a path is a link to a file that does not exist."""
    return file.is_symlink() and not file.exists()


def read_text(file: Path, shown: str) -> str:
    """Return the text of a file that must be UTF-8. Errors name it `shown`.

    Raises:
        FileEncodingError, UnreadableFileError: The file is not UTF-8, or it cannot be read.

    """
    try:
        content = file.read_bytes()
    except OSError as exc:
        target = str(file.readlink()) if is_broken_link(file) else None
        raise UnreadableFileError(shown, exc.strerror or str(exc), target) from exc
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise FileEncodingError(shown, _BYTE_ORDER_MARKS.get(content[:2], ""), line) from exc


def read_toml(app: Path, name: str) -> Mapping[str, object]:
    """Return the content of a TOML file of the app directory.

    Raises:
        InvalidTomlError, FileEncodingError, UnreadableFileError: The file is not valid, or it cannot be read.

    """
    try:
        return tomllib.loads(read_text(app / name, name))
    except tomllib.TOMLDecodeError as exc:
        raise InvalidTomlError(name, *toml_failure(exc)) from exc


def toml_failure(failure: tomllib.TOMLDecodeError) -> tuple[str, int | None]:
    """Return why a text is not TOML, and the number of the line if the parser knows it, but not the line, which may be secret."""
    reason = _TOML_PLACE.sub("", str(failure))
    place = _TOML_PLACE.search(str(failure))
    if place is None:
        return reason, None
    return (reason, int(place["line"])) if place["line"] else (f"{reason} at the end of the file", None)


def as_table(value: object) -> Mapping[str, object]:
    """Return a value of a TOML file if it is a table, otherwise an empty table."""
    return value if isinstance(value, dict) else {}


def as_tables(value: object) -> list[Mapping[str, object]]:
    """Return the tables in a value of a TOML file if it is a list, otherwise none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
