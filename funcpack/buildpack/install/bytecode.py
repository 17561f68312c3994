"""Compiles Python files where they will be in the image, so that the function starts without compiling.

The exporter gives every file the same old time, so bytecode that is checked by time would be stale in every image; it is
checked by the source's hash instead. uv could compile too, but what its workers write depends on what each compiled
before, and the same input would give different images (seen with uv 0.13.8).

Compiling goes on in processes of its own beside the block of a `with` statement, which waits for them at its end.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from funcpack.buildpack.install.environment import of_interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_COMPILER = Path(__file__).with_name("compiler.py")


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
            processes.enter_context(_compiling(python, half))
        yield


def compiling_app(python: Path, app: Path) -> subprocess.Popen[bytes]:
    """Compile the app's files; tests and templates among them need not be valid Python."""
    return _compiling(python, sorted(_of_app(app)))


def _of_app(app: Path) -> Iterator[Path]:
    for directory, subdirectories, files in os.walk(app):
        subdirectories[:] = [name for name in subdirectories if not _is_left_out(name)]
        sources = (Path(directory, name) for name in files if name.endswith(".py") and not _is_left_out(name))
        yield from (source for source in sources if source.is_file())  # to read a named pipe would never end


def _is_left_out(name: str) -> bool:
    """Tell if no function imports from a file or a directory of an app."""
    return name.startswith(".") or name in {"node_modules", "__pycache__"}


def _compiling(python: Path, files: Sequence[Path]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [str(python), "-I", "-S", str(_COMPILER)],
        env=of_interpreter(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    names = cast("IO[bytes]", process.stdin)
    with contextlib.suppress(BrokenPipeError), names:
        names.write(b"\0".join(map(bytes, files)))
    return process
