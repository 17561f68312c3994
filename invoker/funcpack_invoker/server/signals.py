"""The signal handlers of a worker, next to those of the function's module, and in child processes that a function forks.

A module can have a handler of SIGTERM, because other servers leave it the end of the process. Here the server needs the
signal to finish the calls in flight, so that the module's handler runs after them.

A child process inherits the event loop's signal handlers, which write to a pipe that it shares with its parent. Without the
reset, `Pool.terminate()` would end the worker instead of the pool's processes.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Mapping

logger = logging.getLogger("funcpack")

# The master passes these on to its workers; their default is to end the process, or to do nothing.
_FROM_MASTER = (signal.SIGUSR1, signal.SIGWINCH)

_forking = threading.local()


def ignore() -> None:
    """Handle a signal by doing nothing: unlike SIG_IGN, that does not apply to the programs that a function starts."""


class Signals:
    """The signal handlers of a worker, and the handler of SIGTERM that the function's module had set instead of them."""

    def __init__(self) -> None:
        self._own_handler: Any = None
        self._users_handler: Callable[[int, None], object] | None = None

    def handle(self, loop: asyncio.AbstractEventLoop, handlers: Mapping[signal.Signals, Callable[[], object]]) -> None:
        """Let the loop handle these signals, and ignore those of the master that the module does not handle."""
        found: Any = signal.getsignal(signal.SIGTERM)
        if callable(found) and found is not self._own_handler:
            self._users_handler = found
        for signum, handler in handlers.items():
            loop.add_signal_handler(signum, handler)
        self._own_handler = signal.getsignal(signal.SIGTERM)
        for signum in _FROM_MASTER:
            if signal.getsignal(signum) is signal.SIG_DFL:
                loop.add_signal_handler(signum, ignore)

    def call_users_handler(self) -> None:
        """Call the module's handler of SIGTERM, if there is one. It is the last code of the module that runs."""
        if self._users_handler is None:
            return
        try:
            self._users_handler(signal.SIGTERM, None)
        except SystemExit:
            pass
        except BaseException:
            logger.exception("the function's handler of SIGTERM failed")


def reset_signals_in_children(signals: Iterable[signal.Signals]) -> None:
    """Reset these signals and SIGINT to their default handlers in processes that this one forks from now on."""
    # Blocked until then: a signal may arrive before the child process has reset its handlers.
    kept = {*signals, signal.SIGINT}

    def block() -> None:
        _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, kept)

    def unblock() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _forking.mask)

    def reset() -> None:
        signal.set_wakeup_fd(-1)
        for signum in kept:
            signal.signal(signum, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        unblock()

    os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=reset)
