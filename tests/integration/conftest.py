"""Real servers: processes of the invoker, on a free port, with a function that the test writes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_WITH_LIMITS = Path(__file__).with_name("serve_with_limits.py")

# Long enough for a machine that is busy with other things; nothing waits for it when all is well.
DEADLINE = 20.0


@dataclass(frozen=True)
class Answer:
    """A response, read whole."""

    status: int
    headers: HTTPMessage
    body: bytes


@dataclass(frozen=True)
class Server:
    """A running server process."""

    process: subprocess.Popen[bytes]
    port: int
    log_file: Path
    app: Path

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self.log_file.read_text()

    def get(self, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """Send a request on a connection of its own."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)) as connection:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)

    def exchange(self, *parts: bytes) -> bytes:
        """Send bytes on a connection of their own, and give all that comes back until the server closes it."""
        with self.connect() as connection:
            for part in parts:
                connection.sendall(part)
            return self.read_all(connection)

    def children(self) -> list[int]:
        """Give the process ids of the workers."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in task.read_text().split()]

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; gives the exit code."""
        self.process.send_signal(signum)
        return self.process.wait(DEADLINE)

    def wait_for_log(self, text: str) -> None:
        """Wait until the server has said something."""
        self.wait_until(lambda: text in self.log, f"{text!r} in the log")

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something to be true; fails with the log when it does not come or the server ends."""
        deadline = time.monotonic() + DEADLINE
        while not condition():
            if self.process.poll() is not None and not condition():
                pytest.fail(f"the server ended ({self.process.returncode}) before {what}:\n{self.log}")
            if time.monotonic() > deadline:
                pytest.fail(f"no {what} within {DEADLINE} s:\n{self.log}")
            time.sleep(0.01)

    @staticmethod
    def read_all(connection: socket.socket) -> bytes:
        """Read until the server closes the connection."""
        received = b""
        while data := connection.recv(65536):
            received += data
        return received


class StartServer(Protocol):
    """Starts a server; see `start_server`."""

    def __call__(
        self,
        source: str,
        *,
        limits: Mapping[str, float] | None = None,
        ready: str | None = "/health/ready",
        environment: Mapping[str, str] | None = None,
        python: Path | None = None,
    ) -> Server:
        """Start it with a Python (this one), and wait until `ready` is answered 200 (None: do not wait)."""


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start servers for functions; they are killed, with all their workers, when the test ends."""
    with _servers(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Start servers that all tests of a module share: ones that no test ends or changes."""
    with _servers(tmp_path_factory.mktemp("servers")) as start:
        yield start


@contextmanager
def _servers(directory: Path) -> Iterator[StartServer]:
    servers: list[Server] = []

    def start(
        source: str,
        *,
        limits: Mapping[str, float] | None = None,
        ready: str | None = "/health/ready",
        environment: Mapping[str, str] | None = None,
        python: Path | None = None,
    ) -> Server:
        app = directory / f"app-{len(servers)}"
        app.mkdir(exist_ok=True)  # a test may have written other files
        (app / "handler.py").write_text(textwrap.dedent(source))
        log_file = directory / f"log-{len(servers)}.txt"
        command = [str(python or sys.executable), "-P", *_program(app, limits)]
        server = _start(command, app, {"PORT": str(_free_port()), **(environment or {})}, log_file)
        servers.append(server)
        if ready is not None:
            server.wait_until(lambda: _is_ready(server, ready), f"200 for {ready}")
        return server

    try:
        yield start
    finally:
        for server in servers:
            _kill(server)


def _start(command: list[str], app: Path, environment: Mapping[str, str], log_file: Path) -> Server:
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=app.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Server(process, int(environment["PORT"]), log_file, app)


def _program(app: Path, limits: Mapping[str, float] | None) -> list[str]:
    if limits is None:
        return ["-m", "funcpack_invoker", "--source", str(app)]
    return [str(_WITH_LIMITS), str(app), json.dumps(limits)]


def _is_ready(server: Server, path: str) -> bool:
    try:
        return server.get(path).status == 200
    except (OSError, HTTPException):
        return False


def _kill(server: Server) -> None:
    # The session has the master and its workers.
    with suppress(ProcessLookupError):
        os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait(DEADLINE)


def _free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::", 0))
        return int(probe.getsockname()[1])
