"""How the start of a worker went, told to the master: served, or what hindered it.

gunicorn's master knows no more than an exit code, logs that by itself, and starts a worker that ended for another reason
anew, for ever. The memory is shared since it is made before the fork.
"""

from __future__ import annotations

import mmap

# Room for a long traceback; pages that are not written to cost nothing.
_SIZE = 1 << 18

_SUCCEEDED, _FAILED = 1, 2


class BootStatus:
    """Written by the worker, read by the master after the worker's end."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE)

    def succeed(self) -> None:
        """Say that requests are served."""
        self._memory[0] = _SUCCEEDED

    def fail(self, reason: str) -> None:
        """Say what hindered it, in the words for the user."""
        text = reason.encode(errors="backslashreplace")[: _SIZE - 1]
        self._memory[1 : 1 + len(text)] = text
        self._memory[0] = _FAILED

    @property
    def succeeded(self) -> bool:
        """Whether requests were served."""
        return self._memory[0] == _SUCCEEDED

    @property
    def failure(self) -> str:
        """What hindered it; empty where the worker came to no word."""
        if self._memory[0] != _FAILED:
            return ""
        return self._memory[1:].rstrip(b"\0").decode(errors="replace")
