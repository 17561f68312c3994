"""Measure serving: Funcpack's invoker next to its alternatives and to a bare ASGI app, interleaved in one run.

Run it with `make bench`, or `python -m benchmarks.serve --help` for shorter and partial runs.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks import goals, load, report
from benchmarks.cases import CASES, COLD_START, LATENCY, MEMORY, Case
from benchmarks.process import running
from benchmarks.servers import FUNCTIONS_FRAMEWORK, ROOT, SERVERS, InstalledServer, install

TITLE = "Serving a function: one worker each, same machine, same run"
COLD_STARTS_A_ROUND = 3
SETTLE_SECONDS = 1
# The equal load of the latencies, as a share of the throughput of functions-framework: a rate that every server reaches.
LATENCY_RATE = 0.6
# Latency, cold start and memory are measured with one HTTP case and one event case.
DETAILED = ("hello", "reply")


def main() -> None:
    """Install the servers, measure every case in interleaved rounds and write the report."""
    arguments = parse_arguments()
    load.ensure_tools()
    servers = install(tuple(server for server in SERVERS if server.name in arguments.servers), arguments.environments)
    cases = [case for case in CASES if case.name in arguments.cases]
    comparison = Comparison(report.Results(TITLE, FUNCTIONS_FRAMEWORK), arguments.seconds)
    for number in range(arguments.rounds):
        first = number % len(servers)
        comparison.measure_round(cases, servers[first:] + servers[:first])
        print(f"round {number + 1} of {arguments.rounds} done", file=sys.stderr)
    results = comparison.results
    results.sort([server.name for server in SERVERS])
    text = f"{report.table(results)}\n{goals.table(results)}"
    report.write(results, text, arguments.output, "serve")
    print(text)


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    cases, servers = [case.name for case in CASES], [server.name for server in SERVERS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds")
    parser.add_argument("--seconds", type=int, default=3, help="seconds of load for each measurement")
    parser.add_argument("--cases", nargs="+", choices=cases, default=cases, metavar="CASE", help="cases to measure")
    parser.add_argument(
        "--servers", nargs="+", choices=servers, default=servers, metavar="SERVER", help="servers to measure"
    )
    parser.add_argument("--output", type=Path, default=report.OUTPUT, help="directory of the report")
    parser.add_argument(
        "--environments", type=Path, default=ROOT / "dist" / "benchmarks", help="directory of the servers' environments"
    )
    return parser.parse_args()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run that adds what it measures to `results`, with `seconds` of load for each measurement."""

    results: report.Results
    seconds: int

    def measure_round(self, cases: list[Case], servers: tuple[InstalledServer, ...]) -> None:
        """Measure every case once with each of its servers, in the order of `servers`."""
        for case in cases:
            self._measure_throughput(case, _serving(case, servers))
        for case in cases:
            if case.name in DETAILED:
                self._measure_latency(case, _serving(case, servers))
                self._measure_start(case, _serving(case, servers))

    def _measure_throughput(self, case: Case, servers: list[InstalledServer]) -> None:
        """Measure answers a second, after a warm-up."""
        for server in servers:
            with running(server, case) as process:
                load.throughput(case, process.port, SETTLE_SECONDS)
                measured = load.throughput(case, process.port, self.seconds)
            if measured.failed:
                print(f"{server.name}: {measured.failed} failed answers in {case.title}", file=sys.stderr)
                continue
            self.results.add(report.Series(case.title, "1/s", server.name), measured.per_second)

    def _measure_latency(self, case: Case, servers: list[InstalledServer]) -> None:
        """Measure the 99th percentile at the same rate for all servers and rounds, derived from the first round."""
        reference = self.results.find(case.title, FUNCTIONS_FRAMEWORK)
        if reference is None:
            return
        for server in servers:
            with running(server, case) as process:
                load.throughput(case, process.port, SETTLE_SECONDS)
                p99 = load.latency_p99(case, process.port, reference.values[0] * LATENCY_RATE, self.seconds)
            self.results.add(report.Series(case.figure(LATENCY), "ms", server.name, better="less"), p99)

    def _measure_start(self, case: Case, servers: list[InstalledServer]) -> None:
        """Measure the time from creating the process to its first answer, and the memory of its group after that answer."""
        for _ in range(COLD_STARTS_A_ROUND):
            for server in servers:
                with running(server, case) as process:
                    start = report.Series(case.figure(COLD_START), "ms", server.name, better="less")
                    self.results.add(start, process.started_after * 1000)
                    memory = report.Series(case.figure(MEMORY), "MiB", server.name, better="less")
                    self.results.add(memory, process.memory())


def _serving(case: Case, servers: tuple[InstalledServer, ...]) -> list[InstalledServer]:
    return [server for server in servers if case.name in server.server.cases]


if __name__ == "__main__":
    main()
