"""The files of a project whose changes do not matter: what git ignores, environments, caches, what editors write, own output."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

from funcpack.project.digest import NOT_SOURCES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_DIRECTORIES = NOT_SOURCES | {".cache", ".venv", "node_modules"}

# Swap files, backups and probes of Vim, Emacs, nano, JetBrains IDEs, GNOME and KDE, and bytecode.
_EDITORS_FILES = re.compile(
    r".*~|\.#.*|#.*#|\..*\.sw[a-z]|4913|.*\.py[co]|.*___jb_(tmp|old)___|\.goutputstream-.*|.*\.kate-swp|\.DS_Store|\.nfs.*"
)


class IgnoredFiles:
    """Decides which changes below a directory do not matter."""

    def __init__(self, directory: Path, kept: Collection[Path]) -> None:
        """Ignore files below `directory`, but never those in `kept`."""
        self._directory = directory
        self._kept = kept
        self._top = next(
            (parent for parent in (directory, *directory.parents) if (parent / ".git").exists()), directory
        )
        self._spec = cache(_read_spec)
        self._outputs = frozenset(_outputs())
        if self._is_git_ignored(directory):
            # A project in a directory for experiments.
            self._top = directory

    def ignores(self, path: Path) -> bool:
        """Return whether a change of a file or directory does not matter."""
        if path in self._kept:
            return False
        if not path.is_relative_to(self._directory):
            return True
        parts = path.relative_to(self._directory).parts
        if not parts or _EDITORS_FILES.fullmatch(parts[-1]) or not _DIRECTORIES.isdisjoint(parts):
            return True
        return self._is_in_environment(path) or self._is_output(path) or self._is_git_ignored(path)

    def others_below(self, directory: Path) -> Iterator[Path]:
        """Yield the files below a directory whose changes matter."""
        for parent, names, files in os.walk(directory):
            names[:] = [name for name in names if not self.ignores(Path(parent, name))]
            yield from (file for name in files if not self.ignores(file := Path(parent, name)))

    def forget(self) -> None:
        """Read the files of git again: one of them has changed."""
        self._spec = cache(_read_spec)

    def _is_in_environment(self, path: Path) -> bool:
        """Return whether a path is in a virtual environment."""
        parents = path.relative_to(self._directory).parents
        return any((self._directory / parent / "pyvenv.cfg").exists() for parent in parents if parent.parts)

    def _is_output(self, path: Path) -> bool:
        """Return whether the tool itself writes to a file: each line about a reload would cause the next one."""
        with suppress(OSError):
            return _identity(path.stat()) in self._outputs
        return False

    def _is_git_ignored(self, path: Path) -> bool:
        """Apply the rules of gitignore(5): nothing in an ignored directory can be included again."""
        parents = [parent for parent in path.parents if parent != self._top and parent.is_relative_to(self._top)]
        return any(self._is_excluded(parent, "/") for parent in reversed(parents)) or self._is_excluded(
            path, "/" if path.is_dir() else ""
        )

    def _is_excluded(self, path: Path, suffix: str) -> bool:
        """Return what the nearest file says about a path; the last pattern in it counts."""
        for parent in path.parents:
            result = self._spec(parent).check_file(f"{path.relative_to(parent).as_posix()}{suffix}")
            if result.include is not None:
                return bool(result.include)
            if parent == self._top:
                break
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


def _read_spec(directory: Path) -> GitIgnoreSpec:
    lines: list[str] = []
    for file in (directory / ".git" / "info" / "exclude", directory / ".gitignore"):
        if file.is_file():
            lines += file.read_text(encoding="utf-8", errors="replace").splitlines()
    return GitIgnoreSpec.from_lines(lines)
