"""What the page is told: requests, lines and states, each with a number, from which a page goes on after a pause."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from typing import TYPE_CHECKING, Any

from funcpack.dev_server.history import Exchange, exchange_bytes, last_exchanges, last_lines, line_bytes
from funcpack.playground import views

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from funcpack.dev_server.history import LogLine
    from funcpack.dev_server.report import Event
    from funcpack.dev_server.server import DevServer

_MOST_STATES = 500

# Entries that a page gets at once, and seconds until it gets a sign of life.
_MOST_AT_ONCE = 500
_HEARTBEAT = 15.0


class Feed:
    """The events of a run, for any number of pages. Attribute `run` identifies the run of the tool."""

    def __init__(self, server: DevServer) -> None:
        self.run = secrets.token_hex(4)
        self._server = server
        # What the history keeps, too.
        self._exchanges = last_exchanges(_exchange_bytes)
        self._lines = last_lines(_line_bytes)
        self._states: deque[tuple[int, Event | None]] = deque(maxlen=_MOST_STATES)
        self._last = 0
        self._news = asyncio.Event()
        self._is_closed = False
        for exchange in reversed(server.history.exchanges):
            self._add(exchange)
        for line in server.history.lines:
            self._add(line)
        self._add_state(server.state)
        self._unsubscribe = (server.history.subscribe(self._add), server.subscribe(self._add_state))

    def close(self) -> None:
        """End the streams of all pages."""
        self._is_closed = True
        self._news.set()
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    async def stream(self, last_event_id: str) -> AsyncIterator[str]:
        """Return the events after the one with an id as Server-Sent Events; all that are kept if it is not of this run.

        See https://html.spec.whatwg.org/multipage/server-sent-events.html
        """
        run, _, number = last_event_id.partition("-")
        position = int(number) if run == self.run and number.isdecimal() else 0
        if not position:
            yield self._message(0, [{"kind": "start"}])
        while not self._is_closed:
            news = self._news
            entries = self._since(position)
            for begin in range(0, len(entries), _MOST_AT_ONCE):
                part = entries[begin : begin + _MOST_AT_ONCE]
                position = part[-1][0]
                yield self._message(position, [self._view(entry) for _, entry in part])
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    await news.wait()
            except TimeoutError:
                yield ": \n\n"

    def _add(self, entry: Exchange | LogLine) -> None:
        self._last += 1
        if isinstance(entry, Exchange):
            self._exchanges.add((self._last, entry))
        else:
            self._lines.add((self._last, entry))
        self._tell()

    def _add_state(self, event: Event | None) -> None:
        self._last += 1
        self._states.append((self._last, event))
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _since(self, position: int) -> list[tuple[int, Any]]:
        found: list[tuple[int, Any]] = []
        for entries in (self._exchanges, self._lines, self._states):
            for entry in reversed(entries):
                if entry[0] <= position:
                    break
                found.append(entry)
        return sorted(found, key=lambda entry: entry[0])

    def _view(self, entry: Any) -> dict[str, Any]:
        return views.entry(entry, self._server)

    def _message(self, number: int, entries: list[dict[str, Any]]) -> str:
        return f"id: {self.run}-{number}\ndata: {json.dumps(entries)}\n\n"


def _exchange_bytes(entry: tuple[int, Exchange]) -> int:
    return exchange_bytes(entry[1])


def _line_bytes(entry: tuple[int, LogLine]) -> int:
    return line_bytes(entry[1])
