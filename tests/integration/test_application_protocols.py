"""What applications of both protocols have in common: the same application, once for WSGI and once for ASGI."""

from __future__ import annotations

import gzip
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import DEADLINE

if TYPE_CHECKING:
    from tests.integration.conftest import Server, StartServer

FIXTURES = Path(__file__).with_name("fixtures")


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def source(request: pytest.FixtureRequest) -> str:
    return (FIXTURES / f"{request.param}_application.py").read_text()


@pytest.fixture(scope="module")
def server(start_shared_server: StartServer, source: str) -> Server:
    return start_shared_server(source)


@pytest.mark.parametrize(
    ("path", "length"),
    [("/exact", "8"), ("/whole", "8"), ("/unknown-length", None)],
)
def test_body_is_complete(server: Server, path: str, length: str | None) -> None:
    answer = server.get(path)
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"fourfour", length)
    assert answer.headers["content-type"] == "text/plain"


@pytest.mark.parametrize("path", ["/after", "/short", "/short-stream"])
def test_response_that_is_not_complete_looks_so(server: Server, path: str) -> None:
    with pytest.raises(IncompleteRead):
        server.get(path)


@pytest.mark.parametrize("path", ["/long", "/longer"])
def test_body_ends_where_its_content_length_says(server: Server, path: str) -> None:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)) as connection:
        for _ in range(2):
            connection.request("GET", path)
            response = connection.getresponse()
            assert (response.headers["content-length"], response.read()) == ("4", b"four")
    server.wait_for_log("the application sent more bytes than its Content-Length of 4")


def test_missing_bytes_are_logged(server: Server) -> None:
    with pytest.raises(IncompleteRead):
        server.get("/short")
    server.wait_for_log("the application sent 6 bytes less than its Content-Length of 10")


def test_responses_without_a_body_have_none(server: Server) -> None:
    received = server.exchange(
        b"GET /not-modified HTTP/1.1\r\nHost: x\r\n\r\nGET /logged HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert received.count(b"HTTP/1.1 304 ") == received.count(b"HTTP/1.1 204 ") == 1
    assert b"dropped" not in received


@pytest.mark.parametrize(("path", "length"), [("/exact", "8"), ("/whole", "8"), ("/unknown-length", None)])
def test_head_has_the_header_alone(server: Server, path: str, length: str | None) -> None:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)) as connection:
        for _ in range(2):
            connection.request("HEAD", path)
            response = connection.getresponse()
            assert (response.status, response.read(), response.headers["content-length"]) == (200, b"", length)


def test_headers_can_be_repeated(server: Server) -> None:
    assert server.get("/cookies").headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_log_lines_have_the_request_id(server: Server) -> None:
    assert server.get("/logged", X_Request_Id="id-4711").headers["x-request-id"] == "id-4711"
    server.wait_for_log("WARNING root [id-4711]: called")


@pytest.mark.parametrize("encoding", [{}, {"Content_Encoding": "gzip"}])
def test_body_arrives_as_it_was_sent(server: Server, encoding: dict[str, str]) -> None:
    body = gzip.compress(b"line\n" * 1000)
    assert server.get("/echo", "POST", body, **encoding).body == body[:20] + b" %d" % len(body)


@pytest.mark.parametrize("size", [b"Content-Length: 3000000", b"Transfer-Encoding: chunked"])
def test_body_that_is_too_large_is_413(start_server: StartServer, source: str, size: bytes) -> None:
    server = start_server(source, environment={"FUNCTION_MAX_BODY": "2MiB"})
    with server.connect() as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\n" + size + b"\r\n\r\n")
        if size.endswith(b"chunked"):
            for _ in range(3):
                connection.sendall(b"f4240\r\n" + b"x" * 1_000_000 + b"\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    assert server.get().status == 200


def test_body_that_does_not_arrive_is_408(start_server: StartServer, source: str) -> None:
    server = start_server(source, limits={"body_timeout": 0.2})
    with server.connect() as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfour")
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
    assert "Traceback" not in server.log


def test_call_that_takes_too_long_is_504(start_server: StartServer, source: str) -> None:
    server = start_server(source, environment={"FUNCTION_TIMEOUT": "0.3"})
    answer = server.get("/slow")
    assert (answer.status, answer.body) == (504, b"the application did not answer in time\n")
    assert "the application took longer than 0.3 s (FUNCTION_TIMEOUT)" in server.log
    with pytest.raises(IncompleteRead):
        server.get("/slow?stream")
    assert "Traceback" not in server.log


def test_requests_beyond_the_concurrency_are_503(start_server: StartServer, source: str) -> None:
    server = start_server(source, environment={"FUNCTION_CONCURRENCY": "1"})
    with server.connect() as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_for_log("slow")
        assert (server.get("/exact").status, server.get("/health/live").status) == (503, 200)
        assert b"end" in connection.recv(1000)
    server.wait_until(lambda: server.get("/exact").status == 200, "a free place")


def test_calls_are_finished_at_shutdown(start_server: StartServer, source: str) -> None:
    server = start_server(source)
    with server.connect() as connection:
        connection.sendall(b"GET /slow?stream HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_for_log("slow")
        assert server.stop() == 0
        assert server.read_all(connection).endswith(b"end\r\n0\r\n\r\n")
