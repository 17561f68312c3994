"""A WSGI application is served as PEP 3333 says, within the invoker's limits."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import DEADLINE

if TYPE_CHECKING:
    from tests.integration.conftest import Server, StartServer


SOURCE = Path(__file__).with_name("fixtures").joinpath("wsgi_application.py").read_text()


@pytest.fixture(scope="module")
def server(start_shared_server: StartServer) -> Server:
    return start_shared_server(SOURCE)


def test_environ_is_complete(server: Server) -> None:
    request = (
        b"POST /caf%C3%A9%2Fx?q=%41+b HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nContent-Length: 2\r\n"
        b"Content-Type: text/plain\r\nX-Two: 1\r\nX-Two: 2\r\nX-Forwarded-Proto: https\r\n\r\nhi"
    )
    found = json.loads(server.exchange(request).partition(b"\r\n\r\n")[2])
    expected = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/café/x".encode().decode("latin-1"),
        "QUERY_STRING": "q=%41+b",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(server.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": "2",
        "CONTENT_TYPE": "text/plain",
        "HTTP_HOST": "example.com",
        "HTTP_X_TWO": "1,2",
        "wsgi.version": [1, 0],
        "wsgi.url_scheme": "https",
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert not found.keys() & {"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"}


def test_environ_names_the_other_workers(start_server: StartServer) -> None:
    server = start_server(SOURCE, environment={"WEB_CONCURRENCY": "2"})
    assert json.loads(server.get().body)["wsgi.multiprocess"] is True


def test_validator_of_the_standard_library_finds_nothing(server: Server) -> None:
    assert server.get("/valid", "POST", b"body").body == b"valid body"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/late", b"late"),
        ("/write", b"written returned"),
        ("/thread", b"11"),
        ("/file", b"x" * 100_000),
        ("/exact", b"fourfour"),
        ("/open_gate", b""),
    ],
)
def test_body_is_complete(server: Server, path: str, body: bytes) -> None:
    answer = server.get(path)
    assert (answer.status, answer.body) == (200, body)


def test_chunks_are_sent_when_they_are_yielded(start_server: StartServer) -> None:
    server = start_server(SOURCE)
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)) as connection:
        connection.request("GET", "/gated")
        response = connection.getresponse()
        assert response.read1() == b"first "
        server.get("/open_gate")
        assert response.read() == b"second"


def test_start_response_can_replace_a_response_that_has_not_begun(server: Server) -> None:
    answer = server.get("/replaced")
    assert (answer.status, answer.body, answer.headers["x-first"]) == (418, b"replaced", None)


@pytest.mark.parametrize(("path", "connection"), [("/connection", "close"), ("/keep-alive", None), ("/chunked", None)])
def test_headers_that_belong_to_the_server_are_dropped(server: Server, path: str, connection: str | None) -> None:
    answer = server.get(path)
    assert (answer.status, answer.headers["Connection"]) == (200, connection)
    assert answer.headers["Keep-Alive"] is None


@pytest.mark.parametrize("path", ["/too_late", "/after", "/short"])
def test_response_that_is_not_complete_looks_so(server: Server, path: str) -> None:
    with pytest.raises(IncompleteRead):
        server.get(path)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/status", "the application sent the status '200OK'; expected a text such as '200 OK'"),
        ("/status-number", "the application sent the status '200'; expected a text such as '200 OK'"),
        ("/status-low", "the application sent the status 100; expected a number from 200 to 599"),
        ("/header", "the returned header 'X-A' has characters that are not allowed in headers"),
        ("/length", "the application sent the Content-Length 'many'; expected one number"),
        ("/text", "the application sent a str as a part of the body; expected bytes"),
        ("/silent", "the application did not call start_response()"),
        ("/early", "the application sent a part of the body before it called start_response()"),
        ("/twice", "the application called start_response() twice without exc_info"),
        ("/before", "ValueError: the password is 12345"),
        ("/exit", "SystemExit: 3"),
    ],
)
def test_error_is_500_with_a_reason_in_the_log(server: Server, path: str, line: str) -> None:
    answer = server.get(path)
    assert (answer.status, answer.body) == (500, b"Internal Server Error\n")
    server.wait_for_log(line)


@pytest.mark.parametrize(("path", "length"), [("/exact", b"8"), ("/endless", None)])
def test_head_has_the_header_alone(server: Server, path: str, length: bytes | None) -> None:
    request = f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    head, _, body = server.exchange(request).lower().partition(b"\r\n\r\n")
    assert (head.startswith(b"http/1.1 200 "), body) == (True, b"")
    assert (b"content-length: " + (length or b"")) in head if length else b"content-length" not in head


@pytest.mark.parametrize("path", ["/exact", "/before", "/after", "/short", "/silent", "/endless"])
def test_close_is_called_however_the_response_ends(start_server: StartServer, path: str) -> None:
    server = start_server(SOURCE)
    with server.connect() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.recv(100)
    server.wait_for_log("closed")
    assert server.log.count("closed") == 1
    assert server.get().status == 200


def test_body_arrives_while_it_is_read(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8000000\r\n\r\n")
        for _ in range(8):
            connection.sendall(b"x" * 1_000_000)
        assert server.read_all(connection).endswith(b"x" * 20 + b" 8000000")


def test_body_can_be_read_by_lines(server: Server) -> None:
    assert server.get("/lines", "POST", b"one\ntwo\nthree").body == b"one|two|three"


def test_length_of_a_chunked_body_is_known(server: Server) -> None:
    request = (
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    found = json.loads(server.exchange(request).partition(b"\r\n\r\n")[2])
    assert found["CONTENT_LENGTH"] == "3"
    assert "HTTP_TRANSFER_ENCODING" not in found


def test_hooks_of_the_module_run(start_server: StartServer) -> None:
    server = start_server(
        """
        def handler(environ, start_response):
            start_response("200 OK", [])
            return [b"served"]

        def start():
            print("hook start", flush=True)

        def stop():
            print("hook stop", flush=True)

        def ready():
            return False, "not yet"
        """,
        ready=None,
    )
    server.wait_for_log("listening on")
    answer = server.get("/health/ready")
    assert (answer.status, answer.body) == (503, b"not yet\n")
    assert server.get().body == b"served"
    assert server.stop() == 0
    assert server.log.index("hook start") < server.log.index("hook stop")


def test_calls_that_time_out_before_a_thread_is_free_are_not_begun(start_server: StartServer) -> None:
    server = start_server(
        """
        import threading
        gate = threading.Event()

        def handler(environ, start_response):
            print("called", environ["PATH_INFO"], flush=True)
            gate.wait(20)
            start_response("200 OK", [])
            return [b"answered"]

        def alive():
            gate.set()
        """,
        environment={"FUNCTION_THREADS": "1", "FUNCTION_TIMEOUT": "0.3", "FUNCTION_CONCURRENCY": "3"},
    )
    statuses = [server.get(path).status for path in ("/first", "/second", "/third", "/fourth")]
    assert statuses == [504, 504, 504, 503]
    server.get("/health/live")
    server.wait_for_log("while it waited for a thread (2 so far)")
    assert server.get("/last").body == b"answered"
    assert [line for line in server.log.splitlines() if line.startswith("called")] == ["called /first", "called /last"]


def test_health_paths_can_be_the_application_s(start_server: StartServer) -> None:
    environment = {"FUNCTION_HEALTH_PATHS": "off", "FUNCTION_ACCESS_LOG": "on"}
    server = start_server(SOURCE, ready="/environ", environment=environment)
    assert json.loads(server.get("/health/live").body)["PATH_INFO"] == "/health/live"
    server.wait_for_log("GET '/health/live' 200 ")


def test_client_that_half_closes_gets_its_response(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /write HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert b"returned" in server.read_all(connection)


def test_large_body_that_does_not_arrive_is_408(start_server: StartServer) -> None:
    server = start_server(SOURCE, limits={"body_timeout": 0.2})
    with server.connect() as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 2_000_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
    assert "Traceback" not in server.log
