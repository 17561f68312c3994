"""The start of a function with dependencies: from the command, which installs them first, to the first answer."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import process
from benchmarks.cases import CASES
from benchmarks.servers import FUNCPACK, ROOT, UV, sources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

APP = ROOT / "benchmarks" / "apps" / "first-start"
PIP = "venv and pip"

# Names of the caches of pip and uv, which are in XDG_CACHE_HOME without them.
_CACHES = frozenset({"PIP_CACHE_DIR", "PIP_NO_CACHE_DIR", "UV_CACHE_DIR", "UV_NO_CACHE"})


@dataclass(frozen=True, slots=True)
class Starter:
    """A way to start the app: `first` and `later` make the command for a port; `made` is what the first start has made."""

    name: str
    first: Callable[[int], list[str]]
    later: Callable[[int], list[str]]
    made: Path


class Scratch:
    """A new directory with a copy of the app, and the caches and environments of the starters, at first empty."""

    def __init__(self, directory: Path, tool: Path) -> None:
        """Prepare the directory; `tool` is the directory of the executables of `funcpack`."""
        self._app = directory / "app"
        self._cache = directory / "cache"
        self._tool = tool
        self._venv = directory / "venv"
        self._wheel = _invoker_wheel(directory)
        shutil.copytree(APP, self._app)

    @property
    def starters(self) -> tuple[Starter, ...]:
        """Funcpack, and what a user would do without it, with the same server."""
        return (
            Starter(FUNCPACK, self._run, self._run, self._cache / "funcpack"),
            Starter(PIP, self._with_pip, self._serve, self._venv),
        )

    def start(self, starter: Starter, *, is_first: bool) -> float:
        """Return the seconds from the command to the first answer; on a first start, what the last one has made is moved away."""
        if is_first and starter.made.exists():
            starter.made.rename(starter.made.with_name(f"{starter.made.name}-before"))
        port = process.free_port()
        command = (starter.first if is_first else starter.later)(port)
        machine = {name: value for name, value in os.environ.items() if name not in _CACHES}
        environment = {**machine, "WORKERS": "1", "XDG_CACHE_HOME": str(self._cache)}
        with process.serving(command, port, CASES[0], self._app, environment) as started:
            return started.started_after

    def _run(self, port: int) -> list[str]:
        return [f"{self._tool}/funcpack", "run", "--port", str(port), "--ui-port", "0"]

    def _with_pip(self, port: int) -> list[str]:
        install = [f"{self._venv}/bin/pip", "install", "--quiet", "-r", "requirements.txt", str(self._wheel)]
        steps = [[sys.executable, "-m", "venv", str(self._venv)], install, ["exec", *self._serve(port)]]
        return ["sh", "-c", " && ".join(shlex.join(step) for step in steps)]

    def _serve(self, port: int) -> list[str]:
        return [f"{self._venv}/bin/python", "-m", "funcpack_invoker", "handler.handler", "--port", str(port)]


def _invoker_wheel(directory: Path) -> Path:
    """Build the wheel of the invoker, which an index would have."""
    with sources("invoker") as copy:
        subprocess.run([UV, "build", "-q", "--wheel", "--out-dir", directory / "wheels", copy / "invoker"], check=True)
    (wheel,) = directory.joinpath("wheels").glob("*.whl")
    return wheel
