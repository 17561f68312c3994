"""Real processes of `funcpack run`, with a function that the test writes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Long enough for a machine that is busy with other things; nothing waits for it when all is well.
DEADLINE = 20.0


@dataclass(frozen=True)
class Answer:
    """A response, read whole."""

    status: int
    headers: HTTPMessage
    body: bytes


@dataclass
class Run:
    """A running `funcpack run`; `output` is all of its standard output, and `events` what it told as JSON."""

    process: subprocess.Popen[bytes]
    app: Path
    log_file: Path
    events: list[dict[str, Any]] = field(default_factory=list)
    output: bytearray = field(default_factory=bytearray)

    @property
    def port(self) -> int:
        """The port of the front."""
        ready = self.wait_for("ready")
        return int(urlsplit(ready["url"]).port or 0)

    def all(self, event: str) -> list[dict[str, Any]]:
        """Return what was told so far of one kind."""
        return [told for told in tuple(self.events) if told["event"] == event]

    def lines(self) -> list[str]:
        """Return the lines of the function and the invoker so far."""
        return [told["line"] for told in self.all("log")]

    def wait_for(self, event: str, count: int = 1) -> dict[str, Any]:
        """Wait until something was told so many times, and return the last of these."""
        self.wait_until(lambda: len(self.all(event)) >= count, f"{count} times {event}")
        return self.all(event)[count - 1]

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something to be true; fail if it does not come, or the tool ends before."""
        deadline = time.monotonic() + DEADLINE
        while not condition():
            if self.process.poll() is not None and not condition():
                pytest.fail(f"the tool ended ({self.process.returncode}) before {what}: {self.told()}")
            if time.monotonic() > deadline:
                pytest.fail(f"no {what} within {DEADLINE} s: {self.told()}")
            time.sleep(0.005)

    def told(self) -> str:
        """Return everything that the tool has printed."""
        return f"{self.events}\n{self.log_file.read_text()}"

    def write(self, source: str, name: str = "handler.py") -> None:
        """Save a file of the app, as an editor does: in place."""
        (self.app / name).write_text(textwrap.dedent(source))

    def get(self, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """Send a request on a connection of its own."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)) as connection:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def group(self) -> list[int]:
        """Return the processes that the tool has started, and theirs."""
        return descendants(self.process.pid)

    def stop(self, signum: int = signal.SIGINT) -> int:
        """Send a signal and wait for the end; return the exit code."""
        self.process.send_signal(signum)
        return self.process.wait(DEADLINE)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class StartRun(Protocol):
    """Starts `funcpack run`; see `start_run`."""

    def __call__(
        self,
        source: str,
        *options: str,
        port: int = 0,
        files: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        is_read: bool = True,
    ) -> Run:
        """Start it for an app with these files."""


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for the cache of the tool, which all tests share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def start_run(tmp_path: Path, cache_home: Path) -> Iterator[StartRun]:
    """Start `funcpack run` for functions; it ends with the test."""
    runs: list[Run] = []
    readers: list[threading.Thread] = []

    def start(
        source: str,
        *options: str,
        port: int = 0,
        files: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        is_read: bool = True,
    ) -> Run:
        app = tmp_path / f"app-{len(runs)}"
        for name, text in {"handler.py": source, **(files or {})}.items():
            (app / name).parent.mkdir(parents=True, exist_ok=True)
            (app / name).write_text(textwrap.dedent(text))
        log_file = tmp_path / f"log-{len(runs)}.txt"
        arguments = ["run", str(app), "--output", "json", "--port", str(port), *options]
        if "--ui-port" not in options:
            arguments.append("--no-ui")
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "funcpack", *arguments],
                env={**os.environ, "XDG_CACHE_HOME": str(cache_home), **(environment or {})},
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        run = Run(process, app, log_file)
        runs.append(run)
        if is_read:
            readers.append(threading.Thread(target=_read, args=(run,)))
            readers[-1].start()
        return run

    yield start
    for run in runs:
        run.process.kill()
        run.process.wait(DEADLINE)
    for reader in readers:
        reader.join(DEADLINE)


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


def is_alive(pid: int) -> bool:
    """Return whether a process exists, and is not one that has ended and that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def _read(run: Run) -> None:
    assert run.process.stdout is not None
    with run.process.stdout as output:
        for line in output:
            run.output += line
            if line.startswith(b'{"event": '):
                run.events.append(json.loads(line))


__all__ = ["DEADLINE", "Answer", "HTTPException", "Run", "StartRun", "descendants", "is_alive"]
