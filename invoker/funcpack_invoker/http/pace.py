"""Watches that a client keeps pace: it may be slow, but some of a body must arrive, and some of a response be read, in every period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.http.timer import Timer
from funcpack_invoker.http.unsent import unsent_bytes

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from funcpack_invoker.http.limits import WireLimits


class UploadPace:
    """Watches the body of a request while it arrives."""

    __slots__ = ("_is_waiting", "_late", "_limits", "_progress", "_size", "_time", "_timer")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: WireLimits,
        is_waiting: Callable[[], bool],
        late: Callable[[], None],
    ) -> None:
        """Watch a connection.

        Args:
            loop: the event loop.
            limits: of the connection.
            is_waiting: returns whether the server waits for the client. Otherwise, the time does not count.
            late: called if the body arrives too slowly.

        """
        self._limits = limits
        self._is_waiting = is_waiting
        self._late = late
        self._timer = Timer(loop, self._check)
        # The bytes that have arrived, those of the current period, and the seconds that the client has had.
        self._size = self._progress = 0
        self._time = 0.0

    def arrived(self, count: int) -> None:
        """Note that some bytes have arrived, and watch that more do."""
        self._size += count
        self._progress += count
        if not self._timer.is_running:
            self._start_period()

    def end(self) -> None:
        """Stop watching: the next body begins from the beginning."""
        self._timer.stop()
        self._size = 0
        self._time = 0.0

    def _start_period(self) -> None:
        self._progress = 0
        self._timer.start(self._limits.body_timeout)

    def _check(self) -> None:
        if self._is_waiting():
            self._time += self._limits.body_timeout
            if not self._limits.allows(self._size, self._progress, self._time):
                self._late()
                return
        self._start_period()


class WritePace:
    """Watches a client that has not read all of what was sent to it."""

    __slots__ = ("_late", "_limits", "_timer", "_transport", "_unread")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: WireLimits,
        transport: asyncio.Transport,
        late: Callable[[], None],
    ) -> None:
        """Watch a connection; `late` is called if the client reads too slowly."""
        self._limits = limits
        self._transport = transport
        self._late = late
        self._timer = Timer(loop, self._check)
        self._unread = 0

    def start(self) -> None:
        """Note what the client has not read yet, and watch that it does."""
        self._unread = unsent_bytes(self._transport)
        self._timer.start(self._limits.write_timeout)

    def stop(self) -> None:
        """Stop watching."""
        self._timer.stop()

    def _check(self) -> None:
        read = self._unread - unsent_bytes(self._transport)
        if read >= min(self._limits.write_progress, self._unread):
            self.start()
        else:
            self._late()
