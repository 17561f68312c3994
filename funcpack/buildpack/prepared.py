"""The invoker's environment that a prepared buildpack carries, so that builds copy it instead of making it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.buildpack.virtualenv import Virtualenv


def keep(buildpack: Path, virtualenv: Virtualenv) -> None:
    """Move `virtualenv` into the buildpack, for builds that want the same one."""
    directory = _directory(buildpack)
    directory.mkdir()
    shutil.move(virtualenv.path, directory / "venv")
    (directory / "made-for").write_text(_made_for(virtualenv), encoding="utf-8")


def copy(buildpack: Path, virtualenv: Virtualenv) -> bool:
    """Make `virtualenv` by copying the one in the buildpack; return False when that is another one or there is none."""
    directory = _directory(buildpack)
    try:
        is_same = (directory / "made-for").read_text(encoding="utf-8") == _made_for(virtualenv)
    except FileNotFoundError:
        return False
    if is_same:
        shutil.copytree(directory / "venv", virtualenv.path, symlinks=True)
    return is_same


def _directory(buildpack: Path) -> Path:
    return buildpack / "prepared"


def _made_for(virtualenv: Virtualenv) -> str:
    """Return what its files have in them: where it is, and its Python."""
    return f"{virtualenv.path}\n{virtualenv.interpreter.version}\n{virtualenv.interpreter.path}\n"
