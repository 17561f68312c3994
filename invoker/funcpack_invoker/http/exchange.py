"""The response to one request, as HTTP/1.1: the header, the framing of the body, and what both allow afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from funcpack_invoker.http.framing import (
    EMPTY_BODY,
    WITHOUT_BODY,
    closes_connection,
    date_line,
    field_lines,
    status_line,
)

if TYPE_CHECKING:
    import asyncio

    from funcpack_invoker.http.asgi import Header, Scope

# A larger body is written by itself: joining it to the header would copy it.
_MOST_JOINED = 1 << 16


class Outlet(Protocol):
    """The connection that a response goes to."""

    @property
    def drained(self) -> asyncio.Future[None] | None:
        """What to await until the client keeps up; None if it does."""

    def send(self, data: bytes) -> None:
        """Send bytes to the client, or drop them if it is gone."""

    def send_soon(self, data: bytes) -> None:
        """Send bytes to the client at the end of this iteration of the event loop, or drop them if it is gone."""

    def will_close(self) -> bool:
        """Return whether the connection ends with the response that begins now, whatever the response says."""


class Exchange:
    """Writes one response: whole (`respond`), or in parts (`start`, `write`, `end`).

    Headers have their names in lower case. Nothing is written once the client is gone.

    Attributes:
        status: of the response; 0 until the client has been sent one.
        is_complete: whether all of the response has been handed to the connection.
        keeps_connection: whether another request may follow: the client can tell where this response ended, and was not
            told that the connection ends.

    """

    __slots__ = (
        "_head", "_is_chunked", "_is_head", "_left", "_omits_body", "_outlet", "_version", "is_complete",
        "keeps_connection", "status",
    )  # fmt: skip

    def __init__(self, scope: Scope, outlet: Outlet) -> None:
        """Answer the request of this scope."""
        self._outlet = outlet
        self._version: str = scope["http_version"]
        self._is_head = scope["method"] == "HEAD"
        self._omits_body = False
        self._is_chunked = False
        # The bytes that a Content-Length still promises.
        self._left: int | None = None
        # The header of a response in parts: it waits for the first bytes of the body, to be written with them.
        self._head = b""
        self.status = 0
        self.is_complete = False
        self.keeps_connection = False

    def omits_body(self, status: int) -> bool:
        """Return whether a response with this status has no body, whatever is made for it."""
        return self._is_head or status in EMPTY_BODY

    def respond(self, status: int, headers: list[Header], body: bytes) -> None:
        """Write a whole response.

        Raises:
            ResponseHeaderError: if a header would break the response.

        """
        if status in EMPTY_BODY:
            body = b""
        length = b"" if status in WITHOUT_BODY else b"content-length: %d\r\n" % len(body)
        head = self._header(status, headers, length, closes=False)
        self.is_complete = True
        if self._is_head:
            self._outlet.send_soon(head)
        elif len(body) <= _MOST_JOINED:
            self._outlet.send_soon(head + body)
        else:
            self._outlet.send(head)
            self._outlet.send(body)

    def start(self, status: int, headers: list[Header]) -> None:
        """Begin a response in parts; a Content-Length among the headers is taken for the body's.

        Raises:
            ResponseHeaderError: if a header would break the response.

        """
        self._omits_body = self.omits_body(status)
        framing = self._choose_framing(dict(headers).get(b"content-length"))
        has_no_end = self._left is None and not (self._is_chunked or self._omits_body)
        self._head = self._header(status, headers, framing, closes=has_no_end)

    def flush(self) -> None:
        """Write the header of a response in parts before the first bytes of its body are there."""
        head, self._head = self._head, b""
        if head:
            self._outlet.send(head)

    async def write(self, data: bytes) -> None:
        """Write a part of the body, and wait for a client that does not keep up."""
        if self._omits_body or not data:
            return
        if self._left is not None:
            # The client would take bytes beyond the promised ones for the next response.
            data = data[: self._left]
            self._left -= len(data)
        head, self._head = self._head, b""
        if self._is_chunked:
            self._write_joined(head + b"%x\r\n" % len(data), data, b"\r\n")
        else:
            self._write_joined(head, data)
        drained = self._outlet.drained
        if drained is not None:
            await drained

    def end(self) -> None:
        """End a response in parts."""
        if self._left:
            self.keeps_connection = False
        head, self._head = self._head, b""
        end = head + b"0\r\n\r\n" if self._is_chunked else head
        if end:
            self._outlet.send(end)
        self.is_complete = True

    def _header(self, status: int, headers: list[Header], framing: bytes, *, closes: bool) -> bytes:
        """Return the header section, and decide whether the connection goes on."""
        names = dict(headers)
        closes = closes or closes_connection(names) or self._outlet.will_close()
        if b"connection" in names:
            # It is the server's to say, and it says so below.
            headers = [header for header in headers if header[0] != b"connection"]
        lines = field_lines(headers)
        date = b"" if b"date" in names else date_line()
        if closes:
            connection = b"Connection: close\r\n"
        elif self._version == "1.0":
            connection = b"Connection: keep-alive\r\n"
        else:
            connection = b""
        self.status = status
        self.keeps_connection = not closes
        return b"".join((status_line(self._version, status), lines, framing, date, connection, b"\r\n"))

    def _choose_framing(self, length: bytes | None) -> bytes:
        """Decide how the client is told where the body ends (RFC 9112 section 6.3); return the field that says so."""
        if length is not None:
            self._left = 0 if self._omits_body else int(length)
        elif not self._omits_body and self._version == "1.1":
            self._is_chunked = True
            return b"Transfer-Encoding: chunked\r\n"
        return b""

    def _write_joined(self, *parts: bytes) -> None:
        if len(parts[-1]) + len(parts[0]) <= _MOST_JOINED and sum(map(len, parts)) <= _MOST_JOINED:
            self._outlet.send(b"".join(parts))
            return
        for part in parts:
            if part:
                self._outlet.send(part)
