"""Reports a module that turns the GIL on in a free-threaded Python: blocking functions then run one at a time again."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

logger = logging.getLogger("funcpack")

# https://docs.python.org/3/howto/free-threading-extensions.html
_ENABLED = re.compile(r"\(GIL\) has been enabled to load module '([^']+)'")


def runs_without_gil() -> bool:
    """Return whether this is a free-threaded Python whose GIL is off."""
    is_gil_enabled = getattr(sys, "_is_gil_enabled", None)
    return is_gil_enabled is not None and not is_gil_enabled()


def report_modules() -> None:
    """Log a line for a module that turns the GIL on, instead of Python's warning, whenever it is imported.

    There is at most one such module in a process: once the GIL is on, it stays on.
    """
    show_any = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        found = _ENABLED.search(str(message)) if issubclass(category, RuntimeWarning) else None
        if found is None:
            show_any(message, category, filename, lineno, file, line)
        else:
            logger.warning(
                "Python has turned the GIL on, because the module %s is not marked as safe without it; upgrade its package, "
                "or set PYTHON_GIL=0 to keep the GIL off at your own risk",
                found[1],
            )

    warnings.showwarning = show
