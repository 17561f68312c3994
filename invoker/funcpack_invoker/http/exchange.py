"""The response to one request: what the application sends becomes HTTP/1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.http.framing import WITHOUT_BODY, closes_connection, date_line, field_lines, status_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container, Mapping

    from funcpack_invoker.http.asgi import Message, Scope

# A larger body is written by itself: joining it to the header would copy it.
_MOST_JOINED = 1 << 16


class Exchange:
    """Takes ASGI's messages of one response, each header's name in lower case, and writes them.

    Attributes:
        is_started: whether the client has been sent a status.
        keeps_connection: whether another request may follow: the client can tell where this response ended, and was not
            told that the connection ends.

    """

    __slots__ = (
        "_drain", "_head", "_is_chunked", "_left", "_omits_body", "_version", "_will_close", "_write", "is_started",
        "keeps_connection",
    )  # fmt: skip

    def __init__(
        self,
        scope: Scope,
        write: Callable[[bytes], None],
        drain: Callable[[], Awaitable[None] | None],
        will_close: Callable[[], bool],
    ) -> None:
        """Answer a request.

        Args:
            scope: of the request.
            write: hands bytes to the client's connection, or drops them if the client is gone.
            drain: returns what to await until the client keeps up, or None if it does.
            will_close: returns whether the connection ends with this response, whatever the response says.

        """
        self._write = write
        self._drain = drain
        self._will_close = will_close
        self._version: str = scope["http_version"]
        self._omits_body = scope["method"] == "HEAD"
        self._is_chunked = False
        # The bytes that a Content-Length still promises.
        self._left: int | None = None
        # The header waits for the first bytes of the body, to be written with them.
        self._head = b""
        self.is_started = False
        self.keeps_connection = False

    async def send(self, message: Message) -> None:
        """Take a message (ASGI's `send`), and wait for a client that does not keep up.

        Raises:
            ResponseHeaderError: if a header would break the response.

        """
        if message["type"] == "http.response.start":
            self._start(message)
            return
        self._send_body(message.get("body", b""), more=message.get("more_body", False))
        drained = self._drain()
        if drained is not None:
            await drained

    def _start(self, message: Message) -> None:
        status, headers = message["status"], message["headers"]
        lines = field_lines(headers)
        names = dict(headers)
        self._omits_body = self._omits_body or status in WITHOUT_BODY
        self._choose_framing(names.get(b"content-length"))
        closes = self._closes(names)
        self._head = b"".join(
            (status_line(self._version, status), lines, self._own_fields(names, closes=closes), b"\r\n")
        )
        self.is_started = True
        self.keeps_connection = not closes

    def _choose_framing(self, length: bytes | None) -> None:
        """Decide how the client is told where the body ends (RFC 9112 section 6.3)."""
        if self._omits_body:
            return
        if length is not None:
            self._left = int(length)
        else:
            self._is_chunked = self._version == "1.1"

    def _closes(self, headers: Mapping[bytes, bytes]) -> bool:
        has_an_end = self._left is not None or self._is_chunked or self._omits_body
        return not has_an_end or closes_connection(headers) or self._will_close()

    def _own_fields(self, names: Container[bytes], *, closes: bool) -> bytes:
        own = b"" if b"date" in names else date_line()
        if self._is_chunked:
            own += b"Transfer-Encoding: chunked\r\n"
        if closes:
            own += b"Connection: close\r\n"
        elif self._version == "1.0":
            own += b"Connection: keep-alive\r\n"
        return own

    def _send_body(self, body: bytes, *, more: bool) -> None:
        if self._omits_body:
            body = b""
        elif self._left is not None:
            # The client would take bytes beyond the promised ones for the next response.
            body = body[: self._left]
            self._left -= len(body)
            if self._left and not more:
                self.keeps_connection = False
        if self._is_chunked:
            self._write_chunk(body, is_last=not more)
        elif body or not more:
            self._write_joined(self._head, body)
            self._head = b""

    def _write_chunk(self, data: bytes, *, is_last: bool) -> None:
        """Write a chunk, and the end of the chunked body behind the last one (RFC 9112 section 7.1)."""
        if not data and not is_last:
            return
        before, behind = self._head, b"0\r\n\r\n" if is_last else b""
        self._head = b""
        if data:
            before += b"%x\r\n" % len(data)
            behind = b"\r\n" + behind
        self._write_joined(before, data, behind)

    def _write_joined(self, *parts: bytes) -> None:
        if sum(map(len, parts)) <= _MOST_JOINED:
            self._write(b"".join(parts))
            return
        for part in parts:
            if part:
                self._write(part)
