"""The servers that are compared, each in an environment of its own, and one running process of one."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cases import Case

HERE = Path(__file__).parent
ROOT = HERE.parent
FUNCTIONS = HERE / "functions"
START_LIMIT = 30.0


class Command(Protocol):
    """How a server is started."""

    def __call__(self, bin_dir: Path, case: Case, port: int) -> list[str]:
        """Return what serves `case` on `port` with the environment whose executables are in `bin_dir`."""
        ...


@dataclass(frozen=True, slots=True)
class Server:
    """One way to serve a function; `requirements` is the lock of its environment."""

    name: str
    requirements: Path
    command: Command
    replies_to_events: bool = True


def _funcpack(bin_dir: Path, case: Case, port: int) -> list[str]:
    handler = f"with_funcpack.{case.name}"
    python = [f"{bin_dir}/python", "-P", "-m", "funcpack_invoker"]
    return [*python, handler, "--source", str(FUNCTIONS), "--port", str(port)]


def _functions_framework(bin_dir: Path, case: Case, port: int) -> list[str]:
    signature = "cloudevent" if case.event else "http"
    source = str(FUNCTIONS / "with_functions_framework.py")
    command = [f"{bin_dir}/functions-framework", "--target", case.name, "--source", source, "--port", str(port)]
    return [*command, "--signature-type", signature, *(["--asgi"] if case.asynchronous else [])]


def _func_python(bin_dir: Path, case: Case, port: int) -> list[str]:
    return [
        "env",
        f"LISTEN_ADDRESS=127.0.0.1:{port}",
        f"{bin_dir}/python",
        str(FUNCTIONS / "with_func_python.py"),
        case.name,
    ]


def _flask(bin_dir: Path, case: Case, port: int) -> list[str]:
    gunicorn = [f"{bin_dir}/gunicorn", "-k", "gthread", "--threads", "16", "--no-control-socket"]
    name = "hello" if case.asynchronous else case.name
    return [*gunicorn, "-b", f"127.0.0.1:{port}", "--chdir", str(FUNCTIONS), f"with_flask:{name}"]


def _bare(bin_dir: Path, case: Case, port: int) -> list[str]:
    gunicorn = [f"{bin_dir}/gunicorn", "-k", "asgi", "--http-parser", "python", "--no-control-socket"]
    return [*gunicorn, "-b", f"127.0.0.1:{port}", "--chdir", str(FUNCTIONS), f"bare_asgi:{case.name}"]


_INVOKER_LOCK = ROOT / "invoker" / "requirements.txt"

SERVERS = (
    Server("funcpack", _INVOKER_LOCK, _funcpack),
    Server("functions-framework", HERE / "requirements/functions-framework.txt", _functions_framework, False),
    Server("func-python", HERE / "requirements/func-python.txt", _func_python),
    Server("flask-gunicorn", HERE / "requirements/flask.txt", _flask),
    Server("bare-asgi", _INVOKER_LOCK, _bare),
)


def install(servers: tuple[Server, ...], where: Path) -> dict[str, Path]:
    """Make the environment of every server below `where`; return the directory of each one's executables."""
    uv = str(Path(sys.executable).with_name("uv"))
    directories = {}
    for server in servers:
        venv = where / server.name
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, venv], check=True)
        pip = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(venv / "bin/python")]
        subprocess.run([*pip, "--require-hashes", "-r", str(server.requirements)], check=True)
        if server.name == "funcpack":
            subprocess.run([*pip, "--no-deps", str(ROOT / "invoker")], check=True)
        directories[server.name] = venv / "bin"
    return directories


@dataclass(frozen=True, slots=True)
class Running:
    """A server that has answered its first request, `started_after` seconds after its process was made."""

    port: int
    pid: int
    started_after: float

    def memory(self) -> float:
        """Proportional set size of the whole process group, MiB: what the group would give back if it ended."""
        kilobytes = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                group = int(stat.read_text().rpartition(")")[2].split()[2])
                if group == self.pid:
                    rollup = stat.with_name("smaps_rollup").read_text()
                    kilobytes += int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1])
        return kilobytes / 1024


@contextlib.contextmanager
def running(server: Server, bin_dir: Path, case: Case) -> Iterator[Running]:
    """Serve `case` with `server` in a process group of its own, and end the group afterwards."""
    port = _free_port()
    command = server.command(bin_dir, case, port)
    environment = {"PATH": os.defpath, "PYTHONUNBUFFERED": "1", "WORKERS": "1", "LOG_LEVEL": "warning"}
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=FUNCTIONS,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _await_answer(process, port, case, start + START_LIMIT)
        yield Running(port, process.pid, time.perf_counter() - start)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await_answer(process: subprocess.Popen[bytes], port: int, case: Case, deadline: float) -> None:
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
                return
            raise SystemExit(f"{process.args!r} answered {response.status}: {answer[:200]!r}")
        finally:
            connection.close()
    process.kill()
    errors = process.stderr.read().decode() if process.stderr else ""
    raise SystemExit(f"{process.args!r} does not serve:\n{errors}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
