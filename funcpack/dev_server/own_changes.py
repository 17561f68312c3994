"""Tells changes of files by the function from those by the user: a function that writes to its directory is not reloaded for that."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.dev_server.function_process import FunctionProcess

# Processes that may still have written a file whose change is told now: the one that starts, the last one, the one before.
_PROCESSES = 3

# Python does not report what native code writes, perhaps at every start. After so many starts in a row that the change of a
# file has interrupted, it does not interrupt the next one.
_INTERRUPTED = 5


class OwnChanges:
    """The changes that processes of the function have caused."""

    def __init__(self) -> None:
        self._processes: deque[FunctionProcess] = deque(maxlen=_PROCESSES)
        self._interruptions: Counter[Path] = Counter()
        self._is_starting = False

    def start(self, process: FunctionProcess) -> None:
        """Note that a process begins to run the function's code."""
        self._processes.append(process)
        self._is_starting = True

    def served(self) -> None:
        """Note that the start has ended well."""
        self._interruptions.clear()
        self._is_starting = False

    def contain(self, file: Path) -> bool:
        """Return whether the function has changed a file."""
        if any(process.writes.contain(str(file)) for process in self._processes):
            return True
        if self._is_starting and file.suffix != ".py":
            self._interruptions[file] += 1
            return self._interruptions[file] > _INTERRUPTED
        return False
