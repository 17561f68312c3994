"""What is read as an ordinary request is what gunicorn would have read, byte by byte."""

from __future__ import annotations

import pytest
from gunicorn.asgi.parser import CallbackRequest, PythonProtocol  # type: ignore[import-untyped]
from hypothesis import given

from funcpack_invoker.http import ordinary
from tests.unit.invoker.mutilation import mutilated

_REQUEST = b"POST /a%C3%A9/%80?b=c?d HTTP/1.1\r\nHost: a.b\r\nX-One:  1 \t\r\nConnection: Keep-Alive\r\nContent-Length: 3\r\n\r\nabc"
_LONGEST, _MOST = 200, 6


def _check(data: bytes) -> ordinary.OrdinaryRequest | None:
    """Read a request, and compare it with what gunicorn makes of it where it is taken for an ordinary one."""
    found = ordinary.read(data, _LONGEST, _MOST)
    if found is None:
        return None
    body: list[bytes] = []
    parser = PythonProtocol(on_body=body.append, limit_request_fields=_MOST, limit_request_field_size=_LONGEST)
    parser.feed(data)
    expected = CallbackRequest.from_parser(parser)
    assert parser.is_complete
    assert (found.body, parser.remaining()) == (b"".join(body), b"")
    assert (found.method, found.path, found.raw_path) == (expected.method, expected.path, expected.raw_path)
    assert (found.query.decode(), found.headers_bytes) == (expected.query, expected.headers_bytes)
    assert (found.version, found.scheme, found.fields) == (expected.version, "http", dict(expected.headers_bytes))
    assert not expected.should_close()
    assert not expected._expect_100_continue  # noqa: SLF001 - our class has gunicorn's name
    return found


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", id="without-body"),
        pytest.param(b"GET / HTTP/1.1\r\nHost:a\r\nA:\r\nB: \t \r\nC: a:b\r\n\r\n", id="values"),
        pytest.param(b"GET //a//b HTTP/1.1\r\nX: \xc3\xa9\xff\r\n\r\n", id="bytes-above-ascii"),
        pytest.param(b"M-SEARCH /%00%2f;%zz HTTP/1.1\r\nHost: a\r\n\r\n", id="method-and-escapes"),
        pytest.param(_REQUEST, id="with-body"),
    ],
)
def test_ordinary(data: bytes) -> None:
    assert _check(data) is not None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(_REQUEST[:-1], id="without-the-end-of-the-body"),
        pytest.param(_REQUEST + b"G", id="with-the-start-of-another"),
        pytest.param(b"\r\n" + _REQUEST, id="empty-line-before"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n", id="without-the-end-of-the-header"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="without-headers"),
        pytest.param(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n", id="http-1.0"),
        pytest.param(b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", id="absolute-form"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", id="asterisk-form"),
        pytest.param(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", id="authority-form"),
        pytest.param(b"get / HTTP/1.1\r\nHost: a\r\n\r\n", id="method-in-lower-case"),
        pytest.param(b"GET / /HTTP/1.1\r\nHost: a\r\n\r\n", id="space-in-the-target"),
        pytest.param(b"GET / HTTP/1.1\nHost: a\r\n\r\n", id="line-feed-after-the-request-line"),
        pytest.param(b"GET / HTTP/1.1\r\nA: b\nHost: a\r\n\r\n", id="line-feed-in-the-header"),
        pytest.param(b"GET / HTTP/1.1\r\nx\nHost: a\r\n\r\n", id="line-feed-after-no-header"),
        pytest.param(b"GET / HTTP/1.1\r\nA: b\rHost: a\r\n\r\n", id="carriage-return-in-the-header"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", id="folded"),
        pytest.param(b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", id="space-before-the-name"),
        pytest.param(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", id="space-after-the-name"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\0\r\n\r\n", id="nul"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nA_B: c\r\n\r\n", id="underscore"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\na: c\r\n\r\n", id="header-twice"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunked"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", id="expect"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n", id="upgrade"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="close"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", id="length-with-sign"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", id="empty-length"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"0" * 99 + b"\r\n\r\n", id="long-length"),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(7)) + b"\r\n", id="many-headers"
        ),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"b" * 200 + b"\r\n\r\n", id="long-header"),
        pytest.param(b"GET /" + b"a" * 200 + b" HTTP/1.1\r\nA: b\r\n\r\n", id="long-target"),
    ],
)
def test_not_ordinary(data: bytes) -> None:
    assert ordinary.read(data, _LONGEST, _MOST) is None


@given(mutilated(_REQUEST))
def test_mutilated_request(request: bytes) -> None:
    _check(request)
