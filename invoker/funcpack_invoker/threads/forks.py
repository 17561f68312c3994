"""Ends the processes that a function forks with `os.fork()` and does not end itself.

Such a process would otherwise go on as a second worker: it has the connections and the event loop's file descriptors, too.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import NoReturn

logger = logging.getLogger("funcpack")


class Generation:
    """The number of forks between the first process and this one: faster to read than the process ID."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def increase(self) -> None:
        """Note that this process was forked."""
        self.number += 1


generation = Generation()
os.register_at_fork(after_in_child=generation.increase)


def end_forked_process(error: BaseException | None) -> NoReturn:
    """End this process as Python ends a program that raised the exception, but without what the worker does at its end."""
    code = 0
    if isinstance(error, SystemExit):
        code = _exit_code(error.code)
    elif error is not None:
        logger.error("the function failed in a process that it forked", exc_info=error)
        code = 1
    with suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _exit_code(code: object) -> int:
    """Return the code for the argument of `sys.exit`: a number, None, or a message."""
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    sys.stderr.write(f"{code}\n")
    return 1
