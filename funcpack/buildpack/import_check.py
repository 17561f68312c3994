"""Imports the function as the image will. It runs the user's code, so a build does this only on request."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

from funcpack.buildpack.install.environment import build_variables
from funcpack.errors import ImportCheckError

if TYPE_CHECKING:
    from funcpack.buildpack.install.virtualenv import Virtualenv
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.project import Project


def import_function(project: Project, virtualenv: Virtualenv, log: Log) -> None:
    """Run the invoker's `check` command, and log its output.

    Raises:
        ImportCheckError: The invoker cannot load the function.

    """
    log.title("Import check")
    python_options = ["-P", "-B", "-m", "funcpack_invoker"]
    done = subprocess.run(
        [str(virtualenv.python), *python_options, "check", project.handler.text, "--source", str(project.app)],
        env={**build_variables(project.settings.all()), "PYTHONUNBUFFERED": "1"},
        cwd=project.app,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
    )
    for line in done.stdout.splitlines():
        log.item(line)
    if done.returncode:
        raise ImportCheckError(project.handler.text, _signal_name(done.returncode))


def _signal_name(code: int) -> str | None:
    """Return the name of the signal that ended the process, as a crash of a compiled library does, or None."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return None
