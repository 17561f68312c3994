"""The build's log: titled sections, plain lines.

Everything goes to standard output, one line at a time: the lifecycle merges both streams, and lines of two streams would
change places. There is no colour, so nothing has to be taken out again in the logs of Tekton, kpack or a CI.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable


class Log:
    """Writes sections: a title in brackets, then what was decided and why."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._empty = True

    def title(self, text: str) -> None:
        """Begin a section."""
        if not self._empty:
            self.line("")
        self.line(f"[{text}]")

    def line(self, text: str) -> None:
        """Write one line; bytes that the stream cannot show are escaped."""
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self._stream.flush()
        self._empty = False

    def item(self, text: str) -> None:
        """Write one line of a list, indented."""
        self.line(f"  {text}" if text else "")

    def lines(self, texts: Iterable[str]) -> None:
        """Write several lines."""
        for text in texts:
            self.line(text)
