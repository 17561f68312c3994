"""The bytes that connections make the worker keep, and that no request has reserved memory for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Owner = TypeVar("Owner")


class Held(Generic[Owner]):
    """Counts the bytes of each owner. If they are too many, the owner that has held some for longest has to let go.

    Attributes:
        total: the number of bytes.

    """

    def __init__(self, most: int | None, let_go: Callable[[Owner], None]) -> None:
        """Allow `most` bytes (None: any number); `let_go` is called with an owner that has to let go of its bytes."""
        self._most = most
        self._let_go = let_go
        self._sizes: dict[Owner, int] = {}
        self.total = 0

    def hold(self, owner: Owner, size: int) -> None:
        """Count some more bytes."""
        self._sizes[owner] = self._sizes.get(owner, 0) + size
        self.total += size
        while self._most is not None and self.total > self._most:
            self.let_longest_go()

    def let_longest_go(self) -> bool:
        """Have the owner that has held some bytes for longest let go of them; return whether there is one."""
        longest = next(iter(self._sizes), None)
        if longest is None:
            return False
        self.release(longest)
        self._let_go(longest)
        return True

    def release(self, owner: Owner) -> None:
        """Forget an owner's bytes, if there are any."""
        self.total -= self._sizes.pop(owner, 0)
