"""Reads files of the app, which come from somebody whom the platform does not trust with its secrets.

A file is read only if it is in the app directory after all links are followed, if it is a regular file, and if it is not too
large. Errors name files that are not text, or that the build does not have.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.errors import (
    FileEncodingError,
    FileTooLargeError,
    InvalidTomlError,
    NotAFileError,
    OutsideFileError,
    UnreadableFileError,
    UserError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Parsing takes time and memory in proportion to the size. The largest lock files of real projects have a few MiB.
LARGEST_FILE = 16 * 2**20

_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

# tomllib takes time in proportion to the square of the parts of a key, and to that of the digits of a number.
_MOST_PARTS = 100
_LONGEST_WORD = 1000
_DEEPEST = 100
_TOML_TEXT = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"*|'
    r"'''(?:[^']|'(?!''))*+'*|"
    r'"(?:[^"\\\n]|\\.)*+"?|'
    r"'[^'\n]*+'?|"
    r"#[^\n]*+",
    re.DOTALL,
)
_TOML_WORDS = re.compile(r"[\w.\- \t]+")


def source_roots(app: Path) -> tuple[Path, ...]:
    """Return the directories on the function's `sys.path`: the app directory and, if it exists, its `src`."""
    src = app / "src"
    return (app, src) if is_directory(src) else (app,)


def is_source_tree(directory: Path) -> bool:
    """Check whether a directory contains a package to build."""
    return any(is_file(directory / name) for name in ("pyproject.toml", "setup.py"))


def is_file(path: Path) -> bool:
    """Check whether a path is a regular file. Unlike `Path.is_file`, accept any name, which may be too long for a file."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_directory(path: Path) -> bool:
    """Check whether a path is a directory. Unlike `Path.is_dir`, accept any name."""
    try:
        return path.is_dir()
    except OSError:
        return False


def kind_that_blocks(path: Path) -> str | None:
    """Return what a path is if reading it could wait forever: "a named pipe" or "a device"; None for everything else."""
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except OSError:
        return None
    return _KINDS[kind] if kind in {stat.S_IFIFO, stat.S_IFCHR} else None


def exists(path: Path) -> bool:
    """Check whether a path exists. Unlike `Path.exists`, accept any name."""
    try:
        return path.exists()
    except OSError:
        return False


def children(directory: Path) -> list[Path]:
    """Return the paths in a directory, sorted, or nothing if it is not one.

    Unlike `Path.glob`, accept links that cannot be followed, whose target may be too long for a name.
    """
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def is_present(file: Path) -> bool:
    """Check whether there is anything with this name: a file, a link that leads nowhere, or something that is not a file."""
    return file.is_symlink() or exists(file)


def is_broken_link(file: Path) -> bool:
    """Check whether a path is a link to a file that does not exist."""
    return file.is_symlink() and not exists(file)


def is_inside(path: Path, app: Path) -> bool:
    """Check whether a path is in the app directory after all links are followed."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(app))
    except (OSError, ValueError):
        return False


def shown_path(file: Path, app: Path | None) -> str:
    """Return the name of a file in messages: relative to the app directory if it is in there."""
    return str(file.relative_to(app)) if app and file.is_relative_to(app) else str(file)


def walk(directory: Path) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    """Return every directory with its entries, without following links, a directory before its content.

    The caller may remove subdirectories from the list. `os.walk` is limited in depth by Python's stack.
    """
    pending = [directory]
    while pending:
        path = pending.pop()
        try:
            with os.scandir(path) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            continue
        yield path, entries
        pending += [Path(entry.path) for entry in reversed(entries) if entry.is_dir(follow_symlinks=False)]


def read_bytes(file: Path, app: Path | None) -> bytes:
    """Return the content of a file, which must be in `app`, if that is not None.

    Raises:
        OutsideFileError, NotAFileError, FileTooLargeError, UnreadableFileError: The file cannot be read.

    """
    shown = shown_path(file, app)
    try:
        found = file.stat()
        if app and not is_inside(file, app):
            raise OutsideFileError(shown, os.path.realpath(file))
        if not stat.S_ISREG(found.st_mode):
            raise NotAFileError(shown, _KINDS.get(stat.S_IFMT(found.st_mode), "not a file"))
        if found.st_size > LARGEST_FILE:
            raise FileTooLargeError(shown, found.st_size, LARGEST_FILE)
        return file.read_bytes()
    except (OSError, ValueError) as exc:
        target = str(file.readlink()) if is_broken_link(file) and not _is_loop(exc) else None
        raise UnreadableFileError(shown, getattr(exc, "strerror", None) or str(exc), target) from exc


def read_text(file: Path, app: Path | None) -> str:
    """Return the text of a file that must be UTF-8, and in `app`, if that is not None.

    Raises:
        FileEncodingError: The file is not UTF-8.
        OutsideFileError, NotAFileError, FileTooLargeError, UnreadableFileError: The file cannot be read.

    """
    content = read_bytes(file, app)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        shown = shown_path(file, app)
        raise FileEncodingError(shown, _BYTE_ORDER_MARKS.get(content[:2], ""), line) from exc


def text_or_nothing(file: Path, app: Path) -> str:
    """Return the text of a file that need not be valid, or an empty text if it cannot be read."""
    try:
        return read_bytes(file, app).decode("utf-8-sig", "replace")
    except UserError:
        return ""


def read_toml(file: Path, app: Path) -> Mapping[str, object]:
    """Return the content of a TOML file of the app.

    Raises:
        InvalidTomlError, FileEncodingError: The file is not valid.
        OutsideFileError, NotAFileError, FileTooLargeError, UnreadableFileError: The file cannot be read.

    """
    try:
        return parse_toml(read_text(file, app))
    except ValueError as exc:
        raise InvalidTomlError(shown_path(file, app), *toml_failure(exc)) from exc


def parse_toml(text: str) -> Mapping[str, object]:
    """Parse TOML, in time in proportion to its length.

    Raises:
        ValueError: The text is not TOML, or its keys or values have a size that no real file has.

    """
    if reason := _unusual_size(text):
        raise ValueError(reason)
    try:
        document = tomllib.loads(text)
    except RecursionError as exc:
        raise ValueError("The values are nested too deeply") from exc
    if _is_deeper(document, _DEEPEST):
        raise ValueError("The values are nested too deeply")
    return document


def _unusual_size(text: str) -> str | None:
    """Return the reason not to parse a text. Strings do not count, and each stands for one part of a key."""
    for words in _TOML_WORDS.findall(_TOML_TEXT.sub("x", text)):
        if words.count(".") > _MOST_PARTS:
            return f"A key has more than {_MOST_PARTS} parts"
        if len(words) > _LONGEST_WORD and max(map(len, words.split())) > _LONGEST_WORD:
            return f"A key or a number has more than {_LONGEST_WORD} characters"
    return None


def _is_deeper(document: Mapping[str, object], limit: int) -> bool:
    level: list[object] = [document]
    for _ in range(limit):
        level = [child for value in level for child in _children(value) if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def toml_failure(failure: ValueError) -> tuple[str, int | None]:
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


def _is_loop(failure: Exception) -> bool:
    import errno  # noqa: PLC0415 - needed only for errors

    return isinstance(failure, OSError) and failure.errno == errno.ELOOP
