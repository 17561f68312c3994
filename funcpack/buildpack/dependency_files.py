"""Finds the file that says what the function depends on.

One file counts. The order is: requirements.txt, pylock.toml, uv.lock, pyproject.toml; a requirements.txt with nothing in
it is passed over when there is another one, since the first of these buildpacks wanted an empty one in every project.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from funcpack.buildpack import digest, requirements
from funcpack.buildpack.errors import DependencyFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Format(StrEnum):
    """A format of dependencies, by the name of its file."""

    REQUIREMENTS = "requirements.txt"
    PYLOCK = "pylock.toml"
    UV_LOCK = "uv.lock"
    PYPROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The file that counts; `digest` is that of everything that it leads to.

    `passed_over` are files that would have counted without it, `vendor` is the directory with the packages when they
    are part of the app. `lines` are all that is said of single packages; None where that is not known.
    """

    format: Format
    digest: str
    passed_over: tuple[str, ...]
    vendor: Path | None
    lines: tuple[str, ...] | None


def find(app: Path) -> Dependencies | None:
    """Return what the app depends on, or None when there is nothing to install.

    Raises:
        UserError: a file that counts cannot be read.

    """
    inputs = {format_: read(app) for format_, read in _READERS.items() if (app / format_).is_file()}
    wanted = [format_ for format_, paths in inputs.items() if paths]
    if not wanted:
        return None
    chosen, *rest = wanted
    vendor = _vendor(app)
    paths = [*inputs[chosen], *([vendor] if vendor else [])]
    passed_over = tuple(other for other in rest if other not in _COMPANIONS.get(chosen, ()))
    lines = _lines(app) if chosen is Format.REQUIREMENTS and not vendor else None
    return Dependencies(chosen, digest.of_files(paths, app), passed_over, vendor, lines)


# pyproject.toml is no second source beside the lock that is made of it.
_COMPANIONS = {Format.UV_LOCK: (Format.PYPROJECT,), Format.PYLOCK: (Format.PYPROJECT,)}


def _lines(app: Path) -> tuple[str, ...]:
    return tuple(_requirements(app).lines)


def _of_requirements(app: Path) -> list[Path]:
    found = _requirements(app)
    return [] if found.is_empty else [*found.files, *found.paths]


def _requirements(app: Path) -> requirements.Requirements:
    return requirements.read((app / Format.REQUIREMENTS).resolve(), app.resolve())


def _of_pylock(app: Path) -> list[Path]:
    packages = _table(app, Format.PYLOCK).get("packages")
    return [app / Format.PYLOCK] if packages else []


def _of_uv_lock(app: Path) -> list[Path]:
    _table(app, Format.UV_LOCK)
    return [app / Format.UV_LOCK, app / Format.PYPROJECT]


def _of_pyproject(app: Path) -> list[Path]:
    project = _table(app, Format.PYPROJECT).get("project")
    if not isinstance(project, dict):
        return []
    has_any = project.get("dependencies") or "dependencies" in project.get("dynamic", ())
    return [app / Format.PYPROJECT] if has_any else []


_READERS: dict[Format, Callable[[Path], list[Path]]] = {
    Format.REQUIREMENTS: _of_requirements,
    Format.PYLOCK: _of_pylock,
    Format.UV_LOCK: _of_uv_lock,
    Format.PYPROJECT: _of_pyproject,
}


def _table(app: Path, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(requirements.text_of(app / name, name))
    except tomllib.TOMLDecodeError as exc:
        raise DependencyFileError(name, str(exc)) from exc


def _vendor(app: Path) -> Path | None:
    """Return the directory of packages that travel with the app; other languages have a `vendor` of other things."""
    vendor = app / "vendor"
    has_packages = any(vendor.glob("*.whl")) or any(vendor.glob("*.tar.gz"))
    return vendor if has_packages else None
