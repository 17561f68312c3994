"""Lets every user of the image read the app, and only the owner of its files write them.

The image may run as any user, and the exporter keeps the permissions of the app's files. It makes the user of the build their
owner, which is not the user of the image. A function that could write a file could write code.
"""

from __future__ import annotations

import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.project.app_files import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack.buildpack.platform.log import Log

_READ = stat.S_IRUSR | stat.S_IXUSR
_WRITE = stat.S_IWGRP | stat.S_IWOTH
# A file with one of these bits runs with the rights of its owner, and a directory with one passes on its group.
_SPECIAL = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX


@dataclass(slots=True)
class _Changes:
    """The files and directories that were made readable, those that others could write, and those that belong to another user.

    The last are the ones whose permissions the build cannot change, by what is wrong with them.
    """

    readable: list[str] = field(default_factory=list)
    protected: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    unprotected: list[str] = field(default_factory=list)


def set_permissions(app: Path, log: Log) -> None:
    """Give all users the permissions of the owner except to write, and log what changed."""
    changes = _Changes()
    for path, mode in _entries(app):
        if _wanted(mode) != mode:
            _change(path, mode, str(path.relative_to(app)), changes)
    # The platform creates the app directory itself, and some create it for all users.
    changes.protected = [name for name in changes.protected if name != "."]
    _log(changes, log)


def _log(changes: _Changes, log: Log) -> None:
    if changes.readable or changes.protected or changes.unreadable or changes.unprotected:
        log.title("Permissions")
    if changes.readable:
        log.line(f"Made {_describe(changes.readable)} readable for all users of the image.")
    if changes.protected:
        log.line(f"Made {_describe(changes.protected)} writable for the owner only, not for the function.")
    if changes.unreadable:
        log.line(
            f"Warning: only their owner can read {_describe(changes.unreadable)}, and the build cannot change this."
        )
    if changes.unprotected:
        log.line(f"Warning: the function can write {_describe(changes.unprotected)}, and the build cannot change this.")
    if changes.unreadable or changes.unprotected:
        log.line("Run 'chmod -R a+rX,go-w .' in the app directory and build again.")


def _entries(app: Path) -> Iterator[tuple[Path, int]]:
    """Return the files and directories of the app with their permissions, a directory before its content; no links."""
    with suppress(OSError):
        yield app, stat.S_IMODE(app.stat().st_mode)
    for _, entries in walk(app):
        for entry in entries:
            with suppress(OSError):
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
                    yield Path(entry.path), stat.S_IMODE(mode)


def _wanted(mode: int) -> int:
    """Return the permissions with the owner's to read and to execute for all, and nobody else's to write."""
    return _readable(mode) & ~(_WRITE | _SPECIAL)


def _readable(mode: int) -> int:
    owners = mode & _READ
    return mode | owners >> 3 | owners >> 6


def _change(path: Path, mode: int, shown: str, changes: _Changes) -> None:
    is_readable, is_protected = _readable(mode) == mode, not mode & (_WRITE | _SPECIAL)
    try:
        path.chmod(_wanted(mode))
    except OSError:
        changes.unreadable += [] if is_readable else [shown]
        changes.unprotected += [] if is_protected else [shown]
    else:
        changes.readable += [] if is_readable else [shown]
        changes.protected += [] if is_protected else [shown]


def _describe(names: list[str]) -> str:
    return f"'{names[0]}'" if len(names) == 1 else f"{len(names)} files and directories ('{min(names)}', for example)"
