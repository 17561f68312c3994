"""Standard output and standard error without a delay: what a function prints has left the process when `print` returns.

Python's own buffers would keep text without a line end, and lose it if the process is killed. With `python -u` nothing
is kept, but `print("a", "b")` writes four times, and the lines of several threads and workers are mixed up.
"""

from __future__ import annotations

import builtins
import io
import sys
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def write_through() -> None:
    """Let the process's standard output and standard error write at once, and `print` write all of its text at a time.

    Streams that something has put in their place stay as they are.
    """
    changed = [
        stream
        for stream, original in ((sys.stdout, sys.__stdout__), (sys.stderr, sys.__stderr__))
        if stream is original and _write_through(stream)
    ]
    if changed:
        vars(builtins)["print"] = _printing_at_once(print, changed)


def _write_through(stream: Any) -> bool:
    """Give a text stream a buffer that keeps nothing. The object stays the same: others may have a reference to it."""
    if type(stream) is not io.TextIOWrapper or not isinstance(stream.buffer, io.BufferedWriter):
        return False
    if isinstance(stream.buffer, _Unbuffered):
        return True
    encoding, errors = stream.encoding, stream.errors
    raw = stream.detach().detach()
    io.TextIOWrapper.__init__(stream, _Unbuffered(raw), encoding, errors, write_through=True)
    return True


class _Unbuffered(io.BufferedWriter):
    """A buffer that keeps nothing. Unlike a stream without a buffer, it writes all bytes, in several steps if needed."""

    def write(self, data: Any) -> int:
        """Write bytes, and return their number when all have left the process."""
        count = super().write(data)
        self.flush()
        return count


def _printing_at_once(original: Callable[..., None], streams: list[Any]) -> Callable[..., None]:
    """Return a `print` that writes to these streams once, so that the lines of threads and processes are not mixed up."""

    @wraps(original)
    def print_at_once(*values: Any, file: Any = None, flush: bool = False, **options: Any) -> None:
        stream = sys.stdout if file is None else file
        if not any(stream is one for one in streams):
            original(*values, file=file, flush=flush, **options)
            return
        text = io.StringIO()
        original(*values, file=text, **options)
        stream.write(text.getvalue())

    return print_at_once
