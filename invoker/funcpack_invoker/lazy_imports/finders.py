"""Ways to find modules that hold in one thread alone, for as long as it wants.

`sys.meta_path` and `sys.path` are everybody's: a thread that takes something out of them makes another one's import miss
what comes next.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec


class Finder(Protocol):
    """What finds modules."""

    def find_spec(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """Find a module, on the path of its package if it is in one; None where it is to be found as ever."""


@contextmanager
def finding_by(finder: Finder) -> Iterator[None]:
    """Have what this thread imports inside of this found by `finder` before all else."""
    if _THREADS not in sys.meta_path:
        # In front of Python's own; finders in front of that one have their reasons. It stays there.
        sys.meta_path.insert(sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else 0, _THREADS)
    before = _THREADS.finders
    _THREADS.finders = (finder, *before)
    try:
        yield
    finally:
        _THREADS.finders = before


class OnPath:
    """Finds modules on a path of its own, in the place of `sys.path`."""

    def __init__(self, path: list[str]) -> None:
        self._path = path

    def find_spec(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """Find a module that is in no package."""
        return PathFinder.find_spec(name, self._path) if path is None else None


class _Threads(threading.local):
    """Asks the finders of the thread that imports."""

    finders: tuple[Finder, ...] = ()

    def find_spec(self, name: str, path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        return next(filter(None, (finder.find_spec(name, path) for finder in self.finders)), None)


_THREADS = _Threads()
