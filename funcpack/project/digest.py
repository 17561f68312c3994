"""Digests of files and directories, for the metadata of layers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from funcpack.errors import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def of_files(paths: Iterable[Path], base: Path) -> str:
    """Return the SHA-256 of files and of whole directories: their names below `base` and their contents.

    Raises:
        UnreadableFileError: about one of the files.

    """
    total = hashlib.sha256()
    for file in _files(paths, set()):
        name = file.relative_to(base) if file.is_relative_to(base) else file
        total.update(f"{name}\0{_of_content(file, str(name))}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


def of_text(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _of_content(file: Path, shown: str) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as exc:
        raise UnreadableFileError(shown, exc.strerror or str(exc)) from exc


def _files(paths: Iterable[Path], seen: set[Path]) -> Iterator[Path]:
    """Return files and those of directories, each directory once: links may lead round in circles."""
    for path in paths:
        if path.is_dir():
            directory = path.resolve()
            if directory not in seen:
                seen.add(directory)
                yield from _files(sorted(child for child in path.iterdir() if not _is_left_out(child)), seen)
        elif path.is_file():
            yield path


def _is_left_out(path: Path) -> bool:
    """Tell if a file is no input: what Python or a developer's tools write beside the source."""
    return path.name.startswith(".") or path.name == "__pycache__"
