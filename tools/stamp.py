"""Records the input of each step, so that a later run repeats only the steps whose input changed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tools.places import ROOT, STAMPS

if TYPE_CHECKING:
    from pathlib import Path


def digest(*paths: Path, text: str = "") -> str:
    """Return the SHA-256 of `text` and of all files in `paths`: their relative names, executable bits and contents."""
    total = hashlib.sha256(text.encode())
    for path in paths:
        for file in _files(path):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            total.update(f"{file.relative_to(path.parent)} {file.stat().st_mode & 0o111:o} {content}\n".encode())
    return total.hexdigest()


def name_of(path: Path) -> str:
    """Return the name under which the input of the file or directory `path`, which is in this repository, is recorded."""
    return "-".join(path.relative_to(ROOT).parts)


def is_current(name: str, value: str) -> bool:
    """Check whether the recorded value of `name` is `value`."""
    stamp = STAMPS / name
    return stamp.is_file() and stamp.read_text() == value


def forget(name: str) -> None:
    """Remove the recorded value of `name`."""
    (STAMPS / name).unlink(missing_ok=True)


def write(name: str, value: str) -> None:
    """Record `value` for `name`."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(value)


def _files(path: Path) -> list[Path]:
    found = [path] if path.is_file() else path.rglob("*")
    return sorted(file for file in found if file.is_file() and "__pycache__" not in file.parts)
