"""HTTP/1.1 byte by byte: RFC 9112 (and 9110 where an id says so), request smuggling above all.

Every exchange whose framing is in doubt ends with a second request, which nobody must ever see.
"""

from __future__ import annotations

import gzip
import io
import json
import socket
import sys
import zlib
from contextlib import ExitStack
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import Server, StartServer

ECHO = """
    def handler(request):
        if request.path.startswith("/status/"):
            return "body", int(request.path.removeprefix("/status/"))
        return {
            "method": request.method,
            "path": request.path,
            "query": request.query_string.decode(),
            "headers": dict(request.headers),
            "body": request.get_data(as_text=True),
        }
"""

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def server(start_shared_server: StartServer) -> Server:
    return start_shared_server(ECHO, limits={"linger": 1.0}, environment={"FUNCTION_MAX_BODY": "1MiB"})


class _Received(io.BytesIO):
    """Received bytes as a socket that `HTTPResponse` reads from, one response after the other."""

    def makefile(self, _mode: str) -> _Received:
        return self

    def close(self) -> None:
        """Stay open for the next response."""


def responses(received: bytes, method: str = "GET") -> list[HTTPResponse]:
    stream = _Received(received)
    found = []
    while stream.tell() < len(received):
        response = HTTPResponse(cast("socket.socket", stream), method=method)
        response.begin()
        response.body = response.read()  # type: ignore[attr-defined]
        found.append(response)
    return found


def echoed(response: HTTPResponse) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(response.body)  # type: ignore[attr-defined]
    return seen


def statuses(received: bytes) -> list[int]:
    return [response.status for response in responses(received)]


def request(line: bytes = b"GET / HTTP/1.1", *headers: bytes, body: bytes = b"", host: bytes = b"Host: x") -> bytes:
    return b"\r\n".join(part for part in (line, host, *headers) if part) + b"\r\n\r\n" + body


def posted(*headers: bytes, body: bytes = b"") -> bytes:
    return request(b"POST / HTTP/1.1", *headers, body=body)


def chunked(body: bytes) -> bytes:
    return posted(b"Transfer-Encoding: chunked", body=body)


CLOSE = b"Connection: close"

REQUEST_LINES = [
    pytest.param(b"GET / HTTP/1.1", 200, id="3 a request line"),
    pytest.param(b"\r\nGET / HTTP/1.1", 200, id="2.2 an empty line before it"),
    pytest.param(b"\nGET / HTTP/1.1", 400, id="2.2 a bare LF before it"),
    pytest.param(b" GET / HTTP/1.1", 400, id="3 a space before it"),
    pytest.param(b"GET  / HTTP/1.1", 200, id="3 two spaces, which it lets a server take"),
    pytest.param(b"GET\t/ HTTP/1.1", 400, id="3 a tab"),
    pytest.param(b"GET / HTTP/1.1 ", 400, id="3 a space behind it"),
    pytest.param(b"GET /a b HTTP/1.1", 400, id="3.2 a space in the target"),
    pytest.param(b"GET /", 505, id="3 no version: HTTP/0.9"),
    pytest.param(b"GET / HTTP/1.2", 505, id="2.3 version 1.2"),
    pytest.param(b"GET / HTTP/2.0", 505, id="2.3 version 2.0"),
    pytest.param(b"GET / HTTP/9.9", 505, id="2.3 version 9.9"),
    pytest.param(b"GET / HTTP/0.9", 505, id="2.3 version 0.9"),
    pytest.param(b"GET / HTTP/1.0", 200, id="2.3 version 1.0"),
    pytest.param(b"GET / HTTP/11", 400, id="2.3 no version"),
    pytest.param(b"GET / RTSP/1.0", 400, id="2.3 another protocol"),
    pytest.param(b"SETUP / RTSP/1.0", 400, id="2.3 another protocol, with a method of its own"),
    pytest.param(b"SOURCE / ICE/1.0", 400, id="2.3 a third protocol"),
    pytest.param(b"GET / http/1.1", 400, id="2.3 version in lower case"),
    pytest.param(b"GET / HTTP/1.1\rX: y", 400, id="2.2 a bare CR"),
    pytest.param(b"G(T / HTTP/1.1", 400, id="9110 9.1 a method that is no token"),
    pytest.param(b"get / HTTP/1.1", 400, id="9110 9.1 a method in lower case"),
    pytest.param(b"PURGE / HTTP/1.1", 200, id="9110 9.1 a registered method"),
    pytest.param(b"BREW / HTTP/1.1", 200, id="9110 9.1 a method of one's own"),
    pytest.param(b"PLAY / HTTP/1.1", 200, id="9110 9.1 a method of RTSP"),
    pytest.param(b"PLAY / RTSP/1.0", 400, id="2.3 RTSP"),
    pytest.param(b"M-S.x / HTTP/1.1", 400, id="9110 9.1 a method of one's own, partly in lower case"),
    pytest.param(b"A / HTTP/1.1", 200, id="9110 9.1 a method of one letter"),
    pytest.param(b"B" * 21 + b" / HTTP/1.1", 400, id="9110 9.1 a method of 21 letters"),
    pytest.param(b"BREW", 400, id="3 a method alone"),
    pytest.param(b"BREW / HTTP/2.0", 505, id="2.3 version 2.0 with a method of one's own"),
    pytest.param(b"GET /\x00 HTTP/1.1", 400, id="3.2 NUL in the target"),
    pytest.param("GET /é HTTP/1.1".encode(), 400, id="3.2 no ASCII in the target"),
    pytest.param(b"GET /" + b"a" * 8170 + b" HTTP/1.1", 200, id="3 a line of 8184 bytes"),
    pytest.param(b"GET /" + b"a" * 8190 + b" HTTP/1.1", 414, id="3 a line of 8204 bytes"),
    pytest.param(b"GET * HTTP/1.1", 400, id="3.2.4 * for GET"),
    pytest.param(b"OPTIONS * HTTP/1.1", 200, id="3.2.4 * for OPTIONS"),
    pytest.param(b"GET /a#b HTTP/1.1", 400, id="3.2 a fragment"),
    pytest.param(b"GET x:80 HTTP/1.1", 400, id="3.2.3 authority-form"),
    pytest.param(b"CONNECT x:80 HTTP/1.1", 400, id="3.2.3 CONNECT: this is no proxy"),
    pytest.param(b"GET ftp://x/ HTTP/1.1", 400, id="3.2.2 absolute-form of another scheme"),
    pytest.param(b"PRI * HTTP/2.0", 505, id="9113 3.4 the preface of HTTP/2"),
]


