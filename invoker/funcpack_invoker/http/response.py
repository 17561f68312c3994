"""Converts the return value of an HTTP function to a response. No I/O, no server."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from funcpack_invoker.errors import ReplyError
from funcpack_invoker.http import json_codec

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.http.asgi import Header

_HTML = (b"content-type", b"text/html; charset=utf-8")
_BYTES = (b"content-type", b"application/octet-stream")
_JSON = (b"content-type", b"application/json")

# RFC 9110 section 5.6.2 (token) and 5.5 (field values)
_HEADER_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_NOT_IN_VALUES = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

# The server frames every body itself; values that a function copied from another response would contradict it.
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class Reply:
    """A response: its status, its headers (names in lower case), and its body.

    A streamed body is in `chunks`, which `close` is called for at the end, however it comes; for an async iterator, after
    its `aclose`.
    """

    __slots__ = ("body", "chunks", "close", "headers", "status")

    def __init__(self, status: int, headers: list[Header] | None = None, body: bytes = b"") -> None:
        self.status = status
        self.headers = [] if headers is None else headers
        self.body = body
        self.chunks: Iterator[Any] | AsyncIterator[Any] | None = None
        self.close: Callable[[], Any] | None = None


def plain(status: int, text: str, *headers: Header) -> Reply:
    """Return a response of one line of text."""
    return Reply(status, [(b"content-type", b"text/plain; charset=utf-8"), *headers], f"{text}\n".encode())


def server_error() -> Reply:
    """Return the response to an error of the function, without its cause."""
    return plain(500, "Internal Server Error")


def from_value(value: Any) -> Reply:
    """Return the response for a return value: a body, or a tuple of a body, a status and headers.

    Raises:
        ReplyError: when it is nothing that can be sent.

    """
    if is_response_tuple(value):
        body, status, headers = unpack(value)
        return with_headers(with_status(from_body(body), status), headers)
    return from_body(value)


def is_response_tuple(value: Any) -> bool:
    """Return whether a value is a tuple of a body, a status and headers: a named tuple is an object."""
    return isinstance(value, tuple) and not hasattr(value, "_fields")


def from_body(value: Any) -> Reply:
    """Return the response for a body without status and headers.

    Raises:
        ReplyError: when it is nothing that can be sent.

    """
    if isinstance(value, str):
        return Reply(200, [_HTML], encode(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return Reply(200, [_BYTES], bytes(value))
    if value is None:
        return Reply(204)
    if isinstance(value, dict | list | int | float):
        return Reply(200, [_JSON], _json(value))
    return _from_object(value)


def _from_object(value: Any) -> Reply:
    if is_response(value):
        return from_response(value)
    if is_http_exception(value):
        return from_response(value.get_response())
    if isinstance(value, Iterator | AsyncIterator):
        # Its first chunk decides on the content type; see `stream_header`.
        reply = Reply(200)
        reply.chunks, reply.close = value, getattr(value, "close", None) if isinstance(value, Iterator) else None
        return reply
    if json_codec.is_supported(value):
        return Reply(200, [_JSON], _json(value))
    advice = ""
    if callable(value):
        advice = (
            "; to serve an application that a function creates, set PYTHON_HANDLER to a call, as in main:create_app()"
        )
    raise ReplyError(
        f"the function returned a value of the type {type(value).__name__}, which cannot be converted to a response{advice}"
    )


def stream_header(chunk: Any) -> Header:
    """Return the Content-Type header of a stream, by its first chunk."""
    return _HTML if isinstance(chunk, str) else _BYTES


def encode(text: str) -> bytes:
    """Encode text that a function returned.

    Raises:
        ReplyError: when it has half of a surrogate pair.

    """
    try:
        return text.encode()
    except UnicodeEncodeError as exc:
        raise ReplyError(f"the returned text cannot be encoded: {exc}") from exc


def encode_chunk(chunk: Any) -> bytes:
    """Encode a chunk of a stream.

    Raises:
        ReplyError: when it is neither text nor bytes.

    """
    if isinstance(chunk, str):
        return encode(chunk)
    if isinstance(chunk, bytes | bytearray | memoryview):
        return bytes(chunk)
    raise ReplyError(
        f"the function yielded a value of the type {type(chunk).__name__}: only str and bytes can be streamed"
    )


def _json(value: Any) -> bytes:
    try:
        return json_codec.dumps(value).encode()
    except ValueError as exc:
        raise ReplyError(f"the returned {type(value).__name__} cannot be sent as JSON: {exc}") from exc


def unpack(value: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    """Unpack a returned tuple as Flask does: (body, status), (body, headers) or (body, status, headers).

    Raises:
        ReplyError: when it is none of these.

    """
    if len(value) == 3:
        return value
    if len(value) == 2:
        body, second = value
        if isinstance(second, Mapping | list | tuple) or hasattr(second, "to_wsgi_list"):
            return body, None, second
        return body, second, None
    raise ReplyError(
        f"the function returned a tuple of {len(value)}; expected (body, status), (body, headers) or (body, status, headers)"
    )


def with_status(reply: Reply, status: Any) -> Reply:
    """Set the status: a number, or a text that begins with a number, such as `404 Not Found`.

    Raises:
        ReplyError: when it is no status that ends a request.

    """
    if status is not None:
        reply.status = _status(status)
    return reply


def _status(status: Any) -> int:
    if isinstance(status, str):
        digits = status.partition(" ")[0]
        status = int(digits) if digits.isascii() and digits.isdigit() and len(digits) == 3 else status
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise ReplyError(f"the function returned the status {str(status)[:80]!r}; expected a number from 200 to 599")
    return int(status)


def with_headers(reply: Reply, headers: Any) -> Reply:
    """Add headers, a mapping or pairs. They replace existing headers of the same name.

    Raises:
        ReplyError: when no header can carry one of them.

    """
    if headers is None:
        return reply
    added = [encode_header(name, value) for name, value in _pairs(headers)]
    replaced = {name for name, _ in added}
    kept = [header for header in reply.headers if header[0] not in replaced]
    reply.headers = kept + [header for header in added if header[0] not in _FRAMING]
    return reply


def _pairs(headers: Any) -> Iterable[tuple[Any, Any]]:
    if hasattr(headers, "to_wsgi_list"):
        return list(headers.to_wsgi_list())
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    found = []
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ReplyError("the function returned headers that are not pairs of name and value")
        name, value = pair
        found += [(name, one) for one in (value if isinstance(value, list | tuple) else (value,))]
    return found


def encode_header(name: Any, value: Any) -> Header:
    """Return a header as it is sent, its name in lower case.

    Raises:
        ReplyError: when it has characters that no header can carry.

    """
    try:
        encoded = str(name).lower().encode("ascii"), str(value).encode("latin-1")
    except UnicodeEncodeError:
        encoded = b"", b""
    if not can_carry(*encoded):
        raise ReplyError(f"the returned header {name!r} has characters that are not allowed in headers")
    return encoded


def can_carry(name: bytes, value: bytes) -> bool:
    """Return whether a header, whose name is in lower case, has only characters that headers can carry."""
    return bool(_HEADER_NAME.fullmatch(name)) and not _NOT_IN_VALUES.search(value)


def is_response(value: Any) -> bool:
    """Return whether the value is a `flask.Response` or another response of Werkzeug's."""
    # If werkzeug was never imported, there cannot be an instance of it.
    module = sys.modules.get("werkzeug.wrappers.response")
    return module is not None and isinstance(value, module.Response)


def is_http_exception(value: Any) -> bool:
    """Return whether the value is an HTTPException, such as `flask.abort` raises."""
    module = sys.modules.get("werkzeug.exceptions")
    return module is not None and isinstance(value, module.HTTPException)


def from_response(response: Any) -> Reply:
    """Return the reply for a response of Werkzeug or Flask, unchanged.

    Raises:
        ReplyError: when no header can carry one of its headers.

    """
    headers = response.get_wsgi_headers({})
    reply = Reply(_status(response.status_code))
    if response.is_sequence and not response.direct_passthrough:
        reply.body = b"".join(response.iter_encoded())
        response.close()
        return with_headers(reply, headers)
    length = headers.get("Content-Length")
    if isinstance(response.response, AsyncIterator):  # which Werkzeug cannot iterate over
        reply.chunks = response.response
    else:
        reply.chunks = iter(response.response if response.direct_passthrough else response.iter_encoded())
    reply.close = response.close
    with_headers(reply, headers)
    if length is not None:
        reply.headers.append((b"content-length", str(length).encode("latin-1")))
    return reply
