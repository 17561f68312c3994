"""Imports the libraries that only some functions need, in a way that no file of the app can get between.

The app directory comes first on `sys.path`, and a user's `email.py` or `flask.py` there would be imported in the place
of what a library means.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack_invoker.errors import LibraryHiddenError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


def import_library(name: str, directories: list[str]) -> ModuleType:
    """Import a library as if the app's directories were not on the path.

    Raises:
        LibraryHiddenError: when a module of the user has the library's name, or one it needs.

    """
    with without(directories):
        try:
            module = importlib.import_module(name)
        except Exception as exc:
            raise LibraryHiddenError(name, f"{type(exc).__name__}: {exc}") from exc
    file = module.__file__
    if file is None or any(is_own(file, directory) for directory in directories):
        raise LibraryHiddenError(name, f"the module `{name}` is {file}")
    return module


@contextmanager
def without(directories: list[str]) -> Iterator[None]:
    """Import, inside of this, as if the app's directories were not on the path."""
    path = list(sys.path)
    sys.path[:] = path_without(directories)
    try:
        yield
    finally:
        sys.path[:] = path


def path_without(directories: list[str]) -> list[str]:
    """Give the path of imports without the app's directories."""
    # "" and "." are the working directory, which may be the app's.
    return [entry for entry in sys.path if entry not in {"", ".", *directories}]


def is_own(file: str, directory: str) -> bool:
    """Tell whether the user wrote a file: it is in the app, but not among packages that are installed there."""
    try:
        parts = Path(file).resolve().relative_to(directory).parts
    except ValueError:
        return False
    return "site-packages" not in parts
