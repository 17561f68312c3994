"""Digests of files, directories and texts, for the metadata of layers."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from funcpack.errors import FileTooLargeError, NotAFileError, UnreadableFileError
from funcpack.project.app_files import is_directory, is_file, is_inside, kind_that_blocks, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


# No package is larger, and a file of any size may have no content at all.
_LARGEST = 4 * 2**30

# Names of files and directories that tools write.
NOT_SOURCES = frozenset(
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
        NotAFileError: A file is a named pipe or a device, for which the build could wait forever.

    """
    total = hashlib.sha256()
    for file, target in _files(paths, base):
        name = shown_path(file, base)
        content = _content_digest(file, name) if target is None else f"link to {target}"
        total.update(f"{name}\0{content}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _content_digest(file: Path, shown: str) -> str:
    try:
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > _LARGEST:
                raise FileTooLargeError(shown, size, _LARGEST)
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as exc:
        raise UnreadableFileError(shown, exc.strerror or str(exc)) from exc


def _files(paths: Iterable[Path], base: Path) -> Iterator[tuple[Path, str | None]]:
    """Return the files among `paths` and in the directories among them; each directory once, because links may form cycles.

    A link out of both the directory and `base` is not followed, but comes with its target. It may lead to any file system.
    """
    seen = set()
    pending = [(path, True) for path in reversed(list(paths))]
    while pending:
        path, is_followed = pending.pop()
        if not is_followed:
            yield path, str(path.readlink())
        elif is_directory(path):
            directory = os.path.realpath(path)
            if directory not in seen:
                seen.add(directory)
                children = sorted((child for child in path.iterdir() if not _is_ignored(child)), reverse=True)
                pending += [(child, _is_within(child, path, base)) for child in children]
        elif is_file(path):
            yield path, None
        elif kind := kind_that_blocks(path):
            raise NotAFileError(shown_path(path, base), kind)


def _is_within(child: Path, directory: Path, base: Path) -> bool:
    return not child.is_symlink() or is_inside(child, base) or is_inside(child, directory)


def _is_ignored(path: Path) -> bool:
    """Check whether Python or a developer's tool wrote the path next to the sources. A package may have other hidden files."""
    return path.name in NOT_SOURCES or is_file(path / "pyvenv.cfg")
