"""Creates an environment in the cache: chooses the Python, installs the packages, and adds the invoker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from funcpack.buildpack.install import conflicts, distributions, packages, project_package
from funcpack.buildpack.install.virtualenv import Virtualenv
from funcpack.command_errors import PackagesError
from funcpack.environments import cache, invoker, pythons
from funcpack.environments.report_log import ReportLog
from funcpack.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.platform.log import Log
    from funcpack.environments.invoker import Invoker
    from funcpack.project.dependency_files import Dependencies
    from funcpack.project.project import Project
    from funcpack.project.python_request import PythonRequest


def create(entry: Path, project: Project, request: PythonRequest | None, uv: Uv, report: Callable[[str], None]) -> None:
    """Create the environment `entry` in the cache, in place of one that is not usable.

    Raises:
        UserError: The Python or a package cannot be installed, or the packages conflict with the invoker.

    """
    log = ReportLog(report)
    interpreter = pythons.choose(request, uv, log)
    served_by = invoker.provide(entry.parent.with_name("invokers"), interpreter, uv, log)
    if entry.is_dir():
        cache.remove(entry)
    with cache.new_entry(entry) as directory:
        virtualenv = Virtualenv(directory, interpreter, is_relocatable=True)
        virtualenv.create()
        if project.dependencies:
            _install(project.dependencies, virtualenv, served_by, uv, log)
        packages.write_path_file(virtualenv, served_by.directories)
        (directory / "invoker").symlink_to(served_by.directories[0])
    cache.prune(entry.parent)


def _install(dependencies: Dependencies, virtualenv: Virtualenv, served_by: Invoker, uv: Uv, log: Log) -> None:
    log.line(f"Installing the packages in {dependencies.format}")
    try:
        with packages.without_traces(dependencies, uv):
            packages.install(dependencies, virtualenv, uv, log)
            if built := _built_from_directories(virtualenv):
                # uv builds them again only if their pyproject.toml changed, unless it is told to.
                packages.install(dependencies, virtualenv, uv, log, [f"--reinstall-package={name}" for name in built])
            packages.warn_if_empty(dependencies, virtualenv, log)
            if dependencies.package:
                # Editable, because the code of the project is about to change.
                place = ["--python", str(virtualenv.python), "--reinstall", "--editable"]
                project_package.install(dependencies.package, dependencies, virtualenv.interpreter, place, uv, log)
    except InstallError as exc:
        raise PackagesError(exc) from exc
    conflicts.check_conflicts(served_by.metadata_by_name(), virtualenv, dependencies.format, uv)


def _built_from_directories(virtualenv: Virtualenv) -> list[str]:
    """Return the names of the packages whose files are copies of local sources (https://peps.python.org/pep-0610/)."""
    found = []
    for package in distributions.installed(virtualenv.site_packages):
        file = package.info / "direct_url.json"
        directory = json.loads(file.read_text(encoding="utf-8")).get("dir_info") if file.is_file() else None
        if directory is not None and not directory.get("editable"):
            found.append(package.name)
    return found
