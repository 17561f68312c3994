"""The files of a project whose changes do not matter: what git ignores, environments, caches, what editors write, own output."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.ignore_rules.gitignore import rules_of_git
from funcpack.ignore_rules.leftovers import is_environment, is_of_editor
from funcpack.project.digest import NOT_SOURCES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_DIRECTORIES = NOT_SOURCES | {".cache", ".venv", "node_modules"}

_BYTECODE = (".pyc", ".pyo")


class IgnoredFiles:
    """Decides which changes below a directory do not matter."""

    def __init__(self, directory: Path, kept: Collection[Path]) -> None:
        """Ignore files below `directory`, but never those in `kept`."""
        self._directory = directory
        self._kept = kept
        self._git = rules_of_git(directory)
        self._outputs = frozenset(_outputs())

    def ignores(self, path: Path) -> bool:
        """Return whether a change of a file or directory does not matter."""
        if path in self._kept:
            return False
        if not path.is_relative_to(self._directory):
            return True
        parts = path.relative_to(self._directory).parts
        if not parts or is_of_editor(parts[-1]) or path.suffix in _BYTECODE or not _DIRECTORIES.isdisjoint(parts):
            return True
        return self._is_in_environment(path) or self._is_output(path) or self._git.ignores(path)

    def others_below(self, directory: Path) -> Iterator[Path]:
        """Yield the files below a directory whose changes matter."""
        for parent, names, files in os.walk(directory):
            names[:] = [name for name in names if not self.ignores(Path(parent, name))]
            yield from (file for name in files if not self.ignores(file := Path(parent, name)))

    def forget(self) -> None:
        """Read the files of git again: one of them has changed."""
        self._git = rules_of_git(self._directory)

    def _is_in_environment(self, path: Path) -> bool:
        """Return whether a path is in a virtual environment."""
        parents = path.relative_to(self._directory).parents
        return any(is_environment(self._directory / parent) for parent in parents if parent.parts)

    def _is_output(self, path: Path) -> bool:
        """Return whether the tool itself writes to a file: each line about a reload would cause the next one."""
        with suppress(OSError):
            return _identity(path.stat()) in self._outputs
        return False


def _outputs() -> Iterator[tuple[int, int]]:
    """Return the files that standard output and standard error are redirected to."""
    for descriptor in (1, 2):
        with suppress(OSError):
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode):
                yield _identity(status)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