@pytest.mark.parametrize(("line", "status"), REQUEST_LINES)
def test_request_line(server: Server, line: bytes, status: int) -> None:
    assert statuses(server.exchange(request(line, CLOSE))) == [status]


TARGETS = [
    pytest.param(b"/a%20b?c=%20&d", "/a b", "c=%20&d", id="escapes"),
    pytest.param(b"//a//b", "/a//b", "", id="double slashes; werkzeug takes the first ones for one"),
    pytest.param(b"/a/../b/.", "/a/../b/.", "", id="dots"),
    pytest.param(b"/%2e%2e/%2F", "/..//", "", id="escaped dots and slash"),
    pytest.param(b"/%00%ff", "/\x00�", "", id="escaped NUL and no UTF-8"),
    pytest.param(b"http://other/a%20b?c", "/a b", "c", id="3.2.2 absolute-form"),
    pytest.param(b"HTTP://other", "/", "", id="3.2.2 absolute-form without a path"),
]


@pytest.mark.parametrize(("target", "path", "query"), TARGETS)
def test_target(server: Server, target: bytes, path: str, query: str) -> None:
    (response,) = responses(server.exchange(request(b"GET %s HTTP/1.1" % target, CLOSE)))
    seen = echoed(response)
    assert (seen["path"], seen["query"]) == (path, query)


