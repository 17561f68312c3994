"""Reads the settings of a function from variables.

Each sample has a copy of this file, so that you can copy the directory of a sample on its own.
"""

import os
from collections.abc import Callable


class NotReadyError(Exception):
    """A setting or a resource is missing, and a retry can succeed."""


def setting(name: str, meaning: str) -> str:
    """Return the value of a variable.

    Raises:
        NotReadyError: if it is not set.

    """
    value = os.environ.get(name)
    if not value:
        raise NotReadyError(f"{name} is not set; set it to {meaning}")
    return value


def readiness(*settings: Callable[[], object]) -> tuple[bool, str]:
    """Return whether all settings can be read, and the reason if not, as the hook ready() does (GET /health/ready)."""
    try:
        for read in settings:
            read()
    except NotReadyError as error:
        return False, str(error)
    return True, ""
