"""The end of the server: nothing that was accepted is lost, and nothing holds it up."""

from __future__ import annotations

import os
import signal
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import Answer, Server, StartServer

# A function that ends when a test says so: it waits for the file `open` beside it, and says when it has begun.
GATED = """
    import asyncio
    import time
    from pathlib import Path

    gate = Path(__file__).with_name("open")

    def stop():
        print("stopped", flush=True)

    def handler(request):
        print("begun", flush=True)
        while not gate.exists():
            time.sleep(0.01)
        return "done"

    async def streaming(request):
        print("begun", flush=True)
        yield "first "
        while not gate.exists():
            await asyncio.sleep(0.01)
        yield "last"

    async def hanging(request):
        print("begun", flush=True)
        try:
            await asyncio.sleep(60)
        finally:
            print("cancelled", flush=True)

    def stuck(request):
        print("begun", flush=True)
        time.sleep(60)

    def hello(request):
        return "hello"
"""


def handler(name: str, **environment: str) -> dict[str, str]:
    return {"PYTHON_HANDLER": f"handler.{name}", **environment}


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize(("name", "body"), [("handler", b"done"), ("streaming", b"first last")])
def test_call_in_flight_ends_well(start_server: StartServer, name: str, body: bytes, signum: int) -> None:
    server = start_server(GATED, environment=handler(name))
    with ThreadPoolExecutor() as pool:
        call = pool.submit(server.get)
        server.wait_for_log("begun")
        server.process.send_signal(signum)
        server.wait_until(lambda: not _accepts(server), "refused connections")
        (server.app / "open").touch()
        assert call.result().body == body
    assert server.process.wait(20) == 0
    assert server.log.endswith("stopped\n")


def _accepts(server: Server) -> bool:
    try:
        with server.connect():
            return True
    except ConnectionRefusedError:
        return False


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="never used"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="used before"),
        pytest.param(b"GET / HTTP/1.1\r\nX: ", id="half a header"),
    ],
)
def test_idle_connections_hold_nothing_up(start_server: StartServer, sent: bytes) -> None:
    server = start_server(GATED, environment=handler("hello"))
    with server.connect() as connection:
        connection.sendall(sent)
        if sent.endswith(b"\r\n\r\n"):
            assert connection.recv(65536).endswith(b"hello")
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5
        assert server.read_all(connection) == b""
    assert server.log.endswith("stopped\n")


def test_connection_of_a_moment_ago_gets_its_answer(start_server: StartServer) -> None:
    server = start_server(GATED, environment=handler("hello"), limits={"idle_at_shutdown": 10.0})
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65536).endswith(b"hello")
        server.process.send_signal(signal.SIGTERM)
        server.wait_until(lambda: not _accepts(server), "refused connections")
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = server.read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert server.process.wait(20) == 0


def test_header_that_is_arriving_at_the_signal_gets_its_answer(start_server: StartServer) -> None:
    server = start_server(GATED, environment=handler("hello"), limits={"idle_at_shutdown": 2.0})
    with server.connect() as connection:
        time.sleep(2.1)  # the connection has been idle for longer than the limit
        connection.sendall(b"GET / HTTP/1.1\r\n")
        assert server.get("/health/live").status == 200  # and therefore the server has read those bytes
        server.process.send_signal(signal.SIGTERM)
        server.wait_until(lambda: not _accepts(server), "refused connections")
        connection.sendall(b"Host: x\r\n\r\n")
        assert server.read_all(connection).startswith(b"HTTP/1.1 200 OK\r\n")
    assert server.process.wait(20) == 0


def test_shutdown_delay_serves_on_while_ready_says_no(start_server: StartServer) -> None:
    server = start_server(GATED, environment=handler("hello", FUNCTION_SHUTDOWN_DELAY="2"))
    started = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    server.wait_until(lambda: server.get("/health/ready").status == 503, "503 for ready")
    assert server.get("/health/live").status == 200
    answer: Answer = server.get("/")
    assert (answer.body, answer.headers["Connection"]) == (b"hello", "close")
    assert server.process.wait(20) == 0
    assert time.monotonic() - started >= 2


def test_grace_period_ends_in_a_cancelled_call_and_the_stop_hook(start_server: StartServer) -> None:
    server = start_server(GATED, environment=handler("hanging", FUNCTION_GRACE_PERIOD="0.3"))
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_for_log("begun")
        assert server.stop() == 0
    assert "cut off calls in flight that did not end in time: 1\n" in server.log
    assert server.log.endswith("cancelled\nstopped\n")


