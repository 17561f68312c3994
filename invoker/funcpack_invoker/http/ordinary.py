"""Reads requests that are as most are: whole, in one piece, with no header that changes how they are read.

gunicorn's parser walks over every request in several passes, for those that come in pieces or need a closer look. Here
two regular expressions take an ordinary one apart. Whatever they do not match, and whatever has a header that decides
on more than itself, is left to gunicorn's parser from its first byte.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from funcpack_invoker.http.asgi import Header

# RFC 9112 section 3: origin-form, and the version that keeps connections; the method as gunicorn wants it.
_REQUEST_LINE = re.compile(rb"([!$%&'*+.^_`|~0-9A-Z-]{3,20}+) (/[\x21-\x7e]*+) HTTP/1\.1\r\n")

# RFC 9112 section 5; an underscore in a name would pass for a hyphen in WSGI.
_FIELD = re.compile(rb"^([!#$%&'*+.^`|~0-9A-Za-z-]++):[ \t]*+([^\x00-\x08\x0a-\x1f\x7f]*+)\r\n", re.MULTILINE)

# They decide where a body ends, when it is sent, and what the connection becomes.
_DECISIVE = frozenset({b"transfer-encoding", b"expect", b"upgrade"})

# Digits of Content-Length: int() would refuse thousands, and no request in one piece needs more.
_MOST_DIGITS = 9


class OrdinaryRequest:
    """A request with its body, and with the names that gunicorn's requests have.

    `fields` holds the headers by their names, each of which is there once, in lower case.
    """

    __slots__ = ("body", "fields", "headers_bytes", "method", "path", "query", "raw_path", "scheme")

    version = (1, 1)
    _headers = None
    _expect_100_continue = False

    def __init__(
        self, method: bytes, target: bytes, headers: list[Header], fields: dict[bytes, bytes], body: bytes
    ) -> None:
        self.method = method.decode()
        self.raw_path, _, self.query = target.partition(b"?")
        path = unquote_to_bytes(self.raw_path) if b"%" in self.raw_path else self.raw_path
        self.path = path.decode(errors="replace")
        self.scheme = "http"
        self.headers_bytes = headers
        self.fields = fields
        self.body = body

    def should_close(self) -> bool:
        """Tell whether the connection ends with the response: no ordinary client asks for that."""
        return False


class OrdinaryBody:
    """A body that is there, with the names that gunicorn's receivers of bodies have."""

    __slots__ = ("_body", "expect_continue")

    buffered = 0
    _complete = True

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body

    async def receive(self) -> dict[str, Any]:
        """Give the body, once, to a client that is still there (ASGI's `receive`)."""
        body, self._body = self._body, None
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}

    def signal_disconnect(self) -> None:
        """Take note that the client left."""
        self._body = None


def read(data: bytes, longest_field: int, most_fields: int) -> OrdinaryRequest | None:
    """Read a request that these bytes are, from the first to the last; None if they are no ordinary one.

    Args:
        data: what a client sent.
        longest_field: bytes of a header with its line end; no request line and no header section may be longer here.
        most_fields: the most headers.

    """
    end = data.find(b"\r\n\r\n") + 2
    line = _REQUEST_LINE.match(data)
    if line is None or not line.end() < end <= longest_field:
        return None
    section = data[line.end() : end]
    found = _FIELD.findall(section)
    # Each match is at the start of a line and ends with it: if there are as many as lines, nothing was passed over.
    if len(found) != section.count(b"\n") or len(found) > most_fields:
        return None
    if b" \r" in section or b"\t\r" in section:
        found = [(name, value.rstrip(b" \t")) for name, value in found]
    headers = [(name.lower(), value) for name, value in found]
    fields = dict(headers)
    body = data[end + 2 :]
    if len(fields) != len(headers) or not _is_ordinary(fields, len(body)):
        return None
    return OrdinaryRequest(line[1], line[2], headers, fields, body)


def _is_ordinary(fields: dict[bytes, bytes], size: int) -> bool:
    """Tell whether the headers say no more than how large the body is, and that it is as large as they say."""
    length = fields.get(b"content-length", b"0")
    if len(length) > _MOST_DIGITS or not length.isdigit() or int(length) != size:
        return False
    if fields.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return False
    return _DECISIVE.isdisjoint(fields)
