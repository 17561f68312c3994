"""Provides the Python, the packages and the invoker of a function on this machine, as its image has them.

An environment is kept in the cache by its content: by everything that the installation depends on. It is never changed.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from funcpack.buildpack.install import environment, setting_files
from funcpack.buildpack.install.uv import Uv
from funcpack.check.installed import check_installed
from funcpack.environments import cache, invoker, pythons, settings
from funcpack.project import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from funcpack.check.local import Inspection
    from funcpack.project.dependency_files import Dependencies
    from funcpack.project.project import Project
    from funcpack.project.python_request import PythonRequest

# Changes with what this package makes of the same inputs.
_LAYOUT = "1"


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment in which `python -m funcpack_invoker` serves the function.

    `python` is an interpreter that finds the packages of the function first, then the invoker. `digest` identifies the content.
    """

    python: Path
    digest: str


def provide(
    inspection: Inspection, *, python: str | None, report: Callable[[str], None], process_group: int | None = None
) -> Environment:
    """Return the environment of the function, which is created if the cache does not contain it.

    `python` is a Python version that replaces the project's request. `report` is called with each line about the progress.
    `process_group` is the number of that in which uv runs, or None for that of this process.

    Raises:
        UserError: The environment cannot be created, or the function is not in it.

    """
    project = inspection.project
    root = cache.directory(os.environ)
    request = pythons.requested(python, project.python)
    uv = replace(uv_of_user(project, root), process_group=process_group)
    of_project = environment.build_variables(_variables(project))
    key = _key(request, project.dependencies, settings.with_effect(of_project), uv)
    entry = root / "environments" / key[:32]
    if not _is_complete(entry):
        from funcpack.environments import creation  # noqa: PLC0415 - slow, and most starts find the environment

        creation.create(entry, project, request, uv, report)
    for used in (entry, _invoker(entry)):
        cache.note_use(used)
    if inspection.checked.is_in_package:
        (site_packages,) = entry.glob("venv/lib/python*/site-packages")
        check_installed(project.handler, project.app, site_packages)
    return Environment(_python(entry), key)


def uv_of_user(project: Project, root: Path) -> Uv:
    """Return uv with the settings of the user and of a project; `root` is the cache directory of the tool.

    Raises:
        NoUvError: There is no uv.

    """
    variables = _variables(project)
    env = settings.uv_variables(environment.build_variables(variables), os.environ, root)
    return Uv(settings.uv_executable(), env, project.app, environment.pip_arguments(variables))


def _variables(project: Project) -> dict[str, str]:
    return {**settings.pip_variables(os.environ), **project.settings.all()}


def _key(request: PythonRequest | None, dependencies: Dependencies | None, variables: Mapping[str, str], uv: Uv) -> str:
    """Return the digest of everything that the environment depends on. `variables` are those that affect the installation."""
    files = setting_files.read_setting_files(uv.env, uv.cwd) if dependencies else None
    own = pythons.own_interpreter()
    parts = [
        _LAYOUT,
        request.setting.value if request else "",
        f"{own.version} {own.path}",
        *pythons.visible_pythons(uv.env),
        invoker.identity(),
    ]
    if dependencies and files:
        parts += [
            str(uv.cwd) if dependencies.has_sources else "",
            dependencies.format,
            dependencies.digest,
            environment.build_settings(variables),
            *uv.install_options,
            files.digest,
        ]
        # What may have changed is installed again once a day: each start would take too long.
        if dependencies.changing or files.changing:
            parts.append(dt.datetime.now(dt.UTC).date().isoformat())
    return digest.text_digest("\n".join(parts))


def _python(entry: Path) -> Path:
    return entry / "venv" / "bin" / "python"


def _invoker(entry: Path) -> Path:
    return entry / "invoker"


def _is_complete(entry: Path) -> bool:
    """Check whether the cache contains the environment, its Python still exists, and so does the invoker."""
    return _python(entry).exists() and _invoker(entry).exists()
