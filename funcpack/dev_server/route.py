"""Where requests go: to the function's process, or nowhere until it has started."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from funcpack.dev_server.problem import Problem
    from funcpack.dev_server.upstream import Upstream


class Route:
    """The way of requests to the function. Those that come in while it is closed wait until it is opened."""

    def __init__(self) -> None:
        self._target: Upstream | Problem | None = None
        self._is_open = asyncio.Event()

    def close(self) -> None:
        """Let requests wait from now on."""
        self._is_open.clear()

    def open(self, target: Upstream | Problem) -> None:
        """Send requests, also those that wait, to a process; or answer them with the problem that there is."""
        self._target = target
        self._is_open.set()

    def reopen(self) -> None:
        """Go on where requests went before `close`; they still wait if there was nothing."""
        if self._target is not None:
            self._is_open.set()

    async def target(self) -> Upstream | Problem:
        """Return where a request goes, as soon as that is known."""
        if not self._is_open.is_set():
            await self._is_open.wait()
        assert self._target is not None  # noqa: S101 - it is set before the event
        return self._target
