"""A path for imports that holds in one thread alone."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec


@contextmanager
def path_in_this_thread(path: list[str]) -> Iterator[None]:
    """Have what this thread imports inside of this found on `path`, and what others do on `sys.path` as ever."""
    finder = _ThreadFinder(path)
    # In the place of Python's own: finders in front of that one have their reasons.
    sys.meta_path.insert(sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else 0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _ThreadFinder:
    """Finds modules on a path, for the thread that made it."""

    def __init__(self, path: list[str]) -> None:
        self._path = path
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        if path is not None or threading.get_ident() != self._thread:
            return None
        return PathFinder.find_spec(name, self._path)
