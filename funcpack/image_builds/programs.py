"""Runs a program whose output is for the user, and ends it in an orderly way if this process is to end."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

# `pack` removes its containers when it is interrupted. The engine may need some time for it.
_ENDING_SECONDS = 60
EXIT_TERMINATED = 128 + signal.SIGTERM


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program with its output, unchanged, on standard error, and return its exit code.

    If this process is interrupted, so is the program, which has ended before the exception is raised.
    """
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


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
