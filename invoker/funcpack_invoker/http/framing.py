"""The rules of message framing (RFC 9112 sections 6 and 9), as functions without I/O."""

from __future__ import annotations

import time
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from funcpack_invoker.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack_invoker.http.asgi import Header

# The registered transfer codings (RFC 9112 section 7).
_CODINGS = frozenset({"chunked", "compress", "deflate", "gzip", "identity", "x-compress", "x-gzip"})

# Responses that end with their header (RFC 9110 sections 15.3.5 and 15.4.5); they get no Content-Length.
WITHOUT_BODY = frozenset({204, 304})

# A 205 has a body of length 0 (RFC 9110 section 15.3.6).
EMPTY_BODY = WITHOUT_BODY | {205}

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class ResponseHeaderError(ValueError):
    """A response header with characters that would break the response."""


def check_transfer_coding(value: bytes, version: str) -> None:
    """Accept only `chunked` (RFC 9112 section 6.1): no other coding would be decoded.

    Raises:
        RequestError: 400 if the body has no defined end, or in HTTP/1.0; 501 for a coding other than chunked.

    """
    if value.lower() == b"chunked" and version != "1.0":
        return
    if version == "1.0":
        raise RequestError(400, "Transfer-Encoding is not part of HTTP/1.0")
    codings = [coding.strip(" \t").lower() for coding in value.decode("latin-1").split(",")]
    if _CODINGS.issuperset(codings) and (codings[-1] != "chunked" or codings.count("chunked") > 1):
        raise RequestError(400, "the last transfer coding must be chunked, once")
    raise RequestError(501, "unsupported transfer coding; use chunked")


def field_lines(headers: list[Header]) -> bytes:
    """Return the field lines of a response.

    Raises:
        ResponseHeaderError: if a name or value has a line end or NUL, which would be read as several fields. Other
            invalid characters are rejected where a reply is converted.

    """
    lines = b"".join([b"%b: %b\r\n" % header for header in headers])
    count = len(headers)
    if lines.count(b"\n") != count or lines.count(b"\r") != count or b"\0" in lines:
        raise ResponseHeaderError("a response header has characters that a header cannot carry")
    return lines


def closes_connection(headers: Mapping[bytes, bytes]) -> bool:
    """Return whether a response's own `Connection` header asks for the connection to end."""
    value = headers.get(b"connection")
    return value is not None and b"close" in value.lower()


@lru_cache(maxsize=256)
def status_line(version: str, status: int) -> bytes:
    """Return the status line for a status from 100 to 599 (RFC 9112 section 4)."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/{version} {status} {phrase}\r\n".encode()


def date_line() -> bytes:
    """Return the Date field line for now (RFC 9110 sections 5.6.7 and 6.6.1)."""
    return date_line_at(int(time.time()))


@lru_cache(maxsize=1)
def date_line_at(second: int) -> bytes:
    """Return the Date field line for a second since 1970. `email.utils` writes the same, but is slow to import."""
    year, month, day, hour, minute, seconds, weekday, *_ = time.gmtime(second)
    date = f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year:04} {hour:02}:{minute:02}:{seconds:02} GMT"
    return f"Date: {date}\r\n".encode()


def error_response(error: RequestError, request_id: str, *, is_head: bool = False) -> bytes:
    """Return a complete response of one line of text that closes the connection.

    The response to a HEAD request has the header alone (RFC 9110 section 9.3.2).
    """
    body = f"{error.reason}\n".encode()
    fields = field_lines(
        [
            (b"Content-Type", b"text/plain; charset=utf-8"),
            *error.headers,
            (b"X-Request-Id", request_id.encode()),
            (b"Content-Length", b"%d" % len(body)),
        ]
    )
    head = b"%b%b%bConnection: close\r\n\r\n" % (status_line("1.1", error.status), fields, date_line())
    return head if is_head else head + body
