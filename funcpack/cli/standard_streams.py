"""Replaces standard streams that are closed, as in `funcpack samples >&-`."""

from __future__ import annotations

import os
import sys


def open_closed() -> None:
    """Open the null device for each closed standard stream: Python has None for it, and its number would go to another file."""
    # The system gives out the lowest free number.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - pathlib is slow to import
