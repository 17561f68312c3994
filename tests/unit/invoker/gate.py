"""A module `gate`, at which another one waits while it is loaded."""

from __future__ import annotations

import sys
import threading
from queue import SimpleQueue
from types import ModuleType


class Gate:
    """For a module that is loaded when it is asked for its `value`, and that says: reached, and waits for: opened."""

    def __init__(self) -> None:
        self._reached, self._opened = threading.Event(), threading.Event()
        module = ModuleType("gate")
        module.__dict__.update(reached=self._reached, opened=self._opened)
        sys.modules["gate"] = module

    def values_of(self, module: ModuleType) -> list[object]:
        """Ask a module for its value in four threads, the later ones while the first one loads it."""
        seen: SimpleQueue[object] = SimpleQueue()
        threads = [threading.Thread(target=lambda: seen.put(getattr(module, "value", None))) for _ in range(4)]
        for thread in threads:
            thread.start()
            self._reached.wait(20)
        self._opened.set()
        for thread in threads:
            thread.join(20)
        return [seen.get_nowait() for _ in threads]
