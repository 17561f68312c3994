"""A worker with little memory: what clients send, and do not finish or read, cannot take more of it than there is."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import Server, StartServer

FUNCTION = """
    import asyncio
    import threading

    def handler(request):
        if request.path == "/large":
            return b"x" * 5_000_000
        return str(len(request.get_data()))

    def application(environ, start_response):
        size = len(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return [b"%d" % size]

    async def asgi(scope, receive, send):
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"%d" % size})

    threads_meet = threading.Barrier(2)
    tasks_meet = asyncio.Barrier(2)

    def meeting(environ, start_response):
        threads_meet.wait(15)
        start_response("200 OK", [])
        return [b"met"]

    async def asgi_meeting(scope, receive, send):
        if scope["type"] == "http":
            await asyncio.wait_for(tasks_meet.wait(), 15)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"met"})

    async def unread(scope, receive, send):
        if scope["method"] == "POST":
            await asyncio.sleep(60)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})
"""

MEMORY = 64 << 20

# What may wait of requests that arrive, and of responses.
UNFINISHED = MEMORY // 16
UNSENT = MEMORY // 8

HEADER = b"POST / HTTP/1.1\r\nHost: x\r\n"
FIELDS = b"X-A: %s\r\nX-B: %s\r\n" % (b"a" * 30_000, b"b" * 30_000)


def start(start_server: StartServer, handler: str = "handler", **environment: str) -> Server:
    variables = {"PYTHON_HANDLER": f"handler.{handler}", **environment}
    return start_server(FUNCTION, limits={"memory": MEMORY}, environment=variables)


@pytest.mark.parametrize(
    ("handler", "part"),
    [
        pytest.param("handler", HEADER + FIELDS, id="header"),
        pytest.param("handler", HEADER + b"Content-Length: 65000\r\n\r\n" + b"x" * 60_000, id="body"),
        pytest.param(
            "unread", HEADER + b"Content-Length: 65000\r\n\r\n" + b"x" * 60_000, id="body, application called"
        ),
        # More than one read: the application is called before the rest has arrived.
        pytest.param("unread", HEADER + b"Content-Length: 66000\r\n\r\n" + b"x" * 66_000, id="body that is not read"),
    ],
)
def test_the_longest_unfinished_request_makes_room(start_server: StartServer, handler: str, part: bytes) -> None:
    server = start(start_server, handler)
    with ExitStack() as stack:
        first = stack.enter_context(server.connect())
        first.sendall(part)
        for _ in range(UNFINISHED // len(FIELDS) + 1):
            last = stack.enter_context(server.connect())
            last.sendall(part)
        read_until_the_end(first)
        assert server.get().status == 200
        last.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.read_all(last)
    assert "status 503: the request did not arrive in time, and others need the memory" in server.log


def test_the_longest_unread_response_makes_room(start_server: StartServer) -> None:
    server = start(start_server)
    with ExitStack() as stack:
        # What the kernel has taken of a response stays in the worker's memory, too.
        count = UNSENT // 5_000_000 + 1
        connections = [stack.enter_context(unread(server, b"Connection: close\r\n\r\n")) for _ in range(count)]
        assert len(read_until_the_end(connections[0])) < 5_000_000
        assert len(read_until_the_end(connections[-1])) > 5_000_000
    assert server.get().status == 200


def test_a_response_that_is_not_read_goes_with_the_request_behind_it(start_server: StartServer) -> None:
    """The bytes behind it are those of the longest unfinished request."""
    server = start(start_server)
    with ExitStack() as stack:
        first = stack.enter_context(unread(server, b"\r\n" + HEADER))
        for _ in range(UNFINISHED // len(FIELDS) + 1):
            stack.enter_context(server.connect()).sendall(HEADER + FIELDS)
        server.wait_for_log("status 503: the request did not arrive in time")
        assert len(read_until_the_end(first)) < 5_000_000
    assert server.get().status == 200


def unread(server: Server, rest: bytes) -> socket.socket:
    """Return a connection whose client does not read a large response; `rest` follows the request's Host."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n" + rest)
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def read_until_the_end(connection: socket.socket) -> bytes:
    received = bytearray()
    try:
        while data := connection.recv(1 << 20):
            received += data
    except ConnectionResetError:
        pass
    return bytes(received)


