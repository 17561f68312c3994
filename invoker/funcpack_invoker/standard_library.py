"""Modules of an app that are named like modules of the standard library, and which of the two the function gets.

The app directory comes first on `sys.path`, so an `uuid.py` there would also be imported by the invoker and by the libraries
that it uses, some of them as late as in a call. Therefore the standard library takes precedence, except for modules that
nothing in the invoker needs. The build shares this rule and warns. Standard library only.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec

# Neither the invoker nor its libraries import these, and the standard library does not import them for what they use. An app
# may use their names, as it may in a script.
APP_FIRST = frozenset(
    [
        "aifc",
        "antigravity",
        "asynchat",
        "asyncore",
        "audioop",
        "bdb",
        "cgi",
        "cgitb",
        "chunk",
        "cmd",
        "code",
        "codeop",
        "colorsys",
        "compileall",
        "crypt",
        "curses",
        "distutils",
        "doctest",
        "ensurepip",
        "filecmp",
        "fileinput",
        "fractions",
        "ftplib",
        "graphlib",
        "idlelib",
        "imaplib",
        "imghdr",
        "lib2to3",
        "mailbox",
        "mailcap",
        "modulefinder",
        "msilib",
        "msvcrt",
        "netrc",
        "nis",
        "nntplib",
        "optparse",
        "ossaudiodev",
        "pdb",
        "pickletools",
        "pipes",
        "poplib",
        "profile",
        "pstats",
        "pyclbr",
        "pydoc",
        "sched",
        "shelve",
        "smtpd",
        "smtplib",
        "sndhdr",
        "spwd",
        "statistics",
        "sunau",
        "symtable",
        "tabnanny",
        "telnetlib",
        "test",
        "this",
        "timeit",
        "tkinter",
        "trace",
        "turtle",
        "turtledemo",
        "unittest",
        "venv",
        "wave",
        "webbrowser",
        "winreg",
        "winsound",
        "wsgiref",
        "xdrlib",
        "xmlrpc",
        "zipapp",
    ]
)


def is_library_first(name: str) -> bool:
    """Check whether functions get the standard library's module of a name, even if the app has one."""
    return name in sys.stdlib_module_names and name not in APP_FIRST


def prefer_standard_library(directories: Sequence[str]) -> list[str]:
    """Keep the app's `directories` from providing modules that the invoker needs; return the names of those that they have.

    Python finds all other modules as before, so an app without such modules pays only for listing its directories.
    """
    names = sorted({name for directory in directories for name in _modules(directory) if is_library_first(name)})
    if names:
        path = [entry for entry in sys.path if entry not in {"", ".", *directories}]
        finder = _StandardLibraryFinder(frozenset(names), path)
        sys.meta_path.insert(sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else 0, finder)
    return names


def _modules(directory: str) -> Iterator[str]:
    """Return the names of the modules and packages in a directory."""
    with os.scandir(directory) as entries:
        for entry in entries:
            name, _, suffix = entry.name.partition(".")
            if suffix == "py" or (not suffix and os.path.exists(f"{entry.path}/__init__.py")):  # noqa: PTH110 - fast
                yield name


class _StandardLibraryFinder:
    """A finder as in importlib.abc.MetaPathFinder, for some top-level modules."""

    def __init__(self, names: frozenset[str], path: Sequence[str]) -> None:
        self._names = names
        self._path = path

    def find_spec(self, name: str, path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        if path is not None or name not in self._names:
            return None
        return PathFinder.find_spec(name, self._path)
