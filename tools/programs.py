"""Runs programs whose output the user reads, or a tool needs, without a log."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tools import errors
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(command: Sequence[str]) -> None:
    """Run `command` at the root of the repository, with the streams of this process.

    Raises ToolError if the program is not installed or fails.
    """
    done = _done(command, None)
    if done.returncode != 0:
        raise errors.program_failed(command, done.returncode)


def output_of(command: Sequence[str]) -> str:
    """Run `command` at the root of the repository, and return its output.

    Raises ToolError if the program is not installed or fails.
    """
    done = _done(command, subprocess.PIPE)
    if done.returncode != 0:
        raise errors.program_failed(command, done.returncode, done.stderr)
    return done.stdout


def _done(command: Sequence[str], stream: int | None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, cwd=ROOT, stdout=stream, stderr=stream, text=True, check=False)
    except FileNotFoundError:
        raise errors.command_missing(command[0]) from None
