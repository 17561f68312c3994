"""Memory: bodies of any size pass through without being kept."""

from __future__ import annotations

import gzip
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import socket

    from tests.integration.conftest import Server, StartServer

FUNCTION = """
    from pathlib import Path

    def handler(request):
        size = 0
        while piece := request.stream.read(65536):
            size += len(piece)
        return str(size)

    async def unread(context):
        return "unread"

    def download(request):
        for _ in range(200):
            yield b"x" * 1_000_000

    def large(body):
        return b"x" * 100_000

    async def download_async(request):
        for _ in range(200):
            yield b"x" * 1_000_000
"""

MEGABYTE = b"x" * 1_000_000

# What a worker may grow by, in bytes.
ALLOWED = 32 << 20


def peak_memory(server: Server) -> int:
    """Give the most memory that the worker ever had, in bytes."""
    (worker,) = server.children()
    for line in Path(f"/proc/{worker}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


@pytest.mark.parametrize(
    ("field", "frame"),
    [
        pytest.param(b"Content-Length: 200000000", b"%s", id="length"),
        pytest.param(b"Transfer-Encoding: chunked", b"f4240\r\n%s\r\n", id="chunked"),
    ],
)
def test_upload_is_not_kept(start_server: StartServer, field: bytes, frame: bytes) -> None:
    server = start_server(FUNCTION, environment={"FUNCTION_MAX_BODY": "1GiB"})
    server.get()
    before = peak_memory(server)
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n\r\n" % field)
        for _ in range(200):
            connection.sendall(frame % MEGABYTE)
        if b"chunked" in field:
            connection.sendall(b"0\r\n\r\n")
        assert server.read_all(connection).endswith(b"\r\n\r\n200000000")
    assert peak_memory(server) - before < ALLOWED


@pytest.mark.parametrize(("name", "size"), [("handler", 200_000_000), ("large", 100_000)])
def test_encoded_upload_is_decoded_as_it_is_read(start_server: StartServer, name: str, size: int) -> None:
    """The function that takes the whole body rejects it: the limit is reached."""
    limit = "1GiB" if name == "handler" else "1MiB"
    environment = {"FUNCTION_MAX_BODY": limit, "PYTHON_HANDLER": f"handler.{name}"}
    server = start_server(FUNCTION, environment=environment)
    server.get()
    before = peak_memory(server)
    encoder = zlib.compressobj(wbits=31)
    body = b"".join(encoder.compress(MEGABYTE) for _ in range(200)) + encoder.flush()
    answer = server.get("/", "POST", body, content_encoding="gzip")
    assert (answer.status, len(answer.body)) == ((200, 9) if size > 1 << 20 else (413, len(answer.body)))
    assert peak_memory(server) - before < ALLOWED


def test_encoded_bodies_are_not_kept_beside_each_other(start_server: StartServer) -> None:
    """Each needs all the memory. What the allocator keeps for a thread after one is free for the next."""
    environment = {"FUNCTION_MAX_BODY": "10MiB", "PYTHON_HANDLER": "handler.large"}
    server = start_server(FUNCTION, limits={"memory": 32 << 20}, environment=environment)
    server.get()
    before = peak_memory(server)
    body = gzip.compress(MEGABYTE * 9, 1)
    with ThreadPoolExecutor(10) as clients:
        answers = clients.map(lambda _: server.get("/", "POST", body, content_encoding="gzip"), range(20))
        assert [answer.status for answer in answers] == [200] * 20
    assert peak_memory(server) - before < ALLOWED


def test_refused_upload_is_not_kept(start_server: StartServer) -> None:
    server = start_server(FUNCTION)
    server.get()
    before = peak_memory(server)
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000000\r\n\r\n")
        for _ in range(200):
            connection.sendall(MEGABYTE)
        assert server.read_all(connection).startswith(b"HTTP/1.1 413 ")
    assert peak_memory(server) - before < ALLOWED


@pytest.mark.parametrize("name", ["download", "download_async"])
def test_download_is_not_kept(start_server: StartServer, name: str) -> None:
    server = start_server(FUNCTION, environment={"PYTHON_HANDLER": f"handler.{name}"})
    before = peak_memory(server)
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        received = 0
        while data := connection.recv(1 << 20):
            received += len(data)
    assert received > 200_000_000
    assert peak_memory(server) - before < ALLOWED


def test_flood_of_requests_is_read_only_as_it_is_served(start_server: StartServer) -> None:
    server = start_server(FUNCTION, environment={"PYTHON_HANDLER": "handler.large"})
    server.get()
    before = peak_memory(server)
    with server.connect() as connection:
        connection.settimeout(1)
        with pytest.raises(TimeoutError):
            _flood(connection)
    assert peak_memory(server) - before < ALLOWED


def _flood(connection: socket.socket) -> None:
    requests = b"GET / HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n" % (b"x" * 8000) * 125
    for _ in range(200):
        connection.sendall(requests)


def test_large_header_behind_other_requests_is_read(start_server: StartServer) -> None:
    """More than what is held while a request is served: reading goes on for a header that is not complete."""
    server = start_server(FUNCTION, environment={"FUNCTION_MAX_HEADER": "1MiB"})
    fields = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 8000) for number in range(90))
    request = b"GET / HTTP/1.1\r\nHost: x\r\n%s" % fields
    received = server.exchange(request + b"\r\n" + request + b"\r\n" + request + b"Connection: close\r\n\r\n")
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 3
