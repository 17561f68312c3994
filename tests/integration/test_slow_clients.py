"""Clients that take their time: they are timed out, and nobody else waits for them."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import socket

    from tests.integration.conftest import Server, StartServer

FUNCTION = """
    def handler(body, request):
        if request.path == "/large":
            return b"x" * 50_000_000
        return str(len(body))
"""

# Long against what a busy machine loses, short against a test's patience.
LIMITS = {"header_timeout": 0.5, "body_timeout": 0.5, "write_timeout": 0.5, "keep_alive": 1.0, "linger": 0.5}


@pytest.fixture(scope="module")
def server(start_shared_server: StartServer) -> Server:
    return start_shared_server(FUNCTION, limits=LIMITS)


def read_all_while_sending(server: Server, connection: socket.socket, byte: bytes) -> bytes:
    """Send a byte again and again until the server answers, and give all it says."""
    connection.settimeout(0.05)
    try:
        while True:
            connection.sendall(byte)
            try:
                received = connection.recv(65536)
            except TimeoutError:
                continue
            break
    except (BrokenPipeError, ConnectionResetError):
        return b""
    connection.settimeout(20)
    return received + server.read_all(connection)


def test_silent_connection_is_closed_without_a_word(server: Server) -> None:
    assert server.exchange() == b""


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"G", id="request line"),
        pytest.param(b"GET / HTTP/1.1\r\n", id="no field"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n", id="no end"),
    ],
)
def test_stalled_header_is_408(server: Server, sent: bytes) -> None:
    assert server.exchange(sent).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_trickled_header_is_408(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert read_all_while_sending(server, connection, b"x").startswith(b"HTTP/1.1 408 ")


def test_trickled_second_header_is_408(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert read_all_while_sending(server, connection, b"x").startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "field",
    [pytest.param(b"Content-Length: 100000", id="length"), pytest.param(b"Transfer-Encoding: chunked", id="chunked")],
)
def test_stalled_body_is_408(server: Server, field: bytes) -> None:
    received = server.exchange(b"POST / HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n5\r\nhello\r\n" % field)
    assert received.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert received.count(b"HTTP/1.1") == 1


def test_trickled_body_is_408(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        assert read_all_while_sending(server, connection, b"x").startswith(b"HTTP/1.1 408 ")


def test_slow_but_steady_body_is_taken(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n")
        for _ in range(15):
            connection.sendall(b"x" * 20_000)
            time.sleep(0.1)  # the slowness is what is tested
        assert server.read_all(connection).endswith(b"\r\n\r\n300000")


def test_upload_that_becomes_slow_is_cut(start_server: StartServer) -> None:
    server = start_server(FUNCTION, limits={"body_timeout": 0.5, "body_progress": 1, "upload": 50_000, "linger": 0.5})
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"x" * 60_000)
        assert read_all_while_sending(server, connection, b"x").startswith(b"HTTP/1.1 408 ")


def test_body_that_takes_too_long_as_a_whole_is_cut(start_server: StartServer) -> None:
    server = start_server(FUNCTION, limits={"body_timeout": 0.2, "body_progress": 1, "body_grace": 1.0, "linger": 0.5})
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        assert read_all_while_sending(server, connection, b"x").startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("parameter", ["body", "request", "data"])
def test_slow_body_takes_no_place(start_server: StartServer, parameter: str) -> None:
    server = start_server(f"def handler({parameter}): return 'ok'", environment={"FUNCTION_CONCURRENCY": "1"})
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx")
        event = {"ce-id": "1", "ce-source": "/s", "ce-type": "t", "ce-specversion": "1.0"}
        assert server.get(method="POST", body=b"", **event).status == 200


def test_bodies_that_follow_each_other_are_timed_each_by_itself(server: Server) -> None:
    with server.connect() as connection:
        for _ in range(8):
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx")
            time.sleep(0.2)  # the slowness is what is tested
            connection.sendall(b"x")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_client_that_reads_slowly_but_steadily_gets_all(server: Server) -> None:
    received = 0
    with server.connect() as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for _ in range(15):
            received += len(connection.recv(100_000))
            time.sleep(0.1)  # the slowness is what is tested
        received += len(server.read_all(connection))
    assert received > 50_000_000


def test_idle_connection_is_closed(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        started = time.monotonic()
        assert server.read_all(connection).endswith(b"\r\n\r\n0")
        assert time.monotonic() - started > LIMITS["keep_alive"] / 2


def test_client_that_does_not_read_is_dropped(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        (worker,) = server.children()
        server.wait_until(lambda: _connections(worker) == 1, "connection")
        server.wait_until(lambda: _connections(worker) == 0, "end of the connection")


def _connections(pid: int) -> int:
    """Count the connections that a process has in the server's own network namespace (its listening socket aside)."""
    sockets = [link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    inodes = {name.removeprefix("socket:[").removesuffix("]") for name in sockets if name.startswith("socket:")}
    established = 0
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            established += fields[9] in inodes and fields[3] != "0A"
    return established


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET / HTTP/1.1\r\nX: ", id="half a header"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx", id="half a body"),
    ],
)
def test_others_do_not_wait(start_server: StartServer, sent: bytes) -> None:
    server = start_server(FUNCTION, environment={"FUNCTION_THREADS": "2"})
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(server.connect()).sendall(sent)
        started = time.monotonic()
        assert server.get("/").status == 200
        assert time.monotonic() - started < 2


def test_connections_above_the_limit_are_503(start_server: StartServer) -> None:
    server = start_server(FUNCTION, limits={"connections": 3})
    with ExitStack() as stack:
        for _ in range(3):
            connection = stack.enter_context(server.connect())
            connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 200"
        refusal = server.exchange()
        assert refusal.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nRetry-After: 1\r\n" in refusal
    server.wait_until(lambda: server.get("/").status == 200, "service after the others left")
