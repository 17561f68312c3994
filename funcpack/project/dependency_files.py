"""Finds the file that says what the function depends on.

One file counts. The order is: requirements.txt, pylock.toml, uv.lock, pyproject.toml; a requirements.txt with nothing in
it is passed over when there is another one, since the first of these buildpacks wanted an empty one in every project.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from funcpack.errors import DependencyFileError
from funcpack.project import digest, requirements
from funcpack.project.app_files import is_there, text_of

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
    are part of the app. `lines` are all that is said of packages, in the form of requirements.txt; None where it has another form.
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
    inputs = {format_: read(app) for format_, read in _READERS.items() if is_there(app / format_)}
    wanted = [format_ for format_, paths in inputs.items() if paths]
    if not wanted:
        return None
    chosen, *rest = wanted
    vendor = _vendor(app)
    paths = [*inputs[chosen], *([vendor] if vendor else [])]
    passed_over = tuple(other for other in rest if other not in _COMPANIONS.get(chosen, ()))
    read_lines = _READERS_OF_LINES.get(chosen)
    lines = read_lines(app) if read_lines and not vendor else None
    return Dependencies(chosen, digest.of_files(paths, app), passed_over, vendor, lines)


# pyproject.toml is no second source beside the lock that is made of it.
_COMPANIONS = {Format.UV_LOCK: (Format.PYPROJECT,), Format.PYLOCK: (Format.PYPROJECT,)}


def _of_requirements(app: Path) -> list[Path]:
    found = _requirements(app)
    return [] if found.is_empty else [*found.files, *found.paths]


def _requirements(app: Path) -> requirements.Requirements:
    return requirements.read(app.resolve() / Format.REQUIREMENTS, app.resolve())


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
    dynamic = project.get("dynamic")
    has_any = project.get("dependencies") or (isinstance(dynamic, list) and "dependencies" in dynamic)
    return [app / Format.PYPROJECT] if has_any else []


def _lines_of_requirements(app: Path) -> tuple[str, ...]:
    return (*_requirements(app).lines, _uv_settings(app))


def _lines_of_pyproject(app: Path) -> tuple[str, ...] | None:
    project = _table(app, Format.PYPROJECT)["project"]
    wanted = project.get("dependencies")
    if not isinstance(wanted, list) or project.get("dynamic"):
        return None
    return (*map(str, wanted), _uv_settings(app))


def _uv_settings(app: Path) -> str:
    """Return the project's settings of uv, which count for all packages, as if they were an option."""
    tools = _table(app, Format.PYPROJECT).get("tool") if is_there(app / Format.PYPROJECT) else None
    return f"--uv {tools.get('uv') if isinstance(tools, dict) else None}"


_READERS_OF_LINES: dict[Format, Callable[[Path], tuple[str, ...] | None]] = {
    Format.REQUIREMENTS: _lines_of_requirements,
    Format.PYPROJECT: _lines_of_pyproject,
}

_READERS: dict[Format, Callable[[Path], list[Path]]] = {
    Format.REQUIREMENTS: _of_requirements,
    Format.PYLOCK: _of_pylock,
    Format.UV_LOCK: _of_uv_lock,
    Format.PYPROJECT: _of_pyproject,
}


def _table(app: Path, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text_of(app / name, name))
    except tomllib.TOMLDecodeError as exc:
        raise DependencyFileError(name, str(exc)) from exc


def _vendor(app: Path) -> Path | None:
    """Return the directory of packages that travel with the app; other languages have a `vendor` of other things."""
    vendor = app / "vendor"
    has_packages = any(vendor.glob("*.whl")) or any(vendor.glob("*.tar.gz"))
    return vendor if has_packages else None
