"""A function's directory, and the commands on it, which talk to a server of Google's APIs: in this process, or in their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.google.server import GoogleServer

# A hang is a failure; a slow machine is not.
DEADLINE = 120


@dataclass
class App:
    """A function that returns a text, on a backend. If `backend` is empty, the code or the configuration names it."""

    directory: Path
    google: GoogleServer
    backend: str

    def __call__(self, command: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the tool in this process, which takes a tenth of the time, and return its result."""
        line = self._line(command, arguments)
        stdout, stderr = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
            for name, value in self._environ(environ).items():
                patch.setenv(name, value)
            code = main(line)
        return subprocess.CompletedProcess(line, code, stdout.getvalue(), stderr.getvalue())

    def process(self, command: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the tool as a process, and return its result."""
        return subprocess.run(
            [sys.executable, "-m", "funcpack", *self._line(command, arguments)],
            env={**os.environ, **self._environ(environ)},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def _line(self, command: str, arguments: tuple[str, ...]) -> list[str]:
        backend = ["--backend", self.backend] if self.backend else []
        return [command, str(self.directory), *backend, *arguments]

    def _environ(self, more: dict[str, str]) -> dict[str, str]:
        return {**self.google.environ, "HOME": str(self.directory), **more}

    def deploy(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
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
