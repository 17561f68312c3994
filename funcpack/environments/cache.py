"""The cache directory of the tool. Every entry is complete: it is created under another name, and renamed at the end.

A process that is killed leaves at most an unused directory, which `prune` removes, and two processes may create the same entry.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.command_errors import CacheDirectoryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DAY = 86_400
_LONGEST_UNUSED = 30 * _DAY
_LONGEST_CREATION = _DAY
_NEW = ".new-"
_TEMPORARY_NAME = f"funcpack-{os.getuid()}"


def directory(environ: Mapping[str, str]) -> Path:
    """Return the cache directory: in XDG_CACHE_HOME, in the home directory, or in the directory for temporary files.

    Raises:
        CacheDirectoryError: The user chose a directory that cannot be written, or there is none.

    """
    chosen = environ.get("XDG_CACHE_HOME")
    if chosen and Path(chosen).is_absolute():  # https://specifications.freedesktop.org/basedir-spec/latest/
        return _created(Path(chosen) / "funcpack")
    if environ.get("HOME"):
        with suppress(CacheDirectoryError):
            return _created(Path(environ["HOME"]) / ".cache" / "funcpack")
    return _private(Path(tempfile.gettempdir()) / _TEMPORARY_NAME)


def is_temporary(cache: Path) -> bool:
    """Check whether the directory is the one for machines on which the user's own cannot be written."""
    return cache.name == _TEMPORARY_NAME


@contextmanager
def new_entry(entry: Path) -> Iterator[Path]:
    """Yield a new directory to fill, which becomes `entry` at the end of the block, unless the block raises an exception.

    An entry that is there stays if another process created it in the meantime. The caller removes one that is not usable.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    filled = Path(tempfile.mkdtemp(prefix=_NEW, dir=entry.parent))
    try:
        yield filled
        with suppress(FileExistsError):
            _rename(filled, entry)
    finally:
        shutil.rmtree(filled, ignore_errors=True)


def remove(entry: Path) -> None:
    """Remove an entry at once, so that no process finds a part of it."""
    doomed = Path(tempfile.mkdtemp(prefix=_NEW, dir=entry.parent))
    with suppress(FileNotFoundError):
        entry.rename(doomed / entry.name)
    shutil.rmtree(doomed, ignore_errors=True)


def note_use(entry: Path) -> None:
    """Note that an entry is in use. The time of its directory is that of its last use."""
    with suppress(OSError):
        os.utime(entry)


def prune(parent: Path) -> None:
    """Remove the entries that were not used for 30 days, and what killed processes left a day ago."""
    now = time.time()
    for entry in list(parent.iterdir()):
        longest = _LONGEST_CREATION if entry.name.startswith(_NEW) else _LONGEST_UNUSED
        with suppress(OSError):
            if now - entry.stat().st_mtime > longest:
                remove(entry)


def _rename(filled: Path, entry: Path) -> None:
    """Rename a directory.

    Raises:
        FileExistsError: There is an entry.

    """
    try:
        filled.rename(entry)
    except OSError as exc:  # Linux reports ENOTEMPTY, other systems EEXIST
        if entry.is_dir():
            raise FileExistsError(entry) from exc
        raise


def _created(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise CacheDirectoryError(str(path), exc.strerror or str(exc)) from exc
    if not os.access(path, os.W_OK):
        raise CacheDirectoryError(str(path), "The directory is read-only")
    return path


def _private(path: Path) -> Path:
    """Return a directory that only this user can write to: others may create directories next to it."""
    with suppress(FileExistsError):
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            raise
        except OSError as exc:
            raise CacheDirectoryError(str(path), exc.strerror or str(exc)) from exc
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise CacheDirectoryError(str(path), "It belongs to another user")
    return path
