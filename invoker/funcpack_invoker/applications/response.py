"""The response of an application: its header as the server sends it, and the body that the header announces."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from funcpack_invoker.errors import ReplyError, RequestError
from funcpack_invoker.http.framing import EMPTY_BODY, WITHOUT_BODY
from funcpack_invoker.http.response import can_carry
from funcpack_invoker.http.sending import add_request_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from funcpack_invoker.http.asgi import Header
    from funcpack_invoker.http.exchange import Exchange

logger = logging.getLogger("funcpack")

# Headers about the connection (RFC 9110 section 7.6.1), which belongs to the server.
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"trailers",
        b"transfer-encoding",
        b"upgrade",
    }
)

_LENGTH = b"content-length"


class Head(NamedTuple):
    """The status and the headers of a response.

    Attributes:
        status: from 200 to 599.
        headers: without Content-Length, names in lower case.
        length: the Content-Length; None without one.

    """

    status: int
    headers: list[Header]
    length: int | None


def new_head(status: int, headers: Iterable[Header]) -> Head:
    """Return the head of a response; names of headers are in lower case.

    Headers that belong to the server are dropped, as gunicorn does. An application may ask to close the connection.

    Raises:
        ReplyError: if it cannot be sent.

    """
    if not 200 <= status <= 599:
        raise ReplyError(f"the application sent the status {status}; expected a number from 200 to 599")
    kept, length = [], None
    for name, value in headers:
        if not can_carry(name, value):
            raise ReplyError(f"the header {name.decode('latin-1')!r} has characters that are not allowed in headers")
        if name in _HOP_BY_HOP:
            if name == b"connection" and b"close" in value.lower():
                kept.append((name, b"close"))
        elif name != _LENGTH:
            kept.append((name, value))
        elif value.isdigit() and (length is None or length == int(value)):
            length = int(value)
        else:
            shown = value.decode("latin-1")
            raise ReplyError(f"the application sent the Content-Length {shown!r}; expected one number")
    return Head(status, kept, length)


class BodyLength:
    """Compares the body of a response with its Content-Length, and logs if they differ."""

    __slots__ = ("_left", "_length")

    def __init__(self, length: int | None) -> None:
        self._length = self._left = length

    @property
    def is_reached(self) -> bool:
        """Whether the whole body has been taken, as far as the header shows it."""
        return self._left == 0

    def take(self, data: bytes) -> bytes:
        """Return the part of the next bytes that belongs to the body."""
        if self._left is None:
            return data
        if len(data) > self._left:
            logger.error("the application sent more bytes than its Content-Length of %d", self._length)
            data = data[: self._left]
        self._left -= len(data)
        return data

    def end(self) -> None:
        """Note that the body has ended."""
        if self._left:
            logger.error("the application sent %d bytes less than its Content-Length of %d", self._left, self._length)


def start(exchange: Exchange, head: Head, request_id: str) -> None:
    """Begin a response in parts."""
    add_request_id(head.headers, request_id)
    headers = head.headers
    if head.length is not None and head.status not in WITHOUT_BODY:
        headers = [*headers, (_LENGTH, b"%d" % head.length)]
    exchange.start(head.status, headers)


async def send_whole(exchange: Exchange, head: Head, body: bytes, request_id: str) -> None:
    """Send a response whose body is whole."""
    is_complete = head.length in {None, len(body)}
    # The body that a response to HEAD would have is not known, unless it was created.
    is_head = exchange.omits_body(200)
    if head.status in EMPTY_BODY or (is_complete and (body or not is_head)):
        add_request_id(head.headers, request_id)
        exchange.respond(head.status, head.headers, body)
        return
    start(exchange, head, request_id)
    await exchange.write(body)
    exchange.end()


def log_failure(error: BaseException) -> None:
    """Log why an application failed, unless it failed because of the request."""
    if isinstance(error, ReplyError):
        logger.error("%s", error.reason)
    elif not isinstance(error, RequestError):
        logger.error("the application failed", exc_info=error)
