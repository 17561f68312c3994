"""Put load on a server from another process: wrk for throughput, hey for latency at a given rate (both Debian packages)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cases import Case


@dataclass(frozen=True, slots=True)
class Throughput:
    """Answers a second, and the number of answers that have a status other than 2xx or 3xx."""

    per_second: float
    failed: int


def ensure_tools() -> None:
    """Install wrk and hey if they are missing.

    Raises:
        SystemExit: they are missing, and this is not Debian or the user is not root.

    """
    missing = [tool for tool in ("wrk", "hey") if not shutil.which(tool)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SystemExit(
            f"error: the load tools are not installed: {', '.join(missing)}\n"
            f"Install them with your package manager, for example: apt-get install {' '.join(missing)}"
        )
    subprocess.run(["apt-get", "install", "-y", "-qq", *missing], check=True, stdout=subprocess.DEVNULL)


def throughput(case: Case, port: int, seconds: int) -> Throughput:
    """Return the throughput when each of the case's connections repeats the request as soon as it is answered."""
    with _wrk_script(case) as script:
        command = ["wrk", "-t1", f"-c{case.connections}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{port}/"]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    if rate is None:
        raise SystemExit(f"error: wrk reported no rate\n{output}")
    return Throughput(float(rate[1]), int(failed[1]) if failed else 0)


def latency_p99(case: Case, port: int, rate: float, seconds: int) -> float:
    """Return the 99th percentile of the response times in milliseconds at `rate` requests a second over all connections."""
    per_connection = max(1, round(rate / case.connections))
    with tempfile.NamedTemporaryFile() as body:
        body.write(case.body)
        body.flush()
        headers = [part for name, value in case.headers.items() for part in ("-H", f"{name}: {value}")]
        command = ["hey", "-z", f"{seconds}s", "-c", str(case.connections), "-q", str(per_connection), "-o", "csv"]
        command += ["-m", case.method, *headers, *(["-D", body.name] if case.body else [])]
        output = subprocess.run(
            [*command, f"http://127.0.0.1:{port}/"], check=True, capture_output=True, text=True
        ).stdout
    times = sorted(float(line.split(",", 1)[0]) for line in output.splitlines()[1:] if line)
    return times[int(len(times) * 0.99)] * 1000


@contextmanager
def _wrk_script(case: Case) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as directory:
        body = Path(directory, "body")
        body.write_bytes(case.body)
        headers = "\n".join(f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}" for k, v in case.headers.items())
        script = Path(directory, "request.lua")
        script.write_text(
            f"wrk.method = {json.dumps(case.method)}\n"
            f"{headers}\n" + (f'wrk.body = io.open({json.dumps(str(body))}, "rb"):read("*a")\n' if case.body else "")
        )
        yield str(script)
