"""Where errors become text and an exit code; nothing else ends the program or catches everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.buildpack.platform.cnb import EXIT_BUG, EXIT_ERROR
from funcpack.errors import BUG_REPORT, UserError, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack.buildpack.platform.log import Log


def run(phase: Callable[[], int], log: Log) -> int:
    """Run a phase and return its exit code; tell what the user can change apart from faults of ours."""
    try:
        return phase()
    except UserError as exc:
        log.title(f"Error: {exc.title}")
        log.lines(render(exc))
        return EXIT_ERROR
    except Exception:  # noqa: BLE001 - a fault of ours, and the traceback is what we want to hear of
        import traceback  # noqa: PLC0415 - slow, and for nothing else

        log.title("Error: the buildpack failed unexpectedly")
        log.lines([*traceback.format_exc().splitlines(), "", *BUG_REPORT])
        return EXIT_BUG