FIELDS = [
    pytest.param(b"", 400, id="3.2 no Host"),
    pytest.param(b"Host: x\r\nHost: x", 400, id="3.2 two Hosts"),
    pytest.param(b"Host: x\r\nHost: y", 400, id="3.2 two different Hosts"),
    pytest.param(b"Host: a b", 400, id="3.2 Host with a space"),
    pytest.param(b"Host: a/b", 400, id="3.2 Host with a slash"),
    pytest.param(b"Host: a@b", 400, id="3.2 Host with a user"),
    pytest.param(b"Host: a:b", 400, id="3.2 Host with a port that is none"),
    pytest.param(b"Host:", 200, id="3.2 empty Host"),
    pytest.param(b"Host: [::1]:80", 200, id="3.2 Host with an IPv6 address"),
    pytest.param(b"Host: x\r\nX : y", 400, id="5.1 a space before the colon"),
    pytest.param(b"Host: x\r\n X: y", 400, id="5.2 obsolete folding"),
    pytest.param(b"Host: x\r\nX: y\r\n z", 400, id="5.2 obsolete folding of a value"),
    pytest.param(b"Host: x\r\nX", 400, id="5 no colon"),
    pytest.param(b"Host: x\r\n: y", 400, id="5 no name"),
    pytest.param(b"Host: x\r\nX(: y", 400, id="9110 5.1 a name that is no token"),
    pytest.param(b"Host: x\r\nX: a\x00b", 400, id="9110 5.5 NUL"),
    pytest.param(b"Host: x\r\nX: a\rb", 400, id="2.2 a bare CR"),
    pytest.param(b"Host: x\nX: y", 400, id="2.2 a bare LF"),
    pytest.param(b"Host: x\r\nX: \xe9", 200, id="9110 5.5 obs-text"),
    pytest.param(b"Host: x\r\n" + b"\r\n".join(b"X-%d: y" % i for i in range(97)), 200, id="5 98 fields"),
    pytest.param(b"Host: x\r\n" + b"\r\n".join(b"X-%d: y" % i for i in range(100)), 431, id="6585 5 101 fields"),
    pytest.param(b"Host: x\r\nX: " + b"y" * 32_763, 200, id="6585 5 a field of 32 KiB"),
    pytest.param(b"Host: x\r\nX: " + b"y" * 32_764, 431, id="6585 5 a field of more than 32 KiB"),
    pytest.param(b"Host: x" + (b"\r\nX: " + b"y" * 32_000) * 2, 200, id="6585 5 two fields of less than 64 KiB"),
    pytest.param(b"Host: x" + (b"\r\nX: " + b"y" * 32_000) * 3, 431, id="6585 5 fields of more than 64 KiB"),
    pytest.param(b"Host: x\r\nContent-Type: a/b\r\nContent-Type: a/b", 400, id="9110 5.3 two Content-Types"),
]


@pytest.mark.parametrize(("fields", "status"), FIELDS)
def test_fields(server: Server, fields: bytes, status: int) -> None:
    assert statuses(server.exchange(request(b"GET / HTTP/1.1", CLOSE, host=fields))) == [status]


@pytest.mark.parametrize(
    ("sent", "status", "text"),
    [
        pytest.param(
            (b"Cookie: " + b"y" * 1000,),
            431,
            "the header field cookie is larger than 1000 bytes; set FUNCTION_MAX_HEADER_FIELD to change the limit",
            id="field",
        ),
        pytest.param(
            (b"Cookie: " + b"y" * 900,) * 3,
            431,
            "the header is larger than 2048 bytes; set FUNCTION_MAX_HEADER to change the limit",
            id="header",
        ),
        pytest.param(
            (b"Content-Length: 11",),
            413,
            "the body is larger than 10 bytes; set FUNCTION_MAX_BODY to change the limit",
            id="body",
        ),
        pytest.param((b"X: y",) * 100, 431, "the header has more than 100 fields", id="fields"),
    ],
)
def test_rejection_by_a_limit_is_logged(
    start_server: StartServer, sent: tuple[bytes, ...], status: int, text: str
) -> None:
    limits = {"FUNCTION_MAX_HEADER": "2KiB", "FUNCTION_MAX_HEADER_FIELD": "1000", "FUNCTION_MAX_BODY": "10"}
    server = start_server("def handler(body): ...", environment=limits)
    assert statuses(server.exchange(posted(CLOSE, *sent))) == [status]
    server.wait_for_log(f": rejected a request with status {status}: {text}\n")
    assert server.log.count("rejected") == 1


def test_rejection_of_a_large_chunked_body_is_logged_once(start_server: StartServer) -> None:
    server = start_server("def handler(body): ...", environment={"FUNCTION_MAX_BODY": "10"})
    assert statuses(server.exchange(chunked(b"b\r\n"))) == [413]
    server.wait_for_log("rejected a request with status 413: ")
    assert server.stop() == 0
    assert server.log.count("rejected") == 1


def test_field_names_with_an_underscore_do_not_arrive(start_server: StartServer) -> None:
    server = start_server("def handler(request):\n    return dict(request.headers)", environment={"LOG_LEVEL": "debug"})
    (response,) = responses(server.exchange(request(b"GET / HTTP/1.1", CLOSE, b"X_A: secret", b"X-B: 2")))
    headers = echoed(response)
    assert "X-A" not in headers
    assert headers["X-B"] == "2"
    server.wait_for_log("ignored the header field x_a: its name has an underscore\n")
    assert "secret" not in server.log


