"""Enforces UV_NO_BUILD: with this setting, a build runs no code of the source.

uv itself makes exceptions from `--no-build`: for packages that a setting named `no-binary` lists, and for editable packages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.errors import SourceBuildError
from funcpack.project import setting_paths
from funcpack.project.app_files import as_table, is_file, is_inside, is_present, read_toml
from funcpack.project.requirements import read_requirements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from funcpack.project.pyproject import Pyproject
    from funcpack.project.settings import Settings

NO_BUILD = "UV_NO_BUILD"
CHECK_IMPORT = "BP_CHECK_IMPORT"


def check_source_builds(settings: Settings, app: Path, pyproject: Pyproject, requirements: Sequence[str]) -> None:
    """Check that nothing in the app makes exceptions from UV_NO_BUILD. `requirements` are the lines that do.

    Raises:
        SourceBuildError: Something does.

    """
    if not settings.is_on(NO_BUILD):
        return
    found = [*requirements, *_in_named_files(settings, app), *_in_uv_settings(pyproject.uv, "pyproject.toml")]
    if is_present(app / "uv.toml"):
        found += _in_uv_settings(read_toml(app / "uv.toml", app), "uv.toml")
    check_import = settings.get(CHECK_IMPORT)
    if check_import and settings.is_on(CHECK_IMPORT) and settings.is_of_project(CHECK_IMPORT):
        found.append(check_import.origin)
    if found:
        raise SourceBuildError(found)


def _in_named_files(settings: Settings, app: Path) -> Iterator[str]:
    """Return the lines in files of constraints, also of those in the app that the platform names, and URLs of such files."""
    for named in setting_paths.named_requirements(settings, app):
        if named.path is None and named.is_of_project:
            yield named.shown
        elif named.path and is_file(named.path) and is_inside(named.path, app):
            yield from read_requirements(named.path, app.resolve(), settings.all()).building


def _in_uv_settings(settings: object, file: str) -> Iterator[str]:
    for table, key in (
        (as_table(settings), "no-binary-package"),
        (as_table(as_table(settings).get("pip")), "no-binary"),
    ):
        if table.get(key):
            yield f"'{key}' in {file}"
