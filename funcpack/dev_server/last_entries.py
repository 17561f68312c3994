"""The last entries of a sequence that grows for as long as the tool runs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Entry = TypeVar("Entry")


class LastEntries(Generic[Entry]):
    """Keeps the last entries: at most so many, and together at most so many bytes."""

    def __init__(self, most: int, most_bytes: int, size: Callable[[Entry], int]) -> None:
        """Keep up to `most` entries; `size` returns the bytes of one."""
        self._entries: deque[Entry] = deque()
        self._most, self._most_bytes = most, most_bytes
        self._size = size
        self._bytes = 0

    def add(self, entry: Entry) -> None:
        """Add an entry, and drop the oldest ones if there are too many then."""
        self._entries.append(entry)
        self._bytes += self._size(entry)
        while len(self._entries) > self._most or self._bytes > self._most_bytes:
            self._bytes -= self._size(self._entries.popleft())

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __reversed__(self) -> Iterator[Entry]:
        return reversed(self._entries)
