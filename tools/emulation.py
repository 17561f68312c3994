"""Lets this machine, and its container engine, run programs for another architecture, with QEMU's user emulation from Debian.

The kernel starts the emulator: https://docs.kernel.org/admin-guide/binfmt-misc.html
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tools import engine, errors

if TYPE_CHECKING:
    from tools.progress import Progress

MISC = Path("/proc/sys/fs/binfmt_misc")
FORMATS = Path("/usr/lib/binfmt.d")

# QEMU's names of the architectures by Go's and Debian's.
EMULATORS = {"amd64": "x86_64", "arm64": "aarch64"}


def ensure(progress: Progress, architecture: str) -> None:
    """Install and register the emulator for `architecture` (amd64, arm64) if this machine cannot run its programs.

    Raises ToolError if the kernel does not accept it.
    """
    if not shutil.which("arch-test"):
        engine.install(progress, "arch-test")
    if runs(architecture):
        return
    engine.install(progress, "qemu-user-static")
    register(progress, architecture)
    if not runs(architecture):
        raise errors.no_emulation(architecture)


def runs(architecture: str) -> bool:
    """Check whether this machine runs programs for `architecture`, with `arch-test`, which mmdebstrap asks, too."""
    return (
        shutil.which("arch-test") is not None
        and subprocess.run(["arch-test", architecture], capture_output=True, check=False).returncode == 0
    )


def register(progress: Progress, architecture: str) -> None:
    """Register the installed emulator, as systemd does at the start of a machine that has it."""
    if not (MISC / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(MISC)], capture_output=True, check=False)
    description = FORMATS / f"qemu-{EMULATORS[architecture]}.conf"
    if runs(architecture) or not description.exists():
        return
    try:
        (MISC / "register").write_bytes(description.read_bytes())
    except OSError as error:
        progress.write(f"{MISC / 'register'}: {error}\n")
