"""`python -m funcpack_invoker`: serves a function, or says what it would do with it."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from funcpack_invoker.command_line import CommandLine, parse
from funcpack_invoker.deferred import deferring
from funcpack_invoker.errors import FunctionError, SettingsError
from funcpack_invoker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code: 0, 1 (the function cannot be served), 2 (wrong usage or settings)."""
    # The kernel ignores SIGTERM for process 1 as long as nobody asks for it, and imports take a moment.
    signal.signal(signal.SIGTERM, _leave)
    # Imports leave no garbage, and looking for it takes a tenth of the start. Workers turn it on when they have loaded.
    gc.disable()
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        settings = Settings.from_env(_environment(options))
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the program's output
        return 2
    if options.command == "check":
        return _check(settings, options.source)
    _hide_empty_worker_count()
    with deferring():
        from funcpack_invoker.server import serve  # noqa: PLC0415 - a check needs no server

    return serve(settings, options.source)


def _leave(*_: object) -> NoReturn:
    sys.exit(0)


def _environment(options: CommandLine) -> dict[str, str]:
    """Give the environment, with what the command line says in the place of what it had."""
    said = {"PYTHON_HANDLER": options.handler, "PORT": options.port}
    return {**os.environ, **{name: value for name, value in said.items() if value is not None}}


def _hide_empty_worker_count() -> None:
    """Take an empty WEB_CONCURRENCY away: gunicorn reads it by itself, as it is imported, and as a number."""
    if not os.environ.get("WEB_CONCURRENCY", "1").strip():
        del os.environ["WEB_CONCURRENCY"]


def _check(settings: Settings, source: Path) -> int:
    from funcpack_invoker.description import describe  # noqa: PLC0415 - serving does not need it
    from funcpack_invoker.handler import load  # noqa: PLC0415 - serving loads in its workers

    try:
        description = describe(load(settings.handler, source))
    except FunctionError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the program's output
        return 1
    print(description)  # noqa: T201 - the program's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
