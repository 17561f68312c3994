"""Worker processes: they live on whatever a function does, and are replaced when they do not."""

from __future__ import annotations

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import Server, StartServer

FUNCTION = """
    import asyncio
    import os
    import sys
    import time

    def handler(request):
        return str(os.getpid())

    def leaving(request):
        if request.path == "/leave":
            sys.exit(3)
        return str(os.getpid())

    async def leaving_async(request):
        if request.path == "/leave":
            sys.exit(3)
        return str(os.getpid())

    async def leaving_later(request):
        if request.path == "/leave":
            asyncio.get_running_loop().create_task(leaving_async(request))
        return str(os.getpid())

    def crashing(request):
        if request.path != "/":
            os._exit(int(request.path[1:]))
        return str(os.getpid())

    def interrupted(request):
        if request.path == "/leave":
            raise KeyboardInterrupt
        return str(os.getpid())

    async def waiting(request):
        if request.path != "/wait":
            return "free"
        print("begun", flush=True)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            print("cancelled", flush=True)
            raise

    async def endless(request):
        try:
            while True:
                yield b"x" * 1000
        finally:
            print("closed", flush=True)

    def blocking(request):
        if request.path != "/wait":
            return "free"
        print("begun", flush=True)
        time.sleep(0.5)
        print("ended", flush=True)
        return "done"
"""


def handler(name: str, **environment: str) -> dict[str, str]:
    return {"PYTHON_HANDLER": f"handler.{name}", **environment}


def test_crashed_worker_is_replaced(start_server: StartServer) -> None:
    server = start_server(FUNCTION)
    (worker,) = server.children()
    os.kill(worker, signal.SIGKILL)
    server.wait_until(lambda: server.children() not in ([], [worker]), "a new worker")
    assert int(server.get().body) in server.children()
    assert server.stop() == 0


@pytest.mark.parametrize("code", [0, 1, 3, 4])
def test_worker_that_a_function_ends_is_replaced(start_server: StartServer, code: int) -> None:
    """gunicorn takes 3 and 4 for workers that cannot start, with which it would end the server."""
    server = start_server(FUNCTION, environment=handler("crashing"))
    (worker,) = server.children()
    with server.connect() as connection:
        connection.sendall(f"GET /{code} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert server.read_all(connection) == b""
    server.wait_until(lambda: server.children() not in ([], [worker]), "a new worker")
    assert int(server.get().body) in server.children()
    assert server.stop() == 0


def test_every_worker_serves(start_server: StartServer) -> None:
    server = start_server(FUNCTION, environment={"WEB_CONCURRENCY": "2"})
    seen = set()

    def saw_both() -> bool:
        seen.add(int(server.get().body))
        return len(seen) == 2

    server.wait_until(saw_both, "answers of both workers")
    assert seen == set(server.children())


@pytest.mark.parametrize("name", ["leaving", "leaving_async", "interrupted"])
def test_function_that_wants_to_end_the_process_is_answered_500(start_server: StartServer, name: str) -> None:
    server = start_server(FUNCTION, environment=handler(name))
    (worker,) = server.children()
    assert server.get("/leave").status == 500
    assert int(server.get().body) == worker


def test_task_of_a_function_that_wants_to_end_the_process_is_logged(start_server: StartServer) -> None:
    server = start_server(FUNCTION, environment=handler("leaving_later"))
    (worker,) = server.children()
    assert int(server.get("/leave").body) == worker
    server.wait_for_log("a task of the function tried to end the process")
    assert "SystemExit: 3" in server.log
    assert int(server.get().body) == worker
    assert server.stop() == 0


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b"\r\n", id="no body"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 10 + b"0\r\n\r\n", id="chunks"),
        # They are parsed in several turns of the event loop, and nothing is read meanwhile.
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 300 + b"0\r\n\r\n", id="many chunks"),
    ],
)
def test_async_call_is_cancelled_when_its_client_leaves(start_server: StartServer, rest: bytes) -> None:
    server = start_server(FUNCTION, environment=handler("waiting"))
    with server.connect() as connection:
        connection.sendall(b"POST /wait HTTP/1.1\r\nHost: x\r\n" + rest)
        server.wait_for_log("begun")
    server.wait_for_log("cancelled")
    assert server.get().body == b"free"


def test_async_call_is_cancelled_when_its_client_resets_the_connection(start_server: StartServer) -> None:
    server = start_server(FUNCTION, environment=handler("waiting"))
    with server.connect() as connection:
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_for_log("begun")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    server.wait_for_log("cancelled")


def test_endless_stream_ends_when_its_client_leaves(start_server: StartServer) -> None:
    server = start_server(FUNCTION, environment=handler("endless"))
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
    server.wait_for_log("closed")
    assert server.get("/health/live").status == 200


def test_blocking_call_runs_to_its_end_when_its_client_leaves(start_server: StartServer) -> None:
    server = start_server(FUNCTION, environment=handler("blocking"))
    with server.connect() as connection:
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_for_log("begun")
    server.wait_for_log("ended")
    assert server.get().body == b"free"


def test_health_does_not_wait_for_calls(start_server: StartServer) -> None:
    server = start_server(FUNCTION, environment=handler("blocking", FUNCTION_THREADS="1"))
    with server.connect() as connection:
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_for_log("begun")
        assert server.get("/health/live").status == 200
        assert "ended" not in server.log


