"""Compiles Python files at their final paths, so that the function starts without compiling.

The exporter resets the times of all files, which would make bytecode stale that is validated by time. Therefore it is
validated by the hash of the source. uv can compile, too, but its bytecode depends on the files that a worker compiled before,
so the same input would lead to different images (seen with uv 0.13.8).

Functions that compile in the background run child processes during the block of a `with` statement, and wait for them at its
end.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from funcpack.buildpack.install.environment import interpreter_variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_COMPILER = Path(__file__).with_name("compiler.py")


def compile_packages(python: Path, directory: Path) -> None:
    """Compile installed packages, and return when they are compiled."""
    with compile_packages_in_background(python, directory):
        pass


@contextmanager
def compile_packages_in_background(python: Path, directory: Path) -> Iterator[None]:
    """Compile installed packages in the background, without those files that are not valid for this Python."""
    files = sorted(directory.rglob("*.py"))
    with ExitStack() as processes:
        # Two processes for any number of CPUs, because bytecode may depend on the files that its process compiled before.
        for half in filter(None, (files[::2], files[1::2])):
            processes.enter_context(_start_compiler(python, half))
        yield


def compile_app_in_background(python: Path, app: Path) -> subprocess.Popen[bytes]:
    """Compile the files of the app in the background, without those that are not valid Python, such as templates."""
    return _start_compiler(python, sorted(_app_sources(app)))


def _app_sources(app: Path) -> Iterator[Path]:
    for directory, subdirectories, files in os.walk(app):
        subdirectories[:] = [
            name
            for name in subdirectories
            if not _is_ignored(name) and not Path(directory, name, "pyvenv.cfg").is_file()
        ]
        sources = (Path(directory, name) for name in files if name.endswith(".py") and not _is_ignored(name))
        yield from (source for source in sources if source.is_file())  # reading a named pipe would block forever


def _is_ignored(name: str) -> bool:
    """Check whether functions never import from a file or a directory of this name."""
    return name.startswith(".") or name in {"node_modules", "__pycache__"}


def _start_compiler(python: Path, files: Sequence[Path]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [str(python), "-I", "-S", str(_COMPILER)],
        env=interpreter_variables(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    names = cast("IO[bytes]", process.stdin)
    with contextlib.suppress(BrokenPipeError), names:
        names.write(b"\0".join(map(bytes, files)))
    return process