BAD_FRAMING = [
    *(
        pytest.param(
            posted(b"Content-Length: " + value, body=b"hello"), 400, id=f"6.3 Content-Length: {value.decode()[:9]}"
        )
        for value in (
            b"",
            b"9" * 4000,
            b"+5",
            b"-5",
            b"5, 5",
            b"5,6",
            b"0x5",
            b"5 5",
            b"5_0",
            b"5.0",
            b"five",
            b"1" * 5000,
        )
    ),
    pytest.param(posted(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"), 400, id="6.3 Content-Length twice"),
    pytest.param(posted(b"Content-Length: 5", b"Content-Length: 6", body=b"hello"), 400, id="6.3 two Content-Lengths"),
    pytest.param(
        posted(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400, id="6.1 length and coding"
    ),
    pytest.param(
        posted(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"), 400, id="6.1 coding and length"
    ),
    *(
        pytest.param(
            posted(b"Transfer-Encoding: " + value, body=b"0\r\n\r\n"), status, id=f"6.1 {value.decode('latin-1')}"
        )
        for value, status in (
            (b"xchunked", 501),
            (b"gzip, chunked", 501),
            (b"identity, chunked", 501),
            (b"chunked, gzip", 400),
            (b"chunked, identity", 400),
            (b"chunked, chunked", 400),
            (b"identity", 400),
            (b"gzip", 400),
            (b"\x0bchunked", 400),
            (b"chunked;q=1", 501),
            (b'"chunked"', 501),
            (b"", 400),
        )
    ),
    pytest.param(
        posted(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        400,
        id="6.1 coding twice",
    ),
    *(
        pytest.param(
            posted(b"Transfer-Encoding: " + coding, b"X: y", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
            501,
            id=f"6.1 {coding.decode()} in a field, chunked in the next",
        )
        for coding in (b"gzip", b"xchunked", b"identity")
    ),
    pytest.param(
        request(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400, id="6.1 coding in HTTP/1.0"
    ),
    pytest.param(posted(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"), 400, id="5.1 coding with a space"),
    *(
        pytest.param(chunked(body), 400, id=f"7.1 {name}")
        for name, body in (
            ("size with 0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
            ("size with a sign", b"+5\r\nhello\r\n0\r\n\r\n"),
            ("negative size", b"-5\r\nhello\r\n0\r\n\r\n"),
            ("size with a space behind", b"5 \r\nhello\r\n0\r\n\r\n"),
            ("size with a space before", b" 5\r\nhello\r\n0\r\n\r\n"),
            ("size with an underscore", b"0_5\r\nhello\r\n0\r\n\r\n"),
            ("no size", b"\r\nhello\r\n0\r\n\r\n"),
            ("size that is none", b"five\r\nhello\r\n0\r\n\r\n"),
            ("LF behind the size", b"5\nhello\r\n0\r\n\r\n"),
            ("CR in the extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
            ("LF in the extension", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
            ("data longer than its size", b"4\r\nhello\r\n0\r\n\r\n"),
            ("data shorter than its size", b"6\r\nhello\r\n0\r\n\r\n"),
            ("no line end behind the data", b"5\r\nhello0\r\n\r\n"),
            ("framing in a trailer", b"0\r\nContent-Length: 5\r\n\r\n"),
            ("Host in a trailer", b"0\r\nHost: y\r\n\r\n"),
            ("a trailer without a colon", b"0\r\nX\r\n\r\n"),
        )
    ),
    *(
        pytest.param(chunked(body), 413, id=f"7.1 {name}")
        for name, body in (
            ("size of more than 64 bits", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
            ("extension of 70 kB", b"5;" + b"a" * 70_000 + b"\r\nhello\r\n0\r\n\r\n"),
            ("extensions of many chunks", b"1;aaaaaaaaaaaaaaaa\r\nx\r\n" * 10_000 + b"0\r\n\r\n"),
            ("trailers of 70 kB", b"0\r\n" + b"X: yyyyyyyyyyyyyyyy\r\n" * 3500 + b"\r\n"),
            ("size of 64 bits", b"ffffffffffffffff\r\nhello"),
            ("size above the limit", b"5\r\nhello\r\n100001\r\nhello"),
        )
    ),
]


@pytest.mark.parametrize(("sent", "status"), BAD_FRAMING)
def test_bad_framing_is_answered_once_and_closed(server: Server, sent: bytes, status: int) -> None:
    received = server.exchange(sent + SMUGGLED)
    assert statuses(received) == [status]
    assert b"smuggled" not in received


def test_rejection_of_a_trailer_has_a_reason(server: Server) -> None:
    received = server.exchange(chunked(b"0\r\nHost: y\r\n\r\n"))
    assert received.endswith(b"\r\n\r\nthe trailer has a field that is allowed only in the header\n")


GOOD_FRAMING = [
    pytest.param(posted(b"Content-Length: 5", CLOSE, body=b"hello"), "hello", id="6.2 Content-Length"),
    pytest.param(posted(b"Content-Length: 005", CLOSE, body=b"hello"), "hello", id="9110 8.6 leading zeros"),
    pytest.param(posted(b"Content-Length: 0", CLOSE), "", id="6.2 empty"),
    pytest.param(posted(CLOSE), "", id="6.3 neither"),
    pytest.param(
        posted(b"transfer-encoding:\tCHUNKED ", CLOSE, body=b"5\r\nhello\r\n0\r\n\r\n"),
        "hello",
        id="7 any case and space",
    ),
    *(
        pytest.param(posted(b"Transfer-Encoding: chunked", CLOSE, body=body), text, id=f"7.1 {name}")
        for name, body, text in (
            ("chunks", b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello"),
            ("leading zeros", b"0005\r\nhello\r\n000\r\n\r\n", "hello"),
            ("hexadecimal of both cases", b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "0123456789" * 2),
            ("extensions", b'5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n', "hello"),
            ("trailers", b"5\r\nhello\r\n0\r\nX: y\r\n\r\n", "hello"),
        )
    ),
]


@pytest.mark.parametrize(("sent", "body"), GOOD_FRAMING)
def test_good_framing(server: Server, sent: bytes, body: str) -> None:
    (response,) = responses(server.exchange(sent))
    assert echoed(response)["body"] == body


@pytest.mark.parametrize(("sent", "body"), GOOD_FRAMING)
def test_good_framing_byte_by_byte(server: Server, sent: bytes, body: str) -> None:
    (response,) = responses(server.exchange(*(sent[i : i + 1] for i in range(len(sent)))))
    assert echoed(response)["body"] == body


ENCODED = gzip.compress(b"hello")


def encoded(*codings: bytes, body: bytes = ENCODED) -> bytes:
    fields = [b"Content-Encoding: " + coding for coding in codings]
    return posted(*fields, b"Content-Length: %d" % len(body), CLOSE, body=body)


@pytest.mark.parametrize(
    ("sent", "body", "length"),
    [
        pytest.param(encoded(b"gzip"), "hello", "5", id="gzip"),
        pytest.param(encoded(b"deflate", body=zlib.compress(b"hello")), "hello", "5", id="deflate"),
        pytest.param(encoded(b"deflate", b"gzip", body=gzip.compress(zlib.compress(b"hello"))), "hello", "5", id="two fields"),
        pytest.param(encoded(b"identity", body=b"hello"), "hello", "5", id="identity"),
        pytest.param(encoded(b"gzip", body=b""), "", "0", id="no body"),
        pytest.param(
            posted(
                b"Content-Encoding: gzip", b"Transfer-Encoding: chunked", CLOSE,
                body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(ENCODED), ENCODED),
            ),
            "hello",
            None,
            id="chunked",
        ),
        pytest.param(encoded(b"gzip", body=gzip.compress(b"x" * (1 << 20))), "x" * (1 << 20), None, id="as large as the limit"),
    ],
)  # fmt: skip
def test_content_coding_is_undone(server: Server, sent: bytes, body: str, length: str | None) -> None:
    """RFC 9110 section 8.4."""
    (response,) = responses(server.exchange(sent))
    seen = echoed(response)
    assert seen["body"] == body
    assert "Content-Encoding" not in seen["headers"]
    assert seen["headers"].get("Content-Length") == length


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(encoded(b"snappy"), 415, id="9110 15.5.16 unknown"),
        pytest.param(encoded(b"gzip, snappy"), 415, id="9110 15.5.16 one of two unknown"),
        pytest.param(encoded(b"gzip", body=b"hello"), 400, id="malformed"),
        pytest.param(encoded(b"gzip", body=ENCODED[:-1]), 400, id="cut"),
        pytest.param(encoded(b"gzip", body=gzip.compress(b"x" * (1 << 20) + b"x")), 413, id="above the limit"),
        pytest.param(encoded(b"gzip", body=gzip.compress(bytes(64 << 20))), 413, id="far above the limit"),
        pytest.param(encoded(b"gzip, gzip", body=gzip.compress(gzip.compress(bytes(64 << 20)))), 413, id="twice"),
    ],
)
def test_content_coding_that_cannot_be_undone(server: Server, sent: bytes, status: int) -> None:
    (response,) = responses(server.exchange(sent))
    assert response.status == status
    accepted = response.getheader("Accept-Encoding")
    assert (accepted is not None and accepted.startswith("gzip, deflate")) == (status == 415)


def test_expectation_is_not_met_for_an_unknown_content_coding(server: Server) -> None:
    sent = posted(b"Content-Length: 5", b"Content-Encoding: snappy", b"Expect: 100-continue")
    assert statuses(server.exchange(sent)) == [415]


def test_body_that_is_cut_off_does_not_reach_the_function(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(posted(b"Content-Length: 10", body=b"hello"))
        connection.shutdown(socket.SHUT_WR)
        assert b" 200 " not in server.read_all(connection)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(posted(b"Content-Length: %d" % (2 << 20), body=b"x" * (2 << 20)), id="with a length"),
        pytest.param(chunked(b"200000\r\n" + b"x" * (2 << 20) + b"\r\n0\r\n\r\n"), id="chunked"),
    ],
)
def test_large_body_is_413_and_the_client_gets_to_read_it(server: Server, sent: bytes) -> None:
    received = server.exchange(sent + SMUGGLED)
    assert statuses(received) == [413]
    assert b"connection: close" in received.lower()


def test_unread_body_is_never_taken_for_a_request(start_server: StartServer) -> None:
    server = start_server("def handler(context):\n    return 'x'\n")
    received = server.exchange(posted(b"Content-Length: %d" % len(SMUGGLED), CLOSE, body=SMUGGLED))
    assert statuses(received) == [200]


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    sent = b"".join(posted(b"X-N: %d" % n, b"Content-Length: 1", body=b"%d" % n) for n in range(5))
    received = responses(server.exchange(sent + request(b"GET /last HTTP/1.1", CLOSE)))
    assert [echoed(response)["body"] for response in received] == ["0", "1", "2", "3", "4", ""]


KEPT = [
    pytest.param(b"HTTP/1.1", b"", True, id="9.3 HTTP/1.1"),
    pytest.param(b"HTTP/1.1", b"Connection: close", False, id="9.6 close"),
    pytest.param(b"HTTP/1.1", b"Connection: x, Close", False, id="9.6 close among others"),
    pytest.param(b"HTTP/1.0", b"", False, id="9.3 HTTP/1.0"),
    pytest.param(b"HTTP/1.0", b"Connection: keep-alive", True, id="9.3 HTTP/1.0 with keep-alive"),
]


@pytest.mark.parametrize(("version", "field", "kept"), KEPT)
def test_connection_is_kept(server: Server, version: bytes, field: bytes, kept: bool) -> None:
    first = request(b"GET /1 " + version, field)
    received = responses(server.exchange(first + request(b"GET /2 HTTP/1.1", CLOSE)))
    assert [echoed(response)["path"] for response in received] == (["/1", "/2"] if kept else ["/1"])
    # RFC 9112 section 9.3: a client of HTTP/1.0 has to be told.
    said = "keep-alive" if version == b"HTTP/1.0" else None
    assert received[0].getheader("Connection") == (said if kept else "close")


@pytest.mark.parametrize(
    ("method", "path", "length"),
    [
        pytest.param(b"HEAD", b"/status/200", "4", id="9110 9.3.2 HEAD"),
        pytest.param(b"GET", b"/status/204", None, id="9110 15.3.5 204"),
        pytest.param(b"GET", b"/status/205", "0", id="9110 15.3.6 205"),
        pytest.param(b"GET", b"/status/304", None, id="9110 15.4.5 304"),
    ],
)
def test_no_body_where_there_must_be_none(server: Server, method: bytes, path: bytes, length: str | None) -> None:
    received = server.exchange(request(b"%s %s HTTP/1.1" % (method, path)) + request(b"GET /2 HTTP/1.1", CLOSE))
    head, _, rest = received.partition(b"\r\n\r\n")
    assert responses(head + b"\r\n\r\n", method.decode())[0].getheader("Content-Length") == length
    assert rest.startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param([b"Content-Length: x"], 400, id="malformed-field"),
        pytest.param([b"Host: y"], 400, id="repeated-host"),
        pytest.param([b"Transfer-Encoding: chunked", b"", b"malformed chunk"], 400, id="malformed-body"),
        pytest.param([b"Transfer-Encoding: unknown"], 501, id="transfer-coding"),
    ],
)
def test_rejection_of_a_head_request_has_no_body(server: Server, fields: list[bytes], status: int) -> None:
    received = server.exchange(request(b"HEAD / HTTP/1.1", b"\r\n".join(fields)))
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nContent-Length: " in head
    assert body == b""


def test_expectation_is_met_when_the_body_is_wanted(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(posted(b"Content-Length: 5", b"Expect: 100-continue", CLOSE))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        (response,) = responses(server.read_all(connection))
    assert echoed(response)["body"] == "hello"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(posted(b"Content-Length: 2000000", b"Expect: 100-continue"), 413, id="9110 10.1.1 a refused body"),
        pytest.param(
            request(b"POST / HTTP/1.0", b"Content-Length: 1", b"Expect: 100-continue", body=b"x"),
            200,
            id="9110 10.1.1 HTTP/1.0",
        ),
    ],
)
def test_expectation_is_not_met(server: Server, sent: bytes, status: int) -> None:
    assert statuses(server.exchange(sent)) == [status]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(
            (
                b"Connection: Upgrade",
                b"Upgrade: websocket",
                b"Sec-WebSocket-Version: 13",
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            ),
            id="websocket",
        ),
        pytest.param((b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: "), id="h2c"),
    ],
)
def test_upgrade_is_ignored(server: Server, fields: tuple[bytes, ...]) -> None:
    """RFC 9110 section 7.8."""
    received = server.exchange(request(b"GET /1 HTTP/1.1", *fields) + request(b"GET /2 HTTP/1.1", CLOSE))
    assert [echoed(response)["path"] for response in responses(received)] == ["/1", "/2"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param((b"POST /1 HTTP/1.1", b"Connection: close, Upgrade"), id="close"),
        pytest.param((b"POST /1 HTTP/1.0", b"Connection: Upgrade"), id="HTTP/1.0"),
        pytest.param((b"BREW /1 HTTP/1.1", b"Connection: close, Upgrade"), id="a method of one's own"),
    ],
)
def test_body_of_the_last_request_that_asks_for_an_upgrade_is_read(server: Server, line: tuple[bytes, ...]) -> None:
    sent = request(*line, b"Upgrade: h2c", b"Content-Length: 5", body=b"hello")
    (response,) = responses(server.exchange(sent[:-2], sent[-2:]))
    assert echoed(response)["body"] == "hello"


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        pytest.param(b"Content-Length: 5", b"hello", id="length"),
        pytest.param(b"Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n", id="chunked"),
    ],
)
def test_body_of_a_request_that_asks_for_an_upgrade_is_not_taken_for_a_request(
    server: Server, framing: bytes, body: bytes
) -> None:
    """Java's client asks for h2c with every first request, and so does `curl --http2`."""
    first = posted(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: ", framing, body=body)
    received = responses(server.exchange(first + request(b"GET /2 HTTP/1.1", CLOSE)))
    assert [(echoed(response)["path"], echoed(response)["body"]) for response in received] == [
        ("/", "hello"),
        ("/2", ""),
    ]


def test_client_that_closes_its_side_gets_its_answer(server: Server) -> None:
    """RFC 9112 section 9.6 lets it."""
    with server.connect() as connection:
        connection.sendall(request())
        connection.shutdown(socket.SHUT_WR)
        assert statuses(server.read_all(connection)) == [200]


@pytest.mark.parametrize("definition", ["def", "async def"])
def test_answer_that_is_ready_when_the_client_closes_its_side_is_not_lost(
    start_server: StartServer, definition: str
) -> None:
    server = start_server(f"{definition} handler(request):\n    return 'x'\n")
    for _ in range(300):
        with server.connect() as connection:
            connection.sendall(request())
            connection.shutdown(socket.SHUT_WR)
            assert server.read_all(connection).endswith(b"\r\n\r\nx")


@pytest.mark.parametrize("host", ["", "127.0.0.1"], ids=["IPv6 and IPv4", "IPv4"])
@pytest.mark.parametrize("more", [b"", b"X-Twice: 1\r\nX-Twice: 2\r\n"], ids=["ordinary", "a header twice"])
@pytest.mark.parametrize(
    ("fields", "scheme"),
    [
        pytest.param(b"", "http", id="nothing said"),
        pytest.param(b"X-Forwarded-Proto: https\r\n", "https", id="https"),
        pytest.param(b"X-Forwarded-Proto: http\r\n", "http", id="http"),
        pytest.param(b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: on\r\n", "https", id="https twice"),
        pytest.param(b"X-Forwarded-Proto: http\r\nX-Forwarded-Ssl: on\r\n", None, id="both"),
    ],
)
def test_scheme_is_the_one_that_a_proxy_on_this_machine_says(
    start_server: StartServer, fields: bytes, more: bytes, host: str, scheme: str | None
) -> None:
    server = start_server(
        "def handler(request):\n    return request.scheme", environment={"HOST": host} if host else {}
    )
    request_bytes = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: %s\r\n" + fields + more + b"\r\n"
    with server.connect() as connection:
        for wanted in (b"keep-alive", b"close"):  # the first one decides whom to trust, for all of them
            connection.sendall(request_bytes % wanted)
        received = server.read_all(connection)
    if scheme is None:
        assert statuses(received) == [400]
    else:
        assert received.count(b"\r\n\r\n%s" % scheme.encode()) == 2


@pytest.mark.parametrize(
    ("variables", "client", "scheme"),
    [
        pytest.param({}, "127.0.0.1", "https", id="loopback"),
        pytest.param({}, "127.0.0.2", "http", id="another address is not trusted"),
        pytest.param({"FUNCTION_TRUSTED_PROXIES": "127.0.0.2"}, "127.0.0.2", "https", id="address"),
        pytest.param({"FUNCTION_TRUSTED_PROXIES": "127.0.0.2"}, "127.0.0.1", "http", id="only that address"),
        pytest.param({"FUNCTION_TRUSTED_PROXIES": "10.1.2.3, 127.0.0.0/30"}, "127.0.0.2", "https", id="network"),
        pytest.param({"FUNCTION_TRUSTED_PROXIES": "10.1.2.3,127.0.0.0/30"}, "127.0.0.9", "http", id="outside of it"),
        pytest.param({"FUNCTION_TRUSTED_PROXIES": "fd00::/8"}, "127.0.0.2", "http", id="another family"),
        pytest.param({"FUNCTION_TRUSTED_PROXIES": "*"}, "127.0.0.2", "https", id="everybody"),
        pytest.param({"FORWARDED_ALLOW_IPS": "127.0.0.2"}, "127.0.0.2", "https", id="gunicorn's variable"),
        pytest.param(
            {"FORWARDED_ALLOW_IPS": "127.0.0.2", "FUNCTION_TRUSTED_PROXIES": "127.0.0.3"},
            "127.0.0.2",
            "http",
            id="both",
        ),
    ],
)
def test_trusted_proxies(start_server: StartServer, variables: dict[str, str], client: str, scheme: str) -> None:
    """The scheme is that of X-Forwarded-Proto; the host and the client's address are those of the connection."""
    server = start_server("def handler(req):\n    return [req.url, req.remote_addr]", environment=variables)
    forwarded = (b"X-Forwarded-Proto: https", b"X-Forwarded-Host: other", b"X-Forwarded-For: 192.0.2.1")
    with socket.create_connection(("127.0.0.1", server.port), source_address=(client, 0)) as connection:
        connection.sendall(request(b"GET /a?b HTTP/1.1", CLOSE, *forwarded))
        received = server.read_all(connection)
    assert json.loads(received.partition(b"\r\n\r\n")[2]) == [f"{scheme}://x/a?b", client]


def test_client_of_ipv4_has_its_own_address(start_server: StartServer) -> None:
    server = start_server("def handler(request):\n    return request.remote_addr")
    assert server.exchange(request(b"GET / HTTP/1.1", CLOSE)).endswith(b"\r\n\r\n127.0.0.1")


def test_access_log_has_the_status_of_a_rejected_body(start_server: StartServer) -> None:
    server = start_server("def handler(body): ...", environment={"FUNCTION_ACCESS_LOG": "on"})
    assert statuses(server.exchange(chunked(b"5\r\nhello"), b"no line end")) == [400]
    server.wait_for_log("POST '/' ")
    assert "POST '/' 400 " in server.log


LIVE = request(b"GET /health/live HTTP/1.1")


def test_refusal_of_too_many_connections_can_be_read(start_server: StartServer) -> None:
    server = start_server("def handler():\n    return b'x' * 50_000_000", limits={"connections": 1})
    with server.connect() as first:
        first.sendall(LIVE + request(b"GET / HTTP/1.1", CLOSE))
        assert first.recv(12) == b"HTTP/1.1 200"
        (response,) = responses(server.exchange())
        assert (response.status, response.getheader("Retry-After")) == (503, "1")
        assert len(server.read_all(first)) > 50_000_000


def test_connection_that_was_idle_for_longest_gives_way(start_server: StartServer) -> None:
    server = start_server("def handler(): ...", limits={"connections": 3})
    with server.connect() as first, server.connect() as second, server.connect() as third:
        for connection in (first, second, third, first):
            connection.sendall(LIVE)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        with server.connect() as fourth:
            fourth.sendall(LIVE)
            assert fourth.recv(65536).startswith(b"HTTP/1.1 200 ")
            assert second.recv(65536) == b""
            for connection in (first, third, fourth):
                connection.sendall(LIVE)
                assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_connections_leave_open_files_for_the_function(start_server: StartServer, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nulimit -n 128\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    server = start_server("def handler(): return open(__file__).read(3)", python=python)
    with ExitStack() as connections:
        for _ in range(200):
            connections.enter_context(server.connect())
        assert server.get().body == b"def"
    assert "cannot accept" not in server.log
