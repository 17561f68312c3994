"""Functions whose module replaces parts of Python with gevent or eventlet: served, or rejected at the start."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.environments import installed
from tests.integration.test_releases import SERVER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import StartServer

FUNCTION = """
import time

def handler(body):
    time.sleep(0.01)
    return body

async def asynchronous(body):
    return body
"""

GEVENT = (
    "Importing `handler` has replaced Python's threads with those of gevent, as `gevent.monkey.patch_all()` does.",
    "change it to `gevent.monkey.patch_all(thread=False)`",
)
EVENTLET = (
    "Importing `handler` has replaced Python's threads with those of eventlet, as `eventlet.monkey_patch()` does.",
    "change it to `eventlet.monkey_patch(thread=False)`",
)

REJECTED = [
    pytest.param("from gevent import monkey; monkey.patch_all()", GEVENT, id="gevent"),
    pytest.param("from gevent import monkey; monkey.patch_thread()", GEVENT, id="gevent, threads only"),
    pytest.param("import eventlet; eventlet.monkey_patch()", EVENTLET, id="eventlet"),
    pytest.param("import eventlet; eventlet.monkey_patch(thread=True)", EVENTLET, id="eventlet, threads only"),
]
SERVED = [
    pytest.param("import gevent, gevent.monkey", id="gevent is imported"),
    pytest.param("from gevent import monkey; monkey.patch_all(thread=False)", id="gevent, all but threads"),
    pytest.param("from gevent import monkey; monkey.patch_socket()", id="gevent, sockets"),
    pytest.param("import eventlet", id="eventlet is imported"),
    pytest.param("import eventlet; eventlet.monkey_patch(thread=False)", id="eventlet, all but threads"),
]


@pytest.fixture(scope="module")
def python() -> Path:
    return installed(
        "green-threads", sys.executable, ["flask", "cloudevents", *SERVER, "gevent==26.9.0", "eventlet==0.41.3"]
    )


@pytest.mark.parametrize("handler", ["handler", "asynchronous"])
@pytest.mark.parametrize(("code", "texts"), REJECTED)
def test_start_is_rejected(
    start_server: StartServer, python: Path, code: str, texts: tuple[str, str], handler: str
) -> None:
    environment = {"PYTHON_HANDLER": f"handler.{handler}", "PYTHONWARNINGS": "ignore"}
    server = start_server(f"{code}\n{FUNCTION}", python=python, ready=None, environment=environment)
    assert server.process.wait(20) == 1
    assert server.log.startswith("Python's threads are replaced\n\n")
    assert all(text in server.log for text in texts)


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize(
    ("code", "library"),
    [
        ("from gevent import monkey; monkey.patch_all()", "gevent"),
        ("import eventlet; eventlet.monkey_patch()", "eventlet"),
    ],
)
def test_start_hook_is_rejected(
    start_server: StartServer, python: Path, code: str, library: str, definition: str
) -> None:
    environment = {"PYTHONWARNINGS": "ignore"}
    source = f"{FUNCTION}\n{definition} start():\n    {code}\n"
    server = start_server(source, python=python, ready=None, environment=environment)
    assert server.process.wait(20) == 1
    assert f"`start()` has replaced Python's threads with those of {library}" in server.log


@pytest.mark.parametrize(("code", "texts"), REJECTED[:1])
def test_check_reports_it(python: Path, tmp_path: Path, code: str, texts: tuple[str, str]) -> None:
    (tmp_path / "handler.py").write_text(f"{code}\n{FUNCTION}")
    command = [str(python), "-P", "-m", "funcpack_invoker", "check", "--source", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert all(text in done.stderr for text in texts)


@pytest.mark.parametrize("code", SERVED)
def test_function_is_served(start_server: StartServer, python: Path, code: str) -> None:
    server = start_server(f"{code}\n{FUNCTION}", python=python, environment={"PYTHONWARNINGS": "ignore"})
    connections = [server.connect() for _ in range(6)]
    for connection in connections:
        connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nok")
    for connection in connections:
        assert server.read_all(connection).endswith(b"\r\n\r\nok")
        connection.close()
