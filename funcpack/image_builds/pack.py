"""Finds `pack`, the program that builds images with buildpacks (https://buildpacks.io)."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass

from funcpack.command_errors import NoPackError

# The version with which Funcpack is tested: that in tools/pack/go.mod.
TESTED_VERSION = "0.40.6"
_RELEASES = "https://github.com/buildpacks/pack/releases/download"
_VERSION_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Pack:
    """The program `pack` and its version."""

    program: str
    version: str


def find() -> Pack:
    """Return the `pack` on PATH.

    Raises:
        NoPackError: There is none.

    """
    program = shutil.which("pack")
    version = _version(program) if program else None
    if program is None or version is None:
        raise NoPackError(program, install_command())
    return Pack(program, version)


def install_command() -> str:
    """Return the command that installs `pack` on this machine."""
    if sys.platform == "darwin":
        return "brew install buildpacks/tap/pack"
    suffix = "-arm64" if platform.machine() == "aarch64" else ""
    archive = f"{_RELEASES}/v{TESTED_VERSION}/pack-v{TESTED_VERSION}-linux{suffix}.tgz"
    return f"curl -sSfL {archive} | sudo tar -C /usr/local/bin -xz pack"


def _version(program: str) -> str | None:
    """Return the version, or None if the program is another one of this name."""
    try:
        done = subprocess.run(
            [program, "version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_VERSION_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = done.stdout.strip()
    return version if done.returncode == 0 and version[:1].isdigit() else None
