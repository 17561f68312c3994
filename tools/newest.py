"""Lets the newest releases in, for a test of what users will get next: .venv/bin/python -m tools.newest.

It removes the upper bounds and pins of the ranges in the working tree, and requires the newest `pack` and lifecycle. `make newest`
then updates the lock files.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from tools import cnb, make
from tools.places import LOGS, ROOT
from tools.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

RANGES = ("invoker/pyproject.toml", "invoker/requirements.in", "requirements/cli.in", "requirements/uv.in")
PROGRAMS = {
    cnb.PACK_MODULE: "github.com/buildpacks/pack",
    cnb.LIFECYCLE_MODULE: "github.com/buildpacks/lifecycle",
}

# A requirement such as `flask>=3.1,<4` or `uv==0.13.8`, which may be a string in TOML.
_REQUIREMENT = re.compile(r"""(?m)^(\s*"?[a-z]+)(?:(>=[\d.]+),<[\d.]+|==([\d.]+))""")


def unbounded(text: str) -> str:
    """Return the requirements with their lower bounds only."""
    return _REQUIREMENT.sub(lambda match: f"{match[1]}{match[2] or f'>={match[3]}'}", text)


def allow(progress: Progress, root: Path = ROOT) -> None:
    """Change the ranges below `root`, and the pins of the programs.

    Raises ToolError if Go is missing or fails.
    """
    for name in RANGES:
        file = root / name
        file.write_text(unbounded(file.read_text()))
    for module, program in PROGRAMS.items():
        directory = root / module.relative_to(ROOT)
        progress.run(["go", "get", f"{program}@latest"], cwd=directory)
        progress.run(["go", "mod", "tidy"], cwd=directory)


if __name__ == "__main__":
    sys.exit(make.finish(lambda: allow(Progress(LOGS / "newest.log"))))
