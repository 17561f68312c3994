"""The files that build backends write into the directory of the sources.

The app becomes part of the image, but only a build that runs the build backend has these files. Intermediate results are
removed, so that the image is the same without them. Others may belong to the package: `_version.py`, or a compiled module.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from funcpack.project.app_files import is_directory, is_file, walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_METADATA_SUFFIX = ".egg-info"
_INTERMEDIATE = frozenset({"build", ".pdm-build"})


@contextmanager
def removed(app: Path) -> Iterator[list[str]]:
    """Remove intermediate results that appear during the block, and yield a list, which names the other new files after it."""
    written: list[str] = []
    before = set(_paths(app))
    yield written
    for path in sorted(set(_paths(app)) - before):
        if _is_intermediate(path):
            shutil.rmtree(path, ignore_errors=True)
        elif is_file(path):
            written.append(str(path.relative_to(app)))


def remove_source_metadata(app: Path) -> None:
    """Remove the metadata that a development installation left next to the sources, where Python would find it first."""
    for directory in (app, app / "src"):
        for path in directory.glob(f"*{_METADATA_SUFFIX}"):
            shutil.rmtree(path, ignore_errors=True)


def _paths(app: Path) -> Iterator[Path]:
    for directory, entries in walk(app):
        entries[:] = [
            entry
            for entry in entries
            if not entry.is_dir(follow_symlinks=False) or entry.name in _INTERMEDIATE or not _is_ignored(entry.name)
        ]
        yield from (directory / entry.name for entry in entries)


def _is_ignored(name: str) -> bool:
    """Check whether a directory does not belong to the sources."""
    return name.startswith(".") or name == "__pycache__"


def _is_intermediate(path: Path) -> bool:
    return is_directory(path) and (path.name in _INTERMEDIATE or path.name.endswith(_METADATA_SUFFIX))
