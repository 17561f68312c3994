"""Request bodies: read before the call, or passed to the function while they still arrive."""

from __future__ import annotations

import asyncio
import io
import threading
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from funcpack_invoker.errors import BodyOnLoopError, LimitError, RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack_invoker.http.incoming import IncomingBody


# Bytes of a body that are read before a thread is used for it. A larger body does not have to be in memory at once.
READ_AHEAD = 1 << 20

# Bytes that are taken at a time of a body that is read as a file.
_BUFFER = 1 << 16

# Bytes of a body that the event loop parses, checks or writes by itself. For larger ones, other clients would wait.
MOST_ON_LOOP = 1 << 16


class Body(Protocol):
    """The body of a request."""

    def read(self) -> bytes:
        """Return all of it."""

    def stream(self) -> BinaryIO:
        """Return it as a file."""

    def load(self) -> None:
        """Wait on a thread until all of it is in memory: the event loop must not wait when it reads it."""


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

    def load(self) -> None:
        """Do nothing: all of it is in memory."""


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


def refuse_declared(length: bytes, limit: int) -> None:
    """Reject a body whose Content-Length is more than `limit` bytes.

    Raises:
        RequestError: 413.

    """
    # The number of digits first: int() rejects thousands of digits, and is slow before that.
    digits = length.lstrip(b"0")
    if len(digits) > 18 or (digits.isdigit() and int(digits) > limit):
        raise too_large(limit)


class PieceReader(io.RawIOBase):
    """A file whose content comes piece by piece."""

    def __init__(self, ready: bytes = b"") -> None:
        super().__init__()
        # Slices of it are not copies: pieces can be large, and are read in small parts.
        self._ready = memoryview(ready)
        self._is_loaded = False
        self._failure: RequestError | None = None

    def stream(self) -> BinaryIO:
        """Return it as a file that can be read once."""
        return cast("BinaryIO", io.BufferedReader(self, _BUFFER))

    def load(self) -> None:
        """Take all of it now; whoever reads up to a failure gets it then."""
        content = io.BytesIO()
        content.write(self._ready)
        try:
            while piece := self._next_piece():
                content.write(piece)
        except RequestError as failure:
            # Its frames would be a cycle, which would keep the content.
            self._failure = failure.with_traceback(None)
        self._ready = content.getbuffer()
        self._is_loaded = True

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with the next bytes; return their number, 0 at the end.

        Raises:
            RequestError: if the content is not complete.

        """
        piece = self._ready or memoryview(self._piece())
        count = min(len(buffer), len(piece))
        buffer[:count] = piece[:count]
        self._ready = piece[count:]
        return count

    def _piece(self) -> bytes:
        if self._failure is not None:
            raise self._failure
        return b"" if self._is_loaded else self._next_piece()

    @abstractmethod
    def _next_piece(self) -> bytes:
        """Return the next bytes, as soon as there are any; none at the end.

        Raises:
            RequestError: as `readinto` does.

        """


class Upload(PieceReader):
    """A body that still arrives. A thread that reads it gets it from the event loop, piece by piece."""

    def __init__(self, ahead: bytes, incoming: IncomingBody, limit: int) -> None:
        super().__init__(ahead)
        self._size = len(ahead)
        self._incoming = incoming
        self._limit = limit
        self._more = True
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()

    def _next_piece(self) -> bytes:
        """Return the next bytes; none at the end.

        Raises:
            RequestError: as `receive_body` does.
            BodyOnLoopError: on the event loop, which would wait for itself.

        """
        piece = b""
        while not piece and self._more:
            if threading.get_ident() == self._loop_thread:
                raise BodyOnLoopError
            arriving = asyncio.run_coroutine_threadsafe(self._incoming.next_chunk(), self._loop)
            piece, self._more = arriving.result()
        self._size += len(piece)
        if self._size > self._limit:
            raise too_large(self._limit)
        return piece