def test_thread_that_never_ends_holds_nothing_up(start_server: StartServer) -> None:
    server = start_server(
        GATED, environment=handler("stuck", FUNCTION_GRACE_PERIOD="0.2"), limits={"shutdown_reserve": 0.5}
    )
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_for_log("begun")
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 10


def test_thread_of_the_function_that_never_ends_holds_nothing_up(start_server: StartServer) -> None:
    server = start_server(
        """
        import threading

        threading.Thread(target=threading.Event().wait).start()

        def stop():
            print("stopped", flush=True)

        def handler(request):
            return "hello"
        """,
        environment={"FUNCTION_GRACE_PERIOD": "60"},
        limits={"shutdown_reserve": 0.5},
    )
    assert server.get("/").body == b"hello"
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 10
    assert server.log.endswith("stopped\n")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_second_signal_ends_at_once(start_server: StartServer, signum: int) -> None:
    server = start_server(GATED, environment=handler("hanging", FUNCTION_SHUTDOWN_DELAY="60"))
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_for_log("begun")
        server.process.send_signal(signum)
        server.wait_until(lambda: server.get("/health/ready").status == 503, "503 for ready")
        assert server.stop(signum) == 0
    assert "cancelled\n" in server.log


def test_worker_without_a_master_ends(start_server: StartServer) -> None:
    server = start_server(GATED, environment=handler("hello"))
    (worker,) = server.children()
    server.process.kill()
    server.process.wait(20)
    deadline = time.monotonic() + 20
    while _exists(worker) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _exists(worker)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_request_is_lost_under_load(start_server: StartServer, workers: str) -> None:
    """Clients that send without a pause, half of them on kept connections; only a refused connection counts as unsent."""
    server = start_server(GATED, environment=handler("hello", WEB_CONCURRENCY=workers))
    with ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(_send_until_refused, server.port, kept=number % 2 == 0) for number in range(8)]
        time.sleep(0.5)  # the load is what is tested
        assert server.stop() == 0
        assert all(client.result() > 10 for client in clients)


def _send_until_refused(port: int, *, kept: bool) -> int:
    """Count the answers, until the server takes no connection any more; whatever else goes wrong is raised."""
    answered = 0
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    while True:
        if connection.sock is None:
            try:
                connection.connect()
            except ConnectionRefusedError:
                return answered
        connection.request("GET", "/")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"hello")
        answered += 1
        if not kept:
            connection.close()


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("signal.signal(signal.SIGTERM, end)", id="at the top of the module"),
        pytest.param("async def start(): signal.signal(signal.SIGTERM, end)", id="in start()"),
    ],
)
@pytest.mark.parametrize("ending", ["sys.exit(3)", "return", "raise ValueError('no')"])
def test_handler_of_sigterm_in_the_module_runs_after_the_calls_and_stop(
    start_server: StartServer, where: str, ending: str
) -> None:
    source = f"""
        import signal
        import sys

        def end(signum, frame):
            print(f"ended by {{int(signum)}}", flush=True)
            {ending}

        {where}
    """
    server = start_server(textwrap.dedent(source) + textwrap.dedent(GATED), environment=handler("handler"))
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(server.get)
        server.wait_for_log("begun")
        server.process.send_signal(signal.SIGTERM)
        server.wait_until(lambda: not _accepts(server), "refused connections")
        assert "ended" not in server.log
        (server.app / "open").touch()
        assert answer.result().body == b"done"
    assert server.process.wait(20) == 0
    assert server.log.index("stopped") < server.log.index(f"ended by {int(signal.SIGTERM)}")
    assert ("the function's handler of SIGTERM failed" in server.log) == ("raise" in ending)


def test_signal_handler_of_start_on_the_loop_does_not_keep_the_server_running(start_server: StartServer) -> None:
    server = start_server("""
        import asyncio, signal

        async def start():
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, print)

        def handler(): pass
    """)
    assert server.stop() == 0


def test_signal_handler_of_the_module_for_another_signal_stays(start_server: StartServer) -> None:
    server = start_server("""
        import signal

        signal.signal(signal.SIGUSR1, lambda signum, frame: print("saved", flush=True))

        def handler(): pass
    """)
    os.kill(server.children()[0], signal.SIGUSR1)
    server.wait_for_log("saved")
    assert server.get().status == 204
