"""An ASGI application is served as the specification says, within the invoker's limits."""

from __future__ import annotations

import json
import time
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import DEADLINE

if TYPE_CHECKING:
    from tests.integration.conftest import Server, StartServer


SOURCE = Path(__file__).with_name("fixtures").joinpath("asgi_application.py").read_text()


@pytest.fixture(scope="module", params=[None, 64 << 20], ids=["", "memory limit"])
def server(start_shared_server: StartServer, request: pytest.FixtureRequest) -> Server:
    return start_shared_server(SOURCE, limits={"memory": request.param} if request.param else None)


def test_scope_is_complete(server: Server) -> None:
    request = (
        b"GET /caf%C3%A9/x?q=%41+b HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nX-Two: 1\r\nX-Two: 2\r\n"
        b"X-Forwarded-Proto: https\r\n\r\n"
    )
    found = json.loads(server.exchange(request).partition(b"\r\n\r\n")[2])
    client = found.pop("client")
    assert client[0] == "127.0.0.1"
    assert found == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/café/x",
        "raw_path": "/caf%C3%A9/x",
        "query_string": "q=%41+b",
        "root_path": "",
        "headers": [
            ["host", "example.com"],
            ["connection", "close"],
            ["x-two", "1"],
            ["x-two", "2"],
            ["x-forwarded-proto", "https"],
        ],
        "server": ["127.0.0.1", server.port],
    }


def test_parts_are_sent_at_once(start_server: StartServer) -> None:
    server = start_server(SOURCE)
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)) as connection:
        connection.request("GET", "/gated")
        # The header comes with the first part, although that one is empty.
        response = connection.getresponse()
        server.get("/open_gate")
        assert response.read1() == b"first "
        server.get("/open_gate")
        assert response.read() == b"second"


@pytest.mark.parametrize(
    "framing",
    [
        pytest.param(b"Content-Length: 100\r\n\r\n", id="small"),
        pytest.param(b"Content-Length: 500000\r\n\r\n", id="large"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n5\r\n", id="chunked"),
    ],
)
def test_body_arrives_while_it_is_read(server: Server, framing: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /first HTTP/1.1\r\nHost: x\r\n" + framing + b"first")
        assert b"200 OK" in connection.recv(1000)


def test_client_is_told_to_continue_when_the_body_is_read(server: Server) -> None:
    request = (
        b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )
    with server.connect() as connection:
        connection.sendall(request)
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hi")
        assert server.read_all(connection).endswith(b"hi 2")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/nothing", "the application returned before its response was complete"),
        ("/before", "ValueError: the password is 12345"),
        ("/leaving", "SystemExit: 3"),
        ("/cancelled", "CancelledError"),
        ("/body_first", "unexpected ASGI message 'http.response.body'"),
        ("/twice", "unexpected ASGI message 'http.response.start'"),
        ("/unknown", "unexpected ASGI message 'http.response.push'"),
        ("/not_bytes", "TypeError: memoryview: a bytes-like object is required, not 'str'"),
        ("/not_async", "TypeError: object NoneType can't be used in 'await' expression"),
        ("/header", "the header 'x-a' has characters that are not allowed in headers"),
        ("/status", "the application sent the status 100; expected a number from 200 to 599"),
    ],
)
def test_error_is_500_with_a_reason_in_the_log(server: Server, path: str, line: str) -> None:
    answer = server.get(path)
    assert (answer.status, answer.body) == (500, b"Internal Server Error\n")
    server.wait_for_log(line)


def test_exception_after_the_response_is_logged(server: Server) -> None:
    answer = server.get("/answered_then_raised")
    assert (answer.status, answer.body) == (500, b"own page")
    server.wait_for_log("ValueError: after the response")


def test_headers_of_the_connection_are_those_of_the_server(server: Server) -> None:
    assert server.exchange(b"GET /close HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"x")
    answer = server.get("/chunked")
    assert (answer.headers["transfer-encoding"], answer.headers["connection"]) == (None, None)


def test_application_works_on_in_the_background(start_server: StartServer) -> None:
    server = start_server(SOURCE)
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)) as connection:
        connection.request("GET", "/background")
        assert connection.getresponse().read() == b"answered"
        # The next request on the same connection does not wait.
        connection.request("GET", "/exact")
        assert connection.getresponse().read() == b"fourfour"
        assert "background done" not in server.log
    assert server.stop() == 0
    assert "background done" in server.log
    assert "did not end in time" not in server.log


def test_background_work_is_cancelled_after_the_grace_period(start_server: StartServer) -> None:
    server = start_server(SOURCE, environment={"FUNCTION_GRACE_PERIOD": "0.1"})
    assert server.get("/background").body == b"answered"
    assert server.stop() == 0
    assert "background done" not in server.log
    assert "cancelled calls of the application that did not end in time: 1" in server.log


def test_application_learns_that_its_client_has_left(start_server: StartServer) -> None:
    server = start_server(SOURCE)
    with server.connect() as connection:
        connection.sendall(b"GET /waiting HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_for_log("waiting")
    server.wait_for_log("then {'type': 'http.disconnect'}")
    server.wait_for_log("ended")
    assert "Traceback" not in server.log


def test_application_learns_that_its_client_has_left_while_it_sends(start_server: StartServer) -> None:
    server = start_server(SOURCE)
    with server.connect() as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfour")
        server.wait_until(lambda: server.get().status == 200, "an answer")
    server.wait_for_log("read 4 {'type': 'http.disconnect'}")


def test_stream_ends_when_its_client_has_left(start_server: StartServer) -> None:
    server = start_server(SOURCE)
    with server.connect() as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1000)
        assert server.get().status == 200
    server.wait_for_log("stream ended: ClientLeftError")
    assert "Traceback" not in server.log


