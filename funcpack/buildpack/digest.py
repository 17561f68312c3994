"""Digests of files and directories, for the metadata of layers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def of_files(paths: Iterable[Path], base: Path) -> str:
    """Return the SHA-256 of files and of whole directories: their names below `base` and their contents."""
    total = hashlib.sha256()
    for file in _files(paths):
        name = file.relative_to(base) if file.is_relative_to(base) else file
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{name}\0{content}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


def of_text(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from _files(sorted(child for child in path.iterdir() if not _is_left_out(child)))
        elif path.is_file():
            yield path


def _is_left_out(path: Path) -> bool:
    """Tell if a file is no input: what Python or a developer's tools write beside the source."""
    return path.name.startswith(".") or path.name == "__pycache__"
