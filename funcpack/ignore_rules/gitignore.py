"""The rules of gitignore(5), which the files of other tools have, too."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class IgnoreRules:
    """The rules of the ignore files in a directory and below it, of which the nearest one counts."""

    def __init__(self, top: Path, lines: Callable[[Path], Sequence[str]]) -> None:
        """Apply the files from the directory `top` downwards; `lines` returns the rules of a directory, or nothing."""
        self.top = top
        self._spec = cache(lambda directory: GitIgnoreSpec.from_lines(lines(directory)))

    def ignores(self, path: Path) -> bool:
        """Return whether a path below the top is ignored. Nothing in an ignored directory can be included again."""
        parents = [parent for parent in path.parents if parent != self.top and parent.is_relative_to(self.top)]
        return any(self._is_excluded(parent, "/") for parent in reversed(parents)) or self._is_excluded(
            path, "/" if path.is_dir() else ""
        )

    def _is_excluded(self, path: Path, suffix: str) -> bool:
        """Return what the nearest file says about a path; the last pattern in it counts."""
        for parent in path.parents:
            result = self._spec(parent).check_file(f"{path.relative_to(parent).as_posix()}{suffix}")
            if result.include is not None:
                return bool(result.include)
            if parent == self.top:
                break
        return False


def rules_of_git(directory: Path) -> IgnoreRules:
    """Return git's rules for a directory: also those above it, unless they ignore the whole directory."""
    parents = (directory, *directory.parents)
    rules = IgnoreRules(next((parent for parent in parents if (parent / ".git").exists()), directory), _lines_of_git)
    # A project in a directory for experiments.
    return IgnoreRules(directory, _lines_of_git) if rules.top != directory and rules.ignores(directory) else rules


def read_lines(file: Path) -> list[str]:
    """Return the lines of an ignore file, or nothing if there is no such file."""
    return file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []


def _lines_of_git(directory: Path) -> list[str]:
    return [*read_lines(directory / ".git" / "info" / "exclude"), *read_lines(directory / ".gitignore")]
