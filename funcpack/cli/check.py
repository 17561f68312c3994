"""The command `funcpack check`: the static check of a build, as text like a compiler's or as JSON for editors."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from funcpack.cli import output
from funcpack.cli.directory import existing_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from funcpack.check.handler import CheckedFunction
    from funcpack.check.local import Examination, Inspection
    from funcpack.errors import Place, UserError

_EXAMPLES = """\b
Examples:
  funcpack check
  funcpack check --handler orders.handle
  funcpack check --output json | jq .problems
"""


@click.command(epilog=_EXAMPLES)
@click.argument("directory", metavar="[DIR]", default=".")
@click.option(
    "--handler", metavar="NAME", help="Function to check, such as handler.handler. Default: that of the project."
)
@click.option("--output", "format_", type=click.Choice(["text", "json"]), default="text", help="Format of the report.")
def command(directory: str, handler: str | None, format_: str) -> int:
    """Check the function in DIR as a build does, without running it."""
    from funcpack.check.local import examine  # noqa: PLC0415 - `funcpack --help` does not need it

    path = existing_directory(directory)
    examination = examine(path, handler, os.environ)
    if format_ == "json":
        output.json_data(_report(examination, path))
    elif examination.inspection:
        _print_function(examination, examination.inspection, path)
    for problem in examination.problems if format_ == "text" else ():
        _print_problem(problem, examination, path)
    return 1 if examination.problems else 0


def _report(examination: Examination, directory: Path) -> Mapping[str, object]:
    """Return the examination in the form of the JSON output."""
    function = examination.inspection.checked if examination.inspection else None
    return {
        "ok": not examination.problems,
        "handler": examination.handler,
        "kind": _kind(function) if function else None,
        "file": _shown(str(function.file), examination, directory) if function and function.file else None,
        "line": function.line if function else None,
        "parameters": [{"name": name, "value": value} for name, value in _parameters(function)] if function else [],
        "problems": [_problem(problem, examination, directory) for problem in examination.problems],
    }


def _problem(problem: UserError, examination: Examination, directory: Path) -> Mapping[str, object]:
    file, line, column = problem.place
    return {
        "title": problem.title,
        "message": problem.message,
        "file": _shown(file, examination, directory) if file else None,
        "line": line,
        "column": column,
        "hint": problem.remedy,
    }


def _kind(function: CheckedFunction) -> str | None:
    """Return the kind of the function as far as the source shows it; an application takes HTTP requests."""
    if function.signature:
        return str(function.signature.kind)
    return "http" if function.protocol else None


def _parameters(function: CheckedFunction) -> list[tuple[str, str]]:
    """Return each parameter with what it receives, in words."""
    from funcpack_invoker.function.parameters import MEANINGS  # noqa: PLC0415 - `funcpack --help` does not need it

    values = function.signature.values if function.signature else {}
    return [(name, MEANINGS[value]) for name, value in values.items()]


def _shown(file: str, examination: Examination, directory: Path) -> str:
    """Return the name of a file of the app relative to DIR, and that of any other file as it is."""
    path, base = examination.app / file, directory.resolve()
    return str(path.relative_to(base)) if path.is_relative_to(base) else file


def _print_function(examination: Examination, inspection: Inspection, directory: Path) -> None:
    """Print the handler, its kind, and a line for each parameter."""
    from funcpack.buildpack.platform.log import Log  # noqa: PLC0415 - see above
    from funcpack.buildpack.report import log_ignored_variables, log_shadowing  # noqa: PLC0415 - see above

    function, name = inspection.checked, examination.handler
    log = Log(sys.stderr)
    log_ignored_variables(log, inspection.project)
    log_shadowing(log, function.shadowing)
    if function.file is None:
        output.data(f"{name} cannot be checked, because {function.unchecked}. It is loaded when the function starts.")
        return
    place = ":".join(map(str, filter(None, (_shown(str(function.file), examination, directory), function.line))))
    if function.protocol:
        output.data(f"{name} ({place}) is {function.protocol.described}.")
    elif function.signature is None:
        output.data(
            f"{name} ({place}) is checked when the function starts, because the source does not show its parameters."
        )
    else:
        output.data(f"{name} ({place}) accepts {function.signature.kind.described}.")
    for parameter, value in _parameters(function):
        output.data(f"  {parameter}: {value}")


def _print_problem(problem: UserError, examination: Examination, directory: Path) -> None:
    """Print a problem as a compiler does: the place and the title, the source line, what was found, and what to do."""
    file, line, column = problem.place
    place = ":".join(map(str, filter(None, (_shown(file, examination, directory) if file else None, line, column))))
    output.data(f"{place}: {problem.title}" if place else problem.title, fg="red")
    for text in _excerpt(problem.place, examination):
        output.data(f"  {text}")
    output.data(f"\n{problem.message}\n\n{problem.remedy}\n")


def _excerpt(place: Place, examination: Examination) -> Iterator[str]:
    """Return the source line and, if the column is known, a line with a caret below it."""
    from funcpack.plain_text import escaped  # noqa: PLC0415 - see above
    from funcpack.project.app_files import text_or_nothing  # noqa: PLC0415 - see above

    file, line, column = place
    lines = text_or_nothing(examination.app / file, examination.app).splitlines() if file and line else []
    if line and line <= len(lines):
        stripped = lines[line - 1].lstrip()
        yield escaped(stripped.rstrip().expandtabs(1))
        if column:
            yield " " * max(0, column - 1 - (len(lines[line - 1]) - len(stripped))) + "^"