def test_reload_by_sighup_replaces_the_workers(start_server: StartServer) -> None:
    server = start_server(FUNCTION)
    (worker,) = server.children()
    server.process.send_signal(signal.SIGHUP)
    server.wait_until(lambda: worker not in server.children(), "a new worker")
    assert int(server.get().body) in server.children()
    assert server.stop() == 0


def test_worker_that_is_replaced_while_it_loads_is_no_failure(start_server: StartServer) -> None:
    server = start_server(
        """
        import time
        from pathlib import Path

        print("importing", flush=True)
        while Path(__file__).with_name("wait").exists():
            time.sleep(0.01)

        def handler(request): ...
        """
    )
    (server.app / "wait").touch()
    _replace_workers(server)
    _replace_workers(server)
    (server.app / "wait").unlink()
    assert server.get().status == 204
    assert server.stop() == 0


def _replace_workers(server: Server) -> None:
    """Have new workers started, and wait until they have begun to load and the ones before them are gone."""
    before, loaded = server.children(), server.log.count("importing")
    server.process.send_signal(signal.SIGHUP)
    server.wait_until(lambda: server.log.count("importing") > loaded, "a new worker")
    server.wait_until(lambda: not set(before) & set(server.children()), "end of the worker before")


@pytest.mark.parametrize("definition", ["def", "async def"])
def test_processes_of_a_function_have_their_signals_for_themselves(start_server: StartServer, definition: str) -> None:
    server = start_server(f"""
        import multiprocessing
        import os
        import time

        def double(number):
            return 2 * number

        {definition} handler(request):
            fork = multiprocessing.get_context("fork")
            with fork.Pool(1) as pool:  # ends with terminate()
                doubled = pool.map(double, [1, 2])
            process = fork.Process(target=time.sleep, args=(60,))
            process.start()
            process.terminate()
            process.join(10)
            return [os.getpid(), doubled, process.exitcode]
    """)
    first, second = (server.get("/").body for _ in range(2))
    assert first == second == b"[%d, [2, 4], -15]" % server.children()[0]
    assert server.stop() == 0


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("sys.exit(7)", 7),
        ("sys.exit(-1)", 255),
        ("sys.exit('no')", 1),
        ("sys.exit()", 0),
        ("os._exit(3)", 3),
        ("raise ValueError('no')", 1),
        ("return 'child'", 0),
    ],
)
def test_process_that_a_function_forks_ends_with_the_call(
    start_shared_server: StartServer, definition: str, ending: str, code: int
) -> None:
    server = start_shared_server(f"""
        import os, sys

        {definition} handler(request):
            child = os.fork()
            if not child:
                print("written", end="")
                {ending}
            return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """)
    assert [server.get("/").body for _ in range(2)] == [str(code).encode()] * 2
    assert server.log.count("written") == 2


def test_blocking_function_runs_coroutines_on_the_loop_of_its_import(start_shared_server: StartServer) -> None:
    server = start_shared_server("""
        import asyncio

        loop = asyncio.get_event_loop()
        lock = asyncio.Lock()
        cached = loop.run_until_complete(asyncio.sleep(0, "cached"))

        async def part(number):
            async with lock:
                return await asyncio.sleep(0, number)

        async def failing():
            raise ValueError("no")

        def handler(request):
            try:
                loop.run_until_complete(failing())
            except ValueError:
                return [cached, loop.run_until_complete(part(1)), loop.run_until_complete(part(2))]
    """)
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda _: server.get("/").body, range(8)))
    assert answers == [b'["cached", 1, 2]'] * 8


def test_coroutine_cannot_wait_for_the_loop_that_it_runs_on(start_shared_server: StartServer) -> None:
    server = start_shared_server("""
        import asyncio

        loop = asyncio.get_event_loop()

        async def handler(request):
            coroutine = asyncio.sleep(0)
            try:
                loop.run_until_complete(coroutine)
            except RuntimeError as error:
                coroutine.close()
                return str(error)
    """)
    assert server.get("/").body == b"This event loop is already running"


def test_function_that_stops_the_event_loop_does_not_end_the_worker(start_server: StartServer) -> None:
    server = start_server("""
        import asyncio

        async def handler(request):
            asyncio.get_running_loop().stop()
            await asyncio.sleep(0)
            return "went on"
    """)
    worker = server.children()
    assert [server.get("/").body for _ in range(3)] == [b"went on"] * 3
    assert server.children() == worker
    assert "the function called loop.stop(); the server keeps running" in server.log
    assert server.stop() == 0


def test_threads_that_calculate_often_let_the_event_loop_run(start_server: StartServer) -> None:
    """By default, each of them may run for 5 ms, and health checks wait for all of them at every system call."""
    server = start_server("import sys\n\ndef handler(request): return str(sys.getswitchinterval())")
    assert float(server.get().body) < 0.001


def test_as_many_calls_wait_at_a_time_as_knative_sends(start_server: StartServer) -> None:
    """The default target of Knative's autoscaler is 100 requests at a time."""
    server = start_server(
        """
        import threading
        together = threading.Barrier(100, timeout=20)

        def handler():
            together.wait()
            return "together"
        """
    )
    connections = [server.connect() for _ in range(100)]
    for connection in connections:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    for connection in connections:
        with connection:
            assert server.read_all(connection).endswith(b"together")
