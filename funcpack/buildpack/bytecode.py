"""Compiles Python files where they will be in the image, so that the function starts without compiling.

The exporter gives every file the same old time, so bytecode that is checked by time would be stale in every image; it is
checked by the source's hash instead. uv could compile too, but what its workers write depends on what each compiled
before, and the same input would give different images (seen with uv 0.13.8).
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


def compile_packages(python: Path, directory: Path) -> None:
    """Compile installed packages; files of theirs that this Python cannot read stay as they are."""
    _compile(python, directory, [])


def compile_app(python: Path, app: Path) -> None:
    """Compile the app's files; tests and templates among them need not be valid Python."""
    _compile(python, app, ["-x", f"^{re.escape(str(app))}{_NOT_OF_APP}"])


def _compile(python: Path, directory: Path, arguments: list[str]) -> None:
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
    subprocess.run(
        [*command, str(directory)],
        env=of_interpreter(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
