"""The servers of the comparison, each with the command that starts it and an environment of its own."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from benchmarks.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cases import Case

HERE = Path(__file__).parent
ROOT = HERE.parent
FUNCTIONS = HERE / "functions"
LOCKS = HERE / "requirements"
UV = str(Path(sys.executable).with_name("uv"))
FUNCPACK = "funcpack"
FUNCTIONS_FRAMEWORK = "functions-framework"
UVICORN = "uvicorn"


class Command(Protocol):
    """The command that starts a server."""

    def __call__(self, bin_dir: Path, case: Case, port: int) -> list[str]:
        """Return the command that serves `case` on `port` with the executables in `bin_dir`."""
        ...


@dataclass(frozen=True, slots=True)
class Server:
    """A way to serve a function; `requirements` is the lock of its environment, `cases` names what it is measured with."""

    name: str
    requirements: Path
    command: Command
    cases: tuple[str, ...] = tuple(case.name for case in CASES)


@dataclass(frozen=True, slots=True)
class InstalledServer:
    """A server whose environment has its executables in `bin_dir`."""

    server: Server
    bin_dir: Path

    @property
    def name(self) -> str:
        """The server's name in the report."""
        return self.server.name

    def command(self, case: Case, port: int) -> list[str]:
        """Return the command that serves `case` on `port`."""
        return self.server.command(self.bin_dir, case, port)


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
    script = str(FUNCTIONS / "with_func_python.py")
    return ["env", f"LISTEN_ADDRESS=127.0.0.1:{port}", f"{bin_dir}/python", script, case.name]


def _flask(bin_dir: Path, case: Case, port: int) -> list[str]:
    gunicorn = [f"{bin_dir}/gunicorn", "-k", "gthread", "--threads", "16", "--no-control-socket"]
    name = "hello" if case.asynchronous else case.name
    return [*gunicorn, "-b", f"127.0.0.1:{port}", "--chdir", str(FUNCTIONS), f"with_flask:{name}"]


def _starlette(bin_dir: Path, case: Case, port: int) -> list[str]:
    return _uvicorn(bin_dir, f"with_starlette:{case.name}", port)


def _fastapi(bin_dir: Path, case: Case, port: int) -> list[str]:
    return _uvicorn(bin_dir, f"with_fastapi:{case.name}", port)


def _bare_asgi(bin_dir: Path, case: Case, port: int) -> list[str]:
    return [*_uvicorn(bin_dir, f"bare_asgi:{case.name}", port), "--lifespan", "off"]


def _uvicorn(bin_dir: Path, app: str, port: int) -> list[str]:
    # No access log, as all others have none by default.
    options = ["--http", "httptools", "--loop", "uvloop", "--log-level", "warning", "--no-access-log"]
    return [f"{bin_dir}/uvicorn", "--app-dir", str(FUNCTIONS), "--port", str(port), *options, app]


SERVERS = (
    Server(FUNCPACK, ROOT / "invoker" / "requirements.txt", _funcpack),
    Server(FUNCTIONS_FRAMEWORK, LOCKS / "functions-framework.txt", _functions_framework),
    Server("func-python", LOCKS / "func-python.txt", _func_python),
    Server("flask-gunicorn", LOCKS / "flask.txt", _flask),
    Server("starlette", LOCKS / "starlette.txt", _starlette, ("hello", "hello_async", "json_echo")),
    Server("fastapi", LOCKS / "fastapi.txt", _fastapi, ("hello", "json_echo")),
    Server(UVICORN, LOCKS / "uvicorn.txt", _bare_asgi),
)


def install(servers: tuple[Server, ...], environments: Path) -> tuple[InstalledServer, ...]:
    """Create the environment of each server in `environments`."""
    installed = []
    for server in servers:
        bin_dir = create_environment(environments / server.name, "--require-hashes", "-r", str(server.requirements))
        if server.name == FUNCPACK:
            with sources("invoker") as copy:
                install_packages(bin_dir, "--no-deps", str(copy / "invoker"))
        installed.append(InstalledServer(server, bin_dir))
    return tuple(installed)


def create_environment(venv: Path, *packages: str) -> Path:
    """Create an environment with packages, given as arguments of `uv pip install`; return the directory of its executables."""
    subprocess.run([UV, "venv", "-q", "--clear", "--python", sys.executable, venv], check=True)
    install_packages(venv / "bin", *packages)
    return venv / "bin"


def install_packages(bin_dir: Path, *packages: str) -> None:
    """Install packages, given as arguments of `uv pip install`, in an environment."""
    pip = [UV, "pip", "install", "-q", "--compile-bytecode", "--python", str(bin_dir / "python")]
    subprocess.run([*pip, *packages], check=True)


@contextlib.contextmanager
def sources(*parts: str) -> Iterator[Path]:
    """Yield a copy of parts of this repository: setuptools and uv would otherwise reuse what they built from an older tree."""
    with tempfile.TemporaryDirectory() as scratch:
        ignored = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
        for part in parts:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, Path(scratch, part), symlinks=True, ignore=ignored)
            else:
                shutil.copy(ROOT / part, scratch)
        yield Path(scratch)
