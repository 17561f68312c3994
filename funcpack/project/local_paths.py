"""Finds the files and directories that dependencies are installed from, in lock files and in the settings of uv.

All of them must be in the app directory after all links are followed, if a file of the app names them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.errors import OutsideFileError
from funcpack.project.app_files import as_table, as_tables, exists, is_inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# https://docs.astral.sh/uv/reference/settings/
_SETTINGS_WITH_PLACES = frozenset(
    {"path", "url", "find-links", "index", "index-url", "extra-index-url", "default-index"}
)

_MOST_WILDCARDS = 8


def local_path(text: str, base: Path) -> Path | None:
    """Return the path that a location refers to, or None for a URL of another machine."""
    if text.startswith("file:"):
        text = re.sub(r"^file:(?://(?:localhost(?=/))?)?", "", text)
        if "%" in text:
            from urllib.parse import unquote  # noqa: PLC0415 - slow, and rarely needed

            text = unquote(text)
    if not text or "://" in text or "\0" in text:
        return None
    return Path(os.path.realpath(base / text))  # unlike Path.resolve, accept links that form a cycle


def check_inside(path: Path, app: Path, shown: str, origin: str | None = None) -> None:
    """Check that something which the app names is in the app directory, if it exists. `origin` is what refers to it.

    Raises:
        OutsideFileError: It is elsewhere.

    """
    if exists(path) and not is_inside(path, app):
        raise OutsideFileError(shown, os.path.realpath(path), origin)


def in_uv_lock(lock: Mapping[str, object], app: Path) -> list[Path]:
    """Return the local sources in uv.lock: members of the workspace, directories, archives and directories of packages."""
    sources = [as_table(package.get("source")) for package in as_tables(lock.get("package"))]
    kinds = ("editable", "directory", "path", "virtual", "registry")
    return _existing([source.get(kind) for source in sources for kind in kinds], app, app, "uv.lock")


def in_pylock(lock: Mapping[str, object], app: Path) -> list[Path]:
    """Return the local sources in pylock.toml (https://packaging.python.org/en/latest/specifications/pylock-toml/)."""
    sources: list[object] = []
    for package in as_tables(lock.get("packages")):
        kinds = [as_table(package.get(kind)) for kind in ("directory", "archive", "sdist", "vcs")]
        sources += [table.get("path") for table in (*kinds, *as_tables(package.get("wheels")))]
    return _existing(sources, app, app, "pylock.toml")


def is_project(package: Mapping[str, object]) -> bool:
    """Check whether a package in pylock.toml is the project itself."""
    path = as_table(package.get("directory")).get("path")
    return isinstance(path, str) and path.strip("./") == "" and ".." not in path


def in_uv_settings(settings: object, base: Path, app: Path, shown: str) -> list[Path]:
    """Return the local sources, indexes and workspace members that the settings of uv in the file `shown` name.

    Paths are relative to `base`.

    Raises:
        OutsideFileError: One of them is not in the app directory.

    """
    workspace = as_table(as_table(settings).get("workspace"))
    members = workspace.get("members")
    patterns = [pattern for pattern in members if isinstance(pattern, str)] if isinstance(members, list) else []
    found = [path for pattern in patterns if pattern for path in _matching(pattern.lstrip("/"), base)]
    for path in found:
        check_inside(path, app, "A member of the workspace", shown)
    return [*_existing(list(_places(settings)), base, app, shown), *sorted(found)]


def _matching(pattern: str, app: Path) -> list[Path]:
    """Return the paths that a pattern matches, or the whole app if the search could take much longer than to read the app."""
    if pattern.count("*") > _MOST_WILDCARDS or pattern.count("**") > 1:
        return [app]
    try:
        return list({Path(os.path.realpath(path)) for path in app.glob(pattern)})
    except OSError:
        return [app]  # there is a link that cannot be followed
    except (ValueError, NotImplementedError):
        return []  # uv reports that the pattern is not valid


def _places(value: object, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _places(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _places(item, key)
    elif isinstance(value, str) and key in _SETTINGS_WITH_PLACES:
        yield value


def _existing(locations: list[object], base: Path, app: Path, shown: str) -> list[Path]:
    """Return the paths that exist, except for the app itself, which is not installed from there."""
    found = []
    for location in locations:
        path = local_path(location, base) if isinstance(location, str) else None
        if path and exists(path):
            check_inside(path, app, f"'{location}'", shown)
            found.append(path)
    return [path for path in found if path != app.resolve()]
