"""The sources of the installed tool, to build it from."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("funcpack", "invoker", "requirements", "templates", "pyproject.toml", "README.md", "LICENSE")


def copy_to(directory: Path) -> Path:
    """Copy the sources, because setuptools writes next to them, and return the copy."""
    ignored = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(source, directory)
    return directory
