"""Runs uv: shows its output in the log, and keeps the end of it to find the cause of a failure."""

from __future__ import annotations

import functools
import subprocess
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from funcpack.buildpack.install import prepared, uv_hints
from funcpack.buildpack.install.redaction import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from funcpack.buildpack.platform.log import Log

# Lines about paths that users are not interested in.
_NOT_SHOWN = (
    "Using Python ",
    "Using CPython ",
    "Creating virtual environment",
    "Activate with",
    "warning: The package index",
)

_LONGEST = 4000
_MOST_LINES = 200


class UvError(Exception):
    """uv failed. `output` is the end of its output."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output


@dataclass(frozen=True, slots=True)
class Uv:
    """The uv in the buildpack, with its environment variables.

    `install_options` are the user's settings that uv has options for, but no variables. `secrets` are texts that must not
    be in the log: uv quotes lines of files that it cannot read. `process_group` is that of uv's processes, or None for that of
    this process.
    """

    executable: Path
    env: Mapping[str, str]
    cwd: Path
    install_options: Sequence[str] = ()
    secrets: Sequence[str] = ()
    process_group: int | None = None

    def with_env(self, **variables: str) -> Uv:
        """Return a copy with additional variables."""
        return replace(self, env={**self.env, **variables})

    def without_settings(self) -> Uv:
        """Return a copy that ignores the user's settings of uv, to install packages that the user did not choose."""
        env = {name: value for name, value in self.env.items() if not name.startswith("UV_")}
        return replace(self, env=env, install_options=())

    @contextmanager
    def with_temporary_cache(self, layers: Path) -> Iterator[Uv]:
        """Yield a copy with an empty cache for the block.

        uv can hard-link files from its cache if both are in one file system, as all directories in the layers are. The user's
        configuration may request symbolic links, which would lead nowhere after the block.
        """
        import tempfile  # noqa: PLC0415 - slow, and most builds reuse the layers of the last build

        with tempfile.TemporaryDirectory(prefix="uv-cache-", dir=layers, ignore_cleanup_errors=True) as cache:
            yield self.with_env(UV_CACHE_DIR=cache, UV_LINK_MODE="hardlink")

    def version(self) -> str:
        """Return the version of uv."""
        return prepared.known_fact(self.executable.parent.parent, "uv-version", lambda: _version(self.executable))

    def query(self, arguments: Sequence[str]) -> str:
        """Run uv silently, and return its output even if it fails."""
        return self._process(arguments, stderr=subprocess.STDOUT).stdout

    def run(self, arguments: Sequence[str], log: Log | None) -> None:
        """Run uv, and log its output line by line.

        Raises:
            UvError: uv failed.

        """
        tail: deque[str] = deque(maxlen=_MOST_LINES)
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
            process_group=self.process_group,
        ) as process:
            for line in process.stdout or ():
                shown = self._shown(line.rstrip())
                tail.append(shown[:_LONGEST])
                if log and not shown.startswith(_NOT_SHOWN):
                    for text in uv_hints.translated(shown):
                        log.item(text)
        if process.returncode:
            raise UvError("\n".join(tail))

    def capture(self, arguments: Sequence[str]) -> str:
        """Run uv silently, and return its standard output.

        Raises:
            UvError: uv failed.

        """
        done = self._process(arguments, stderr=subprocess.PIPE)
        if done.returncode:
            raise UvError("\n".join(map(self._shown, done.stderr.splitlines())))
        return done.stdout

    def _shown(self, line: str) -> str:
        """Return a line of the output without secrets. Its length is limited, because all patterns for it take time."""
        for secret in self.secrets:
            line = line.replace(secret, "***")
        return without_credentials(line[:_LONGEST] + ("..." if len(line) > _LONGEST else ""))

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
            process_group=self.process_group,
        )


@functools.cache
def _version(executable: Path) -> str:
    done = subprocess.run([str(executable), "--version"], env={}, stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.split()[1]
