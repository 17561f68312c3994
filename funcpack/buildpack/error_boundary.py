"""Turns errors into log lines and exit codes. No other code ends the program or catches all exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.buildpack.platform.context import EXIT_BUG, EXIT_ERROR
from funcpack.errors import BUG_REPORT, UserError, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack.buildpack.platform.log import Log


def run_phase(phase: Callable[[], int], log: Log) -> int:
    """Run a phase and return its exit code. Errors of the user and bugs have different codes."""
    try:
        return phase()
    except UserError as exc:
        log.title(f"Error: {exc.title}")
        log.lines(render(exc))
        return EXIT_ERROR
    except Exception:  # noqa: BLE001 - a bug, whose traceback belongs in the report
        import traceback  # noqa: PLC0415 - slow, needed only here

        log.title("Error: The buildpack failed unexpectedly")
        for line in traceback.format_exc().splitlines():
            log.item(line)  # the message of the exception may look like a title
        log.lines(["", *BUG_REPORT])
        return EXIT_BUG
