"""Starting: what is said, and by which exit code, when it works and when it cannot."""

from __future__ import annotations

import re
import signal
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import StartServer

HELLO = """
    def handler(request):
        return "Hello"
"""


def test_start_says_one_line(start_server: StartServer) -> None:
    server = start_server(HELLO)
    assert server.get("/").body == b"Hello"
    assert server.stop() == 0
    line = rf"\S+ INFO funcpack: listening on http://\[::\]:{server.port}, function handler\.handler \(http\)\n"
    assert re.fullmatch(line, server.log)


def test_start_with_several_workers_says_one_line(start_server: StartServer) -> None:
    server = start_server(HELLO, environment={"WEB_CONCURRENCY": "3"})
    server.wait_until(lambda: len(server.children()) == 3, "3 workers")
    assert server.stop() == 0
    assert server.log.count("\n") == 1


@pytest.mark.parametrize("workers", ["1", "3"])
@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param(
            'def handler(request):\n    return "Hello\n',
            """
The handler's module cannot be imported

Importing `handler` raised SyntaxError.
Fix the code that this traceback shows:

  File ".../handler.py", line 2
    return "Hello
           ^
SyntaxError: unterminated string literal (detected at line 2)
""",
            id="syntax error",
        ),
        pytest.param(
            "import nowhere\n\ndef handler(request): ...\n",
            """
An imported module was not found

`handler` imports `nowhere`, which is not installed and not in the app directory.
Add the package to requirements.txt, or correct the import.

Traceback (most recent call last):
  File ".../handler.py", line 1, in <module>
    import nowhere
ModuleNotFoundError: No module named 'nowhere'
""",
            id="import error",
        ),
        pytest.param(
            "raise SystemExit(3)\n",
            """
The handler's module cannot be imported

Importing `handler` raised SystemExit.
Fix the code that this traceback shows:

Traceback (most recent call last):
  File ".../handler.py", line 1, in <module>
    raise SystemExit(3)
SystemExit: 3
""",
            id="exit",
        ),
        pytest.param(
            "def start():\n    raise OSError('no database')\n\ndef handler(request): ...\n",
            """
The start() hook failed

`start` in the module of `handler.handler` raised OSError.
Fix the code that this traceback shows:

Traceback (most recent call last):
  File ".../handler.py", line 2, in start
    raise OSError('no database')
OSError: no database
""",
            id="start hook",
        ),
        pytest.param(
            "import asyncio\n\nasync def start():\n    raise asyncio.CancelledError\n\ndef handler(request): ...\n",
            """
The start() hook failed

`start` in the module of `handler.handler` raised CancelledError.
Fix the code that this traceback shows:

asyncio.exceptions.CancelledError
""",
            id="cancellation in start hook",
        ),
        *(
            pytest.param(
                f"{definition} start():\n    raise SystemExit(3)\n\ndef handler(request): ...\n",
                """
The start() hook failed

`start` in the module of `handler.handler` raised SystemExit.
Fix the code that this traceback shows:

Traceback (most recent call last):
  File ".../handler.py", line 2, in start
    raise SystemExit(3)
SystemExit: 3
""",
                id=f"exit in start hook, {definition}",
            )
            for definition in ("def", "async def")
        ),
    ],
)
def test_function_that_cannot_be_served_ends_with_its_own_traceback_only(
    start_server: StartServer, source: str, text: str, workers: str
) -> None:
    server = start_server(source, ready=None, environment={"WEB_CONCURRENCY": workers})
    assert server.process.wait(20) == 1
    assert re.sub(r'File ".*/handler', 'File ".../handler', server.log) == text.lstrip("\n")


def test_process_that_ends_while_it_loads_ends_the_server(start_server: StartServer) -> None:
    server = start_server("import os\nos._exit(5)\n", ready=None)
    assert server.process.wait(20) == 1
    assert "A worker process ended while it loaded `handler.handler`" in server.log


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        pytest.param({"PORT": "0"}, "PORT is '0', but it must be a whole number from 1 to 65535\n", id="port"),
        pytest.param(
            {"FUNCTION_TIMEOUT": "soon"},
            "FUNCTION_TIMEOUT is 'soon', but it must be a number of seconds from 0 to 31536000 (a year)\n",
            id="timeout",
        ),
    ],
)
def test_bad_setting_is_one_line_and_exit_2(start_server: StartServer, environment: dict[str, str], text: str) -> None:
    server = start_server(HELLO, ready=None, environment=environment)
    assert server.process.wait(20) == 2
    assert server.log == text


def test_empty_variables_count_as_not_set(start_server: StartServer) -> None:
    empty = dict.fromkeys(("WEB_CONCURRENCY", "HOST", "FUNCTION_THREADS", "LOG_LEVEL", "KUBERNETES_SERVICE_HOST"), "")
    server = start_server(HELLO, environment=empty)
    assert server.get("/").body == b"Hello"


