"""The files that a process of the function has written, as it reports them itself (`served.report_writes`)."""

from __future__ import annotations

import os
import time

# SQLite writes files next to a database, and Python does not report them.
_OF_SQLITE = ("-journal", "-wal", "-shm")

# Seconds after its start in which a program has probably written the files that its arguments name.
_PROGRAM_WRITES = 2.0


class Writes:
    """What one process has written, and the programs that it has started."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._programs: dict[str, float] = {}

    def note(self, report: bytes) -> None:
        """Take a report."""
        kind, text = report[:1], os.fsdecode(report[1:])
        if kind == b"P":
            self._programs[text] = time.monotonic()
        else:
            directory, name = os.path.split(text)
            self._files.add(os.path.join(os.path.realpath(directory), name))  # noqa: PTH118 - text is compared

    def contain(self, file: str) -> bool:
        """Return whether the process has written a file, or has just started a program with its name among the arguments."""
        if file in self._files or any(file.removesuffix(suffix) in self._files for suffix in _OF_SQLITE):
            return True
        name, oldest = os.path.basename(file), time.monotonic() - _PROGRAM_WRITES  # noqa: PTH119 - as above
        return any(started > oldest and name in arguments for arguments, started in self._programs.items())
