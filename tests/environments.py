"""Environments beside .venv, made by uv once and kept in dist/tests: for tests that need other packages, or releases."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uv

from tools import stamp
from tools.places import DIST, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

INVOKER = ROOT / "invoker"
INVOKER_LOCK = INVOKER / "requirements.txt"


def locked(name: str, *locks: Path) -> Path:
    """Return the Python of an environment with the packages of hashed lock files, and the invoker in place."""
    content = "".join(lock.read_text() for lock in locks)
    options = [option for lock in locks for option in ("--requirements", str(lock))]
    return _ensure(name, sys.executable, ["--require-hashes", *options], content)


def installed(name: str, python: str, requirements: Sequence[str]) -> Path:
    """Return the Python of an environment of another Python with some packages, and the invoker in place."""
    return _ensure(name, python, requirements, "")


def _ensure(name: str, python: str, packages: Sequence[str], content: str) -> Path:
    directory = DIST / "tests" / name
    interpreter = directory / "bin" / "python"
    wanted = stamp.digest(text=f"{python} {packages} {content}")
    with one_process(f"tests-{name}"):
        if not (stamp.is_current(f"tests-{name}", wanted) and interpreter.exists()):
            shutil.rmtree(directory, ignore_errors=True)
            _uv("venv", "--python", python, str(directory))
            _uv("pip", "install", "--python", str(interpreter), *packages)
            (site_packages,) = directory.glob("lib/python*/site-packages")
            (site_packages / "funcpack_invoker.pth").write_text(f"{INVOKER}\n")
            stamp.write(f"tests-{name}", wanted)
    return interpreter


@contextmanager
def one_process(name: str) -> Iterator[None]:
    """Wait until no other process of the tests is in the part of this name."""
    DIST.mkdir(exist_ok=True)
    with (DIST / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _uv(*arguments: str) -> None:
    done = subprocess.run([uv.find_uv_bin(), "--no-config", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
