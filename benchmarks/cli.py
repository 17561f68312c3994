"""Measure the command line tool: `funcpack run` next to other servers for development, interleaved in one run, and its starts.

Run it with `make bench`, or `python -m benchmarks.cli --help` for shorter and partial runs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import cli_goals, commands, development, first_start, front, report
from benchmarks.servers import FUNCPACK, ROOT

TITLE = "The command line tool: same machine, same run"
INVOKER = "invoker alone"
FAILED = "requests that failed, for each save"
REQUEST = "request on an open connection"
REQUESTS_A_ROUND = 1000
COMMANDS_A_ROUND = 10
# Seconds before a save. It comes at another moment of the second each time, because one of the servers looks once a second.
SETTLE_SECONDS = 1.0
SETTLE_STEP = 0.37

COMPETITORS = [*(server.name for server in development.SERVERS), first_start.PIP, INVOKER, cli_goals.IMPORT_CLICK]


def main() -> None:
    """Install the servers, measure the parts in interleaved rounds and write the report."""
    arguments = parse_arguments()
    comparison = Comparison(
        report.Results(TITLE, FUNCPACK), development.install(arguments.environments), arguments.saves
    )
    # Nothing is removed before the end: a file system can be slow for some minutes after many files have been removed.
    with tempfile.TemporaryDirectory(dir=arguments.environments) as scratch:
        for number in range(arguments.rounds):
            for part in arguments.parts:
                directory = Path(scratch, f"{part}-{number}")
                directory.mkdir()
                PARTS[part](comparison, directory, number)
            print(f"round {number + 1} of {arguments.rounds} done", file=sys.stderr)
    results = comparison.results
    add_p90(results)
    results.sort(COMPETITORS)
    text = f"{report.listing(results)}\n{cli_goals.table(results)}"
    report.write(results, text, arguments.output, "cli")
    print(text)


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds")
    parser.add_argument("--saves", type=int, default=6, help="saves with each server in a round")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS), help="what to measure")
    parser.add_argument("--output", type=Path, default=report.OUTPUT, help="directory of the report")
    parser.add_argument(
        "--environments", type=Path, default=ROOT / "dist" / "benchmarks", help="directory of the servers' environments"
    )
    return parser.parse_args()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run that adds what it measures to `results`; `installed` has the directories of the executables by server."""

    results: report.Results
    installed: dict[str, Path]
    saves: int

    def measure_saves(self, scratch: Path, number: int) -> None:
        """Save a file with each server in turns, while all of them run."""
        with ExitStack() as stack:
            projects = [
                stack.enter_context(development.serving(server, self.installed[server.name], scratch))
                for server in development.SERVERS
            ]
            for turn in range(number * self.saves, (number + 1) * self.saves):
                first = turn % len(projects)
                for project in projects[first:] + projects[:first]:
                    time.sleep(SETTLE_SECONDS + turn * SETTLE_STEP % 1)
                    saved = project.save()
                    self._add(cli_goals.SAVE, "s", project.server.name, saved.seconds)
                    self._add(FAILED, "requests", project.server.name, saved.failed)

    def measure_first_starts(self, directory: Path, number: int) -> None:
        """Start a function with dependencies: for the first time without and with downloads in the caches, and again."""
        scratch = first_start.Scratch(directory, self.installed[FUNCPACK])
        for figure, is_first in (
            ("first start, nothing in the caches", True),
            ("first start, packages in the caches", True),
            ("second start", False),
        ):
            for starter in scratch.starters[:: -1 if number % 2 else 1]:
                self._add(figure, "s", starter.name, scratch.start(starter, is_first=is_first))

    def measure_front(self, scratch: Path, number: int) -> None:  # noqa: ARG002 - as the other parts
        """Send requests through the front and directly to the invoker in turns."""
        latencies = front.measure(self.installed[FUNCPACK], scratch, REQUESTS_A_ROUND)
        for name, values in ((FUNCPACK, latencies.through), (INVOKER, latencies.directly)):
            self._add(REQUEST, "ms", name, statistics.median(values) * 1000)
        self._add(cli_goals.ADDED, "ms", FUNCPACK, latencies.added * 1000)

    def measure_commands(self, scratch: Path, number: int) -> None:  # noqa: ARG002 - as the other parts
        """Run commands to their end in turns."""
        commands.write_project(scratch)
        bin_dir = self.installed[FUNCPACK]
        timed: tuple[tuple[str, str, list[str | Path]], ...] = (
            (cli_goals.HELP, FUNCPACK, [bin_dir / "funcpack", "--help"]),
            (cli_goals.HELP, cli_goals.IMPORT_CLICK, [bin_dir / "python", "-c", "import click"]),
            (cli_goals.CHECK, FUNCPACK, [bin_dir / "funcpack", "check", scratch]),
        )
        for _ in range(COMMANDS_A_ROUND):
            for figure, competitor, command in timed:
                self._add(figure, "s", competitor, commands.seconds(command))

    def _add(self, figure: str, unit: str, competitor: str, value: float) -> None:
        self.results.add(report.Series(figure, unit, competitor, better="less"), value)


PARTS = {
    "saves": Comparison.measure_saves,
    "starts": Comparison.measure_first_starts,
    "front": Comparison.measure_front,
    "commands": Comparison.measure_commands,
}


def add_p90(results: report.Results) -> None:
    """Add the 90th percentiles of the saves, as a figure of its own."""
    for series in [series for series in results.series if series.figure == cli_goals.SAVE]:
        p90 = report.Series(cli_goals.SAVE_P90, series.unit, series.competitor, better="less")
        results.add(p90, series.p90)


if __name__ == "__main__":
    main()
