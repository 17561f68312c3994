"""Finds Chromium, in which the page of `funcpack run` is tested, or installs Debian's chromium."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tools import engine, errors

if TYPE_CHECKING:
    from tools.progress import Progress, Step

PROGRAM = "chromium"


def find() -> str | None:
    """Return the path of Chromium, or None if it is not installed."""
    return shutil.which(PROGRAM)


def ensure(progress: Progress, step: Step) -> None:
    """Install Chromium if it is not there, and if that is possible.

    Raises ToolError if it is not.
    """
    found = find()
    if not found:
        if not engine.is_root_on_debian():
            raise errors.no_browser()
        engine.install(progress, PROGRAM)
    step.result = found or "installed"
