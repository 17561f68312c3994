"""Finds and runs `pack`, the program that builds images with buildpacks (https://buildpacks.io)."""

from __future__ import annotations

import platform
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.command_errors import NoPackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

# The version with which Funcpack is tested: that in tools/pack/go.mod.
TESTED_VERSION = "0.40.6"
_RELEASES = "https://github.com/buildpacks/pack/releases/download"
_VERSION_SECONDS = 30
# `pack` removes its containers when it is interrupted. The engine may need some time for it.
_ENDING_SECONDS = 60
EXIT_TERMINATED = 128 + signal.SIGTERM


@dataclass(frozen=True, slots=True)
class Pack:
    """The program `pack` and its version."""

    program: str
    version: str

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run a command with its output, unchanged, on standard error, and return its exit code.

        If this process is interrupted, so is `pack`, which removes its containers before the exception is raised.
        """
        command = [self.program, *arguments]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment) as process:
            try:
                return process.wait()
            except BaseException:
                _interrupt(process)
                raise


@contextmanager
def terminable() -> Iterator[None]:
    """Make SIGTERM raise an exception in the block, so that containers and temporary files are removed."""

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a signal handler
        raise SystemExit(EXIT_TERMINATED)

    former = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def find() -> Pack:
    """Return the `pack` on PATH.

    Raises:
        NoPackError: There is none.

    """
    program = shutil.which("pack")
    version = _version(program) if program else None
    if program is None or version is None:
        raise NoPackError(program)
    return Pack(program, version)


def install_command() -> str:
    """Return the command that installs `pack` on this machine."""
    if sys.platform == "darwin":
        return "brew install buildpacks/tap/pack"
    suffix = "-arm64" if platform.machine() == "aarch64" else ""
    archive = f"{_RELEASES}/v{TESTED_VERSION}/pack-v{TESTED_VERSION}-linux{suffix}.tgz"
    return f"curl -sSfL {archive} | sudo tar -C /usr/local/bin -xz pack"


def _version(program: str) -> str | None:
    """Return the version, or None if the program is another one of this name."""
    try:
        done = subprocess.run(
            [program, "version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_VERSION_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = done.stdout.strip()
    return version if done.returncode == 0 and version[:1].isdigit() else None


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
