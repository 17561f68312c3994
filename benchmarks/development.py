"""The servers for development that reload a changed file, each with the command that its documentation names, and a save."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Protocol

from benchmarks import process
from benchmarks.cases import CASES
from benchmarks.servers import FUNCPACK, FUNCTIONS_FRAMEWORK, LOCKS, ROOT, create_environment, install_packages, sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLASK = "flask"
FASTAPI = "fastapi"

# What `pip install .` needs of this repository.
_PARTS = ("funcpack", "invoker", "requirements", "templates", "pyproject.toml", "README.md", "LICENSE")

_NEW_ANSWER_LIMIT = 30.0  # seconds
_PAUSE = 0.002  # seconds after a request that failed: refusals come so fast that they would slow the server down

_FUNCTION = """\
def hello(req):
    return "{answer}"
"""

_FLASK_APP = """\
from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello():
    return "{answer}"
"""

_FASTAPI_APP = """\
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.get("/", response_class=PlainTextResponse)
def hello():
    return "{answer}"
"""


class Command(Protocol):
    """The command that starts a server for development."""

    def __call__(self, bin_dir: Path, port: int) -> list[str]:
        """Return the command that serves main.py of the working directory, with the executables in `bin_dir`."""
        ...


@dataclass(frozen=True, slots=True)
class Server:
    """A server for development; `source` is main.py with `{answer}`, `packages` are arguments of `uv pip install`."""

    name: str
    packages: tuple[str, ...]
    source: str
    command: Command


def _funcpack(bin_dir: Path, port: int) -> list[str]:
    return [f"{bin_dir}/funcpack", "run", "--port", str(port), "--ui-port", "0", "--handler", "main.hello"]


def _functions_framework(bin_dir: Path, port: int) -> list[str]:
    address = ["--host", "127.0.0.1", "--port", str(port)]
    return [f"{bin_dir}/functions-framework", "--target", "hello", "--debug", *address]


def _flask(bin_dir: Path, port: int) -> list[str]:
    return [f"{bin_dir}/flask", "--app", "main", "run", "--debug", "--port", str(port)]


def _fastapi(bin_dir: Path, port: int) -> list[str]:
    return [f"{bin_dir}/fastapi", "dev", "main.py", "--port", str(port)]


def _locked(name: str) -> tuple[str, ...]:
    return ("--require-hashes", "-r", str(LOCKS / f"{name}.txt"))


_TOOL = ("--constraint", str(ROOT / "requirements" / "dev.txt"), "-r", str(ROOT / "requirements" / "cli.in"))

SERVERS = (
    Server(FUNCPACK, _TOOL, _FUNCTION, _funcpack),
    Server(FUNCTIONS_FRAMEWORK, _locked(FUNCTIONS_FRAMEWORK), _FUNCTION, _functions_framework),
    Server(FLASK, _locked(FLASK), _FLASK_APP, _flask),
    Server(FASTAPI, _locked(FASTAPI), _FASTAPI_APP, _fastapi),
)


def install(environments: Path) -> dict[str, Path]:
    """Create the environment of each server in `environments`; return the directories of their executables by name."""
    installed = {}
    for server in SERVERS:
        installed[server.name] = create_environment(environments / f"{server.name}-development", *server.packages)
    with sources(*_PARTS) as copy:
        install_packages(installed[FUNCPACK], "--no-deps", str(copy))
    return installed


@dataclass(frozen=True, slots=True)
class Saved:
    """What followed a save: the seconds to the end of the first new answer, and the number of requests that failed before."""

    seconds: float
    failed: int


@dataclass(slots=True)
class Project:
    """A directory whose main.py a server serves on `port`; `saves` is the number of saves so far."""

    server: Server
    directory: Path
    port: int
    saves: int = 0

    def save(self) -> Saved:
        """Write main.py in place with another answer, and request it on new connections until the answer comes.

        Raises:
            SystemExit: the new answer does not come.

        """
        self.saves += 1
        source, answer = self.server.source.format(answer=f"{self.saves:03}"), f"{self.saves:03}".encode()
        failed = 0
        start = time.perf_counter()
        self.directory.joinpath("main.py").write_text(source)
        while time.perf_counter() < start + _NEW_ANSWER_LIMIT:
            got = _get(self.port)
            if got == answer:
                return Saved(time.perf_counter() - start, failed)
            if got is None:
                failed += 1
                time.sleep(_PAUSE)
        raise SystemExit(f"error: {self.server.name} did not answer with what was saved")


@contextlib.contextmanager
def serving(server: Server, bin_dir: Path, scratch: Path) -> Iterator[Project]:
    """Serve a project in a new directory of `scratch` with a server for development.

    Raises:
        SystemExit: the server does not start.

    """
    directory = scratch / server.name
    directory.mkdir()
    directory.joinpath("main.py").write_text(server.source.format(answer="000"))
    port = process.free_port()
    environment = {**process.ENVIRONMENT, "XDG_CACHE_HOME": str(scratch / "cache")}
    with process.serving(server.command(bin_dir, port), port, CASES[0], directory, environment):
        yield Project(server, directory, port)


def _get(port: int) -> bytes | None:
    """Return the answer on a new connection, or None if there is none or it is an error."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_NEW_ANSWER_LIMIT)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        answer = response.read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    return answer if response.status == 200 else None
