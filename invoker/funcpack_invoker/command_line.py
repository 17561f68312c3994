"""What the command line says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


class CommandLine(NamedTuple):
    """The `command` (serve or check) and what it is for; None for what the environment decides."""

    command: str
    handler: str | None
    source: Path
    port: str | None


def parse(arguments: Sequence[str]) -> CommandLine:
    """Read the command line.

    Raises:
        SystemExit: after the help (0), or a line about wrong usage (2).

    """
    # The command that is meant where there is none: to serve.
    said = list(arguments) if arguments[:1] == ["check"] else ["serve", *arguments]
    return _read_plain(said) or _read(said)


def _read_plain(arguments: Sequence[str]) -> CommandLine | None:
    """Read the form in which a server is started; None for any other, which may take longer."""
    command, *said = arguments
    names = [] if not said or said[0].startswith("-") else [said.pop(0)]
    options = dict(zip(said[::2], said[1::2], strict=False))
    is_plain = options.keys() <= {"--source", "--port"} and 2 * len(options) == len(said)
    source = Path(options.get("--source", "."))
    if not (is_plain and source.is_dir()) or any(value.startswith("-") for value in options.values()):
        return None
    return CommandLine(command, next(iter(names), None), source, options.get("--port"))


def _read(arguments: Sequence[str]) -> CommandLine:
    # As slow to import as a tenth of a server's start.
    import argparse  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="funcpack-invoker",
        usage="%(prog)s [check] [HANDLER] [--source DIR] [--port N]",
        description="Serves a Python function over HTTP. Settings are read from the environment; see the documentation.",
    )
    parser.add_argument("command", choices=("serve", "check"), help=argparse.SUPPRESS)
    parser.add_argument("handler", nargs="?", help="module.function (PYTHON_HANDLER, or handler.handler)")
    parser.add_argument("--source", type=Path, default=Path(), metavar="DIR", help="the app directory (.)")
    parser.add_argument("--port", metavar="N", help="the port to listen on (PORT, or 8080)")
    options = parser.parse_intermixed_args(arguments)
    _refuse_no_directory(parser, options.source)
    return CommandLine(options.command, options.handler, options.source, options.port)


def _refuse_no_directory(parser: argparse.ArgumentParser, source: Path) -> None:
    if not source.is_dir():
        parser.error(f"argument --source: {source} is not a directory")
