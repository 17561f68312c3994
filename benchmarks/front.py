"""The time that the front of `funcpack run` adds to a request."""

from __future__ import annotations

import statistics
import time
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from benchmarks import development

if TYPE_CHECKING:
    from pathlib import Path

_WARM_UP = 100

# Its answer is the port of the invoker, which the tool does not tell.
_SERVER = development.Server(
    "front",
    development.SERVERS[0].packages,
    """\
def hello(req):
    return req.environ["SERVER_PORT"]
# {answer}
""",
    development.SERVERS[0].command,
)


@dataclass(frozen=True, slots=True)
class Latencies:
    """The seconds of requests through the front, and of the same requests directly to the invoker, in turns."""

    through: list[float]
    directly: list[float]

    @property
    def added(self) -> float:
        """The seconds that the front adds at the median."""
        return statistics.median(self.through) - statistics.median(self.directly)


def measure(bin_dir: Path, scratch: Path, requests: int) -> Latencies:
    """Send so many requests each way in turns, each way on a connection that stays open; the first ones do not count."""
    with (
        development.serving(_SERVER, bin_dir, scratch) as project,
        closing(HTTPConnection("127.0.0.1", project.port)) as front,
        closing(HTTPConnection("127.0.0.1", int(_get(front)))) as invoker,
    ):
        pairs = [(_timed(front), _timed(invoker)) for _ in range(_WARM_UP + requests)][_WARM_UP:]
    return Latencies([through for through, _ in pairs], [directly for _, directly in pairs])


def _timed(connection: HTTPConnection) -> float:
    start = time.perf_counter()
    _get(connection)
    return time.perf_counter() - start


def _get(connection: HTTPConnection) -> bytes:
    connection.request("GET", "/")
    return connection.getresponse().read()
