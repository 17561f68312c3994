"""Imports the function as the image will. It runs the user's code, so a build does this only on request."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from funcpack.buildpack.install.environment import build_variables
from funcpack.errors import ImportCheckError, ImportTimeoutError

if TYPE_CHECKING:
    from funcpack.buildpack.install.virtualenv import Virtualenv
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.project import Project

# Seconds for the import: large libraries take more than a minute on an emulated processor.
LONGEST = 300

# Seconds for the last lines of a process that has ended.
_LAST_OUTPUT = 1.0


def import_function(project: Project, virtualenv: Virtualenv, log: Log, seconds: float = LONGEST) -> None:
    """Run the invoker's `check` command, and log its output line by line. It has some seconds, and so has what it starts.

    Raises:
        ImportCheckError: The invoker cannot load the function.
        ImportTimeoutError: The import does not end.

    """
    log.title("Import check")
    python_options = ["-P", "-B", "-m", "funcpack_invoker"]
    process = subprocess.Popen(
        [str(virtualenv.python), *python_options, "check", project.handler.text, "--source", str(project.app)],
        env={**build_variables(project.settings.all()), "PYTHONUNBUFFERED": "1"},
        cwd=project.app,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
        process_group=0,
    )
    # A program that the function starts may keep the output open after the end of the import.
    reader = threading.Thread(target=_log_lines, args=(process.stdout, log), daemon=True)
    reader.start()
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise ImportTimeoutError(project.handler.text, seconds) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join(_LAST_OUTPUT)
    if code:
        raise ImportCheckError(project.handler.text, _signal_name(code))


def _log_lines(output: IO[str], log: Log) -> None:
    with output:
        for line in output:
            log.item(line.removesuffix("\n"))


def _signal_name(code: int) -> str | None:
    """Return the name of the signal that ended the process, as a crash of a compiled library does, or None."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return None
