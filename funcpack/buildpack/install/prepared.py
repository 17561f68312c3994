"""The contents of a prepared buildpack: an environment of the invoker for builds to copy, and facts about the buildpack."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from funcpack.buildpack.install.virtualenv import Virtualenv


def store_environment(buildpack: Path, virtualenv: Virtualenv) -> None:
    """Move an environment into the buildpack, for builds that need the same one."""
    import shutil  # noqa: PLC0415 - slow, needed only when a builder is created

    directory = _directory(buildpack)
    directory.mkdir()
    shutil.move(virtualenv.path, directory / "venv")
    (directory / "made-for").write_text(_made_for(virtualenv), encoding="utf-8")


def copy_environment(buildpack: Path, virtualenv: Virtualenv) -> bool:
    """Create an environment as a copy of the stored one. Return False if there is none or it is not for this path and Python."""
    import shutil  # noqa: PLC0415 - slow, and most builds reuse the layer of the last build

    directory = _directory(buildpack)
    try:
        is_same = (directory / "made-for").read_text(encoding="utf-8") == _made_for(virtualenv)
    except FileNotFoundError:
        return False
    if is_same:
        shutil.copytree(directory / "venv", virtualenv.path, symlinks=True)
    return is_same


def store_fact(buildpack: Path, name: str, fact: str) -> None:
    """Store a fact about the buildpack that every build would otherwise compute."""
    file = _directory(buildpack) / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(fact, encoding="utf-8")


def known_fact(buildpack: Path, name: str, compute: Callable[[], str]) -> str:
    """Return the stored fact, or compute it if the buildpack is not prepared."""
    try:
        return (_directory(buildpack) / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return compute()


def _directory(buildpack: Path) -> Path:
    return buildpack / "prepared"


def _made_for(virtualenv: Virtualenv) -> str:
    """Return everything that the files of the environment depend on: its path and its Python."""
    return f"{virtualenv.path}\n{virtualenv.interpreter.version}\n{virtualenv.interpreter.path}\n"
