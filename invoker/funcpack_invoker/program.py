"""What `python -m funcpack_invoker` does: serve a function, or say what it would do with it."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from funcpack_invoker.command_line import CommandLine, parse
from funcpack_invoker.errors import FunctionError, SettingsError
from funcpack_invoker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def prepare(arguments: Sequence[str]) -> Callable[[], int]:
    """Import what the command line asks for; gives what does it, and gives the exit code.

    Raises:
        SystemExit: after the help (0), or a line about wrong usage or a setting (2).

    """
    options = parse(arguments)
    try:
        settings = Settings.from_env(_environment(options))
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the program's output
        sys.exit(2)
    if options.command == "check":
        return partial(_check, settings, options.source)
    _hide_empty_worker_count()
    from funcpack_invoker.server.master import serve  # noqa: PLC0415 - a check needs no server, and it reads variables

    return partial(serve, settings, options.source)


def _environment(options: CommandLine) -> dict[str, str]:
    """Give the environment, with what the command line says in the place of what it had."""
    said = {"PYTHON_HANDLER": options.handler, "PORT": options.port}
    return {**os.environ, **{name: value for name, value in said.items() if value is not None}}


def _hide_empty_worker_count() -> None:
    """Take an empty WEB_CONCURRENCY away: gunicorn reads it by itself, as it is imported, and as a number."""
    if not os.environ.get("WEB_CONCURRENCY", "1").strip():
        del os.environ["WEB_CONCURRENCY"]


def _check(settings: Settings, source: Path) -> int:
    from funcpack_invoker.function.description import describe  # noqa: PLC0415 - serving does not need it
    from funcpack_invoker.function.loader import load  # noqa: PLC0415 - serving loads in its workers

    try:
        description = describe(load(settings.handler, source))
    except FunctionError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the program's output
        return 1
    print(description)  # noqa: T201 - the program's output
    return 0
