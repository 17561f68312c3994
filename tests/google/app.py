"""A function's directory, and the commands on it, which talk to a server of Google's APIs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from funcpack.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.google.server import GoogleServer

# A hang is a failure; a slow machine is not.
DEADLINE = 120

Result = subprocess.CompletedProcess[str]


@dataclass
class App:
    """A function that returns a text, on a backend. If `backend` is empty, the code or the configuration names it."""

    directory: Path
    google: GoogleServer
    backend: str

    @classmethod
    def new(cls, parent: Path, google: GoogleServer, backend: str) -> App:
        """Return a function with the name `hello`."""
        app = cls(parent / "hello", google, backend)
        app.directory.mkdir()
        app.write("hello")
        return app

    def __call__(self, command: str, *arguments: str, **environ: str) -> Result:
        """Run a command of the tool in this process, because starting one takes longer than what most tests do."""
        line = self._line(command, arguments)
        with CliRunner().isolation(env=self._environ(environ)) as (stdout, stderr, _):
            status = main(line)
            sys.stdout.flush()
            sys.stderr.flush()
            return Result(line, status, stdout.getvalue().decode(), stderr.getvalue().decode())

    def process(self, command: str, *arguments: str, **environ: str) -> Result:
        """Run a command of the tool as a process."""
        return subprocess.run(
            [sys.executable, "-m", "funcpack", *self._line(command, arguments)],
            env={**os.environ, **self._environ(environ)},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def interrupted(self, line: str, command: str, *arguments: str, **environ: str) -> Result:
        """Run a command of the tool as a process, and interrupt it after a line on standard error that begins so."""
        with subprocess.Popen(
            [sys.executable, "-m", "funcpack", *self._line(command, arguments)],
            env={**os.environ, **self._environ(environ)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr
            timer = threading.Timer(DEADLINE, process.kill)
            timer.start()
            seen = [*takewhile(lambda found: not found.startswith(line), process.stderr)]
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate()
            timer.cancel()
        return Result([command, *arguments], process.returncode, stdout, "".join(seen) + stderr)

    def deploy(self, *arguments: str, **environ: str) -> Result:
        """Deploy, and expect that it works."""
        result = self("deploy", *arguments, **environ)
        assert result.returncode == 0, result.stderr
        return result

    def configure(self, configuration: dict[str, Any]) -> None:
        """Write the configuration."""
        (self.directory / "config.json").write_text(json.dumps(configuration))

    def write(self, answer: str) -> None:
        """Write a function that returns a text."""
        (self.directory / "handler.py").write_text(f"def handler(req):\n    return {answer!r}\n")

    def _line(self, command: str, arguments: tuple[str, ...]) -> list[str]:
        backend = ["--backend", self.backend] if self.backend else []
        return [command, str(self.directory), *backend, *arguments]

    def _environ(self, more: dict[str, str]) -> dict[str, str]:
        return {**self.google.environ, "HOME": str(self.directory), **more}
