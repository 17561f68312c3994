"""Provides debugpy, which lets editors attach to the function's process."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from funcpack.command_errors import DebuggerError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from funcpack.environments.environment import Environment

# What the invoker imports late would surprise in a debugger.
VARIABLES = {"FUNCTION_LAZY_IMPORTS": "off"}


def provide(environment: Environment, cache: Path, report: Callable[[str], None]) -> Path:
    """Return a directory with debugpy for an environment, which is installed there if it is not in the cache.

    Raises:
        DebuggerError: It cannot be installed.

    """
    raise NotImplementedError
