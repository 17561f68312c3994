"""The connections to the function's process: kept alive, and used for one request after the other.

The process is on this machine and ours. So its connections are used again without a retry: one that the process has closed is
recognized before a request is written to it, and a request that was written may have been processed.
"""

from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING, NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

if TYPE_CHECKING:
    from funcpack_invoker.http.asgi import Header

# Bytes of an answer that are kept for a client that does not take them; above it the process is not read from.
_MOST_BUFFERED = 1 << 16

_CONTINUE = 100


class UpstreamError(Exception):
    """The function's process has closed the connection before the end of its answer, or has sent something else than HTTP."""


class Head(NamedTuple):
    """The status and the header of an answer; names in lower case."""

    status: int
    headers: list[Header]


class UpstreamConnection(asyncio.Protocol):
    """A connection to the function's process: `send` a request, await its `head`, and take the body `chunk` by chunk."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._poll = select.poll()
        self._parser: HttpResponseParser | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._continuing: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._is_closed = False
        self._begin(is_head=False)

    def _begin(self, *, is_head: bool) -> None:
        self._is_head_request = is_head
        self._headers: list[Header] = []
        self._head: Head | None = None
        self._body = bytearray()
        self._is_reading = True
        self._keeps_alive = False
        self._ends_with_connection = False
        self._wants_body = False
        self.is_complete = False

    # What asyncio says of the connection.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note that the connection is open."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's
        self._transport = transport
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Note that nothing more comes."""
        self._is_closed = True
        if self._head is not None and self._ends_with_connection:
            self.is_complete = True
        elif not self.is_complete:
            self._error = self._error or UpstreamError("the connection was closed")
        self._wake()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Parse bytes of an answer."""
        if self._parser is None or self.is_complete:
            # Nothing was asked.
            self._transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as exc:
            if not self.is_complete:
                self.fail(UpstreamError(str(exc)))
        if len(self._body) > _MOST_BUFFERED and self._is_reading and not self._transport.is_closing():
            self._is_reading = False
            self._transport.pause_reading()
        self._wake()

    def pause_writing(self) -> None:
        """Wait until the process takes what was sent to it."""
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """Go on sending."""
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    # What httptools has found in an answer.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the header; those of a trailer are dropped."""
        if self._head is None:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Take the header: of the answer, or of one that lets the client send its body."""
        assert self._parser is not None  # noqa: S101 - it calls
        status: int = self._parser.get_status_code()
        headers, self._headers = self._headers, []
        if status == _CONTINUE:
            self._wants_body = True
            self._wake()
            return
        self._head = Head(status, headers)
        names = dict(headers)
        self._keeps_alive = b"close" not in names.get(b"connection", b"").lower()
        self._ends_with_connection = b"content-length" not in names and b"transfer-encoding" not in names
        if self._is_head_request:
            self.is_complete = True

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        self._body += data

    def on_message_complete(self) -> None:
        """Note the end of the answer."""
        if self._head is not None:
            self.is_complete = True

    # What the front does with a connection.

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent: the answer has ended, and the process has not closed the connection."""
        return not (self._is_closed or self._transport.is_closing() or self._poll.poll(0))

    @property
    def has_news(self) -> bool:
        """Whether there are bytes of the body, or its end."""
        return bool(self._body) or self.is_complete

    @property
    def may_be_kept(self) -> bool:
        """Whether the connection can be used for another request."""
        return self.is_complete and self._keeps_alive and not self._transport.is_closing() and not self._body

    def send(self, data: bytes, *, is_head: bool) -> None:
        """Send the header of a request, with as much of its body as there is; `is_head` if its method is HEAD."""
        self._parser = HttpResponseParser(self)
        self._begin(is_head=is_head)
        self._transport.write(data)

    async def write(self, data: bytes) -> None:
        """Send a part of the request's body, and wait for a process that does not keep up."""
        if not self._transport.is_closing():
            self._transport.write(data)
        if self._drained is not None:
            await self._drained

    async def continued(self) -> None:
        """Wait until the process asks for the body of a request that has `Expect: 100-continue`."""
        if not self._wants_body:
            self._continuing = self._loop.create_future()
            await self._continuing

    async def head(self) -> Head:
        """Wait for the header of the answer.

        Raises:
            UpstreamError: The connection was closed before.
            Exception: The error that `fail` was called with.

        """
        while self._head is None:
            if self._error is not None:
                raise self._error
            await self._news()
        return self._head

    async def chunk(self) -> bytes:
        """Wait for the next bytes of the body, and return them; b"" at its end.

        Raises:
            UpstreamError: The connection was closed before its end.
            Exception: The error that `fail` was called with.

        """
        while not self._body and not self.is_complete:
            if self._error is not None:
                raise self._error
            await self._news()
        return self.take()

    def take(self) -> bytes:
        """Return the bytes of the body that have arrived since the last time."""
        data = bytes(self._body)
        self._body.clear()
        if not self._is_reading:
            self._is_reading = True
            if not self._transport.is_closing():
                self._transport.resume_reading()
        return data

    def fail(self, error: Exception) -> None:
        """End the connection at once; who waits for the answer gets the error."""
        self._error = self._error or error
        self.abort()
        self._wake()

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    async def _news(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        for waiter in (self._waiter, self._continuing if self._wants_body else None):
            if waiter is not None and not waiter.done():
                waiter.set_result(None)


class Upstream:
    """The function's process at one address, with its idle connections.

    Attributes:
        version: of the function: 1 for the first that was loaded, and so on.
        takes_events: whether the function takes CloudEvents.

    """

    def __init__(self, host: str, port: int, version: int, *, takes_events: bool) -> None:
        self.version = version
        self.takes_events = takes_events
        self._address = host, port
        self._idle: list[UpstreamConnection] = []
        self._used = 0
        self._unused: asyncio.Event = asyncio.Event()
        self._unused.set()
        self._is_retired = False

    async def acquire(self) -> UpstreamConnection:
        """Return a connection that has no request: an idle one, or a new one.

        Raises:
            UpstreamError: The process does not accept connections.

        """
        self._used += 1
        self._unused.clear()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            connection.abort()
        try:
            _, connection = await asyncio.get_running_loop().create_connection(UpstreamConnection, *self._address)
        except OSError as exc:
            self._leave()
            raise UpstreamError(str(exc)) from exc
        except BaseException:
            self._leave()
            raise
        return connection

    def release(self, connection: UpstreamConnection) -> None:
        """Keep a connection whose answer has ended for the next request, or close it."""
        if connection.may_be_kept and not self._is_retired:
            self._idle.append(connection)
        else:
            connection.abort()
        self._leave()

    def retire(self) -> None:
        """Close the connections that have no request; no other request follows."""
        self._is_retired = True
        for connection in self._idle:
            connection.abort()
        self._idle.clear()

    async def unused(self) -> None:
        """Wait until no request is in flight."""
        await self._unused.wait()

    def _leave(self) -> None:
        self._used -= 1
        if not self._used:
            self._unused.set()
