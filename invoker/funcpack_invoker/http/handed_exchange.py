"""A response that is handed to a thread of another server, which writes it to the connection itself."""

from __future__ import annotations

import asyncio
import queue
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple

from funcpack_invoker.http.exchange import Exchange
from funcpack_invoker.http.framing import field_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack_invoker.http.asgi import Header, Scope

# Chunks of a streamed response that may wait for the client.
_MOST_WAITING = 16

# The other server decides on these.
_OF_CONNECTION = frozenset({b"connection"})


class Head(NamedTuple):
    """The beginning of a response; `body` is None if it is streamed."""

    status: int
    headers: list[Header]
    body: bytes | None


class IncompleteResponseError(Exception):
    """The response has ended early, so that the other server has to cut the connection."""


class HandedExchange(Exchange):
    """One response, made on an event loop and taken by a thread.

    Attributes:
        head: its beginning, as soon as it is known.

    """

    __slots__ = ("_chunks", "_loop", "_room", "head")

    def __init__(self, scope: Scope, loop: asyncio.AbstractEventLoop) -> None:
        """Answer the request of this scope from this loop."""
        super().__init__(scope, _NoConnection())
        self.head: Future[Head] = Future()
        self._loop = loop
        self._room = asyncio.Semaphore(_MOST_WAITING)
        # None ends the stream.
        self._chunks: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def respond(self, status: int, headers: list[Header], body: bytes) -> None:
        """Hand over a whole response.

        Raises:
            ResponseHeaderError: if a header would break the response.

        """
        self._hand_over(status, headers, body)
        self.is_complete = True

    def start(self, status: int, headers: list[Header]) -> None:
        """Begin a response in parts.

        Raises:
            ResponseHeaderError: if a header would break the response.

        """
        self._hand_over(status, headers, None)

    def flush(self) -> None:
        """Do nothing: the header has been handed over already."""

    async def write(self, data: bytes) -> None:
        """Hand over a part of the body, and wait for a client that does not keep up."""
        if data:
            await self._room.acquire()
            self._chunks.put(data)

    def end(self) -> None:
        """End a response in parts."""
        self.is_complete = True

    def finish(self) -> None:
        """Let the thread go on: nothing more follows."""
        if not self.head.done():
            self.head.set_exception(IncompleteResponseError())
        self._chunks.put(None)

    def chunks(self) -> Iterator[bytes]:
        """Yield the parts of the body, on the thread.

        Raises:
            IncompleteResponseError: if the response has ended early.

        """
        while (chunk := self._chunks.get()) is not None:
            yield chunk
            self._loop.call_soon_threadsafe(self._room.release)
        if not self.is_complete:
            raise IncompleteResponseError

    def _hand_over(self, status: int, headers: list[Header], body: bytes | None) -> None:
        # Only to check them.
        field_lines(headers)
        self.status = status
        self.head.set_result(Head(status, [header for header in headers if header[0] not in _OF_CONNECTION], body))


class _NoConnection:
    """The outlet of a response that nothing is written to."""

    drained = None

    def send(self, data: bytes) -> None:
        """Drop bytes."""

    def send_soon(self, data: bytes) -> None:
        """Drop bytes."""

    def will_close(self) -> bool:
        """Return False: the connection is not known."""
        return False
