"""Distinguishes the cancellation of a task from a CancelledError that the user's code raises."""

from __future__ import annotations

import asyncio


def is_being_cancelled() -> bool:
    """Return whether the current task is being cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
