"""Installs the tools of a release, which requirements/release.txt locks, in .tools/release.

They are not in .venv: they bring many packages, which would slow down the start of its commands.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from tools import stamp
from tools.places import ROOT, TOOLS, VENV

if TYPE_CHECKING:
    from pathlib import Path

    from tools.progress import Progress

LOCK = ROOT / "requirements" / "release.txt"
DIRECTORY = TOOLS / "release"


def ensure(progress: Progress, name: str) -> Path:
    """Return the path of the tool `name`: pip-audit, twine or zizmor.

    Raises ToolError if the tools cannot be installed.
    """
    tool = DIRECTORY / "bin" / name
    inputs = stamp.digest(LOCK, text=f"{sys.executable} {sys.version}")
    if not (stamp.is_current("release-tools", inputs) and tool.exists()):
        uv = str(VENV / "bin" / "uv")
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        progress.run([uv, "--no-config", "venv", "--python", sys.executable, str(DIRECTORY)])
        options = ["--python", str(DIRECTORY / "bin" / "python"), "--require-hashes", "--requirements", str(LOCK)]
        progress.run([uv, "--no-config", "pip", "install", *options])
        stamp.write("release-tools", inputs)
    return tool
