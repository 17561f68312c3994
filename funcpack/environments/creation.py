"""Creates an environment in the cache: chooses the Python, installs the packages, and adds the invoker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.buildpack.install import conflicts, packages, project_package
from funcpack.buildpack.install.virtualenv import Virtualenv
from funcpack.buildpack.platform.log import Log
from funcpack.environments import cache, invoker, pythons
from funcpack.plain_text import escaped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from funcpack.buildpack.install.uv import Uv
    from funcpack.project.dependency_files import Dependencies
    from funcpack.project.project import Project
    from funcpack.project.python_request import PythonRequest


class _ReportLog(Log):
    """A log whose lines are reported one by one."""

    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__()
        self._report = report

    def line(self, text: str) -> None:
        """Report one line."""
        self._report(escaped(text))


def create(entry: Path, project: Project, request: PythonRequest | None, uv: Uv, report: Callable[[str], None]) -> None:
    """Create the environment `entry` in the cache, in place of one that is not usable.

    Raises:
        UserError: The Python or a package cannot be installed, or the packages conflict with the invoker.

    """
    log = _ReportLog(report)
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
        lines = "".join(f"{path}\n" for path in served_by.directories)
        (directory / "path").write_text(lines, encoding="utf-8")
    cache.prune(entry.parent)


def _install(dependencies: Dependencies, virtualenv: Virtualenv, served_by: invoker.Invoker, uv: Uv, log: Log) -> None:
    log.line(f"Installing the packages in {dependencies.format}")
    with packages.without_traces(dependencies, uv):
        packages.install(dependencies, virtualenv, uv, log)
        packages.warn_if_empty(dependencies, virtualenv, log)
        if dependencies.package:
            # Editable, because the code of the project is about to change.
            place = ["--python", str(virtualenv.python), "--reinstall", "--editable"]
            project_package.install(dependencies.package, dependencies, virtualenv.interpreter, place, uv, log)
    conflicts.check_conflicts(served_by.metadata_by_name(), virtualenv, dependencies.format, uv)
