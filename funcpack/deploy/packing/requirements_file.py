"""The dependencies of an app as requirements.txt, for builds that read nothing else."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from funcpack.buildpack.install import pylock
from funcpack.buildpack.install.uv import Uv, UvError
from funcpack.deployment_errors import LockExportError, UnknownDependenciesError
from funcpack.environments import settings
from funcpack.project.dependency_files import Format
from funcpack.project.pyproject import Pyproject

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.check.local import Inspection

_EXPORT = (
    "export",
    "--frozen",
    "--offline",
    "--no-default-groups",
    "--no-emit-project",
    "--no-editable",
    "--no-header",
)


def requirements_file(inspection: Inspection) -> bytes | None:
    """Return the content of a requirements.txt for an app that declares its dependencies in another file.

    Return None if the app has a requirements.txt that counts, or nothing to install.

    Raises:
        UnknownDependenciesError: Only a build backend knows the dependencies.
        LockExportError: uv cannot read the lock.

    """
    dependencies, app = inspection.project.dependencies, inspection.project.app
    if dependencies is None or dependencies.format is Format.REQUIREMENTS:
        return None
    if dependencies.format is Format.PYLOCK:
        has_project = dependencies.package is None
        lines = pylock.to_requirements(app, is_without_index=False, has_project=has_project)
    elif dependencies.format is Format.UV_LOCK:
        lines = _exported(app)
    else:
        declared = Pyproject.read(app).static_dependencies
        if declared is None:
            raise UnknownDependenciesError
        lines = "".join(f"{line}\n" for line in declared)
    return _relative(lines, app).encode()


def _exported(app: Path) -> str:
    # Without the user's variables and cache: the result depends on nothing but the lock.
    uv = Uv(settings.uv_executable(), {}, app)
    try:
        return uv.capture([*_EXPORT, "--no-annotate", "--quiet", "--no-cache", "--python", sys.executable])
    except UvError as exc:
        raise LockExportError(exc.output) from exc


def _relative(lines: str, app: Path) -> str:
    """Return the lines with paths relative to the app, in which the build runs."""
    uri = re.escape(app.resolve().as_uri())
    return re.sub(rf"^(?:\S+ @ |(--[\w-]+ )){uri}(?=/|$)", r"\1.", lines, flags=re.MULTILINE)
