"""Request bodies: read before the call, or passed to the function while they still arrive."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from funcpack_invoker.errors import LimitError, RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack_invoker.http.incoming import IncomingBody


# Bytes of a body that are read before a thread is used for it. A larger body does not have to be in memory at once.
READ_AHEAD = 1 << 20

# Bytes of a body that the event loop parses, checks or writes by itself. For larger ones, other clients would wait.
MOST_ON_LOOP = 1 << 16


class Body(Protocol):
    """The body of a request."""

    def read(self) -> bytes:
        """Return all of it."""

    def stream(self) -> BinaryIO:
        """Return it as a file."""


class WholeBody:
    """A body that has arrived."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self) -> bytes:
        """Return all of it."""
        return self.data

    def stream(self) -> BinaryIO:
        """Return it as a file."""
        return io.BytesIO(self.data)


async def receive_body(incoming: IncomingBody, headers: Mapping[bytes, bytes], limit: int, *, streamed: bool) -> Body:
    """Read the body of a request.

    Args:
        incoming: the body as the connection receives it.
        headers: of the request, by their names in lower case.
        limit: the maximum size in bytes.
        streamed: whether to return a large body while it arrives. Only for functions on threads: reading it blocks.

    Raises:
        RequestError: 413 if it is too large, 408 if the client stopped sending it.

    """
    length = headers.get(b"content-length")
    if length is not None:
        refuse_declared(length, limit)
    if incoming.is_complete:
        return whole_body(incoming.take(), limit)
    # Joined as they come: a list of small chunks would take many times their size.
    received = io.BytesIO()
    more = True
    while more:
        chunk, more = await incoming.next_chunk()
        received.write(chunk)
        if received.tell() > limit:
            raise too_large(limit)
        if streamed and more and received.tell() > READ_AHEAD:
            return Upload(received.getvalue(), incoming, limit)
    return WholeBody(received.getvalue())


def whole_body(data: bytes, limit: int) -> WholeBody:
    """Return a body that has arrived.

    Raises:
        RequestError: 413 if it has more than `limit` bytes.

    """
    if len(data) > limit:
        raise too_large(limit)
    return WholeBody(data)


def too_large(limit: int) -> RequestError:
    """Return the error for a body of more than `limit` bytes."""
    return LimitError(413, f"the body is larger than {limit} bytes", "FUNCTION_MAX_BODY")


def encoded_limit(limit: int) -> int:
    """Return the maximum size of an encoded body: data that cannot be compressed becomes a little larger."""
    return limit + limit // 100 + 1024


def refuse_declared(length: bytes, limit: int) -> None:
    """Reject a body whose Content-Length is more than `limit` bytes.

    Raises:
        RequestError: 413.

    """
    # The number of digits first: int() rejects thousands of digits, and is slow before that.
    digits = length.lstrip(b"0")
    if len(digits) > 18 or (digits.isdigit() and int(digits) > limit):
        raise too_large(limit)


class Upload(io.RawIOBase):
    """A body that still arrives. A thread that reads it gets it from the event loop, piece by piece."""

    def __init__(self, ahead: bytes, incoming: IncomingBody, limit: int) -> None:
        super().__init__()
        self._ahead = ahead
        self._size = len(ahead)
        self._incoming = incoming
        self._limit = limit
        self._more = True
        self._loop = asyncio.get_running_loop()

    def stream(self) -> BinaryIO:
        """Return it as a file that can be read once."""
        return cast("BinaryIO", io.BufferedReader(self))

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with the next bytes; return their number, 0 at the end.

        Raises:
            RequestError: as `receive_body` does.

        """
        while not self._ahead and self._more:
            self._take_next()
        count = min(len(buffer), len(self._ahead))
        buffer[:count] = self._ahead[:count]
        self._ahead = self._ahead[count:]
        return count

    def _take_next(self) -> None:
        arriving = asyncio.run_coroutine_threadsafe(self._incoming.next_chunk(), self._loop)
        self._ahead, self._more = arriving.result()
        self._size += len(self._ahead)
        if self._size > self._limit:
            raise too_large(self._limit)
