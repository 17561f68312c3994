"""Our parser finds what gunicorn's own finds, and refuses what it refuses, for the same reason."""

from __future__ import annotations

from typing import Any

import pytest
from gunicorn.asgi.parser import ParseError, PythonProtocol  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from funcpack_invoker.http.parser import Parser
from tests.unit.invoker.mutilation import mutilated

_HEAD = b"POST /a?b=c HTTP/1.1\r\nHost: a.b\r\nX-One:  1 \t\r\nContent-Length: 3\r\n\r\nabc"


def _outcome(parser_class: type[Any], pieces: list[bytes]) -> tuple[Any, ...]:
    """Give all that a parser says about a client's bytes."""
    body: list[bytes] = []
    parser = parser_class(
        on_body=body.append,
        limit_request_line=60,
        limit_request_fields=4,
        limit_request_field_size=40,
    )
    error = ""
    try:
        for piece in pieces:
            parser.feed(piece)
    except (ParseError, ValueError) as exc:
        error = f"{type(exc).__name__}: {exc}"
    head = (parser.method, parser.path, parser.http_version, list(parser.headers)) if not error else ()
    framing = (parser.content_length, parser.is_chunked, parser.should_keep_alive, parser.is_complete)
    return error, head, framing if not error else (), b"".join(body), parser.remaining() if not error else b""


def _compare(pieces: list[bytes]) -> str:
    found = _outcome(Parser, pieces)
    assert found == _outcome(PythonProtocol, pieces)
    return str(found[0])


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        pytest.param(b"Host: a.b", "", id="one"),
        pytest.param(b"Host: a\r\nA:1\r\nB:\t2 \r\nC: ", "", id="space-around-values-and-none"),
        pytest.param(b"Host: a\r\nX: \xc3\xa9\x80\xff", "", id="bytes-above-ascii"),
        pytest.param(b"", "", id="none"),
        pytest.param(b"a: 1\r\nb: 1\r\nc: 1\r\nd: 1", "", id="as-many-as-allowed"),
        pytest.param(b"a: 1\r\nb: 1\r\nc: 1\r\nd: 1\r\ne: 1", "LimitRequestHeaders", id="one-too-many"),
        pytest.param(b"abc: " + b"x" * 33, "", id="as-long-as-allowed"),
        pytest.param(b"abc: " + b"x" * 34, "LimitRequestHeaders", id="one-byte-too-long"),
        pytest.param(b"Host : a", "InvalidHeaderName", id="space-before-the-colon"),
        pytest.param(b" Host: a", "InvalidHeaderName", id="space-before-the-name"),
        pytest.param(b"Host: a\r\n b", "InvalidHeader", id="folded"),
        pytest.param(b": a", "InvalidHeaderName", id="no-name"),
        pytest.param(b"Host", "InvalidHeader", id="no-colon"),
        pytest.param(b"H@st: a", "InvalidHeaderName", id="no-token"),
        pytest.param(b"H\xc3\xb6st: a", "InvalidHeaderName", id="name-above-ascii"),
        pytest.param(b"X: a\x00b", "InvalidHeader", id="nul"),
        pytest.param(b"X: a\x7fb", "InvalidHeader", id="delete"),
        pytest.param(b"X: a\rb", "InvalidHeader", id="bare-carriage-return"),
        pytest.param(b"X: a\nY: b", "ParseError", id="bare-line-feed"),
        pytest.param(b"Host: a\r\nHost: b", "InvalidHeader", id="host-twice"),
        pytest.param(b"Content-Length: 1\r\nTransfer-Encoding: chunked", "InvalidHeader", id="both-framings"),
    ],
)
def test_header_section(fields: bytes, error: str) -> None:
    request = b"GET / HTTP/1.1\r\n" + fields + (b"\r\n\r\n" if fields else b"\r\n")
    assert _compare([request]).partition(":")[0] == error


@pytest.mark.parametrize("method", [b"GET", b"M-SEARCH", b"get", b"GE", b"A" * 20, b"A" * 21, b"G#T", b"G(T", b""])
def test_method(method: bytes) -> None:
    _compare([method + b" / HTTP/1.1\r\nHost: a\r\n\r\n"])


@pytest.mark.parametrize("cut", range(1, len(_HEAD)))
def test_request_in_two_pieces(cut: int) -> None:
    assert _compare([_HEAD[:cut], _HEAD[cut:]]) == ""


@given(mutilated(_HEAD), st.data())
def test_mutilated_request(request: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(request)))
    _compare([request[:cut], request[cut:]])
