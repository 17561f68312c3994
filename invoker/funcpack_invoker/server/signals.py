"""Signal handling in child processes that a function forks, for example with `multiprocessing`.

A child process inherits the event loop's signal handlers, which write to a pipe that it shares with its parent. Without
the reset, `Pool.terminate()` would end the worker instead of the pool's processes.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_forking = threading.local()


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
