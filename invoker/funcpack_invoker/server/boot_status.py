"""The result of a worker's start, shared with the master: success, or the reason of the failure.

gunicorn's master sees only an exit code. It logs that code, and restarts the worker for ever if it ended for another
reason. The memory is allocated before the fork, so both processes share it.
"""

from __future__ import annotations

import mmap

# Enough for a long traceback. Pages that are not written to take no memory.
_SIZE = 1 << 18

_SUCCEEDED, _FAILED = 1, 2


class BootStatus:
    """The status of one worker's start. The worker writes it; the master reads it after the worker has ended."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE)

    def succeed(self) -> None:
        """Record that the worker serves requests."""
        self._memory[0] = _SUCCEEDED

    def fail(self, reason: str) -> None:
        """Record why the start failed, as the text for the user."""
        text = reason.encode(errors="backslashreplace")[: _SIZE - 1]
        self._memory[1 : 1 + len(text)] = text
        self._memory[0] = _FAILED

    @property
    def succeeded(self) -> bool:
        """Whether the worker served requests."""
        return self._memory[0] == _SUCCEEDED

    @property
    def failure(self) -> str:
        """Why the start failed; empty if the worker recorded nothing."""
        if self._memory[0] != _FAILED:
            return ""
        return self._memory[1:].rstrip(b"\0").decode(errors="replace")
