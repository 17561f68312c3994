"""A function's directory, and the commands on it, as processes that talk to a server of Google's APIs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.google.server import GoogleServer

# A hang is a failure; a slow machine is not.
DEADLINE = 120


@dataclass
class App:
    """A function that returns a text, on a backend."""

    directory: Path
    google: GoogleServer
    backend: str

    def __call__(self, command: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the tool and return its result."""
        return subprocess.run(
            [sys.executable, "-m", "funcpack", command, str(self.directory), "--backend", self.backend, *arguments],
            env={**os.environ, **self.google.environ, "HOME": str(self.directory), **environ},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

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
