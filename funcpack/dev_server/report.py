"""What the development server tells about itself. The command `run` prints it, the page shows it.

Requests and lines of the function are told by the history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funcpack.check.local import Inspection
    from funcpack.dev_server.problem import Problem


@dataclass(frozen=True, slots=True)
class Ready:
    """The function is served for the first time in this run."""

    inspection: Inspection


@dataclass(frozen=True, slots=True)
class Reloaded:
    """A new version of the function is served, `seconds` after its files (relative to the app, or absolute) were saved."""

    inspection: Inspection
    version: int
    files: Sequence[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Broken:
    """The function cannot be served; requests are answered with the problem."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Note:
    """What happens at the moment, in one line, for example that packages are installed."""

    text: str


# Each state in which the server can be; notes tell what happens between them.
Event = Ready | Reloaded | Broken | Note
