"""Splits the output of the function's process into lines, and holds the invoker's text about a failed start back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container

# Bytes of a line that are kept until its end; a longer one is passed on in pieces.
_LONGEST = 16 << 20


class Lines:
    """Lines of a process that starts: those from a title of an error on are held until it is known how the start ends.

    Bytes that are not UTF-8 are kept as surrogates (PEP 383).
    """

    def __init__(self, on_line: Callable[[str], None], titles: Container[str]) -> None:
        self._on_line = on_line
        self._titles = titles
        self._rest = bytearray()
        self._held: list[str] = []
        self._is_starting = True

    def feed(self, data: bytes) -> None:
        """Take bytes of the output."""
        self._rest += data
        if b"\n" in data:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                self._take(line)
        if len(self._rest) > _LONGEST:
            self.end()

    def end(self) -> None:
        """Take the last line, if it has no end."""
        rest, self._rest = self._rest, bytearray()
        if rest:
            self._take(rest)

    def release(self) -> None:
        """Pass on what is held: the process has started."""
        self._is_starting = False
        lines, self._held = self._held, []
        for line in lines:
            self._on_line(line)

    def held(self) -> tuple[str, ...]:
        """Return the text about the failed start."""
        return tuple(self._held)

    def _take(self, line: bytearray) -> None:
        text = line.decode(errors="surrogateescape")
        if self._is_starting and (self._held or text in self._titles):
            self._held.append(text)
        else:
            self._on_line(text)
