"""A deadline of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Timer:
    """Calls `expire` once, some seconds after it was started, unless it is stopped before."""

    __slots__ = ("_expire", "_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, expire: Callable[[], None]) -> None:
        self._loop = loop
        self._expire = expire
        self._handle: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        """Whether the time is running."""
        return self._handle is not None

    def start(self, seconds: float) -> None:
        """Start, from the beginning if the time is running already."""
        self.stop()
        self._handle = self._loop.call_later(seconds, self._run_out)

    def stop(self) -> None:
        """Stop; nothing happens if the time is not running."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run_out(self) -> None:
        self._handle = None
        self._expire()
