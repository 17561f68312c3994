"""Follows local packages to the sources that their pyproject.toml names: other local packages, and content that may change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from funcpack.errors import FileEncodingError, InvalidTomlError
from funcpack.project import local_paths, requirements
from funcpack.project.app_files import as_table, as_tables, exists, is_directory, is_inside
from funcpack.project.pyproject import NAME, Pyproject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_COMMIT = re.compile(r"[0-9a-f]{40}")


class Sources(NamedTuple):
    """The files and directories that packages refer to, and the reasons why an installation from the same files may differ.

    `values` are the variables in the references, without credentials.
    """

    paths: tuple[Path, ...]
    changing: tuple[str, ...]
    values: Mapping[str, str]


def sources_of(packages: Iterable[Path], app: Path, variables: Mapping[str, str]) -> Sources:
    """Return the sources of the packages in directories, those of the packages among them, and so on."""
    paths: list[Path] = []
    changing: list[str] = []
    values: dict[str, str] = {}
    pending = [package for package in packages if is_directory(package)]
    seen = set(pending)
    while pending:
        package = pending.pop()
        found = _sources(package, app, variables)
        paths += found.paths
        changing += found.changing
        values |= found.values
        new = {path for path in found.paths if is_directory(path)} - seen
        pending += sorted(new)
        seen |= new
    return Sources(tuple(paths), tuple(changing), values)


def _sources(package: Path, app: Path, variables: Mapping[str, str]) -> Sources:
    try:
        pyproject = Pyproject.read(package, app if package.is_relative_to(app) else package)
    except (InvalidTomlError, FileEncodingError):
        return Sources((), (), {})  # uv reports that the file is not valid
    file = package / NAME
    shown = str(file.relative_to(app)) if file.is_relative_to(app) else str(file)
    lines = pyproject.static_dependencies or ()
    references = [
        requirements.reference(line, package, shown, {"PROJECT_ROOT": str(app), **variables}) for line in lines
    ]
    paths = [reference.path for reference in references if reference.path and exists(reference.path)]
    # A package elsewhere is one that the platform names.
    allowed = app if is_inside(package, app) else Path("/")
    for path in paths:
        local_paths.check_inside(path, allowed, "A dependency", shown)
    changing = [reference.changing for reference in references if reference.changing]
    if any(map(_may_change, _declared(pyproject.uv))):
        changing.append(f"[tool.uv.sources] in {shown} refers to content that may have changed")
    values = {name: value for reference in references for name, value in reference.values.items()}
    return Sources(
        (*local_paths.in_uv_settings(pyproject.uv, package, allowed, shown), *paths), tuple(changing), values
    )


def _declared(settings: object) -> list[Mapping[str, object]]:
    """Return the sources in `[tool.uv.sources]`; a package may have several, with different markers."""
    values = as_table(as_table(settings).get("sources")).values()
    return [source for value in values for source in as_tables(value if isinstance(value, list) else [value])]


def _may_change(source: Mapping[str, object]) -> bool:
    """Check whether a source is a Git branch or tag, or an archive at a URL."""
    is_commit = _COMMIT.fullmatch(str(source.get("rev"))) is not None
    url = str(source.get("url", ".whl")).partition("#")[0]
    return ("git" in source and not is_commit) or not url.endswith(".whl")
