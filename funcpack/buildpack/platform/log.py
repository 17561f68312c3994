"""The log of a build: titled sections of plain lines.

Everything goes to standard output, line by line. The lifecycle merges both streams, and lines of two streams could change
their order. The log has no colors, so the logs of Tekton, kpack and CI systems stay readable.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from funcpack.plain_text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable


class Log:
    """Writes sections: a title in brackets, then each decision with its reason.

    Texts contain names and values from files that somebody else wrote. They can neither start a line nor move the cursor.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._is_empty = True

    def title(self, text: str) -> None:
        """Start a section."""
        if not self._is_empty:
            self.line("")
        self.line(f"[{text}]")

    def line(self, text: str) -> None:
        """Write one line. Characters that control a terminal, or that the stream's encoding lacks, are escaped."""
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(escaped(text).encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self._stream.flush()
        self._is_empty = False

    def item(self, text: str) -> None:
        """Write one line with an indent."""
        self.line(f"  {text}" if text else "")

    def lines(self, texts: Iterable[str]) -> None:
        """Write several lines."""
        for text in texts:
            self.line(text)

    def reused_layer(self, name: str) -> None:
        """Report that a layer of the last build is reused."""
        self.line(f"Reusing layer '{name}' from the last build.")
