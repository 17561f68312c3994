"""Imports the function as the image will, on demand: it runs the user's code, which not everybody wants in a build."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

from funcpack.buildpack.install.environment import of_build
from funcpack.errors import ImportCheckError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.buildpack.install.virtualenv import Virtualenv
    from funcpack.buildpack.platform.cnb import Context
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.settings import HandlerName, Settings

VARIABLE = "BP_CHECK_IMPORT"


def run(context: Context, settings: Settings, name: HandlerName, virtualenv: Virtualenv, log: Log) -> None:
    """Let the invoker load the function and show what it says of it.

    Raises:
        ImportCheckError: it could not.

    """
    if not settings.is_on(VARIABLE):
        return
    log.title("Import check")
    command = [
        str(virtualenv.python),
        "-P",
        "-B",
        "-m",
        "funcpack_invoker",
        "check",
        name.text,
        "--source",
        str(context.app),
    ]
    done = subprocess.run(
        command,
        env=_env(settings),
        cwd=context.app,
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
        raise ImportCheckError(name.text, _signal(done.returncode))


def _signal(code: int) -> str | None:
    """Return the name of the signal that ended a process; a library with compiled parts may bring one about."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return None


def _env(settings: Settings) -> Mapping[str, str]:
    return {**of_build(settings.all()), "PYTHONUNBUFFERED": "1"}
