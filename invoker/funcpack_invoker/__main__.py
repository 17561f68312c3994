"""`python -m funcpack_invoker`."""

from __future__ import annotations

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # The current directory, which `python -m` adds: a `queue.py` of the app must not be imported in the place of Python's.
    # The loader adds the app directory later.
    del sys.path[0]

import gc
import signal
from typing import TYPE_CHECKING, NoReturn

from funcpack_invoker.lazy_imports.modules import lazy_modules

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None, listeners: list[socket.socket] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 (the function cannot be served), 2 (wrong usage or settings).

    A program that has bound the sockets already passes them as `listeners`.
    """
    # The kernel ignores SIGTERM for process 1 until there is a handler, and imports take a moment.
    signal.signal(signal.SIGTERM, _exit)
    # Imports leave no garbage, and looking for it slows a start down. Workers enable it when they have loaded.
    gc.disable()
    with lazy_modules():
        from funcpack_invoker.command_line import prepare  # noqa: PLC0415 - the signal handler comes first

        command = prepare(sys.argv[1:] if arguments is None else arguments, listeners)
    return command()


def _exit(*_: object) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
