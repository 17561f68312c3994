"""`funcpack test`: sends the saved requests to a fresh server of the function, and compares its answers with those kept."""

from __future__ import annotations

import asyncio
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funcpack.cli.output import data, json_data, note
from funcpack.cli.seconds import positive
from funcpack.plain_text import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from funcpack.calls.saved_requests import SavedRequest
    from funcpack.calls.sending import Server
    from funcpack.cli.targets import Target

_EXAMPLES = """\b
Examples:
  funcpack invoke --sample s3 --save object-created
  funcpack test
  funcpack test object-created --update
"""

_DEADLINE = 60.0

# Of a difference.
_MOST_LINES = 40

_COLORS = {"ok": "green", "updated": "yellow", "differs": "red", "failed": "red"}


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a saved request.

    Attributes:
        name: of the request.
        outcome: `ok`, `updated`, `differs`, or `failed` if there was no answer.
        status: of the answer, if there was one.
        ms: the milliseconds of the call.
        lines: the difference, or why there is no answer.

    """

    name: str
    outcome: str
    status: int | None
    ms: float | None
    lines: Sequence[str]

    @property
    def is_ok(self) -> bool:
        """Return whether the answer is the one kept, or is kept now."""
        return self.outcome in {"ok", "updated"}

    def as_json(self) -> dict[str, Any]:
        """Return the result for programs."""
        ms = None if self.ms is None else round(self.ms, 3)
        members = {"name": self.name, "ok": self.is_ok, "outcome": self.outcome, "status": self.status, "ms": ms}
        return {**members, "difference": list(self.lines)}


@click.command(epilog=_EXAMPLES)
@click.argument("arguments", nargs=-1, metavar="[DIR] [NAME]...")
@click.option("--update", is_flag=True, help="Replace the saved answers that differ by the new ones.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=float,
    default=_DEADLINE,
    callback=positive,
    help="Deadline of each call. Default: 60.",
)
@click.option("--output", type=click.Choice(("text", "json")), default="text", help="Format of the results.")
def command(arguments: tuple[str, ...], *, update: bool, timeout: float, output: str) -> int:
    """Send the requests in tests/events to the function in DIR, and compare the answers with the saved ones.

    IDs and times are not compared, and neither is what a file lists in "ignore". Give a NAME to send only
    that request.
    """
    from funcpack.calls import saved_requests  # noqa: PLC0415 - takes longer than the rest of the tool
    from funcpack.cli.targets import find_target  # noqa: PLC0415 - as above

    directory, names = _directory_and_names(arguments)
    requests = saved_requests.load_all(directory, names)
    report = _print if output == "text" else _say_nothing
    results = asyncio.run(_send_all(find_target(str(directory)), requests, timeout, report, update=update))
    if output == "json":
        json_data([result.as_json() for result in results])
    else:
        _print_summary(results, arguments)
    return 0 if all(result.is_ok for result in results) else 1


def _directory_and_names(arguments: tuple[str, ...]) -> tuple[Path, tuple[str, ...]]:
    """Return the directory and the names of requests: an argument that is no path can only be a name."""
    if not arguments or not (Path(arguments[0]).is_dir() or os.sep in arguments[0]):
        return Path(), arguments
    directory, *names = arguments
    from funcpack.cli.directory import existing_directory  # noqa: PLC0415 - as above

    return existing_directory(directory), tuple(names)


async def _send_all(
    target: Target,
    requests: Sequence[SavedRequest],
    seconds: float,
    report: Callable[[Result], object],
    *,
    update: bool,
) -> list[Result]:
    results = []
    async with target.serving() as server:
        for saved in requests:
            results.append(await _result(server, saved, seconds, update=update))
            report(results[-1])
    return results


async def _result(server: Server, saved: SavedRequest, seconds: float, *, update: bool) -> Result:
    from funcpack.calls import comparison, sending  # noqa: PLC0415 - as above
    from funcpack.command_errors import CallTimeoutError, NoAnswerError  # noqa: PLC0415 - as above

    try:
        answer = await sending.send(server, saved.request, seconds)
    except (CallTimeoutError, NoAnswerError) as exc:
        return Result(saved.name, "failed", None, None, [exc.found])
    lines = comparison.difference(saved.answer, answer, saved.ignored)
    outcome = "differs" if lines else "ok"
    if lines and update:
        saved.with_answer(comparison.kept(answer, saved.header_names)).write()
        outcome = "updated"
    return Result(saved.name, outcome, answer.head.status, answer.ms, lines)


def _print_summary(results: Sequence[Result], arguments: tuple[str, ...]) -> None:
    """Print how many requests have failed, and how to keep answers that differ."""
    outcomes = [result.outcome for result in results]
    if "failed" in outcomes:
        note(f"{outcomes.count('failed')} of {len(results)} requests got no answer.")
    if "differs" in outcomes:
        repeated = shlex.join(["funcpack", "test", *arguments, "--update"])
        note(
            f"{outcomes.count('differs')} of {len(results)} answers differ. To keep the new ones if they are right: {repeated}"
        )


def _say_nothing(_: Result) -> None:
    """Report nothing: the whole list is printed at the end."""


def _print(result: Result) -> None:
    data(f"{result.outcome:<8} {result.name}", fg=_COLORS[result.outcome])
    for line in result.lines[:_MOST_LINES]:
        data(f"    {escaped(line)}", fg={"-": "red", "+": "green"}.get(line[0]))
    if len(result.lines) > _MOST_LINES:
        data(f"    ... {len(result.lines) - _MOST_LINES} more lines; --output json has all of them")