def test_port_in_use_is_one_line_and_exit_1(start_server: StartServer) -> None:
    first = start_server(HELLO)
    second = start_server(HELLO, ready=None, environment={"PORT": str(first.port)})
    assert second.process.wait(20) == 1
    assert second.log == (
        f"cannot listen on port {first.port}: another process uses the port; set PORT or HOST to change it\n"
    )


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")], ids=["IPv4", "IPv6"]
)
def test_both_families_are_listened_on(start_server: StartServer, family: socket.AddressFamily, address: str) -> None:
    server = start_server(HELLO)
    with socket.socket(family) as connection:
        connection.connect((address, server.port))
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert server.read_all(connection).endswith(b"Hello")


def test_host_narrows_where_it_listens(start_server: StartServer) -> None:
    server = start_server(HELLO, environment={"HOST": "127.0.0.1"})
    assert f"listening on http://127.0.0.1:{server.port}," in server.log
    with socket.socket(socket.AF_INET6) as connection, pytest.raises(ConnectionRefusedError):
        connection.connect(("::1", server.port))


SLOW_START = """
    import asyncio
    import time
    from pathlib import Path

    gate = Path(__file__).with_name("gate")
    print("importing")

    {definition} start():
        print("starting")
        while not gate.exists():
            {wait}
        {end}

    def handler(request):
        return "Hello"
"""
STARTS = pytest.mark.parametrize(
    ("definition", "wait"), [("def", "time.sleep(0.01)"), ("async def", "await asyncio.sleep(0.01)")]
)
WORKERS = pytest.mark.parametrize("workers", ["1", "2"])


@WORKERS
@STARTS
def test_port_refuses_connections_until_start_has_finished(
    start_server: StartServer, workers: str, definition: str, wait: str
) -> None:
    source = SLOW_START.format(definition=definition, wait=wait, end="")
    server = start_server(source, ready=None, environment={"WEB_CONCURRENCY": workers})
    server.wait_for_log("waiting for start() of handler.handler: requests are not answered until it has finished")
    with pytest.raises(ConnectionRefusedError):
        server.connect()
    assert "listening on" not in server.log

    (server.app / "gate").touch()
    server.wait_for_log("listening on")
    assert server.get("/").body == b"Hello"
    assert server.get("/health/ready").status == 200


def test_port_refuses_connections_while_the_function_is_imported(start_server: StartServer) -> None:
    source = """
        import time
        from pathlib import Path

        print("importing")
        while not Path(__file__).with_name("gate").exists():
            time.sleep(0.01)

        def handler(request):
            return "Hello"
    """
    server = start_server(source, ready=None)
    server.wait_for_log("importing")
    with pytest.raises(ConnectionRefusedError):
        server.connect()
    (server.app / "gate").touch()
    server.wait_for_log("listening on")
    assert server.get("/").body == b"Hello"


@WORKERS
@STARTS
def test_connections_wait_in_a_plain_kubernetes_pod_until_start_has_finished(
    start_server: StartServer, workers: str, definition: str, wait: str
) -> None:
    """Without a probe, Kubernetes sends requests as soon as the container runs."""
    source = SLOW_START.format(definition=definition, wait=wait, end="")
    pod = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "FUNCTION_SHUTDOWN_DELAY": "0", "WEB_CONCURRENCY": workers}
    server = start_server(source, ready=None, environment=pod)
    server.wait_for_log("importing")
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        server.wait_for_log("waiting for start()")
        (server.app / "gate").touch()
        assert server.read_all(connection).endswith(b"Hello")


@WORKERS
@STARTS
def test_slow_start_hook_that_fails_ends_the_server(
    start_server: StartServer, workers: str, definition: str, wait: str
) -> None:
    source = SLOW_START.format(definition=definition, wait=wait, end='raise LookupError("no database")')
    server = start_server(source, ready=None, environment={"WEB_CONCURRENCY": workers})
    server.wait_for_log("waiting for start()")
    (server.app / "gate").touch()
    assert server.process.wait(20) == 1
    assert server.log.count("The start() hook failed") == 1
    assert "LookupError: no database" in server.log


@WORKERS
@STARTS
def test_signal_during_a_slow_start_hook_ends_at_once(
    start_server: StartServer, workers: str, definition: str, wait: str
) -> None:
    source = SLOW_START.format(definition=definition, wait=wait, end="")
    server = start_server(source, ready=None, environment={"WEB_CONCURRENCY": workers})
    server.wait_for_log("waiting for start()")
    assert server.stop(signal.SIGTERM) == 0
    assert "Traceback" not in server.log


def test_port_that_another_process_takes_during_start_is_one_line_and_exit_1(start_server: StartServer) -> None:
    source = SLOW_START.format(definition="def", wait="time.sleep(0.01)", end="")
    server = start_server(source, ready=None)
    server.wait_for_log("starting")
    other = start_server(HELLO, environment={"PORT": str(server.port)})
    (server.app / "gate").touch()
    assert server.process.wait(20) == 1
    assert server.log.splitlines()[-1] == (
        f"cannot listen on port {server.port}: another process uses the port; set PORT or HOST to change it"
    )
    assert other.get("/").body == b"Hello"


def test_signal_during_start_ends_at_once(start_server: StartServer) -> None:
    server = start_server(
        """
        import time
        print("importing", flush=True)
        time.sleep(60)
        """,
        ready=None,
    )
    server.wait_for_log("importing")
    assert server.stop(signal.SIGTERM) == 0
