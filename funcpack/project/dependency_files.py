"""Finds the file that declares the function's dependencies.

The build uses one file, the first of requirements.txt, pylock.toml, uv.lock and pyproject.toml that declares dependencies.
Some of these buildpacks' predecessors required a requirements.txt in every project, so an empty one does not count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from funcpack.project import digest, local_paths, requirements
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
    """The file with the dependencies. `digest` covers everything in the project that takes part in the installation.

    `ignored` are other files that declare dependencies. `vendor` is the directory with the packages if the app contains
    them. `lines` are the requirements and options in the form of requirements.txt, or None if they have another form.
    `variables` are settings for uv that the file contains. `changing` are the reasons why the digest cannot cover everything.
    """

    format: Format
    digest: str
    ignored: tuple[str, ...]
    vendor: Path | None
    lines: tuple[str, ...] | None
    variables: Mapping[str, str]
    changing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that declares dependencies, with the files and variables that take part in an installation from it."""

    format: Format
    inputs: tuple[Path, ...]
    lines: tuple[str, ...] | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    changing: tuple[str, ...] = ()


# A lock file is generated from pyproject.toml, which is therefore not an ignored source.
_SOURCES = {Format.UV_LOCK: (Format.PYPROJECT,), Format.PYLOCK: (Format.PYPROJECT,)}


def find_dependencies(app: Path, pyproject: Pyproject, variables: Mapping[str, str]) -> Dependencies | None:
    """Return the dependencies of the app, or None if there is nothing to install. `variables` are those of the build.

    Raises:
        UserError: A file is not valid or not readable.

    """
    candidates = list(_candidates(app, pyproject, variables))
    if not candidates:
        return None
    chosen, *others = candidates
    vendor = _vendor(app)
    inputs = [*chosen.inputs, *local_paths.in_uv_settings(pyproject.uv, app), *([vendor] if vendor else [])]
    texts = [f"[tool.uv] {pyproject.uv}", *(f"{name}={value}" for name, value in sorted(chosen.values.items()))]
    sources = _SOURCES.get(chosen.format, ())
    ignored = tuple(other.format for other in others if other.format not in sources)
    lines = None if vendor else chosen.lines
    options = requirements.option_variables(chosen.lines or ()) if chosen.format is Format.REQUIREMENTS else {}
    content = digest.text_digest("\n".join([digest.files_digest(inputs, app), *texts]))
    return Dependencies(chosen.format, content, ignored, vendor, lines, options, chosen.changing)


def _candidates(app: Path, pyproject: Pyproject, variables: Mapping[str, str]) -> Iterator[_Candidate]:
    """Return the files that declare dependencies, in the order of precedence."""
    # The settings of uv apply to all packages, as an option in requirements.txt would.
    uv_settings = f"--uv {pyproject.uv}"
    if is_present(app / Format.REQUIREMENTS):
        found = requirements.read_requirements(app.resolve() / Format.REQUIREMENTS, app.resolve(), variables)
        if not found.is_empty:
            lines, inputs = (*found.lines, uv_settings), (*found.files, *found.paths)
            yield _Candidate(Format.REQUIREMENTS, inputs, lines, found.values, tuple(found.changing))
    if is_present(app / Format.PYLOCK):
        lock = read_toml(app, Format.PYLOCK)
        if lock.get("packages"):
            yield _Candidate(Format.PYLOCK, (app / Format.PYLOCK, *local_paths.in_pylock(lock, app)))
    if is_present(app / Format.UV_LOCK):
        sources = local_paths.in_uv_lock(read_toml(app, Format.UV_LOCK), app)
        yield _Candidate(Format.UV_LOCK, (app / Format.UV_LOCK, app / Format.PYPROJECT, *sources))
    if pyproject.has_dependencies:
        yield _of_pyproject(app, pyproject, uv_settings)


def _of_pyproject(app: Path, pyproject: Pyproject, uv_settings: str) -> _Candidate:
    static = pyproject.static_dependencies
    if static is None:
        reason = "the build backend decides on the dependencies in pyproject.toml, from files that are not known"
        return _Candidate(Format.PYPROJECT, (app / Format.PYPROJECT,), changing=(reason,))
    places = [requirements.place_of(line, app, Format.PYPROJECT) for line in static]
    paths = [path for path, _ in places if path and path.exists()]
    changing = tuple(reason for _, reason in places if reason)
    return _Candidate(Format.PYPROJECT, (app / Format.PYPROJECT, *paths), (*static, uv_settings), changing=changing)


def _vendor(app: Path) -> Path | None:
    """Return the directory `vendor` if it contains Python packages; other languages use the name for other things."""
    vendor = app / "vendor"
    has_packages = any(vendor.glob("*.whl")) or any(vendor.glob("*.tar.gz"))
    return vendor if has_packages else None
