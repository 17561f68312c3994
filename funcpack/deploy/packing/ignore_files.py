"""Which files of an app are not packed: those that its ignore files name, and those that never belong to a function.

`.gcloudignore` replaces the other ignore files, as it does for gcloud; it includes one of them by a line such as
`#!include:.gitignore`. Otherwise `.funcignore` and git's files both count: a file is packed if neither of them names it.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from funcpack.ignore_rules.gitignore import IgnoreRules, read_lines, rules_of_git
from funcpack.ignore_rules.leftovers import is_environment, is_of_editor
from funcpack.project.digest import NOT_SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

GCLOUDIGNORE, FUNCIGNORE = ".gcloudignore", ".funcignore"
_INCLUDE = "#!include:"

# In any directory: tools' files, and variables, which are often secret.
_NEVER = (*sorted(NOT_SOURCES), ".env*")
# In the app directory alone: the configuration of deployments, which has values of variables.
_NEVER_AT_TOP = (".goblet", "config.json")


class NotPacked:
    """Decides which files of an app are not packed."""

    def __init__(self, app: Path, excluded: Sequence[Path]) -> None:
        """Read the ignore files of `app`, and leave out the files and directories `excluded`, too."""
        self._app = app
        self._excluded = frozenset(os.path.realpath(path) for path in excluded)
        self._rules = tuple(_rules(app))

    def leaves_out(self, path: Path) -> bool:
        """Return whether a file or directory, which must be below the app directory, is not packed.

        The caller does not ask for what is below a directory that is left out. What a link leads to counts, too.
        """
        return self._is_left_out(path) or (path.is_symlink() and self._leads_to_left_out(path))

    def _is_left_out(self, path: Path) -> bool:
        names = _NEVER_AT_TOP + _NEVER if path.parent == self._app else _NEVER
        return (
            is_of_editor(path.name)
            or any(fnmatchcase(path.name, name) for name in names)
            or os.path.realpath(path) in self._excluded
            or is_environment(path)
            or any(rules.ignores(path) for rules in self._rules)
        )

    def _leads_to_left_out(self, link: Path) -> bool:
        """Return whether a link leads to a file of the app that is left out, such as one with secrets."""
        app = self._app.resolve()
        target = link.resolve()
        parts = target.relative_to(app).parts if target.is_relative_to(app) else ()
        return any(self._is_left_out(self._app.joinpath(*parts[:count])) for count in range(1, len(parts) + 1))


def _rules(app: Path) -> Iterator[IgnoreRules]:
    if (app / GCLOUDIGNORE).is_file():
        lines = list(_lines_of_gcloud(app))
        yield IgnoreRules(app, lambda directory: lines if directory == app else ())
        return
    yield IgnoreRules(app, lambda directory: read_lines(app / FUNCIGNORE) if directory == app else ())
    yield rules_of_git(app)


def _lines_of_gcloud(app: Path) -> Iterator[str]:
    """Return the lines of .gcloudignore, with those of the files that it includes in their place.

    https://cloud.google.com/sdk/gcloud/reference/topic/gcloudignore
    """
    for line in read_lines(app / GCLOUDIGNORE):
        if line.startswith(_INCLUDE):
            yield from read_lines(app / line.removeprefix(_INCLUDE).strip())
        else:
            yield line
