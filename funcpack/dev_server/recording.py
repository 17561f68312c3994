"""Records one request on its way through the front, for the history."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from funcpack.dev_server.event_type import event_type
from funcpack.dev_server.history import KEPT_BODY, Exchange, Message, Timings

if TYPE_CHECKING:
    from funcpack.dev_server.history import History
    from funcpack_invoker.http.asgi import Header
    from funcpack_invoker.http.incoming import IncomingRequest


class _Body:
    """The beginning of a body, and its size."""

    __slots__ = ("kept", "size")

    def __init__(self) -> None:
        self.kept = b""
        self.size = 0

    def add(self, data: bytes) -> None:
        self.size += len(data)
        if len(self.kept) < KEPT_BODY:
            self.kept += data[: KEPT_BODY - len(self.kept)]


class Recording:
    """What is known of a request so far.

    Attributes:
        request_id: by which the log knows the request.

    """

    def __init__(self, history: History, request: IncomingRequest) -> None:
        self.request_id = request.id
        self._history = history
        self._request = request
        self._number = history.begin(self.request_id)
        self._started = time.time()
        self._times = [time.perf_counter()]
        self._version = 0
        self._takes_events = False
        self._sent, self._received = _Body(), _Body()
        self._status = 0
        self._headers: list[Header] = []

    def hand_over(self, version: int, *, takes_events: bool) -> None:
        """Note that the request goes to a version of the function now."""
        self._version = version
        self._takes_events = takes_events
        self._times.append(time.perf_counter())

    def add_to_request(self, data: bytes) -> None:
        """Note bytes of the request's body."""
        self._sent.add(data)

    def answer(self, status: int, headers: list[Header]) -> None:
        """Note the header of the answer."""
        self._status = status
        self._headers = headers
        self._times.append(time.perf_counter())

    def add_to_answer(self, data: bytes) -> None:
        """Note bytes of the answer's body."""
        self._received.add(data)

    def finish(self, *, is_complete: bool) -> None:
        """Add the request to the history.

        That happens in the next iteration of the event loop: what the function wrote before it answered is read in this one.
        """
        self._times.append(time.perf_counter())
        asyncio.get_running_loop().call_soon(self._add, is_complete)

    def _add(self, is_complete: bool) -> None:
        scope, headers = self._request.scope, dict(self._headers)
        query = scope["query_string"].decode("latin-1")
        target = scope["raw_path"].decode("latin-1")
        self._history.finish(
            Exchange(
                number=self._number,
                id=headers.get(b"x-request-id", b"").decode("latin-1") or self.request_id,
                started=self._started,
                method=scope["method"],
                path=f"{target}?{query}" if query else target,
                type=event_type(self._request.headers, self._sent.kept, takes_events=self._takes_events),
                request=_message(scope["headers"], self._sent),
                status=self._status,
                answer=_message(self._headers, self._received),
                is_complete=is_complete,
                timings=self._timings(),
                version=self._version,
                lines=self._history.lines_of(self._number),
            )
        )

    def _timings(self) -> Timings:
        """Return the time between the steps; a step that was not reached took no time."""
        start, *steps, end = self._times
        handed_over, answered = (*steps, end, end)[:2]
        return Timings(
            *(seconds * 1000 for seconds in (handed_over - start, answered - handed_over, end - answered)),
        )


def _message(headers: list[Header], body: _Body) -> Message:
    fields = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
    return Message(fields, body.kept, body.size)
