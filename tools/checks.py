"""Builds the programs that check the workflows and the Go modules, at the versions in the Go module checks/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools import golang, stamp
from tools.places import ROOT, TOOLS

if TYPE_CHECKING:
    from pathlib import Path

    from tools.progress import Progress

MODULE = ROOT / "tools" / "checks"
PROGRAMS = {
    "actionlint": "github.com/rhysd/actionlint/cmd/actionlint",
    "govulncheck": "golang.org/x/vuln/cmd/govulncheck",
}


def ensure(progress: Progress, name: str) -> Path:
    """Build the program `name` if its pin changed, and return its path.

    Raises ToolError if Go is missing or fails.
    """
    program = TOOLS / "bin" / name
    inputs = stamp.digest(MODULE)
    if not (stamp.is_current(name, inputs) and program.exists()):
        golang.build(progress, MODULE, [PROGRAMS[name]], "-s -w", program)
        stamp.write(name, inputs)
    return program
