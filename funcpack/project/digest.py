"""Digests of files, directories and texts, for the metadata of layers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from funcpack.errors import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


_NOT_SOURCES = frozenset(
    {
        "__pycache__",
        ".DS_Store",
        ".git",
        ".hg",
        ".idea",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".vscode",
    }
)


def files_digest(paths: Iterable[Path], base: Path) -> str:
    """Return the SHA-256 of files and whole directories: of their names relative to `base` and their contents.

    Raises:
        UnreadableFileError: A file cannot be read.

    """
    total = hashlib.sha256()
    for file in _files(paths, set()):
        name = file.relative_to(base) if file.is_relative_to(base) else file
        total.update(f"{name}\0{_content_digest(file, str(name))}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _content_digest(file: Path, shown: str) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as exc:
        raise UnreadableFileError(shown, exc.strerror or str(exc)) from exc


def _files(paths: Iterable[Path], seen: set[Path]) -> Iterator[Path]:
    """Return the files among `paths` and in the directories among them; each directory once, because links may form cycles."""
    for path in paths:
        if path.is_dir():
            directory = path.resolve()
            if directory not in seen:
                seen.add(directory)
                yield from _files(sorted(child for child in path.iterdir() if not _is_ignored(child)), seen)
        elif path.is_file():
            yield path


def _is_ignored(path: Path) -> bool:
    """Check whether Python or a developer's tool wrote the path next to the sources. A package may have other hidden files."""
    return path.name in _NOT_SOURCES or (path / "pyvenv.cfg").is_file()
