"""Logs the decisions of a build, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from funcpack.buildpack.install.interpreter import Interpreter
    from funcpack.buildpack.platform.context import Buildpack, Context
    from funcpack.buildpack.platform.log import Log
    from funcpack.check.handler import CheckedFunction, Shadowing
    from funcpack.project.project import Project
    from funcpack.project.python_request import PythonRequest
    from funcpack.project.unused_files import UnusedFile


# Places in files that a warning names.
_MOST_PLACES = 10


def log_buildpack(log: Log, buildpack: Buildpack, context: Context) -> None:
    """Log the version of the buildpack and the target of the build."""
    log.title(f"Funcpack: buildpack {buildpack.id} {buildpack.version}")
    log.line(f"Building for {context.target.os}/{context.target.arch} {context.target.distro}".rstrip())


def log_function(log: Log, project: Project, function: CheckedFunction, app: Path) -> None:
    """Log which function the image runs, and the values that it is called with, or which application.

    `app` is the app directory of the platform.
    """
    log.title("Function")
    if project.app != app:
        moved = project.app.relative_to(app)
        log.line(
            f"kn func moved the project to '{moved}'. Using it as the app directory, without kn func's own server."
        )
    log.line(f"The handler is '{project.handler.text}' ({project.handler.origin}).")
    log_ignored_variables(log, project)
    log_shadowing(log, function.shadowing)
    if function.file is None:
        log.line(f"It cannot be checked, because {function.unchecked}. The invoker loads it when the image starts.")
        return
    place = f"{function.file}, line {function.line}" if function.line else f"{function.file}"
    if function.protocol is not None:
        log.line(f"Found it in {place}. It is {function.protocol.described}.")
        return
    if function.call:
        log.line(
            f"Found it in {place}, as the result of '{function.call}(...)'. Whether it is a function or an application is"
            " checked when the image starts."
        )
        return
    if function.signature is None:
        log.line(f"Found it in {place}. Its parameters are checked when the image starts.")
        return
    names = ", ".join(function.signature.values) or "no parameters"
    log.line(f"Found it in {place}. It accepts {function.signature.kind.described}: {names}.")


def log_ignored_variables(log: Log, project: Project) -> None:
    """Warn of variables that the project sets, but that do not count. The log names a few places of many."""
    ignored = project.settings.ignored()
    if ignored:
        log.line(f"Warning: ignoring {', '.join(ignored)} of the project, because only the platform may set it.")
    places = project.not_understood
    if places:
        log.line("Warning: ignoring these parts of func.yaml, which the build cannot read:")
        for line, what in places[:_MOST_PLACES]:
            log.item(f"line {line}: {what}")
        _log_further(log, places)
        log.line("Write each variable as 'name: NAME' and 'value: \"VALUE\"', in two lines.")


def log_shadowing(log: Log, shadowing: Shadowing) -> None:
    """Warn of modules that are named like others, and say which of the two the function gets."""
    for name in shadowing.hidden:
        log.line(
            f"Warning: the app has a module '{name}', but 'import {name}' gets the module of Python's standard library,"
            " which the invoker needs. Rename the app's module."
        )
    for name in shadowing.standard_library:
        log.line(f"'import {name}' gets the app's module instead of the one of Python's standard library.")
    for name in shadowing.invoker:
        log.line(
            f"Warning: the app has a module '{name}', and 'import {name}' gets it instead of the invoker's library. If the"
            " invoker needs the library, the function does not start. Rename the app's module."
        )


def log_python_request(
    log: Log, request: PythonRequest | None, unused: UnusedFile | None, run_image_python: Interpreter | None
) -> None:
    """Log which Python version the project requests, and whether the run image has no Python.

    `unused` is a file with a version that the build does not read.
    """
    log.title("Python")
    if request is None:
        log.line("The project does not request a Python version.")
    else:
        log.line(f"The project requests Python '{request.setting.value}' ({request.setting.origin}).")
    if unused and request:
        log.line(f"Ignoring {unused.name}.")
    elif unused:
        _log_unused(log, unused, "To request its Python version, run this command and build again")
    if run_image_python is None:
        log.line("The run image has no known Python.")


def log_dependencies(log: Log, project: Project) -> None:
    """Log which file the dependencies come from, and which files the build does not read."""
    log.title("Dependencies")
    _log_credentials(log, project.credentials)
    dependencies, unused = project.dependencies, project.unused
    if unused.environments:
        names = ", ".join(unused.environments)
        log.line(f"Warning: the app contains a virtual environment ({names}), which the function does not use.")
        log.line("To keep it out of the image, delete it, or exclude it in project.toml:")
        log.item(f"exclude = {list(unused.environments)}".replace("'", '"'))
    if unused.pip:
        _log_unused(log, unused.pip, "To use its settings, set them as variables")
    if dependencies is None:
        log.line("The project has no dependencies to install.")
        if unused.groups:
            log.line(f"Not installing the dependency groups and extras in pyproject.toml: {', '.join(unused.groups)}.")
            log.line("If the function needs their packages, add these to 'dependencies' in [project].")
        for file in unused.dependencies:
            _log_unused(log, file, "To install its dependencies, run this command and build again")
        return
    log.line(f"Using the dependencies in {dependencies.format}.")
    if dependencies.ignored:
        log.line(f"Ignoring {', '.join(dependencies.ignored)}.")
    if dependencies.vendor:
        log.line("Using only the packages in the directory 'vendor', without a network.")


def _log_credentials(log: Log, places: Sequence[str]) -> None:
    """Warn of credentials in files of the app. The log names a few places of many."""
    if not places:
        return
    log.line("Warning: these files contain credentials, which become part of the image:")
    for place in places[:_MOST_PLACES]:
        log.item(place)
    _log_further(log, places)
    log.line("Remove them, and pass them to the build in a service binding of the type 'pypi' or 'netrc'.")


def _log_further(log: Log, places: Sequence[object]) -> None:
    if len(places) > _MOST_PLACES:
        log.item(f"and {len(places) - _MOST_PLACES} more")


def _log_unused(log: Log, file: UnusedFile, advice: str) -> None:
    log.line(f"Warning: the build does not read {file.name}. {advice}:")
    log.item(file.command)
