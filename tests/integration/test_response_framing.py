"""Responses byte by byte: how a client is told where one ends (RFC 9112 section 6.3), and that no value can say more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import Server, StartServer

FUNCTION = r"""
    import io

    from flask import Response

    def stream():
        yield "one"
        yield ""
        yield "two"

    def handler(request):
        if request.path == "/stream":
            return stream()
        if request.path == "/control":
            return "", {"x-control": "a\x01b"}
        if request.path == "/last":
            return "", {"Connection": "Close"}
        if request.path == "/own":
            return "", {"Date": "Thu, 01 Jan 2026 00:00:00 GMT", "Server": "mine"}
        length = request.path.removeprefix("/length/")
        response = Response(io.BytesIO(b"12345"), direct_passthrough=True)
        response.headers["Content-Length"] = length
        return response
"""


@pytest.fixture(scope="module")
def server(start_shared_server: StartServer) -> Server:
    return start_shared_server(FUNCTION, limits={"linger": 1.0, "keep_alive": 1.0})


def ask(server: Server, path: str, version: str = "1.1", *fields: str) -> tuple[list[bytes], bytes]:
    """Send a request on a connection that is read to its end; gives the lines of the header, and what followed."""
    lines = (f"GET {path} HTTP/{version}", "Host: x", *fields, "", "")
    head, _, body = server.exchange("\r\n".join(lines).encode()).partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


def ask_for_the_last(server: Server, path: str) -> bytes:
    """Send a request after whose response the server is to close the connection; gives the response."""
    with server.connect() as connection:
        connection.settimeout(0.9)  # less than an idle connection is kept
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return server.read_all(connection)


def test_stream_is_chunked(server: Server) -> None:
    lines, body = ask(server, "/stream")
    assert b"Transfer-Encoding: chunked" in lines
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_function_may_end_the_connection(server: Server) -> None:
    received = ask_for_the_last(server, "/last")
    assert b"\r\nConnection: close\r\n" in received
    assert received.lower().count(b"connection:") == 1


@pytest.mark.parametrize("fields", [(), ("Connection: keep-alive",)], ids=["plain", "keep-alive"])
def test_stream_to_http_1_0_ends_with_the_connection(server: Server, fields: tuple[str, ...]) -> None:
    lines, body = ask(server, "/stream", "1.0", *fields)
    assert b"Connection: close" in lines
    assert body == b"onetwo"


def test_body_longer_than_its_length_is_cut(server: Server) -> None:
    lines, body = ask(server, "/length/3")
    assert b"content-length: 3" in lines
    assert body == b"123"


def test_body_shorter_than_its_length_closes_the_connection(server: Server) -> None:
    assert ask_for_the_last(server, "/length/9").endswith(b"\r\n\r\n12345")


def test_header_with_a_control_character_is_500(server: Server) -> None:
    lines, body = ask(server, "/control")
    assert lines[0] == b"HTTP/1.1 500 Internal Server Error"
    assert body == b"Internal Server Error\n"


def test_own_date_and_server_stay_alone(server: Server) -> None:
    lines, _ = ask(server, "/own")
    named = [line for line in lines if line.lower().startswith((b"date:", b"server:"))]
    assert named == [b"date: Thu, 01 Jan 2026 00:00:00 GMT", b"server: mine"]


def test_idle_connection_is_closed_in_time_after_several_requests(server: Server) -> None:
    request = b"GET /own HTTP/1.1\r\nHost: x\r\n\r\n"
    assert server.exchange(request, request, request).count(b"HTTP/1.1 200 OK") == 3
