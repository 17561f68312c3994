"""An import finder that does something for the current thread only.

`sys.meta_path` and `sys.path` belong to all threads: a thread that changes them makes the imports of the others fail.
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
    """What can find modules before Python does."""

    def find_spec(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """Find a module on a path (None: `sys.path`). None: it is found in the ordinary way."""


@contextmanager
def using_finder(finder: Finder) -> Iterator[None]:
    """Let this thread's imports be found by `finder` first."""
    with _changed((finder, *_thread.finders), _thread.path, _thread.hidden):
        yield


@contextmanager
def searching(path: list[str], hidden: Sequence[str] = ()) -> Iterator[None]:
    """Let this thread's imports search `path` instead of `sys.path`.

    A module that is not there is searched in the ordinary way, except in the `hidden` directories of `sys.path`.
    """
    with _changed(_thread.finders, path, hidden):
        yield


@contextmanager
def importing_ordinarily(path: list[str]) -> Iterator[None]:
    """Let this thread's imports search `path`, without any finder of this thread."""
    with _changed((), path, ()):
        yield


def search_path() -> list[str]:
    """Return the path that this thread's imports search."""
    return list(sys.path) if _thread.path is None else _thread.path


@contextmanager
def _changed(finders: tuple[Finder, ...], path: list[str] | None, hidden: Sequence[str]) -> Iterator[None]:
    if _thread not in sys.meta_path:
        # Before Python's own finder, and after those that others have put in front of it. It stays there.
        sys.meta_path.insert(sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else 0, _thread)
    before = _thread.finders, _thread.path, _thread.hidden
    _thread.finders, _thread.path, _thread.hidden = finders, path, hidden
    try:
        yield
    finally:
        _thread.finders, _thread.path, _thread.hidden = before


class _ThreadFinder(threading.local):
    """A finder as in importlib.abc.MetaPathFinder; its attributes differ from thread to thread."""

    finders: tuple[Finder, ...] = ()
    path: list[str] | None = None
    hidden: Sequence[str] = ()

    def find_spec(self, name: str, path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        for finder in self.finders:
            spec = finder.find_spec(name, self.path if path is None else path)
            if spec is not None:
                return spec
        if path is not None or self.path is None:
            return None
        spec = PathFinder.find_spec(name, self.path)
        if spec is None and self.hidden and PathFinder.find_spec(name, self.hidden) is not None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return spec


_thread = _ThreadFinder()
