"""Asks a newer Python of this machine whether a source is valid, if the Python that runs the check does not know its syntax."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Prints the error of the compiler, or null. It compiles only, and runs nothing of the source.
_PROGRAM = """
import json, sys, warnings
warnings.simplefilter("ignore")
found = None
try:
    compile(sys.stdin.buffer.read(), sys.argv[1], "exec", dont_inherit=True)
except SyntaxError as exc:
    found = exc.msg, exc.lineno, exc.offset, exc.text
except (ValueError, MemoryError, RecursionError):
    pass
print(json.dumps(found))
"""


def syntax_error(source: bytes, shown: str, version: tuple[int, ...]) -> SyntaxError | None:
    """Return the error that a Python version reports for a source; None if it reports none, or is not on this machine."""
    import subprocess  # noqa: PLC0415 - slow, and rarely needed

    for python in _interpreters(version, os.environ):
        command = [str(python), "-I", "-S", "-c", _PROGRAM, shown]
        done = subprocess.run(command, input=source, capture_output=True, check=False)
        if done.returncode == 0:  # a command of pyenv fails if its version is not active
            found = json.loads(done.stdout)
            return SyntaxError(found[0], (shown, *found[1:])) if found else None
    return None


def search_path(environ: Mapping[str, str]) -> str:
    """Return PATH with the Pythons of pyenv, whose own commands in PATH fail for versions that are not active."""
    root = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/"), ".pyenv"))
    return os.pathsep.join([environ.get("PATH", os.defpath), *found_in(root / "versions", "3.*/bin")])


def managed_by_uv(environ: Mapping[str, str]) -> Path:
    """Return the directory of the Pythons that uv downloads (https://docs.astral.sh/uv/reference/storage/)."""
    if chosen := environ.get("UV_PYTHON_INSTALL_DIR"):
        return Path(chosen)
    data = environ.get("XDG_DATA_HOME") or Path(environ.get("HOME", "/"), ".local", "share")
    return Path(data, "uv", "python")


def found_in(directory: Path, pattern: str) -> list[str]:
    """Return the sorted paths below a directory that match a pattern; none if this user cannot read it."""
    from glob import escape, glob  # noqa: PLC0415 - slow, and rarely needed

    # That of pathlib raises PermissionError.
    return sorted(glob(f"{escape(str(directory))}/{pattern}"))  # noqa: PTH207


def _interpreters(version: tuple[int, ...], environ: Mapping[str, str]) -> Iterator[Path]:
    """Return the interpreters of a minor version; those in PATH last, because they may be commands of pyenv."""
    name = f"python{version[0]}.{version[1]}"
    yield from map(Path, found_in(managed_by_uv(environ), f"cpython-{version[0]}.{version[1]}.*/bin/{name}"))
    directories = [Path(directory) for directory in reversed(search_path(environ).split(os.pathsep)) if directory]
    yield from (directory / name for directory in directories if os.access(directory / name, os.X_OK))
