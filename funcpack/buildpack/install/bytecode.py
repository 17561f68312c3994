"""Compiles Python files at their final paths, so that the function starts without compiling.

The exporter resets the times of all files, which would make bytecode stale that is validated by time. Therefore it is
validated by the hash of the source. uv can compile, too, but its bytecode depends on the files that a worker compiled before,
so the same input would lead to different images (seen with uv 0.13.8).

Functions that compile in the background run child processes during the block of a `with` statement, and wait for them at its
end.
"""

from __future__ import annotations

import contextlib
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from funcpack.buildpack.install.environment import interpreter_variables
from funcpack.project import app_files
from funcpack.project.app_files import is_file

if TYPE_CHECKING:
    import os
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
    for directory, entries in app_files.walk(app):
        entries[:] = [entry for entry in entries if not _is_ignored(entry.name) and not _is_environment(entry)]
        sources = (directory / entry.name for entry in entries if entry.name.endswith(".py"))
        yield from (source for source in sources if _is_source(source, app))


def _is_source(path: Path, app: Path) -> bool:
    """Check whether a path is a file of the app: not a named pipe, which would block, and not a link to a secret."""
    is_small_file = is_file(path) and path.stat().st_size <= app_files.LARGEST_FILE
    return is_small_file and (not path.is_symlink() or app_files.is_inside(path, app))


def _is_environment(entry: os.DirEntry[str]) -> bool:
    # A link is not followed anyway, and may lead to itself.
    return entry.is_dir(follow_symlinks=False) and is_file(Path(entry.path, "pyvenv.cfg"))


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
