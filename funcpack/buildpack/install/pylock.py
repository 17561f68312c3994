"""Reads pylock.toml where uv cannot: for packages from other places than the lock names, and without the project itself.

https://packaging.python.org/en/latest/specifications/pylock-toml/
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from funcpack.project.app_files import as_table, as_tables, read_text, read_toml
from funcpack.project.dependency_files import Format
from funcpack.project.local_paths import is_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# These two variables of markers exist only in lock files.
_SELECTION = re.compile(
    r"(?P<quote>['\"])(?P<name>[^'\"]*)(?P=quote)\s+(?P<negated>not\s+)?in\s+(?P<kind>extras|dependency_groups)\b"
)
_ALWAYS, _NEVER = "python_version >= '0'", "python_version < '0'"

# The beginning of each package, with which the text of the package starts when a lock is split.
_PACKAGE = re.compile(r"^(?=[ \t]*\[\[[ \t]*packages[ \t]*\]\])", re.MULTILINE)

# The algorithms that uv accepts in requirements.
_ALGORITHMS = ("sha256", "sha384", "sha512")


@contextmanager
def without_project(app: Path) -> Iterator[str]:
    """Write a copy of the app's pylock.toml without the project itself for the block, and yield its name.

    The copy is in the app directory, because the paths in the lock are relative.

    Raises:
        UserError: The file is not readable or not TOML.

    """
    packages = as_tables(read_toml(app / Format.PYLOCK, app).get("packages"))
    first, *texts = _PACKAGE.split(read_text(app / Format.PYLOCK, app))
    # A lock may also have its packages in one array, whose text is not split.
    if not any(map(is_project, packages)) or len(texts) != len(packages):
        yield Format.PYLOCK
        return
    kept = [text for text, package in zip(texts, packages, strict=True) if not is_project(package)]
    copy = app / "pylock.funcpack.toml"
    copy.write_text(first + "".join(kept or ["packages = []\n"]), encoding="utf-8")
    try:
        yield copy.name
    finally:
        copy.unlink()


def to_requirements(app: Path, *, is_without_index: bool, has_project: bool = True) -> str:
    """Return the packages of the app's pylock.toml as requirements: the default dependency groups, and no extras.

    Packages of an index are pinned by their versions and the hashes of all their files. Local packages stay where they are.
    `has_project` is false to leave out the project itself. Archives and repositories at URLs are required by name if there is no index, because then there is no network either.

    Raises:
        UserError: The file is not readable or not TOML.

    """
    lock = read_toml(app / Format.PYLOCK, app)
    groups = lock.get("default-groups")
    selected = groups if isinstance(groups, list) else []
    lines = [
        line
        for package in as_tables(lock.get("packages"))
        if has_project or not is_project(package)
        for line in _lines(package, app, selected, is_without_index=is_without_index)
    ]
    return "".join(f"{line}\n" for line in lines)


def _lines(package: Mapping[str, object], app: Path, groups: list[object], *, is_without_index: bool) -> Iterator[str]:
    name, marker = str(package.get("name")), _marker(package, groups)
    archive, vcs, directory = (as_table(package.get(kind)) for kind in ("archive", "vcs", "directory"))
    if directory:
        is_editable = bool(directory.get("editable")) and not marker
        location = f"{_location(directory, app)}{_subdirectory(directory)}"
        yield f"--editable {location}" if is_editable else f"{name} @ {location}{marker}"
    elif vcs and not (is_without_index and vcs.get("url")):
        commit = f"@{vcs.get('commit-id')}"
        yield f"{name} @ {vcs.get('type', 'git')}+{_location(vcs, app)}{commit}{_subdirectory(vcs)}{marker}"
    elif archive and not (is_without_index and archive.get("url")):
        yield f"{name} @ {_location(archive, app)}{_subdirectory(archive)}{marker}{_hashes([archive])}"
    else:
        files = [*as_tables(package.get("wheels")), *filter(None, [as_table(package.get("sdist"))])]
        # The hash of an archive that is not a wheel is not the hash of the wheel that replaces it.
        files += [archive] if str(archive.get("url")).endswith(".whl") else []
        paths = [path for file in files if isinstance(path := file.get("path"), str)]
        yield from sorted({f"--find-links {(app / path).resolve().parent.as_uri()}" for path in paths})
        yield f"{name}{_version(package)}{marker}{_hashes(files)}"


def _marker(package: Mapping[str, object], groups: list[object]) -> str:
    marker = package.get("marker")
    if not isinstance(marker, str):
        return ""

    def decide(match: re.Match[str]) -> str:
        is_selected = match["kind"] == "dependency_groups" and match["name"] in groups
        return _NEVER if is_selected == bool(match["negated"]) else _ALWAYS

    return f" ; {_SELECTION.sub(decide, marker)}"


def _location(source: Mapping[str, object], app: Path) -> str:
    path = source.get("path")
    return (app / path).resolve().as_uri() if isinstance(path, str) else str(source.get("url"))


def _subdirectory(source: Mapping[str, object]) -> str:
    subdirectory = source.get("subdirectory")
    return f"#subdirectory={subdirectory}" if subdirectory else ""


def _version(package: Mapping[str, object]) -> str:
    version = package.get("version")
    return f"=={version}" if version else ""


def _hashes(files: list[Mapping[str, object]]) -> str:
    found = [
        f" --hash={algorithm}:{hashes[algorithm]}"
        for hashes in (as_table(file.get("hashes")) for file in files)
        for algorithm in _ALGORITHMS
        if algorithm in hashes
    ]
    return "".join(found)
