"""Parses requests: llhttp, by httptools, and what llhttp lets through that a server must reject or limit.

llhttp rejects by itself what is malformed (bare LF, folded fields, lengths and chunk sizes that are not numbers,
Content-Length beside Transfer-Encoding and the like). It has no limits, and takes every version, target and number of
`Host` fields; those are checked here.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from funcpack_invoker.context import id_of_request
from funcpack_invoker.errors import LimitError, RequestError, named
from funcpack_invoker.http.body import too_large
from funcpack_invoker.http.codings import sent_limit
from funcpack_invoker.http.framing import check_transfer_coding
from funcpack_invoker.http.incoming import IncomingBody, IncomingRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.http.asgi import Header, Scope
    from funcpack_invoker.http.limits import WireLimits

logger = logging.getLogger("funcpack")

# RFC 9110 section 9.1: a token. Registered methods are in upper case, and so must the others be here.
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Z-]{1,20}")

# llhttp knows these as methods of RTSP, and rejects them in requests of HTTP, where they are methods like any other.
_METHODS_OF_RTSP = frozenset(
    {
        b"ANNOUNCE",
        b"DESCRIBE",
        b"FLUSH",
        b"GET_PARAMETER",
        b"PAUSE",
        b"PLAY",
        b"RECORD",
        b"REDIRECT",
        b"SETUP",
        b"SET_PARAMETER",
        b"TEARDOWN",
    }
)

# A second one could be read differently by whoever stands between (RFC 9110 section 5.3).
_ONCE = frozenset({b"host", b"content-type"})

# RFC 9110 section 6.5.1: fields that a trailer must not have.
_NOT_IN_TRAILERS = frozenset({b"authorization", b"content-length", b"host", b"te", b"trailer", b"transfer-encoding"})

# llhttp parses all of a piece that it is fed, several requests at once. Pieces end where a header, a chunk or a body ends,
# so that no byte of the next request is among them.
_BLANK_LINE = b"\r\n\r\n"

_SPACE = 0x20

_EMPTY_LINES = re.compile(rb"(?:\r\n)+")

# RFC 9113 section 3.4; llhttp takes it for a request whose header has not ended.
_HTTP2_PREFACE = b"PRI * HTTP/2.0"

# RFC 9112 section 7.1; llhttp rejects whatever else begins a chunk.
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")

# A piece of a body costs the same whether it has one byte or 64 KiB. With many small chunks, other connections have their
# turn after so many pieces: of each chunk, its size line is one, and its data another.
MOST_PIECES = 128

# A chunk of one byte has a size line of three. What comes on top are extensions and trailers.
_FRAMING_FACTOR = 8


class RequestParser:
    """Parses the bytes of one connection, and calls `found` with each request, as soon as its header is complete."""

    def __init__(
        self,
        limits: WireLimits,
        max_body: int,
        new_body: Callable[[bool], IncomingBody],
        found: Callable[[IncomingRequest], None],
    ) -> None:
        """Parse for a connection.

        Args:
            limits: for the header and the framing.
            max_body: bytes; a chunk that announces more is rejected at once.
            new_body: returns the body of a request; whether the client waits for `100 Continue` is its argument.
            found: takes a request.

        """
        self._limits = limits
        self._longest_field = limits.field - len(b": \r\n")
        self._most_fields = limits.fields
        self._max_body = self._most_body = max_body
        self._new_body = new_body
        self._found = found
        self._parser = HttpRequestParser(self)
        self._refusal: RequestError | None = None
        self._body: IncomingBody | None = None
        self._is_last = False
        self._begun = False
        self._tail = b""
        self._half_line = b""
        self._is_in_trailer = False
        self._size_line = b""
        self._body_size = 0
        self._framing_size = 0
        self._begin()

    def _begin(self) -> None:
        """Forget the last request."""
        self._line = b""
        # The method, if llhttp does not know it.
        self._method = b""
        self._is_method_incomplete = False
        self._target = b""
        self._fields: list[Header] = []
        self._head_size = 0
        self._is_chunked = False
        self._missing = 0

    @property
    def is_between_requests(self) -> bool:
        """Whether all that has come in belongs to requests that are complete."""
        return self._body is None and not self._begun

    @property
    def is_head(self) -> bool:
        """Whether the last request that has begun is a HEAD request, even if the rest of it is malformed."""
        return self._line.startswith(b"HEAD ")

    @property
    def request_id(self) -> str:
        """The id of the request whose header is being parsed: its X-Request-Id, if that has arrived, or a new one."""
        return id_of_request(dict(self._fields))

    def feed(self, data: bytes) -> bytes:
        """Parse bytes to the end of a request, or of `MOST_PIECES` of its body; return the others, to be fed later.

        Raises:
            RequestError: if the request is rejected. Nothing can be parsed after it.

        """
        if self._body is None:
            if self._is_last:
                return b""
            data = self._feed_header(data)
        fed = pieces = 0
        while self._body is not None and fed < len(data) and pieces < MOST_PIECES:
            fed += self._push(self._body_piece(data, fed))
            pieces += 1
        return data[fed:] if fed else data

    def close(self) -> None:
        """Let go of llhttp's parser, which refers to this object, and of the header."""
        del self._parser
        self._begin()

    def _feed_header(self, data: bytes) -> bytes:
        if not self._begun:
            if data[0] <= _SPACE or self._half_line:
                data = self._without_empty_lines(data)
                if not data:
                    return data
            self._begin()
            self._begun = True
        piece = self._piece(data)
        if b"\r\n" not in self._line:
            self._line += piece
            if self._line.startswith(_HTTP2_PREFACE):
                raise RequestError(505, "HTTP/2 is not supported; use HTTP/1.1")
        self._head_size += len(piece)
        if self._head_size > self._limits.header:
            raise LimitError(431, f"the header is larger than {self._limits.header} bytes", "FUNCTION_MAX_HEADER")
        if self._is_method_incomplete:
            self._feed_unknown_method()
            return data[len(piece) :]
        return data[self._push(piece) :]

    def _without_empty_lines(self, data: bytes) -> bytes:
        """Return the bytes without empty lines before a request line (RFC 9112 section 2.2); the first half of one is kept."""
        data = self._half_line + data
        match = _EMPTY_LINES.match(data)
        data = data[match.end() :] if match else data
        self._half_line = data if data == b"\r" else b""
        if data[:1] in {b"\r", b"\n"} and not self._half_line:
            raise RequestError(400, "the request begins with a carriage return or a line feed")
        return b"" if self._half_line else data

    def _feed_unknown_method(self) -> None:
        """Have llhttp parse a request whose method it does not know under the name of one that it knows.

        Raises:
            RequestError: 400 if the request does not begin with a method.

        """
        method, space, rest = self._line.partition(b" ")
        if not _METHOD.fullmatch(method):
            reason = "is not valid" if not _METHOD.fullmatch(method.upper()) else "must be in upper case"
            raise RequestError(400, f"the request method {reason}")
        self._is_method_incomplete = not space
        if space:
            self._method = method
            # A parser that has failed cannot be used again.
            self._parser = HttpRequestParser(self)
            self._push(b"PATCH " + rest)

    def _body_piece(self, data: bytes, start: int) -> bytes:
        """Return the bytes from `start` up to the end of the body, of a chunk, of its size line, or of a line of the trailer."""
        if not self._is_chunked:
            return data[start : start + self._missing]
        if self._missing:
            piece = data[start : start + self._missing]
            self._missing -= len(piece)
            return piece
        end = data.find(b"\n", start) + 1
        piece = data[start:end] if end else data[start:]
        self._framing_size += len(piece)
        if self._framing_size > self._limits.framing + _FRAMING_FACTOR * self._body_size:
            raise LimitError(413, "the chunk extensions and trailers are too large")
        if not self._is_in_trailer:
            self._size_line += piece
            if end:
                self._expect_chunk()
        return piece

    def _expect_chunk(self) -> None:
        """Note how many bytes the size line announces.

        Raises:
            RequestError: 413 if they are too many.

        """
        match = _CHUNK_SIZE.match(self._size_line)
        size = int(match[0], 16) if match else 0
        if self._body_size + size > self._most_body:
            raise too_large(self._most_body)
        self._size_line = b""
        self._is_in_trailer = not size
        self._missing = size + 2 if size else 0

    def _piece(self, data: bytes) -> bytes:
        """Return the bytes up to a blank line, part of which may have come before; all of them if there is none."""
        seen = self._tail + data if self._tail else data
        end = seen.find(_BLANK_LINE)
        if end < 0:
            self._tail = seen[1 - len(_BLANK_LINE) :]
            return data
        piece = data[: end + len(_BLANK_LINE) - len(self._tail)]
        self._tail = b""
        return piece

    def _push(self, piece: bytes) -> int:
        """Feed llhttp; return how many bytes it took."""
        try:
            self._parser.feed_data(piece)
        except HttpParserUpgrade as upgrade:
            # Nothing is upgraded: the request is served as HTTP/1.1 (RFC 9110 section 7.8).
            if self._body is not None:
                self._read_on()
            taken: int = upgrade.args[0]
            return taken
        except HttpParserCallbackError as exc:
            if self._refusal is None:
                raise
            raise self._refusal from exc
        except HttpParserInvalidMethodError:
            self._feed_unknown_method()
        except HttpParserError as exc:
            if not self._has_method_of_rtsp():
                raise _refusal_of(exc) from exc
            self._target = b""
            self._feed_unknown_method()
        return len(piece)

    def _has_method_of_rtsp(self) -> bool:
        """Return whether the request line, of which nothing has been parsed as HTTP, begins with such a method."""
        is_new = not (self._method or self._fields) and self._head_size == len(self._line)
        return is_new and self._line.partition(b" ")[0] in _METHODS_OF_RTSP

    def _read_on(self) -> None:
        """Have the body read behind a header that asks for an upgrade: httptools takes that for the end of the message."""
        framing = b"Transfer-Encoding: chunked" if self._is_chunked else b"Content-Length: %d" % self._missing
        self._begun = True
        # The old one would take the end of a connection that is not kept for the end of the message.
        self._parser = HttpRequestParser(self)
        self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % framing)

    def _refuse(self, error: RequestError) -> RequestError:
        # An exception of a callback comes out of llhttp as one of its own.
        self._refusal = error
        return error

    def _line_too_long(self) -> RequestError:
        return LimitError(414, f"the request line is longer than {self._limits.request_line} bytes")

    def on_url(self, url: bytes) -> None:
        """Take a part of the request target (llhttp's callback)."""
        self._target += url
        if len(self._target) > self._limits.request_line:
            raise self._refuse(self._line_too_long())

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the header or of the trailer (llhttp's callback)."""
        name = name.lower()
        if len(name) + len(value) > self._longest_field:
            reason = f"the header field {named(name.decode('latin-1'))} is larger than {self._limits.field} bytes"
            raise self._refuse(LimitError(431, reason, "FUNCTION_MAX_HEADER_FIELD"))
        if self._body is not None:
            # One of the trailer, or of the header that `_read_on` repeats.
            if name in _NOT_IN_TRAILERS and not self._begun:
                raise self._refuse(RequestError(400, "the trailer has a field that is allowed only in the header"))
            return
        # CGI and WSGI cannot tell a name with an underscore from one with a hyphen.
        if b"_" not in name:
            fields = self._fields
            fields.append((name, value.rstrip(b" \t")))
            if len(fields) > self._most_fields:
                raise self._refuse(LimitError(431, f"the header has more than {self._most_fields} fields"))
        else:
            logger.debug("ignored the header field %s: its name has an underscore", named(name.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Check the header, and hand the request on (llhttp's callback)."""
        self._begun = False
        if self._body is not None:
            # The header that `_read_on` repeats.
            return
        try:
            request = self._request()
            self._body = request.body
            self._is_last = not request.keeps_alive
            self._found(request)
        except RequestError as refusal:
            self._refusal = refusal
            raise

    def on_body(self, data: bytes) -> None:
        """Take a part of the body (llhttp's callback)."""
        if self._is_chunked:
            self._body_size += len(data)
        else:
            self._missing -= len(data)
        if self._body is not None:
            self._body.add(data)

    def on_message_complete(self) -> None:
        """End the request (llhttp's callback)."""
        follows_upgrade = self._parser.should_upgrade() and (self._is_chunked or self._missing)
        if self._body is not None and not follows_upgrade:
            self._body.complete()
            self._body = None

    def _request(self) -> IncomingRequest:
        parser = self._parser
        method: bytes = self._method or parser.get_method()
        version: str = parser.get_http_version()
        self._check_request_line(method, version)
        headers = dict(self._fields)
        if len(headers) != len(self._fields):
            self._check_repeated()
        self._take_framing(headers, version)
        awaited = b"expect" in headers and headers[b"expect"].lower() == b"100-continue" and version == "1.1"
        scope = _scope(method, version, self._target, self._fields)
        return IncomingRequest(scope, headers, self._new_body(awaited), keeps_alive=parser.should_keep_alive())

    def _check_request_line(self, method: bytes, version: str) -> None:
        if len(method) + len(self._target) + 10 > self._limits.request_line:
            raise self._line_too_long()
        if version != "1.1":
            if version != "1.0":
                raise RequestError(505, "unsupported HTTP version; use HTTP/1.1")
            if not self._line.partition(b"\r\n")[0].endswith(b" HTTP/1.0"):
                # llhttp reads RTSP/1.0 and ICE/1.0 as well.
                raise RequestError(400, "the protocol of the request is not HTTP")
        if b"#" in self._target:
            raise RequestError(400, "the request target has a fragment")
        if method == b"CONNECT":
            raise RequestError(400, "CONNECT is not supported: this is not a proxy")

    def _check_repeated(self) -> None:
        seen = set()
        for name, _ in self._fields:
            if name in _ONCE:
                if name in seen:
                    raise RequestError(400, f"the {name.decode().title()} header appears more than once")
                seen.add(name)

    def _take_framing(self, headers: dict[bytes, bytes], version: str) -> None:
        if b"transfer-encoding" in headers:
            # Several fields are one list (RFC 9110 section 5.3).
            codings = b", ".join(value for name, value in self._fields if name == b"transfer-encoding")
            check_transfer_coding(codings, version)
            self._is_chunked = True
            self._is_in_trailer = False
            self._body_size = self._framing_size = 0
            is_encoded = b"content-encoding" in headers
            self._most_body = sent_limit(self._fields, self._max_body) if is_encoded else self._max_body
        elif b"content-length" in headers:
            # llhttp has accepted it: digits, which do not overflow 64 bits.
            self._missing = int(headers[b"content-length"])


def _refusal_of(error: HttpParserError) -> RequestError:
    """Return the answer for a request that llhttp rejected."""
    reason = str(error)
    if reason == "Invalid HTTP version":
        return RequestError(505, "unsupported HTTP version; use HTTP/1.1")
    return RequestError(400, f"malformed request: {reason}")


def _scope(method: bytes, version: str, target: bytes, headers: list[Header]) -> Scope:
    raw_path, _, query = target.partition(b"?")
    path = unquote_to_bytes(raw_path) if b"%" in raw_path else raw_path
    return {
        "http_version": version,
        "method": method.decode(),
        "scheme": "http",
        "path": path.decode(errors="replace"),
        "raw_path": raw_path,
        "query_string": query,
        "headers": headers,
    }
