"""Runs uv, shows calmly what it says, and keeps the end of it to find out what went wrong."""

from __future__ import annotations

import functools
import subprocess
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from funcpack.buildpack.install import prepared
from funcpack.buildpack.install.environment import without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from funcpack.buildpack.platform.log import Log

# Said about paths that only we are interested in.
_NOT_SHOWN = (
    "Using Python ",
    "Using CPython ",
    "Creating virtual environment",
    "Activate with",
    "warning: The package index",
)


class UvError(Exception):
    """uv failed; `output` is the end of what it said."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output


@dataclass(frozen=True, slots=True)
class Uv:
    """The uv that travels with the buildpack, and the variables that it is run with.

    `install_options` are settings of the user for which uv has options only.
    """

    executable: Path
    env: Mapping[str, str]
    cwd: Path
    install_options: Sequence[str] = ()

    def with_env(self, **variables: str) -> Uv:
        """Return one with more variables."""
        return replace(self, env={**self.env, **variables})

    def version(self) -> str:
        """Return its version."""
        return prepared.fact(self.executable.parent.parent, "uv-version", lambda: _version(self.executable))

    def query(self, arguments: Sequence[str]) -> str:
        """Run it without showing anything; return what it says, also when it fails."""
        return self._process(arguments, stderr=subprocess.STDOUT).stdout

    def run(self, arguments: Sequence[str], log: Log | None) -> None:
        """Run it and show what it says, line by line as it comes.

        Raises:
            UvError: it failed.

        """
        tail: deque[str] = deque(maxlen=200)
        command = [str(self.executable), "--no-progress", "--color=never", *arguments]
        with subprocess.Popen(
            command,
            env=dict(self.env),
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
        ) as process:
            for line in process.stdout or ():
                shown = without_credentials(line.rstrip())
                tail.append(shown)
                if log and not shown.startswith(_NOT_SHOWN):
                    log.item(shown)
        if process.returncode:
            raise UvError("\n".join(tail))

    def capture(self, arguments: Sequence[str]) -> str:
        """Run it without showing anything; return its standard output.

        Raises:
            UvError: it failed.

        """
        done = self._process(arguments, stderr=subprocess.PIPE)
        if done.returncode:
            raise UvError(without_credentials(done.stderr))
        return done.stdout

    def _process(self, arguments: Sequence[str], *, stderr: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.executable), "--color=never", *arguments],
            env=dict(self.env),
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            check=False,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
        )


@functools.cache
def _version(executable: Path) -> str:
    done = subprocess.run([str(executable), "--version"], env={}, stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.split()[1]
