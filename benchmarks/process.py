"""A process that serves: started in a process group of its own, ready with its first answer, ended afterwards."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.servers import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.cases import Case
    from benchmarks.servers import InstalledServer

START_LIMIT = 120.0  # seconds, in which packages may be installed
STOP_LIMIT = 10.0  # seconds
# WORKERS is read by Funcpack and functions-framework; one worker is the default of the other servers.
ENVIRONMENT = {"PATH": os.defpath, "PYTHONUNBUFFERED": "1", "WORKERS": "1", "LOG_LEVEL": "warning"}


@dataclass(frozen=True, slots=True)
class Running:
    """A server that gave its first answer `started_after` seconds after its process was created."""

    port: int
    pid: int
    started_after: float

    def memory(self) -> float:
        """Return the proportional set size of the process group in MiB: the memory that is free again when it ends."""
        kibibytes = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                group = int(stat.read_text().rpartition(")")[2].split()[2])
                if group == self.pid:
                    rollup = stat.with_name("smaps_rollup").read_text()
                    kibibytes += int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1])
        return kibibytes / 1024


@contextlib.contextmanager
def running(server: InstalledServer, case: Case) -> Iterator[Running]:
    """Serve `case` with `server` in a new process group, and end the group afterwards.

    Raises:
        SystemExit: the server does not start, or its first answer has another status than 200.

    """
    port = free_port()
    with serving(server.command(case, port), port, case, FUNCTIONS, ENVIRONMENT) as process:
        yield process


@contextlib.contextmanager
def serving(
    command: list[str], port: int, case: Case, directory: Path, environment: Mapping[str, str]
) -> Iterator[Running]:
    """Run a command that serves `case` on `port` in a new process group, and end the group afterwards.

    Raises:
        SystemExit: the server does not start, or its first answer has another status than 200.

    """
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
        try:
            if not _has_answered(process, port, case, start + START_LIMIT):
                log.seek(0)
                raise SystemExit(f"error: {shlex.join(command)} did not start\n{log.read().decode(errors='replace')}")
            yield Running(port, process.pid, time.perf_counter() - start)
        finally:
            _end(process)


def _has_answered(process: subprocess.Popen[bytes], port: int, case: Case, deadline: float) -> bool:
    """Return whether the first answer came, rather than the deadline or the end of the process."""
    while process.poll() is None and time.perf_counter() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(case.method, "/", case.body, case.headers)
            response = connection.getresponse()
            answer = response.read()
        except OSError:
            time.sleep(0.002)
        else:
            if response.status == 200:
                return True
            raise SystemExit(f"error: {process.args!r} answered {response.status}: {answer[:200]!r}")
        finally:
            connection.close()
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
