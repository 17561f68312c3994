"""Measures serving: Funcpack's invoker beside what a user could pick instead, interleaved in one run.

Run it with `make bench`, or `python -m benchmarks.serve --help` for shorter and partial runs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import load, report
from benchmarks.cases import CASES, Case
from benchmarks.servers import ROOT, SERVERS, Server, install, running

REFERENCE = "functions-framework"
COLD_STARTS_A_ROUND = 3
SETTLE_SECONDS = 1.0
# Equal load for the latencies: what every server of the comparison can answer.
LATENCY_RATE = 0.6


def main() -> None:
    """Install the servers, measure every case in interleaved rounds, write the report."""
    arguments = parse_arguments()
    load.ensure_tools()
    servers = tuple(server for server in SERVERS if server.name in arguments.servers)
    directories = install(servers, arguments.environments)
    results = report.Results("Serving a function: one worker each, same machine, same run", REFERENCE)
    for number in range(arguments.rounds):
        order = servers[number % len(servers) :] + servers[: number % len(servers)]
        for case in (case for case in CASES if case.name in arguments.cases):
            measure_throughput(results, case, order, directories, arguments.seconds)
        for case in (case for case in CASES if case.name in {"hello", "reply"} & set(arguments.cases)):
            measure_latency(results, case, order, directories, arguments.seconds)
            measure_start(results, case, order, directories)
        print(f"round {number + 1} of {arguments.rounds} done", file=sys.stderr)
    results.series.sort(key=lambda series: [server.name for server in SERVERS].index(series.competitor))
    report.write(results, arguments.output, "serve")
    print(report.table(results))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of load for one measurement")
    parser.add_argument("--cases", nargs="+", default=[case.name for case in CASES])
    parser.add_argument("--servers", nargs="+", default=[server.name for server in SERVERS])
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks")
    parser.add_argument("--environments", type=Path, default=ROOT / "dist" / "benchmarks")
    return parser.parse_args()


def measure_throughput(
    results: report.Results, case: Case, servers: tuple[Server, ...], directories: dict[str, Path], seconds: float
) -> None:
    """Measure answers a second, after a warm-up."""
    for server in servers:
        with running(server, directories[server.name], case) as process:
            load.throughput(case, process.port, SETTLE_SECONDS)
            measured = load.throughput(case, process.port, seconds)
        if measured.failed:
            print(f"{server.name}: {measured.failed} failed answers in {case.title}", file=sys.stderr)
            continue
        results.add(report.Series(case.title, "1/s", server.name), measured.per_second)


def measure_latency(
    results: report.Results, case: Case, servers: tuple[Server, ...], directories: dict[str, Path], seconds: float
) -> None:
    """Measure the 99th percentile at one rate for all: a share of what the reference just reached."""
    reference = results.find(case.title, REFERENCE)
    if reference is None:
        return
    for server in servers:
        with running(server, directories[server.name], case) as process:
            load.throughput(case, process.port, SETTLE_SECONDS)
            milliseconds = load.latency_p99(case, process.port, reference.values[0] * LATENCY_RATE, seconds)
        figure = f"{case.title}: p99 at equal load"
        results.add(report.Series(figure, "ms", server.name, better="less"), milliseconds)


def measure_start(
    results: report.Results, case: Case, servers: tuple[Server, ...], directories: dict[str, Path]
) -> None:
    """Measure from making the process to its first answer, and what the group of processes then holds in memory."""
    for _ in range(COLD_STARTS_A_ROUND):
        for server in servers:
            with running(server, directories[server.name], case) as process:
                start = report.Series(f"{case.title}: cold start", "ms", server.name, better="less")
                results.add(start, process.started_after * 1000)
                memory = report.Series(f"{case.title}: idle memory", "MiB", server.name, better="less")
                results.add(memory, process.memory())


if __name__ == "__main__":
    main()
