"""The history of a run: the requests that came in with their answers, and the lines that the function wrote meanwhile.

The front records, the page and the log read. All of it happens on the event loop of the tool, so nothing is locked.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.dev_server.last_entries import LastEntries

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack.dev_server.last_entries import Entry

# Bytes of a body that are kept. The page shows the beginning of a larger one, and its size.
KEPT_BODY = 1 << 20

# What is kept: requests and lines, and bytes of both; the oldest ones are dropped first. The lines of one request are kept
# with it, too.
_MOST_EXCHANGES, _BYTES_OF_EXCHANGES = 500, 64 << 20
_MOST_LINES, _BYTES_OF_LINES = 5000, 32 << 20
_BYTES_OF_A_REQUESTS_LINES = 2 << 20


@dataclass(frozen=True, slots=True)
class Message:
    """The header fields and the body of a request or an answer.

    `headers` are in the order of the wire, names in lower case, repeated ones included. `body` are the first `KEPT_BODY` bytes
    of it, and `size` is the number of all its bytes, without those of the framing.
    """

    headers: tuple[tuple[str, str], ...]
    body: bytes
    size: int

    @property
    def is_cut(self) -> bool:
        """Whether only the beginning of the body is kept."""
        return len(self.body) < self.size

    def header(self, name: str) -> str | None:
        """Return the value of the first field with a name (in lower case), or None."""
        return next((value for field, value in self.headers if field == name), None)


@dataclass(frozen=True, slots=True)
class Timings:
    """The parts of a request's time, in milliseconds.

    `waiting`: until the request was handed to the function's process, for example during a reload. `function`: from there to the
    header of the answer, which includes an upload. `sending`: from there to the end of the answer.
    """

    waiting: float
    function: float
    sending: float

    @property
    def total(self) -> float:
        """The time from the header of the request to the end of the answer."""
        return self.waiting + self.function + self.sending


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, as the front sent it on, with its answer.

    Attributes:
        number: of the request in this run, from 1; a key for the page. A client chooses `id`, and may repeat it.
        id: the X-Request-Id, by which the log of the function knows the request.
        started: when it came in, in seconds since 1970.
        method: of the request.
        path: the target as it was sent, with its query.
        type: the type of the CloudEvent in it; None if there is no event, or a batch.
        request: its header and body, without the fields that the front has added.
        status: of the answer; 0 if the client left before there was one.
        answer: its header and body.
        is_complete: whether the client was sent all of the answer.
        timings: where the time went.
        version: of the function that answered: 1 for the first that was loaded, one more for each reload. 0 if the function
            was not loaded, so that the front has answered.
        lines: the last that the function wrote while it answered this request and no other, or with its request id.

    """

    number: int
    id: str
    started: float
    method: str
    path: str
    type: str | None
    request: Message
    status: int
    answer: Message
    is_complete: bool
    timings: Timings
    version: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that the function or the invoker wrote; `exchange` is the number of the request that it belongs to, or None."""

    text: str
    time: float
    exchange: int | None


class History:
    """The last requests and lines of a run.

    `subscribe` tells what is added from now on. An `Exchange` is added when its answer has been sent, and its lines come
    one by one before, as `LogLine`.
    """

    def __init__(self) -> None:
        self._exchanges = last_exchanges(exchange_bytes)
        self._lines = last_lines(line_bytes)
        self._count = 0
        self._open: dict[int, _Open] = {}
        self._listeners: list[Callable[[Exchange | LogLine], None]] = []

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The last requests, the newest first."""
        return tuple(reversed(self._exchanges))

    @property
    def lines(self) -> tuple[LogLine, ...]:
        """The last lines, in their order."""
        return tuple(self._lines)

    def exchange(self, number: int) -> Exchange | None:
        """Return the request with a number, or None if it is not kept any more."""
        return next((exchange for exchange in self._exchanges if exchange.number == number), None)

    def subscribe(self, listener: Callable[[Exchange | LogLine], None]) -> Callable[[], None]:
        """Call `listener` with each request and line from now on; return a function that ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def begin(self, request_id: str) -> int:
        """Note that a request has come in, so that lines can be matched to it; return its number."""
        self._count += 1
        self._open[self._count] = _Open(request_id, LastEntries(_MOST_LINES, _BYTES_OF_A_REQUESTS_LINES, len))
        return self._count

    def lines_of(self, number: int) -> tuple[str, ...]:
        """Return the lines so far of a request that is not finished."""
        return tuple(self._open[number].lines)

    def finish(self, exchange: Exchange) -> None:
        """Add a request that has been answered."""
        del self._open[exchange.number]
        self._exchanges.add(exchange)
        self._tell(exchange)

    def log(self, text: str) -> None:
        """Add a line of the function or the invoker."""
        number = self._writer(text)
        if number is not None:
            self._open[number].lines.add(text)
        line = LogLine(text, time.time(), number)
        self._lines.add(line)
        self._tell(line)

    def _writer(self, text: str) -> int | None:
        """Return the number of the request that a line belongs to: the one that it names, or the only one there is."""
        named = _named_request(text)
        for number, request in self._open.items():
            if request.id == named:
                return number
        return next(iter(self._open)) if len(self._open) == 1 else None

    def _tell(self, entry: Exchange | LogLine) -> None:
        for listener in tuple(self._listeners):
            listener(entry)


def _named_request(text: str) -> str | None:
    """Return the request ID in a line of the invoker's log, which is JSON or text.

    The ID is compared as a whole, and where the invoker writes it: a client may choose one that occurs in other texts.
    """
    if text.startswith("{"):
        try:
            return str(json.loads(text).get("request_id"))
        except (ValueError, RecursionError):
            return None
    head, _, _ = text.partition("]: ")
    origin, _, request_id = head.partition(" [")
    return None if ": " in origin else request_id


def last_exchanges(size: Callable[[Entry], int]) -> LastEntries[Entry]:
    """Return what keeps the last requests of a run."""
    return LastEntries(_MOST_EXCHANGES, _BYTES_OF_EXCHANGES, size)


def last_lines(size: Callable[[Entry], int]) -> LastEntries[Entry]:
    """Return what keeps the last lines of a run."""
    return LastEntries(_MOST_LINES, _BYTES_OF_LINES, size)


def exchange_bytes(exchange: Exchange) -> int:
    """Return the bytes of a request that are kept: of its bodies and lines."""
    return len(exchange.request.body) + len(exchange.answer.body) + sum(map(len, exchange.lines))


def line_bytes(line: LogLine) -> int:
    """Return the bytes of a line."""
    return len(line.text)


@dataclass(frozen=True, slots=True)
class _Open:
    """A request that is not answered yet, and its last lines so far."""

    id: str
    lines: LastEntries[str]
