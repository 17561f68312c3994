"""Installs the packages of the function with uv, from any of the files that may declare them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from funcpack.buildpack.install import build_traces, locked, pip_settings, pylock, uv_failures
from funcpack.buildpack.install.uv import UvError
from funcpack.project.dependency_files import Format

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from funcpack.buildpack.install.uv import Uv
    from funcpack.buildpack.install.virtualenv import Virtualenv
    from funcpack.buildpack.platform.log import Log
    from funcpack.project.dependency_files import Dependencies


@contextmanager
def without_traces(dependencies: Dependencies, uv: Uv) -> Iterator[None]:
    """Remove what the build backends of local packages write into the app during the block."""
    with ExitStack() as stack:
        if dependencies.has_sources:
            stack.enter_context(build_traces.removed(uv.cwd))
        yield


def install(
    dependencies: Dependencies, virtualenv: Virtualenv, uv: Uv, log: Log, more_options: Sequence[str] = ()
) -> None:
    """Install the packages into the environment, without the project itself.

    Raises:
        InstallError, InstallPlaceError: uv cannot install the dependencies.

    """
    sources = _source_options(dependencies, uv)
    # The user's variables take precedence over options in the dependency file.
    options = {name: value for name, value in dependencies.variables.items() if name not in uv.env}
    uv = uv.with_env(UV_PROJECT_ENVIRONMENT=str(virtualenv.path), **options)
    try:
        with ExitStack() as files:
            command = _install_command(dependencies, virtualenv, uv, log, files)
            uv.run([*command, *more_options, *sources], log)
    except UvError as exc:
        has_vendor = dependencies.vendor is not None
        raise uv_failures.error_for(exc.output, dependencies.format, uv.cwd, has_vendor=has_vendor) from exc


def warn_if_empty(dependencies: Dependencies, virtualenv: Virtualenv, log: Log) -> None:
    """Warn if the markers of all requirements exclude them, for example after `poetry export` for another Python version."""
    is_direct = dependencies.format in {Format.REQUIREMENTS, Format.PYPROJECT}
    requires = is_direct and any(dependencies.names)
    if requires and not any(virtualenv.site_packages.glob("*.dist-info")):
        python = f"Python {virtualenv.interpreter.version} on Linux"
        log.line(
            f"Warning: no requirement in {dependencies.format} applies to {python}, so no package is installed. See the"
            " markers after ';' in the file."
        )


def write_path_file(virtualenv: Virtualenv, directories: Sequence[Path]) -> None:
    """Add directories to sys.path, after the environment's own packages and with the invoker's packages last.

    Python appends the lines of a .pth file to sys.path. The name sorts after those of editable installs, whose packages
    belong to the function, too.
    """
    text = "".join(f"{directory}\n" for directory in directories)
    path_file(virtualenv).write_text(text, encoding="utf-8")


def path_file(virtualenv: Virtualenv) -> Path:
    """Return the file with the directories that `write_path_file` adds."""
    return virtualenv.site_packages / "zz_funcpack_invoker.pth"


def _install_command(
    dependencies: Dependencies, virtualenv: Virtualenv, uv: Uv, log: Log, files: ExitStack
) -> list[str]:
    """Return the command to install the dependencies. `files` removes the temporary files that it reads."""
    format_, python = dependencies.format, virtualenv.interpreter.path
    exported = locked.requirements_for_other_places(dependencies, uv, python, _source_options(dependencies, uv))
    if exported is not None:
        log.line(f"Using the versions and hashes in {format_}, with packages from other places than it names.")
        name = files.enter_context(locked.temporary_file(exported))
        return [*_pip_command(dependencies, virtualenv), "--no-deps", "--requirement", name]
    if format_ is Format.UV_LOCK:
        return _sync_command(python)
    if format_ is Format.PYLOCK:
        name = files.enter_context(pylock.without_project(uv.cwd)) if dependencies.package else str(format_)
        # uv warns that its support for pylock.toml may change, but the version of uv in the buildpack is fixed.
        return ["--preview-features=pylock", *_pip_command(dependencies, virtualenv), "--requirement", name]
    return [*_pip_command(dependencies, virtualenv), "--requirement", format_]


def _pip_command(dependencies: Dependencies, virtualenv: Virtualenv) -> list[str]:
    settings = dependencies.pip_settings
    pip_settings.check_place(settings)
    options = pip_settings.options_for_image(settings, virtualenv.interpreter)
    return ["pip", "install", "--no-compile-bytecode", "--python", str(virtualenv.python), *options]


def _sync_command(python: Path) -> list[str]:
    project = ["--no-default-groups", "--no-install-project", "--no-editable", "--no-compile-bytecode"]
    return ["sync", "--locked", *project, "--python", str(python)]


def _source_options(dependencies: Dependencies, uv: Uv) -> Sequence[str]:
    options = dependencies.source_options(uv.install_options)
    # `uv sync` does not have the options for single packages.
    is_sync = dependencies.format is Format.UV_LOCK and not dependencies.vendor
    return [option for option in options if option == "--no-index"] if is_sync else options
