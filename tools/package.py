"""Packages the staged buildpack as one file that other builders can include."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from tools import stage, stamp
from tools.places import BUILDPACK, DIST, PACK

if TYPE_CHECKING:
    from pathlib import Path

    from tools.progress import Progress, Step


def ensure(progress: Progress, step: Step, architecture: str) -> None:
    """Write the file for `architecture`, for which the buildpack is staged, if the buildpack changed.

    `pack` needs no engine for this. Raises ToolError if it fails.
    """
    package = file_for(architecture)
    inputs = stamp.digest(BUILDPACK, text=architecture)
    if stamp.is_current(package.name, inputs) and package.exists():
        step.result = "up to date"
        return
    command = [str(PACK), "buildpack", "package", str(package), "--path", str(BUILDPACK)]
    progress.run([*command, "--format", "file", "--target", f"linux/{architecture}"])
    stamp.write(package.name, inputs)


def file_for(architecture: str) -> Path:
    """Return the path of the file for `architecture`. Its name contains the architecture if it is not this machine's."""
    version = tomllib.loads((BUILDPACK / "buildpack.toml").read_text())["buildpack"]["version"]
    suffix = "" if architecture == stage.own_architecture() else f"-{architecture}"
    return DIST / f"funcpack-python-{version}{suffix}.cnb"
