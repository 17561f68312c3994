"""One request of a connection, and its response: what the application sends becomes HTTP/1.1.

gunicorn's way does the same for applications of every sort, in several passes over the headers. Ours is one application
that names its headers in lower case, sends each response to its end, and leaves the framing to the server.
"""
# ruff: noqa: SLF001 - a connection and its exchange are two halves of one thing

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gunicorn.asgi.protocol import (  # type: ignore[import-untyped]
    _CACHED_SERVER_HEADER,
    _get_cached_status_line,
)
from gunicorn.http.errors import InvalidResponseHeader  # type: ignore[import-untyped]

from funcpack_invoker.http.date import date_line
from funcpack_invoker.http.parser import FIELD_LINES
from funcpack_invoker.http.response import WITHOUT_BODY

if TYPE_CHECKING:
    from collections.abc import Container

    from funcpack_invoker.http.asgi import Header
    from funcpack_invoker.http.connection import Connection


class Exchange:
    """Takes ASGI's messages of one response."""

    __slots__ = (
        "_connection",
        "_is_chunked",
        "_is_complete",
        "_left",
        "_omits_body",
        "_request",
        "_will_close",
        "started",
    )

    def __init__(self, connection: Connection, request: Any) -> None:
        self._connection = connection
        self._request = request
        self._omits_body = request.method == "HEAD"
        self._is_chunked = False
        self._left: int | None = None
        self._will_close = True
        self._is_complete = False
        self.started = False

    @property
    def keeps_connection(self) -> bool:
        """Whether another request may follow: the client can tell where this response ended, and is told of no end."""
        return self._is_complete and not self._left and not self._will_close

    async def send(self, message: dict[str, Any]) -> None:
        """Take a message (ASGI's `send`); nothing happens once the client is gone.

        Raises:
            InvalidResponseHeader: when a header would break the response.

        """
        if self._connection._closed:
            return
        if message["type"] == "http.response.start":
            self._start(message["status"], message["headers"])
        else:
            self._go_on(message.get("body", b""), more=message.get("more_body", False))
            if self._connection._flow_control.write_paused:
                await self._connection._flow_control.drain()

    def _start(self, status: int, headers: list[Header]) -> None:
        fields = b"".join([b"%b: %b\r\n" % header for header in headers])
        # A line more than there are headers is one that somebody wrote into a value.
        if not FIELD_LINES.fullmatch(fields) or fields.count(b"\n") != len(headers):
            raise InvalidResponseHeader("a header of the response has characters that no header can carry")
        names = dict(headers)
        self._omits_body = self._omits_body or status in WITHOUT_BODY
        self._frame(names.get(b"content-length"))
        connection, version = self._connection, self._request.version
        ends_with_connection = self._left is None and not (self._is_chunked or self._omits_body)
        asks_for_end = b"close" in names.get(b"connection", b"").lower()
        self._will_close = connection._will_close(self._request, ends_with_connection or asks_for_end)
        connection._response_buffer = b"".join(
            (_get_cached_status_line(version, status), fields, self._own_fields(names), b"\r\n")
        )
        connection._body_receiver.expect_continue = False
        self.started = True

    def _frame(self, length: bytes | None) -> None:
        """Decide how the client is told where the body ends (RFC 9112 section 6.3)."""
        if self._omits_body:
            return
        if length is not None:
            self._left = int(length)
        else:
            self._is_chunked = bool(self._request.version >= (1, 1))

    def _own_fields(self, names: Container[bytes]) -> bytes:
        own: bytes = b"" if b"server" in names else _CACHED_SERVER_HEADER
        if b"date" not in names:
            own += date_line()
        if self._is_chunked:
            own += b"Transfer-Encoding: chunked\r\n"
        if self._will_close:
            own += b"Connection: close\r\n"
        elif self._request.version < (1, 1):
            own += b"Connection: keep-alive\r\n"
        return own

    def _go_on(self, body: bytes, *, more: bool) -> None:
        connection = self._connection
        if self._omits_body:
            body = b""
        elif self._left is not None:
            # What is more than was said would be taken for the next response.
            body = body[: self._left]
            self._left -= len(body)
        if body:
            connection._send_body(body, self._is_chunked, not more)
        if not more:
            self._is_complete = True
            if not body:
                self._write_end()

    def _write_end(self) -> None:
        connection = self._connection
        rest = connection._response_buffer or b""
        connection._response_buffer = None
        connection._safe_write(rest + b"0\r\n\r\n" if self._is_chunked else rest)