@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket"])
def test_websocket_is_501(server: Server, upgrade: str) -> None:
    answer = server.get(
        "/ws", Connection="Upgrade", Upgrade=upgrade, Sec_WebSocket_Version="13", Sec_WebSocket_Key="eA=="
    )
    assert (answer.status, answer.body) == (501, b"WebSocket connections are not supported\n")
    server.wait_for_log("WebSocket connections are not supported: answered '/ws' with 501")


def test_other_upgrades_are_ignored(server: Server) -> None:
    assert server.get("/exact", Connection="Upgrade", Upgrade="h2c").status == 200


LIFESPAN = """
    import asyncio

    state_of_requests = []

    async def handler(scope, receive, send):
        if scope["type"] == "lifespan":
            assert scope["asgi"]["version"] == "3.0"
            assert await receive() == {"type": "lifespan.startup"}
            print("lifespan startup", flush=True)
            scope["state"]["database"] = "connected"
            await asyncio.sleep(%s)
            await send({"type": "lifespan.startup.complete"})
            assert await receive() == {"type": "lifespan.shutdown"}
            print("lifespan shutdown", flush=True)
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = scope["state"].pop("database").encode()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": body})

    async def start():
        print("hook start", flush=True)

    def stop():
        print("hook stop", flush=True)
"""


def test_lifespan_surrounds_the_requests(start_server: StartServer) -> None:
    server = start_server(LIFESPAN % 0)
    # A copy of the state for each request.
    assert [server.get().body for _ in range(2)] == [b"connected", b"connected"]
    assert server.stop() == 0
    order = [line for line in server.log.splitlines() if line.startswith(("lifespan", "hook"))]
    assert order == ["lifespan startup", "hook start", "hook stop", "lifespan shutdown"]


def test_connections_are_refused_until_the_application_has_started(start_server: StartServer) -> None:
    server = start_server(LIFESPAN % 3, ready=None)
    server.wait_for_log("waiting for start()")
    with pytest.raises(ConnectionRefusedError):
        server.connect()
    server.wait_for_log("listening on")
    assert server.get().body == b"connected"


FAILED = """
    import asyncio

    async def handler(scope, receive, send):
        await receive()
        await asyncio.sleep(%s)
        await send({"type": "lifespan.startup.failed", "message": "the database is down"})
        raise RuntimeError("logged by the framework")
"""


def test_startup_that_fails_ends_the_server(start_server: StartServer) -> None:
    server = start_server(FAILED % 0, ready=None)
    assert server.process.wait(DEADLINE) == 1
    assert server.log == (
        "The application failed to start\n\n"
        "`handler.handler` reported that its startup failed.\n"
        "Fix the cause that it reports:\n\n"
        "the database is down\n"
    )


def test_slow_startup_that_fails_is_logged(start_server: StartServer) -> None:
    server = start_server(FAILED % 1.5, ready=None)
    server.wait_for_log("the database is down")
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        pytest.param(
            "raise ValueError('no lifespan')",
            "the application does not support lifespan events (ValueError: no lifespan)",
            id="raises",
        ),
        pytest.param("return", None, id="returns"),
        pytest.param(
            "await receive(); raise ValueError('broken')",
            "the application failed during its lifespan",
            id="raises-later",
        ),
        pytest.param("raise SystemExit(3)", "the application does not support lifespan events", id="exits"),
    ],
)
def test_application_without_lifespan_is_served(start_server: StartServer, statement: str, line: str | None) -> None:
    server = start_server(
        f"""
        async def handler(scope, receive, send):
            if scope["type"] == "lifespan":
                {statement}
            await send({{"type": "http.response.start", "status": 200}})
            await send({{"type": "http.response.body", "body": b"state" if "state" in scope else b"none"}})
        """
    )
    assert server.get().body == b"none"
    assert (line or "") in server.log
    assert server.stop() == 0


def test_failed_shutdown_is_logged(start_server: StartServer) -> None:
    server = start_server(
        """
        async def handler(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.failed", "message": "not closed"})
        """
    )
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 3
    assert "the application reported that its shutdown failed: not closed" in server.log


def test_call_that_takes_too_long_is_cancelled(start_server: StartServer) -> None:
    server = start_server(SOURCE, environment={"FUNCTION_TIMEOUT": "0.3"})
    assert server.get("/slow").status == 504
    server.wait_for_log("cancelled")


def test_application_that_returns_too_early_looks_so(server: Server) -> None:
    with pytest.raises(IncompleteRead):
        server.get("/incomplete")
    server.wait_for_log("the application returned before its response was complete")


def test_application_learns_that_a_body_does_not_arrive(start_server: StartServer) -> None:
    server = start_server(SOURCE, limits={"body_timeout": 0.2})
    with server.connect() as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfour")
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
    server.wait_for_log("read 4 {'type': 'http.disconnect'}")
