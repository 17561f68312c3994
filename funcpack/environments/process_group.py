"""A group of processes that ends with the tool.

The leader of the group waits for the end of the tool, even for one by SIGKILL, and then ends the group.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_LEADER = ("sh", "-c", "read -r _; kill -KILL 0")


class ProcessGroup:
    """A process group of the operating system; a context manager that ends it.

    Attributes:
        id: with which processes are started in the group.

    """

    def __init__(self) -> None:
        # The pipe ends with the tool: no other process inherits its other end.
        self._leader = subprocess.Popen(_LEADER, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, process_group=0)
        self.id = self._leader.pid

    def kill(self) -> None:
        """End all processes in the group at once."""
        if self._leader.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.id, signal.SIGKILL)
        # Until then, no other process can have the number.
        self._leader.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
