"""A log for the modules of the build that write one, if the lines are for somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.buildpack.platform.log import Log
from funcpack.plain_text import escaped

if TYPE_CHECKING:
    from collections.abc import Callable


class ReportLog(Log):
    """A log whose lines are reported one by one."""

    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__()
        self._report = report

    def line(self, text: str) -> None:
        """Report one line."""
        self._report(escaped(text))
