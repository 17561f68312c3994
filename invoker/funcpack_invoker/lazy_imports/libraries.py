"""Imports libraries as if the app's directories were not on `sys.path`.

The app directory comes first on `sys.path`, and a user's `email.py` or `flask.py` there would be imported instead of the
module that a library means.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack_invoker.errors import LibraryShadowedError
from funcpack_invoker.lazy_imports.finders import searching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


def import_library(name: str, directories: list[str]) -> ModuleType:
    """Import a library, ignoring the files in the app's directories.

    Raises:
        LibraryShadowedError: if a module of the user has the name of the library, or of one that it needs.

    """
    with outside_app(directories):
        try:
            module = importlib.import_module(name)
        except Exception as exc:
            raise LibraryShadowedError(name, f"{type(exc).__name__}: {exc}") from exc
    file = module.__file__
    if file is None or any(is_user_file(file, directory) for directory in directories):
        raise LibraryShadowedError(name, f"the module `{name}` is {file}")
    return module


@contextmanager
def outside_app(directories: list[str]) -> Iterator[None]:
    """Ignore the files in the app's directories in this thread's imports."""
    with searching(path_without(directories), hidden=directories):
        yield


def path_without(directories: list[str]) -> list[str]:
    """Return `sys.path` without the app's directories."""
    # "" and "." are the working directory, which may be the app's.
    return [entry for entry in sys.path if entry not in {"", ".", *directories}]


def is_user_file(file: str, directory: str) -> bool:
    """Check whether a file is the user's: in the app directory, but not in a `site-packages` there."""
    try:
        parts = Path(file).resolve().relative_to(directory).parts
    except ValueError:
        return False
    return "site-packages" not in parts
