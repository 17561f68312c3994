"""Counts and logs the calls that waited for a thread until nobody waited for them any longer."""

from __future__ import annotations

import logging

logger = logging.getLogger("funcpack")


class SkippedCalls:
    """The calls that were not begun.

    Attributes:
        count: their number.

    """

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> None:
        """Count and log a call."""
        self.count += 1
        logger.warning(
            "skipped a call: the client left or the call timed out while it waited for a thread (%d so far)", self.count
        )
