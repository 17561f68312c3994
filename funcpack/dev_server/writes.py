"""The files that a process of the function has written, as it reports them itself (`served.report_writes`)."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# SQLite writes files next to a database, and Python does not report them.
_OF_SQLITE = ("-journal", "-wal", "-shm")

# Seconds after its start in which a program has probably written the files that its arguments name.
_PROGRAM_WRITES = 2.0

# Files that are remembered, the last ones: a function may write a new one in each call.
_MOST_FILES = 100_000


class Writes:
    """What one process has written, and the programs that it has started."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Read the seconds from `clock`."""
        self._clock = clock
        self._files: dict[str, None] = {}
        self._programs: deque[tuple[float, str]] = deque()

    def note(self, report: bytes) -> None:
        """Take a report."""
        kind, text = report[:1], os.fsdecode(report[1:])
        if kind == b"P":
            self._programs.append((self._clock(), text))
            self._forget_programs()
        else:
            directory, name = os.path.split(text)
            file = os.path.join(os.path.realpath(directory), name)  # noqa: PTH118 - text is compared
            self._files.pop(file, None)
            self._files[file] = None
            if len(self._files) > _MOST_FILES:
                del self._files[next(iter(self._files))]

    def contain(self, file: str) -> bool:
        """Return whether the process has written a file, or has just started a program with its name among the arguments."""
        if file in self._files or any(file.removesuffix(suffix) in self._files for suffix in _OF_SQLITE):
            return True
        self._forget_programs()
        name = os.path.basename(file)  # noqa: PTH119 - as above
        as_a_whole = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])")
        return any(as_a_whole.search(arguments) for _, arguments in self._programs)

    def _forget_programs(self) -> None:
        oldest = self._clock() - _PROGRAM_WRITES
        while self._programs and self._programs[0][0] <= oldest:
            self._programs.popleft()
