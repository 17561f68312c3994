"""Pauses Python's garbage collector.

What is parsed from JSON has no cycles, but its lists and dicts count for the collector, which looks through all of them
several times while they become more. For many small lists, that takes three times as long as parsing, and no other
thread runs meanwhile, so that health checks wait.
"""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Collector:
    """The garbage collector, which several threads may pause at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pauses = 0
        self._was_enabled = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Pause the collector during the block. It stays off afterwards if it was off before, or if others still pause it."""
        with self._lock:
            if not self._pauses:
                self._was_enabled = gc.isenabled()
                gc.disable()
            self._pauses += 1
        try:
            yield
        finally:
            with self._lock:
                self._pauses -= 1
                if not self._pauses and self._was_enabled:
                    gc.enable()


collector = Collector()
