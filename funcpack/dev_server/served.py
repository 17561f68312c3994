"""Runs the invoker for `funcpack run`: this file is executed by the Python of the function, where the tool is not installed.

Usage: python -P served.py APP LISTENER REPORT [DEBUG_PORT DEBUGPY], where APP is the app directory, and LISTENER and REPORT are
file descriptors: a bound socket to serve on, and a pipe. It

- imports the invoker, and then waits for a line on standard input: a process that waits has done most of a start before a
  file changes.
- imports modules of the app from their source: Python checks cached bytecode by the size and the whole second of the source,
  so two versions that are saved within a second can look the same.
- reports the files that the function writes, so that a change of them is not taken for one of the user.
- waits for a debugger before the function is imported, on request.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
from contextlib import suppress
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from select import PIPE_BUF
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType

# Events of https://docs.python.org/3/library/audit_events.html whose arguments, at these places, are paths that are written.
_WRITES = {
    "os.mkdir": (0,),
    "os.link": (1,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.utime": (0,),
    "os.chmod": (0,),
    "shutil.move": (0, 1),
    "shutil.rmtree": (0,),
    "sqlite3.connect": (0,),
}
# What starts a program. Forks report what they write themselves.
_PROGRAMS = frozenset({"os.exec", "os.posix_spawn", "os.system", "os.spawn", "subprocess.Popen"})

_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _SourceLoader(SourceFileLoader):
    """Compiles a module from its source, whatever bytecode there is."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def import_from_source(app: str) -> None:
    """Import the modules below a directory from their source."""
    finders: tuple[tuple[Any, list[str]], ...] = (
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (_SourceLoader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )

    def finder_in_app(path: str) -> FileFinder:
        is_in_app = os.path.commonpath((app, os.path.abspath(path))) == app  # noqa: PTH100 - pathlib is slow to import
        if not (is_in_app and os.path.isdir(path)):  # noqa: PTH112 - as above
            raise ImportError(path)
        return FileFinder(path, *finders)

    sys.path_hooks.insert(0, finder_in_app)


def report_writes(report: int) -> None:
    """Report to a file descriptor what this process and its forks write, and which programs they start.

    A report is `W` and a path, or `P` and the arguments of a program, with NUL at its end.
    """
    os.set_inheritable(report, False)
    os.set_blocking(report, False)

    def tell(kind: bytes, text: str) -> None:
        # So much of a text that a pipe takes it at once: reports of several processes are not mixed up. If nobody reads any
        # more, or not fast enough, a change of the file reloads the function.
        line = kind + os.fsencode(text).replace(b"\0", b" ")[: PIPE_BUF - 2] + b"\0"
        with suppress(OSError):
            os.write(report, line)

    def write(path: object) -> None:
        if isinstance(path, (str, bytes, os.PathLike)):
            tell(b"W", os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - as above

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            if arguments[2] & _WRITE_FLAGS:
                write(arguments[0])
        elif event in _WRITES:
            for place in _WRITES[event]:
                write(arguments[place])
        elif event in _PROGRAMS:
            tell(b"P", repr(arguments[:3]))

    sys.addaudithook(hook)


def wait_for_debugger(port: int, debugpy: str) -> None:
    """Let each worker wait for a debugger, at a port of this machine, before it imports the function."""
    server = os.getpid()

    def listen() -> None:
        # Programs that the function forks are not to be debugged.
        if os.getppid() == server:
            sys.path.append(debugpy)
            import debugpy as debugger  # type: ignore[import-not-found] # noqa: PLC0415, T100 - not the tool's

            debugger.listen(("127.0.0.1", port))  # noqa: T100 - the user asked for it
            debugger.wait_for_client()  # noqa: T100 - as above

    os.register_at_fork(after_in_child=listen)


def main(app: str, listener: str, report: str, *debugger: str) -> int:
    """Import the invoker, wait, and serve the function."""
    invoker = _import_invoker()
    import_from_source(app)
    if debugger:
        wait_for_debugger(int(debugger[0]), debugger[1])
    if not sys.stdin.readline():
        return 0
    # As in an image: no input, and no arguments.
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    del sys.argv[1:]
    report_writes(int(report))
    bound = socket.socket(fileno=int(listener))
    # The programs that the function starts do not get it.
    bound.set_inheritable(False)
    return invoker(["--source", app, "--port", str(bound.getsockname()[1])], [bound])


def _import_invoker() -> Callable[[Sequence[str], list[socket.socket]], int]:
    """Import all of the invoker that serving needs, as it does that itself; return its `main`."""
    from funcpack_invoker.lazy_imports.modules import lazy_modules  # noqa: PLC0415 - not the tool's

    # Imports leave no garbage. The invoker's workers enable the collector when they have loaded the function.
    gc.disable()
    with lazy_modules():
        import funcpack_invoker.command_line  # noqa: PLC0415 - as above
        import funcpack_invoker.server.master  # noqa: F401, PLC0415 - as above
        from funcpack_invoker.__main__ import main as invoker  # noqa: PLC0415 - as above

    return invoker


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
