"""The body of a response on its way from a thread to the event loop."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

# Bytes that wait for a client that does not keep up; above it the thread waits, too.
_MOST_WAITING = 1 << 16


class OutflowClosedError(ConnectionError):
    """Nobody waits for the response any longer: the client has left, or the call took too long."""


class Outflow:
    """A queue of bytes: a thread calls `put` and `end`, the event loop `take` and `close`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._changed = threading.Condition(threading.Lock())
        self._chunks: list[bytes] = []
        self._size = 0
        self._is_ended = False
        self._is_closed = False
        # Whether the loop will call `_arrive`, and has not done so since.
        self._is_waking = False
        self._waiter: asyncio.Future[None] | None = None

    def put(self, data: bytes, *, is_last: bool = False) -> None:
        """Add bytes, after waiting until there is room for them.

        Raises:
            OutflowClosedError: if nobody takes them.

        """
        with self._changed:
            while self._size > _MOST_WAITING and not self._is_closed:
                self._changed.wait()
            if self._is_closed:
                raise OutflowClosedError("the client has left, or the call took longer than FUNCTION_TIMEOUT")
            self._chunks.append(data)
            self._size += len(data)
            self._is_ended = is_last
            self._wake()

    def end(self) -> None:
        """Note that no more bytes follow."""
        with self._changed:
            self._is_ended = True
            self._wake()

    async def take(self) -> tuple[bytes, bool]:
        """Return the bytes that have arrived, as soon as there are any, and whether they are the last ones."""
        while not (self._chunks or self._is_ended):
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        with self._changed:
            chunks, self._chunks, self._size = self._chunks, [], 0
            self._changed.notify()
            return chunks[0] if len(chunks) == 1 else b"".join(chunks), self._is_ended

    def close(self) -> None:
        """Let the thread know that nobody takes more bytes."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def _wake(self) -> None:
        if self._is_waking or self._is_closed:
            return
        self._is_waking = True
        try:
            self._loop.call_soon_threadsafe(self._arrive)
        except RuntimeError:
            # The loop is closed: the process is ending.
            self._is_closed = True

    def _arrive(self) -> None:
        self._is_waking = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
