"""Compiles Python files where they will be in the image, so that the function starts without compiling.

The exporter gives every file the same old time, so bytecode that is checked by time would be stale in every image; it is
checked by the source's hash instead. uv could compile too, but what its workers write depends on what each compiled
before, and the same input would give different images (seen with uv 0.13.8).

A compilation is a process of its own: it goes on beside the block of a `with` statement, which waits for it at its end.
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from funcpack.buildpack.environment import of_interpreter

if TYPE_CHECKING:
    from pathlib import Path

# Directories of an app that no function imports from.
_NOT_OF_APP = r"/(.*/)?(\.[^/]*|node_modules|__pycache__)(/|$)"


def compiling_packages(python: Path, directory: Path) -> subprocess.Popen[bytes]:
    """Compile installed packages; files of theirs that this Python cannot read stay as they are."""
    return _compiling(python, directory, [])


def compiling_app(python: Path, app: Path) -> subprocess.Popen[bytes]:
    """Compile the app's files; tests and templates among them need not be valid Python."""
    return _compiling(python, app, ["-x", f"^{re.escape(str(app))}{_NOT_OF_APP}"])


def _compiling(python: Path, directory: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    # -f: bytecode from the user's machine is checked by time, and would be taken for fresh here.
    command = [
        str(python),
        "-I",
        "-S",
        "-m",
        "compileall",
        "-f",
        "-qq",
        "--invalidation-mode",
        "checked-hash",
        *arguments,
    ]
    return subprocess.Popen(
        [*command, str(directory)],
        env=of_interpreter(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
