"""Compiles Python files where they will be in the image, so that the function starts without compiling.

The exporter gives every file the same old time, so bytecode that is checked by time would be stale in every image; it is
checked by the source's hash instead. uv could compile too, but what its workers write depends on what each compiled
before, and the same input would give different images (seen with uv 0.13.8).

Compiling goes on in processes of its own beside the block of a `with` statement, which waits for them at its end.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING

from funcpack.buildpack.environment import of_interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Directories of an app that no function imports from.
_NOT_OF_APP = r"/(.*/)?(\.[^/]*|node_modules|__pycache__)(/|$)"


def compile_packages(python: Path, directory: Path) -> None:
    """Compile installed packages, and return when it is done."""
    with compiling_packages(python, directory):
        pass


@contextmanager
def compiling_packages(python: Path, directory: Path) -> Iterator[None]:
    """Compile installed packages; files of theirs that this Python cannot read stay as they are."""
    files = sorted(directory.rglob("*.py"))
    with ExitStack() as processes:
        # Always two halves, whatever the number of CPUs: bytecode may depend on what its process compiled before.
        for half in filter(None, (files[::2], files[1::2])):
            processes.enter_context(_compiling_files(python, half))
        yield


def compiling_app(python: Path, app: Path) -> subprocess.Popen[bytes]:
    """Compile the app's files; tests and templates among them need not be valid Python."""
    return _compiling(python, ["-x", f"^{re.escape(str(app))}{_NOT_OF_APP}", str(app)])


def _compiling_files(python: Path, files: Sequence[Path]) -> subprocess.Popen[bytes]:
    with tempfile.TemporaryFile() as listing:
        listing.write(b"\n".join(map(bytes, files)))
        listing.seek(0)
        return _compiling(python, ["-i", "-"], stdin=listing)


def _compiling(
    python: Path, arguments: Sequence[str], stdin: int | IO[bytes] = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    # -f: bytecode from the user's machine is checked by time, and would be taken for fresh here.
    command = [str(python), "-I", "-S", "-m", "compileall", "-f", "-qq", "--invalidation-mode", "checked-hash"]
    return subprocess.Popen(
        [*command, *arguments],
        env=of_interpreter(),
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
