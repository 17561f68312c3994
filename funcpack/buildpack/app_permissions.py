"""Lets every user of the image read the app, also if it was checked out with a strict umask.

The image may run as any user, and the exporter keeps the permissions of the app's files.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack.buildpack.platform.log import Log


@dataclass(slots=True)
class _Changes:
    """The files and directories that were made readable, and those that belong to another user than the build's."""

    made: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def make_readable(app: Path, log: Log) -> None:
    """Give all users the permissions of the owner to read files and to enter directories, and log what changed."""
    changes = _Changes()
    for path, mode in _entries(app):
        wanted = _wanted(mode)
        if wanted != mode:
            _change(path, wanted, str(Path(path).relative_to(app)), changes)
    if changes.made or changes.refused:
        log.title("Permissions")
    if changes.made:
        log.line(f"Made {_describe(changes.made)} readable for all users of the image.")
    if changes.refused:
        log.line(f"Warning: only their owner can read {_describe(changes.refused)}, and the build cannot change this.")
        log.line("Run 'chmod -R a+rX .' in the app directory and build again.")


def _entries(app: Path) -> Iterator[tuple[str, int]]:
    """Return the files and directories of the app with their permissions, a directory before its content; no links."""
    with suppress(OSError):
        yield str(app), stat.S_IMODE(app.stat().st_mode)
    directories = [str(app)]
    while directories:
        with suppress(OSError), os.scandir(directories.pop()) as entries:
            for entry in entries:
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    directories.append(entry.path)
                if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
                    yield entry.path, stat.S_IMODE(mode)


def _wanted(mode: int) -> int:
    """Return the permissions with the owner's to read and to execute for all, unless others have them already."""
    owners = mode & (stat.S_IRUSR | stat.S_IXUSR)
    others = owners >> 6
    return mode if mode & others == others else mode | owners >> 3 | others


def _change(path: str, mode: int, shown: str, changes: _Changes) -> None:
    try:
        Path(path).chmod(mode)
    except OSError:
        changes.refused.append(shown)
    else:
        changes.made.append(shown)


def _describe(names: list[str]) -> str:
    return f"'{names[0]}'" if len(names) == 1 else f"{len(names)} files and directories ('{min(names)}', for example)"
