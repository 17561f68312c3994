"""What a prepared buildpack carries: the invoker's environment, for builds to copy instead of making it, and facts about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from funcpack.buildpack.install.virtualenv import Virtualenv


def keep(buildpack: Path, virtualenv: Virtualenv) -> None:
    """Move `virtualenv` into the buildpack, for builds that want the same one."""
    import shutil  # noqa: PLC0415 - slow, and for builders only

    directory = _directory(buildpack)
    directory.mkdir()
    shutil.move(virtualenv.path, directory / "venv")
    (directory / "made-for").write_text(_made_for(virtualenv), encoding="utf-8")


def copy(buildpack: Path, virtualenv: Virtualenv) -> bool:
    """Make `virtualenv` by copying the one in the buildpack; return False when that is another one or there is none."""
    import shutil  # noqa: PLC0415 - slow, and most builds use the last one's layer

    directory = _directory(buildpack)
    try:
        is_same = (directory / "made-for").read_text(encoding="utf-8") == _made_for(virtualenv)
    except FileNotFoundError:
        return False
    if is_same:
        shutil.copytree(directory / "venv", virtualenv.path, symlinks=True)
    return is_same


def remember(buildpack: Path, name: str, fact: str) -> None:
    """Write down something about the buildpack that every build would find out."""
    file = _directory(buildpack) / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(fact, encoding="utf-8")


def fact(buildpack: Path, name: str, find: Callable[[], str]) -> str:
    """Return what was written down, else what `find` finds out."""
    try:
        return (_directory(buildpack) / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return find()


def _directory(buildpack: Path) -> Path:
    return buildpack / "prepared"


def _made_for(virtualenv: Virtualenv) -> str:
    """Return what its files have in them: where it is, and its Python."""
    return f"{virtualenv.path}\n{virtualenv.interpreter.version}\n{virtualenv.interpreter.path}\n"
