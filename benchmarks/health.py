"""Measure how soon health checks are answered while clients keep a function busy that computes, in a container.

Run it with `make bench`, or `python -m benchmarks.health --help` for shorter runs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import report
from benchmarks.servers import ROOT
from tools import container, host, make, pack_cli
from tools.places import LOGS
from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.container import Container

IMAGE = "funcpack-benchmark/health"
FUNCTION = ROOT / "tests" / "cluster" / "functions" / "probe.py"
LOAD = ROOT / "tests" / "cluster" / "programs" / "load.py"
LIVE_PATH = "/health/live"
# Seconds of CPU time of each call.
COMPUTED = 0.1
# CPUs of the container, or None for no limit.
LIMITS = (None, 0.5)
CLIENTS = (20, 100)
# Seconds between two checks, so that they do not all meet the same phase of the load or of the limit.
PAUSE = 0.137


@dataclass(frozen=True, slots=True)
class Checks:
    """The seconds of the checks with a limit of CPUs and a number of clients, and the load of the machine after them."""

    limit: float | None
    clients: int
    seconds: list[float]
    load: float

    @property
    def row(self) -> list[str]:
        """The row of the table."""
        times = sorted(self.seconds)
        chosen = (times[len(times) // 2], times[int(len(times) * 0.99)], times[-1])
        limit = "none" if self.limit is None else f"{self.limit * 1000:.0f}m"
        return [limit, str(self.clients), str(len(times)), *(f"{seconds:.2f} s" for seconds in chosen)]


def main() -> None:
    """Build the function, measure each case, and write the report."""
    arguments = parse_arguments()
    progress = Progress(LOGS / "benchmark-health.log")
    engine = make.make_engine(progress)
    with progress.step(f"image {IMAGE}"), tempfile.TemporaryDirectory() as directory, host.network_options() as network:
        shutil.copy(FUNCTION, Path(directory, "handler.py"))
        pack_cli.pinned(engine).build(progress, IMAGE, Path(directory), network)
    measured = []
    for limit in LIMITS:
        options = () if limit is None else ("--cpus", str(limit))
        for clients in CLIENTS:
            with container.running(engine, IMAGE, *options) as function, load(function, clients):
                measured.append(measure(function, limit, clients, arguments.checks))
    text = report.markdown(
        ["CPU limit", "clients", "checks", "median", "99 %", "slowest"], [checks.row for checks in measured]
    )
    arguments.output.mkdir(parents=True, exist_ok=True)
    raw = [asdict(checks) for checks in measured]
    arguments.output.joinpath("health.json").write_text(json.dumps(raw, indent=1) + "\n")
    arguments.output.joinpath("health.md").write_text(text)
    print(text)


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--checks", type=int, default=200, help="number of health checks in each case")
    parser.add_argument("--output", type=Path, default=report.OUTPUT, help="directory of the report")
    return parser.parse_args()


@contextmanager
def load(function: Container, clients: int) -> Iterator[None]:
    """Let so many clients call the function during the block."""
    url = f"http://{function.host}:{function.port}/?compute={COMPUTED}"
    with tempfile.TemporaryDirectory() as directory:
        stop = Path(directory, "stop")
        command = [sys.executable, str(LOAD), url, str(clients), "0", "--stop", str(stop)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            lines = iter(process.stdout or ())
            try:
                if next(lines, None) is None:  # it says when the first call has ended
                    raise SystemExit(f"error: {' '.join(command)} has ended")
                yield
            finally:
                stop.touch()
            found = json.loads(next(lines))
    if set(found["statuses"]) != {"200"}:
        raise SystemExit(f"error: {found['statuses']}, {found['errors']}")


def measure(function: Container, limit: float | None, clients: int, count: int) -> Checks:
    """Check the health so many times."""
    seconds = []
    for _ in range(count):
        began = time.monotonic()
        answer = function.request("GET", LIVE_PATH)
        seconds.append(time.monotonic() - began)
        if answer.status != 200:
            raise SystemExit(f"error: {LIVE_PATH} returned {answer.status}")
        time.sleep(PAUSE)
    return Checks(limit, clients, seconds, os.getloadavg()[0])


if __name__ == "__main__":
    main()
