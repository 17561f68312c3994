"""Turns the errors of a command into text on standard error and an exit code. No other code of the tool does either."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING

import click

from funcpack.cli.output import note

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def run(command: Callable[[], object]) -> int:
    """Run a command and return its exit code, which is the value that the command returns, or 0."""
    try:
        code = _run(command)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, for example `head`, has seen enough. Python would report the error again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    return code


def _run(command: Callable[[], object]) -> int:
    try:
        code = command()
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as exc:  # noqa: BLE001 - a bug is reported with its traceback
        return _report(exc)
    return code if isinstance(code, int) else 0


def _report(exc: Exception) -> int:
    """Print an error that the user can fix, or the traceback of a bug, and return the exit code."""
    # `funcpack --help` does not need the texts, which take as long to import as the rest of the tool.
    from funcpack.command_errors import BUG_REPORT, CommandError, FileSystemError  # noqa: PLC0415
    from funcpack.errors import UserError, render  # noqa: PLC0415

    error: Exception = exc
    if isinstance(exc, OSError):
        error = FileSystemError.of(exc)
    if not isinstance(error, UserError):
        traceback.print_exception(exc)
        note(BUG_REPORT)
        return EXIT_FAILED
    note(f"error: {error.title}", fg="red")
    for line in render(error):
        note(line)
    return error.exit_code if isinstance(error, CommandError) else EXIT_FAILED
