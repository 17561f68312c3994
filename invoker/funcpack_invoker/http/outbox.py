"""Writes the responses of a worker at the end of an iteration of the event loop.

A write wakes the client, which costs the kernel more than the copy does. If several responses are ready in one iteration,
writing them one right after the other wakes a client or proxy that has all the connections once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


class Outbox:
    """Responses that wait for the end of the current iteration."""

    __slots__ = ("_loop", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []

    def put(self, transport: asyncio.Transport, data: bytes) -> None:
        """Write bytes to a transport soon."""
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append((transport, data))

    def flush(self) -> None:
        """Write everything now."""
        waiting, self._waiting = self._waiting, []
        for transport, data in waiting:
            transport.write(data)
