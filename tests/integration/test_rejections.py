"""Every response has an X-Request-Id by which the log knows the request: also those that the connection writes itself."""

from __future__ import annotations

from email import message_from_bytes
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import Server, StartServer

ID = b"X-Request-Id: given"


def header(*fields: bytes, line: bytes = b"GET / HTTP/1.1") -> bytes:
    return b"\r\n".join([line, ID, *fields])


def chunked(body: bytes) -> bytes:
    return header(b"Host: x", b"Transfer-Encoding: chunked", b"", body, line=b"POST / HTTP/1.1")


WITH_ID = [
    pytest.param(header(b"A: b", b": x\r\n\r\n"), 400, id="malformed field"),
    pytest.param(header(b"Host: x", b"Host: y\r\n\r\n"), 400, id="Host twice"),
    pytest.param(header(b"Connection: close", b"\r\n"), 400, id="no Host"),
    pytest.param(header(b"A: " + b"b" * 40_000 + b"\r\n\r\n"), 431, id="field"),
    pytest.param(header(*[b"A: b"] * 101, b"\r\n"), 431, id="fields"),
    pytest.param(header(b"Transfer-Encoding: br\r\n\r\n"), 501, id="transfer coding"),
    pytest.param(header(b"Host: x\r\n"), 408, id="header is late"),
    pytest.param(header(b"Host: x", b"Content-Length: 2000000\r\n\r\n"), 413, id="length"),
    pytest.param(chunked(b"fffffff\r\n"), 413, id="chunk"),
    pytest.param(chunked(b"1;" + b"x" * 100_000), 413, id="chunk extension"),
    pytest.param(chunked(b"x\r\n"), 400, id="chunk size"),
    pytest.param(chunked(b"5\r\n"), 408, id="body is late"),
]
WITHOUT_ID = [
    pytest.param(b"\n", 400, id="line feed"),
    pytest.param(b"get / HTTP/1.1\r\n\r\n", 400, id="method"),
    pytest.param(b"GET /" + b"a" * 9000, 414, id="request line"),
    pytest.param(b"GET / HTTP/1.2\r\n\r\n", 505, id="version"),
    pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, id="HTTP/2"),
    pytest.param(b"GET / HTTP/1.1\r\nHo", 408, id="fields are late"),
    *[pytest.param(*case.values, id=f"not valid: {case.id}") for case in WITH_ID],
]


@pytest.fixture(scope="module")
def server(start_shared_server: StartServer) -> Server:
    return start_shared_server(
        "def handler(body): ...",
        limits={"linger": 0.1, "header_timeout": 0.5, "body_timeout": 0.5},
        environment={"FUNCTION_MAX_BODY": "1000000", "LOG_LEVEL": "debug"},
    )


def rejection(server: Server, sent: bytes) -> tuple[int, str]:
    """Return the status and the X-Request-Id of the only response."""
    line, _, rest = server.exchange(sent).partition(b"\r\n")
    assert rest.count(b"HTTP/1.1 ") == 0
    ids = message_from_bytes(rest).get_all("X-Request-Id", [])
    assert len(ids) == 1
    return int(line.split()[1]), ids[0]


def wait_for_rejection(server: Server, request_id: str, status: int) -> None:
    server.wait_for_log(f" [{request_id}]: rejected a request with status {status}: ")


@pytest.mark.parametrize(("sent", "status"), WITH_ID)
def test_id_is_that_of_the_request(server: Server, sent: bytes, status: int, request: pytest.FixtureRequest) -> None:
    request_id = request.node.callspec.id.replace(" ", "-")
    sent = sent.replace(ID, f"X-Request-Id: {request_id}".encode())
    assert rejection(server, sent) == (status, request_id)
    wait_for_rejection(server, request_id, status)


@pytest.mark.parametrize(("sent", "status"), WITHOUT_ID)
def test_id_is_generated(server: Server, sent: bytes, status: int) -> None:
    found, request_id = rejection(server, sent.replace(ID, b"X-Request-Id: a b"))
    assert found == status
    assert len(request_id) == 32
    wait_for_rejection(server, request_id, status)


def test_too_many_connections(start_server: StartServer) -> None:
    function = "def handler():\n    return b'x' * 50_000_000"
    server = start_server(function, limits={"connections": 1}, environment={"LOG_LEVEL": "debug"})
    with server.connect() as first:
        first.sendall(header(b"Host: x\r\n\r\n"))
        assert first.recv(12) == b"HTTP/1.1 200"
        status, request_id = rejection(server, b"")
    assert status == 503
    wait_for_rejection(server, request_id, status)
