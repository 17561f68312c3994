"""Finds the file that declares the function's dependencies.

The build uses one file, the first of requirements.txt, pylock.toml, uv.lock and pyproject.toml that declares dependencies.
Some of these buildpacks' predecessors required a requirements.txt in every project, so an empty one does not count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from funcpack.errors import ProxySettingError
from funcpack.project import digest, local_paths, requirements
from funcpack.project.app_files import as_table, as_tables, children, is_present, is_source_tree, read_toml
from funcpack.project.local_packages import Sources, sources_of
from funcpack.project.package import find_package
from funcpack.project.package_names import normalized, required_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from funcpack.project.package import Package
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
    `package` is the project itself if it is installed in addition. `names` are the normalized names of the packages, as far as
    they are known. `has_sources` is true if packages are installed from directories of the app. `pip_settings` are those for
    `uv pip` alone. `files` are the file and those that it includes. `building` are the lines that may make uv build packages in
    spite of UV_NO_BUILD.
    """

    format: Format
    digest: str
    ignored: tuple[str, ...]
    vendor: Path | None
    lines: tuple[str, ...] | None
    variables: Mapping[str, str]
    changing: tuple[str, ...] = ()
    package: Package | None = None
    names: frozenset[str] = frozenset()
    has_sources: bool = False
    files: tuple[Path, ...] = ()
    pip_settings: Mapping[str, object] = field(default_factory=dict)
    building: tuple[str, ...] = ()

    def source_options(self, install_options: Sequence[str]) -> Sequence[str]:
        """Return the options of uv for the place of the packages; `install_options` are those of the user."""
        if self.vendor:
            others = [option for option in install_options if option != "--no-index"]
            return ["--offline", "--no-index", "--find-links", str(self.vendor), *others]
        return install_options


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that declares dependencies, with the files and variables that take part in an installation from it.

    `installs_project` is true if the project itself is to be installed in addition to the packages that the file declares.
    """

    format: Format
    inputs: tuple[Path, ...]
    lines: tuple[str, ...] | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    changing: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    installs_project: bool = False
    files: tuple[Path, ...] = ()
    building: tuple[str, ...] = ()


_UV_TOML = "uv.toml"
_PROXIES = ("http-proxy", "https-proxy", "no-proxy")

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
    inputs = [
        *chosen.inputs,
        *local_paths.in_uv_settings(pyproject.uv, app, app, Format.PYPROJECT),
        *([vendor] if vendor else []),
    ]
    sources_of_packages = _sources_of_packages(chosen, app, variables)
    inputs += sources_of_packages.paths
    values = {**chosen.values, **sources_of_packages.values}
    texts = [f"[tool.uv] {pyproject.uv}", *(f"{name}={value}" for name, value in sorted(values.items()))]
    sources = _SOURCES.get(chosen.format, ())
    ignored = tuple(other.format for other in others if other.format not in sources)
    lines = None if vendor else chosen.lines
    options = requirements.option_variables(chosen.lines or ()) if chosen.format is Format.REQUIREMENTS else {}
    content = digest.text_digest("\n".join([digest.files_digest(inputs, app), *texts]))
    package = find_package(app, pyproject) if chosen.installs_project else None
    return Dependencies(
        chosen.format,
        content,
        ignored,
        vendor,
        lines,
        options,
        (*chosen.changing, *sources_of_packages.changing),
        package,
        chosen.names,
        has_sources=package is not None or any(map(is_source_tree, inputs)),
        files=chosen.files,
        building=chosen.building,
        pip_settings=_pip_settings(app, pyproject),
    )


def _candidates(app: Path, pyproject: Pyproject, variables: Mapping[str, str]) -> Iterator[_Candidate]:
    """Return the files that declare dependencies, in the order of precedence."""
    # The settings of uv apply to all packages, as an option in requirements.txt would.
    uv_settings = f"--uv {pyproject.uv}"
    pyproject_file = app / Format.PYPROJECT
    if is_present(app / Format.REQUIREMENTS):
        found = requirements.read_requirements(app.resolve() / Format.REQUIREMENTS, app.resolve(), variables)
        if not found.is_empty:
            lines, inputs = (*found.lines, uv_settings), (*found.files, *found.paths)
            names = frozenset(map(required_name, found.lines))
            yield _Candidate(
                Format.REQUIREMENTS,
                inputs,
                lines,
                found.values,
                tuple(found.changing),
                names,
                files=tuple(found.files),
                building=tuple(found.building),
            )
    if is_present(app / Format.PYLOCK):
        lock = read_toml(app / Format.PYLOCK, app)
        packages = as_tables(lock.get("packages"))
        if packages:
            project = [pyproject_file] if pyproject.is_package else [app] * any(map(local_paths.is_project, packages))
            inputs = (app / Format.PYLOCK, *project, *local_paths.in_pylock(lock, app))
            yield _Candidate(Format.PYLOCK, inputs, names=_names(packages), installs_project=True)
    if is_present(app / Format.UV_LOCK):
        lock = read_toml(app / Format.UV_LOCK, app)
        inputs = (app / Format.UV_LOCK, pyproject_file, *local_paths.in_uv_lock(lock, app))
        names = _names(as_tables(lock.get("package")))
        yield _Candidate(Format.UV_LOCK, inputs, names=names, installs_project=True)
    if pyproject.has_dependencies or pyproject.is_package:
        yield _of_pyproject(pyproject_file, pyproject, uv_settings)


def _sources_of_packages(chosen: _Candidate, app: Path, variables: Mapping[str, str]) -> Sources:
    """Return the sources that the local packages and pyproject.toml itself name; a lock file contains all of them."""
    if chosen.format in {Format.UV_LOCK, Format.PYLOCK}:
        return Sources((), (), {})
    project = [app] if chosen.format is Format.PYPROJECT else []
    return sources_of([*chosen.inputs, *project], app, variables)


def _names(packages: Sequence[Mapping[str, object]]) -> frozenset[str]:
    return frozenset(normalized(str(package.get("name"))) for package in packages)


def _of_pyproject(file: Path, pyproject: Pyproject, uv_settings: str) -> _Candidate:
    static = pyproject.static_dependencies
    if static is None:
        reason = "the build backend decides on the dependencies in pyproject.toml, from files that are not known"
        return _Candidate(Format.PYPROJECT, (file,), changing=(reason,), installs_project=True)
    lines, names = (*static, uv_settings), frozenset(map(required_name, static))
    return _Candidate(Format.PYPROJECT, (file,), lines, names=names, installs_project=True)


def _pip_settings(app: Path, pyproject: Pyproject) -> Mapping[str, object]:
    """Return the settings for `uv pip`. If there is a uv.toml, uv ignores `[tool.uv]`.

    Raises:
        ProxySettingError: The settings of uv name a proxy.

    """
    has_uv_toml = is_present(app / _UV_TOML)
    settings = read_toml(app / _UV_TOML, app) if has_uv_toml else as_table(pyproject.uv)
    for name in _PROXIES:
        if name in settings:
            raise ProxySettingError(name, _UV_TOML if has_uv_toml else Format.PYPROJECT)
    return as_table(settings.get("pip"))


def _vendor(app: Path) -> Path | None:
    """Return the directory `vendor` if it contains Python packages; other languages use the name for other things.

    Raises:
        OutsideFileError: The directory or a package is a link to something that is not in the app directory.

    """
    vendor = app / "vendor"
    packages = [path for path in children(vendor) if path.name.endswith((".whl", ".tar.gz"))]
    for path in packages:
        local_paths.check_inside(path, app, str(path.relative_to(app)))
    return vendor if packages else None
