"""The command line: `funcpack-invoker [check] [HANDLER]` serves a function, or checks whether it can be served."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from funcpack_invoker.errors import FunctionError, ListenError, SettingsError
from funcpack_invoker.server.sockets import bind, listen
from funcpack_invoker.settings import Settings

if TYPE_CHECKING:
    import argparse
    import socket
    from collections.abc import Callable, Sequence


class CommandLine(NamedTuple):
    """The arguments: the `command` (serve or check) and its options; None if the environment decides."""

    command: str
    handler: str | None
    source: Path
    port: str | None


def prepare(arguments: Sequence[str], listeners: list[socket.socket] | None = None) -> Callable[[], int]:
    """Import what the command needs, and return a function that runs it and returns the exit code.

    Args:
        arguments: of the command line.
        listeners: bound sockets to serve on; None to bind those of the settings.

    Raises:
        SystemExit: after printing the help (0), or one line about wrong usage or a wrong setting (2), or about a port that
            is in use (1).

    """
    options = parse(arguments)
    try:
        settings = Settings.from_env(_environment(options))
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the program's output
        sys.exit(2)
    if options.command == "check":
        return partial(_check, settings, options.source)
    listeners = _open_sockets(settings, listeners)
    _hide_empty_worker_count()
    from funcpack_invoker.server.master import serve  # noqa: PLC0415 - a check needs no server, and it reads variables

    return partial(serve, settings, options.source, listeners)


def _open_sockets(settings: Settings, listeners: list[socket.socket] | None) -> list[socket.socket]:
    """Open the sockets before the server is imported, which takes most of the time until the function is."""
    try:
        listeners = listeners or bind(settings.host, settings.port)
        if settings.listen_early:
            listen(listeners, settings.host, settings.port)
    except ListenError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the program's output
        sys.exit(1)
    return listeners


def parse(arguments: Sequence[str]) -> CommandLine:
    """Parse the command line.

    Raises:
        SystemExit: after printing the help (0), or one line about wrong usage (2).

    """
    # The default command is to serve.
    complete = list(arguments) if arguments[:1] == ["check"] else ["serve", *arguments]
    return _parse_plain(complete) or _parse(complete)


def _parse_plain(arguments: Sequence[str]) -> CommandLine | None:
    """Parse the usual form, `[HANDLER] [--option VALUE]...`, without argparse, which is slow to import; else None."""
    command, *rest = arguments
    names = [] if not rest or rest[0].startswith("-") else [rest.pop(0)]
    options = dict(zip(rest[::2], rest[1::2], strict=False))
    is_plain = options.keys() <= {"--source", "--port"} and 2 * len(options) == len(rest)
    source = Path(options.get("--source", "."))
    if not (is_plain and source.is_dir()) or any(value.startswith("-") for value in options.values()):
        return None
    return CommandLine(command, next(iter(names), None), source, options.get("--port"))


def _parse(arguments: Sequence[str]) -> CommandLine:
    import argparse  # noqa: PLC0415 - see `_parse_plain`

    parser = argparse.ArgumentParser(
        prog="funcpack-invoker",
        usage="%(prog)s [check] [HANDLER] [--source DIR] [--port N]",
        description="Serves a Python function over HTTP. Settings are environment variables; see the documentation.",
    )
    parser.add_argument("command", choices=("serve", "check"), help=argparse.SUPPRESS)
    parser.add_argument("handler", nargs="?", help="module.function (default: PYTHON_HANDLER, or handler.handler)")
    parser.add_argument("--source", type=Path, default=Path(), metavar="DIR", help="the app directory (default: .)")
    parser.add_argument("--port", metavar="N", help="the port to listen on (default: PORT, or 8080)")
    options = parser.parse_intermixed_args(arguments)
    _require_directory(parser, options.source)
    return CommandLine(options.command, options.handler, options.source, options.port)


def _require_directory(parser: argparse.ArgumentParser, source: Path) -> None:
    if not source.is_dir():
        parser.error(f"argument --source: {source} is not a directory")


def _environment(options: CommandLine) -> dict[str, str]:
    """Return the environment, with the command line's values in it."""
    given = {"PYTHON_HANDLER": options.handler, "PORT": options.port}
    return {**os.environ, **{name: value for name, value in given.items() if value is not None}}


def _hide_empty_worker_count() -> None:
    """Remove an empty WEB_CONCURRENCY: gunicorn reads it while it is imported, and fails to parse it as a number."""
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
