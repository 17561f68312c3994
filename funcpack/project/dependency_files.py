"""Finds the file that declares the function's dependencies.

The build uses one file, the first of requirements.txt, pylock.toml, uv.lock and pyproject.toml that declares dependencies.
Some of these buildpacks' predecessors required a requirements.txt in every project, so an empty one does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from funcpack.project import digest, requirements
from funcpack.project.app_files import is_present, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from funcpack.project.pyproject import Pyproject


class Format(StrEnum):
    """A format of dependencies, by the name of its file."""

    REQUIREMENTS = "requirements.txt"
    PYLOCK = "pylock.toml"
    UV_LOCK = "uv.lock"
    PYPROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The file with the dependencies. `digest` covers all files that take part in the installation.

    `ignored` are other files that declare dependencies. `vendor` is the directory with the packages if the app contains
    them. `lines` are the requirements and options in the form of requirements.txt, or None if they have another form.
    `variables` are settings for uv that the file contains.
    """

    format: Format
    digest: str
    ignored: tuple[str, ...]
    vendor: Path | None
    lines: tuple[str, ...] | None
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that declares dependencies, with all files that take part in an installation from it."""

    format: Format
    inputs: tuple[Path, ...]
    lines: tuple[str, ...] | None = None


# A lock file is generated from pyproject.toml, which is therefore not an ignored source.
_SOURCES = {Format.UV_LOCK: (Format.PYPROJECT,), Format.PYLOCK: (Format.PYPROJECT,)}


def find_dependencies(app: Path, pyproject: Pyproject) -> Dependencies | None:
    """Return the dependencies of the app, or None if there is nothing to install.

    Raises:
        UserError: A file is not valid or not readable.

    """
    candidates = list(_candidates(app, pyproject))
    if not candidates:
        return None
    chosen, *others = candidates
    vendor = _vendor(app)
    inputs = [*chosen.inputs, *([vendor] if vendor else [])]
    sources = _SOURCES.get(chosen.format, ())
    ignored = tuple(other.format for other in others if other.format not in sources)
    lines = None if vendor else chosen.lines
    variables = requirements.option_variables(chosen.lines or ()) if chosen.format is Format.REQUIREMENTS else {}
    return Dependencies(chosen.format, digest.files_digest(inputs, app), ignored, vendor, lines, variables)


def _candidates(app: Path, pyproject: Pyproject) -> Iterator[_Candidate]:
    """Return the files that declare dependencies, in the order of precedence."""
    # The settings of uv apply to all packages, as an option in requirements.txt would.
    uv_settings = f"--uv {pyproject.uv}"
    if is_present(app / Format.REQUIREMENTS):
        found = requirements.read_requirements(app.resolve() / Format.REQUIREMENTS, app.resolve())
        if not found.is_empty:
            yield _Candidate(Format.REQUIREMENTS, (*found.files, *found.paths), (*found.lines, uv_settings))
    if is_present(app / Format.PYLOCK) and read_toml(app, Format.PYLOCK).get("packages"):
        yield _Candidate(Format.PYLOCK, (app / Format.PYLOCK,))
    if is_present(app / Format.UV_LOCK):
        read_toml(app, Format.UV_LOCK)  # for its errors
        yield _Candidate(Format.UV_LOCK, (app / Format.UV_LOCK, app / Format.PYPROJECT))
    if pyproject.has_dependencies:
        static = pyproject.static_dependencies
        lines = None if static is None else (*static, uv_settings)
        yield _Candidate(Format.PYPROJECT, (app / Format.PYPROJECT,), lines)


def _vendor(app: Path) -> Path | None:
    """Return the directory `vendor` if it contains Python packages; other languages use the name for other things."""
    vendor = app / "vendor"
    has_packages = any(vendor.glob("*.whl")) or any(vendor.glob("*.tar.gz"))
    return vendor if has_packages else None
