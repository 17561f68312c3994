"""Watches the project, and tells which of its files the user has changed."""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import aclosing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from watchfiles import Change, awatch

from funcpack.dev_server.ignored_files import IgnoredFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

# Milliseconds: changes are told when there were none for a step, which is how editors save, and at least every `_LONGEST`.
_STEP = 15
_LONGEST = 200

# Seconds between two looks for a directory that was removed.
_PAUSE = 0.1

# Seconds in which changes of a file belong to one save if its contents stay the same.
_ONE_SAVE = 1.0

_LARGEST_COMPARED = 16 << 20

# Files in new directories that are compared and named; one would be enough for a reload.
_MOST_NEW = 1000


class Watcher:
    """Watches a directory and further files."""

    def __init__(self, directory: Path, others: Sequence[Path], found: Callable[[Sequence[Path]], None]) -> None:
        """Call `found` with the files that have changed; `others` are watched even if git ignores them."""
        self._directory = directory
        kept = frozenset({directory / ".env", *others})
        self._ignored = IgnoredFiles(directory, kept)
        self._elsewhere = {file for file in kept if not file.is_relative_to(directory)}
        self._found = found
        self._told: dict[Path, tuple[bytes, float]] = {}
        self._begun = asyncio.Semaphore(0)

    async def begun(self) -> None:
        """Wait until no change is missed any more."""
        for _ in range(1 + bool(self._elsewhere)):
            await self._begun.acquire()

    async def run(self) -> None:
        """Watch until cancelled."""
        watches = [self._watch_project()]
        if self._elsewhere:
            watches.append(self._watch({file.parent for file in self._elsewhere}, self._begun.release, recursive=False))
        await asyncio.gather(*watches)

    async def _watch_project(self) -> None:
        """Watch the directory, and the next one with its name when it is removed, as `git checkout` does with directories."""
        begun = self._begun.release
        while True:
            await self._watch([self._directory], begun, recursive=True)
            if not self._directory.is_dir():
                self._found([self._directory])
            while not self._directory.is_dir():  # noqa: ASYNC110 - nothing tells when it comes back
                await asyncio.sleep(_PAUSE)
            begun = self._tell_all

    async def _watch(self, directories: Collection[Path], begun: Callable[[], None], *, recursive: bool) -> None:
        """Watch directories until the one of the project is removed; call `begun` when no change is missed any more."""
        try:
            await self._watch_with(directories, begun, recursive=recursive, polls=False)
        except OSError:
            if self._directory.is_dir():
                # The system's limit of watches is reached.
                await self._watch_with(directories, begun, recursive=recursive, polls=True)

    async def _watch_with(
        self, directories: Collection[Path], begun: Callable[[], None], *, recursive: bool, polls: bool
    ) -> None:
        changes = awatch(
            *directories,
            watch_filter=self._matters,
            debounce=_LONGEST,
            step=_STEP,
            recursive=recursive,
            ignore_permission_denied=True,
            force_polling=polls or None,
        )
        async with aclosing(changes):
            first = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0)
            begun()
            batch = await first
            while (Change.deleted, str(self._directory)) not in batch:
                self._tell(batch)
                batch = await anext(changes)

    def _tell_all(self) -> None:
        """Tell the files of a directory that has replaced the one that was watched."""
        self._ignored.forget()
        self._found([*islice(self._ignored.others_below(self._directory), _MOST_NEW)])

    def _tell(self, batch: Collection[tuple[Change, str]]) -> None:
        self._forget_saves()
        files = self._files(batch)
        if any(file.name == ".gitignore" for file in files):
            self._ignored.forget()
        changed = [file for file in files if self._has_changed(file)]
        if changed:
            self._found(changed)

    def _matters(self, change: Change, path: str) -> bool:
        return (change is Change.deleted and path == str(self._directory)) or not self._ignored.ignores(Path(path))

    def _files(self, batch: Collection[tuple[Change, str]]) -> list[Path]:
        """Return the files of some changes: those in new directories, too, but not those of editors that are gone already."""
        added = {Path(path) for change, path in batch if change is Change.added}
        found = {file for _, path in batch if (file := Path(path)) not in added or file.exists()}
        directories = {path for path in found if path.is_dir()}
        new = (file for directory in directories & added for file in self._ignored.others_below(directory))
        return sorted((found - directories).union(islice(new, _MOST_NEW)))

    def _forget_saves(self) -> None:
        oldest = time.monotonic() - _ONE_SAVE
        self._told = {file: (content, told) for file, (content, told) in self._told.items() if told > oldest}

    def _has_changed(self, file: Path) -> bool:
        """Return whether a file was saved; a save can be several changes, of which the last ones change nothing."""
        content = _digest(file)
        if file in self._told and self._told[file][0] == content:
            return False
        self._told[file] = content, time.monotonic()
        return True


def _digest(file: Path) -> bytes:
    """Return a digest of a file; of a large one, what the file system says about it."""
    try:
        status = file.stat()
        if status.st_size <= _LARGEST_COMPARED:
            return hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return b""
    return f"{status.st_ino} {status.st_mtime_ns} {status.st_size}".encode()
