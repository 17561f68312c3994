"""Installs the project itself with uv, which runs the build backend, if the project is a package."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from funcpack.buildpack.install import pip_settings, uv_failures
from funcpack.buildpack.install.uv import UvError
from funcpack.errors import InstallError, NotVendoredError, PackageBuildError, ProjectBuildError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from funcpack.buildpack.install.interpreter import Interpreter
    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.dependency_files import Dependencies
    from funcpack.project.package import Package


def install(
    package: Package,
    dependencies: Dependencies,
    interpreter: Interpreter,
    place: Sequence[str],
    uv: Uv,
    log: Log,
) -> bool:
    """Install the project in the directory that uv runs in; `place` are the options of uv that say where and how.

    Return False if the app vendors its packages without the build backend. The project's code works without an installation.

    Raises:
        InstallError: The build backend cannot install the project.

    """
    options = pip_settings.options_for_image(dependencies.pip_settings, interpreter)
    sources = dependencies.source_options(uv.install_options)
    command = ["pip", "install", "--no-compile-bytecode", "--no-deps", *options, *sources, *place, "."]
    try:
        # If the build backend is not vendored, the output of uv is not an error of the build.
        uv.run(command, None if dependencies.vendor else log)
    except UvError as exc:
        _explain_failure(exc, package, dependencies, uv.cwd, log)
        return False
    return True


def _explain_failure(failure: UvError, package: Package, dependencies: Dependencies, app: Path, log: Log) -> None:
    """Warn that the vendored packages lack the build backend.

    Raises:
        InstallError: The installation failed for any other reason.

    """
    has_vendor = dependencies.vendor is not None
    error = uv_failures.error_for(failure.output, "pyproject.toml", app, has_vendor=has_vendor)
    if isinstance(error, NotVendoredError):
        log.line(
            "Warning: the directory 'vendor' does not contain the build backend, so the project itself is not installed, and its"
            " metadata and entry points are missing. To install it, run this command and build again:"
        )
        log.item(shlex.join(["pip", "download", *package.build_requires, "-d", "vendor"]))
        return
    for line in failure.output.splitlines() if dependencies.vendor else ():
        log.item(line)
    is_of_backend = type(error) in {InstallError, PackageBuildError}
    raise (ProjectBuildError(error.file, [package.name]) if is_of_backend else error) from failure
