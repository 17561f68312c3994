"""A checkout of the parts of the repository that its release tools read, for tests that change its files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import version
from tools.places import ROOT

DIRECTORIES = ("tools", "images")
FILES = ("Makefile", ".gitignore", *version.PLACES)


def checkout(directory: Path) -> Path:
    """Copy the release tools, and what they read, to `directory`, and return it."""
    for name in DIRECTORIES:
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, directory / name)
    (directory / "funcpack").symlink_to(ROOT / "funcpack")
    return directory


def make(directory: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make in a checkout. The programs in its directory `bin` come first on PATH."""
    # Not as a part of the make that runs the tests: with its level, the messages of this one begin with `make[1]`.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment = {**inherited, "PATH": f"{directory}/bin:{os.environ['PATH']}", **variables}
    # Without the target `venv`, which would create an environment: that of these tests has what the tools need.
    python = ["--assume-old=venv", f"VENV={Path(sys.executable).parent}", f"PYTHON={sys.executable}"]
    # By its path, because `variables` can contain another PATH.
    command = [shutil.which("make") or "make", "--no-print-directory", *python, *arguments]
    return subprocess.run(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
