"""The static check for a project on this machine, with the same verdict as that of a build."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from funcpack.check.handler import CheckedFunction, check_handler
from funcpack.check.imported_modules import errors_of_imported_modules
from funcpack.check.invoker_modules import INVOKER_MODULES
from funcpack.check.modules import Modules
from funcpack.command_errors import EmptyDirectoryError
from funcpack.errors import MissingModuleError, UserError
from funcpack.project import handler_name, kn_func, python_request
from funcpack.project.app_files import source_roots
from funcpack.project.handler_name import Handler, default_handler
from funcpack.project.project import Project
from funcpack.project.project_toml import ProjectToml
from funcpack.project.python_request import PythonRequest
from funcpack.project.settings import Setting, Settings
from funcpack.project.supported_pythons import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from funcpack.project.python_request import Version


HANDLER_OPTION = "--handler"
PYTHON_OPTION = "--python"
HANDLER_OPTION = "--handler"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A project that a build would accept, its function, and the minor version of Python that it was checked for."""

    project: Project
    checked: CheckedFunction
    python: Version


def inspect(
    directory: Path, handler: str | None, environ: Mapping[str, str], *, python: str | None = None
) -> Inspection:
    """Read the project in `directory` and check its function.

    `handler` is the option `--handler`, which replaces PYTHON_HANDLER, and `python` the option `--python`, which replaces the
    project's request.

    Raises:
        UserError: A build would reject the project before it installs anything.

    """
    project = read_project(directory, handler, environ)
    if python:
        project = replace(project, python=_requested_by_option(python))
    expected = expected_python(project)
    try:
        checked = check_handler(project.handler, project.app, expected, INVOKER_MODULES, project.dependencies)
    except MissingModuleError as error:
        if error.modules or project.handler.origin != default_handler(project.app).origin:
            raise
        raise EmptyDirectoryError(str(project.app), f"{error.module}.py") from error
    python_request.check(project.python)
    return Inspection(project, checked, expected)


def check_options(handler: str | None, python: str | None) -> None:
    """Check the options of `inspect` as far as they do not depend on the project.

    Raises:
        UserError: No project could make a value valid.

    """
    if python:
        python_request.check(_requested_by_option(python))
    if handler:
        handler_name.Handler.parse(Setting(handler, HANDLER_OPTION))


def _requested_by_option(python: str) -> PythonRequest:
    return PythonRequest.parse(Setting(python.strip(), PYTHON_OPTION))


@dataclass(frozen=True, slots=True)
class Examination:
    """A project with all problems that the check finds; `inspection` is None if there are any.

    `app` is the directory of the function, to which the places of problems are relative, and `handler` the handler name.
    """

    app: Path
    handler: str
    inspection: Inspection | None
    problems: tuple[UserError, ...] = ()


def examine(directory: Path, handler: str | None, environ: Mapping[str, str]) -> Examination:
    """Inspect the project, and go on after a problem to find more of them. The first is the one that a build reports."""
    try:
        inspection = inspect(directory, handler, environ)
    except UserError as exc:
        app = kn_func.function_directory(directory.resolve())
        name = _handler_name(app, handler, environ)
        return Examination(app, name, None, tuple(_distinct([exc, *_further_problems(directory, handler, environ)])))
    return Examination(inspection.project.app, inspection.project.handler.text, inspection)


def _handler_name(app: Path, handler: str | None, environ: Mapping[str, str]) -> str:
    """Return the handler name of a project that need not be valid."""
    variables: Mapping[str, str] = {}
    with suppress(UserError):
        variables = ProjectToml.read(app).variables
    setting = Settings(_with_handler(handler, environ), variables).get(*handler_name.HANDLER_VARIABLES)
    return setting.value if setting else handler_name.default_handler(app).text


def _further_problems(directory: Path, handler: str | None, environ: Mapping[str, str]) -> Iterator[UserError]:
    try:
        project = read_project(directory, handler, environ)
    except UserError:
        return
    modules = Modules(project.app, source_roots(project.app))
    yield from errors_of_imported_modules(
        project.handler.module, project.app, expected_python(project), modules, INVOKER_MODULES
    )
    try:
        python_request.check(project.python)
    except UserError as exc:
        yield exc


def _distinct(problems: Iterable[UserError]) -> Iterator[UserError]:
    seen = set()
    for problem in problems:
        if (problem.title, problem.found) not in seen:
            seen.add((problem.title, problem.found))
            yield problem


def read_project(directory: Path, handler: str | None, environ: Mapping[str, str]) -> Project:
    """Read the project in `directory`, with the variables of this machine in the role of the platform's.

    Raises:
        UserError: A file or a setting is not valid.

    """
    chosen = Handler.parse(Setting(handler.strip(), HANDLER_OPTION)) if handler else None
    project = Project.read(kn_func.function_directory(directory.resolve()), _with_handler(handler, environ), {})
    return replace(project, handler=chosen) if chosen else project


def _with_handler(handler: str | None, environ: Mapping[str, str]) -> Mapping[str, str]:
    return {**environ, "PYTHON_HANDLER": handler} if handler else environ


def expected_python(project: Project) -> Version:
    """Return the minor version that the image will most likely have, but not a newer one than this Python if there is a choice.

    Only a version that this Python knows can be checked for syntax errors with certainty.
    """
    return python_request.expected_minor(project.python, min(DEFAULT, sys.version_info[:2]))