@pytest.mark.parametrize("handler", ["handler", "application", "asgi"])
@pytest.mark.parametrize(
    ("size", "is_chunked"), [(3, False), (100_000, False), (100_000, True), (3_000_000, False), (3_000_000, True)]
)
def test_bodies_arrive(start_server: StartServer, handler: str, size: int, *, is_chunked: bool) -> None:
    """A body of more than 1 MiB is not received as a whole before the call."""
    server = start(start_server, handler, FUNCTION_MAX_BODY="10MiB")
    framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % size
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (size, b"x" * size) if is_chunked else b"x" * size
    received = server.exchange(HEADER + framing + b"\r\nConnection: close\r\n\r\n", body)
    assert (received[:12], received.endswith(b"\r\n\r\n%d" % size) or received.split(b"\r\n")[-4:-1]) == (
        b"HTTP/1.1 200",
        True,
    )


def test_an_upload_that_an_application_reads_may_be_larger_than_the_memory(start_server: StartServer) -> None:
    server = start(start_server, "asgi", FUNCTION_MAX_BODY="100MiB")
    assert server.get("/", "POST", b"x" * (MEMORY + 1)).body == b"%d" % (MEMORY + 1)


@pytest.mark.parametrize("size", [20_000, 100_000])
def test_small_chunks_arrive_with_a_request_behind_them(start_server: StartServer, size: int) -> None:
    server = start(start_server)
    body = b"1\r\na\r\n" * size + b"0\r\n\r\n"
    first = HEADER + b"Transfer-Encoding: chunked\r\n\r\n" + body
    received = server.exchange(first + HEADER + b"Content-Length: 2\r\nConnection: close\r\n\r\nxx")
    assert received.count(b"HTTP/1.1 200 ") == 2
    assert b"\r\n\r\n%dHTTP/1.1 200" % size in received
    assert received.endswith(b"\r\n\r\n2")


def test_a_slow_upload_does_not_lock_out_others(start_server: StartServer) -> None:
    """It has reserved all the memory for bodies that arrive, and sends nothing."""
    server = start(start_server, FUNCTION_MAX_BODY="10MiB")
    with ExitStack() as stack:
        for _ in range(MEMORY // 16 // (1 << 20)):
            slow = stack.enter_context(server.connect())
            slow.sendall(HEADER + b"Content-Length: 5000000\r\n\r\n" + b"x" * 100_000)
        assert server.get("/", "POST", b"x" * 100_000).body == b"100000"
        assert server.read_all(slow).startswith(b"HTTP/1.1 408 ")


def test_a_new_connection_is_accepted_in_the_place_of_an_unfinished_request(start_server: StartServer) -> None:
    server = start_server(FUNCTION, limits={"memory": MEMORY, "connections": 10})
    with ExitStack() as stack:
        connections = []
        for _ in range(10):
            connection = stack.enter_context(server.connect())
            connection.sendall(HEADER + b"Expect: 100-continue\r\nContent-Length: 65000\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
            connections.append(connection)
        assert server.get("/health/live").status == 200
        assert server.read_all(connections[0]).startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize("handler", ["meeting", "asgi_meeting"])
def test_requests_whose_coding_the_application_decodes_are_served_at_a_time(
    start_server: StartServer, handler: str
) -> None:
    server = start(start_server, handler)
    request = HEADER + b"Content-Encoding: gzip\r\nConnection: close\r\nContent-Length: 4\r\n\r\nxxxx"
    with server.connect() as first, server.connect() as second:
        first.sendall(request)
        second.sendall(request)
        assert server.read_all(first).endswith(b"met")
        assert server.read_all(second).endswith(b"met")
