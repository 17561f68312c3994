"""The static check for a project on this machine, with the same verdict as that of a build."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.check.handler import CheckedFunction, check_handler
from funcpack.check.invoker_modules import INVOKER_MODULES
from funcpack.project import kn_func, python_request
from funcpack.project.project import Project
from funcpack.project.supported_pythons import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from funcpack.project.python_request import Version


@dataclass(frozen=True, slots=True)
class Inspection:
    """A project that a build would accept, its function, and the minor version of Python that it was checked for."""

    project: Project
    checked: CheckedFunction
    python: Version


def inspect(directory: Path, handler: str | None, environ: Mapping[str, str]) -> Inspection:
    """Read the project in `directory` and check its function. `handler` replaces PYTHON_HANDLER.

    Raises:
        UserError: A build would reject the project before it installs anything.

    """
    project = read_project(directory, handler, environ)
    python = expected_python(project)
    checked = check_handler(project.handler, project.app, python, INVOKER_MODULES, project.dependencies)
    python_request.check(project.python)
    return Inspection(project, checked, python)


def read_project(directory: Path, handler: str | None, environ: Mapping[str, str]) -> Project:
    """Read the project in `directory`, with the variables of this machine in the role of the platform's.

    Raises:
        UserError: A file or a setting is not valid.

    """
    variables = {**environ, "PYTHON_HANDLER": handler} if handler else environ
    return Project.read(kn_func.function_directory(directory.resolve()), variables)


def expected_python(project: Project) -> Version:
    """Return the minor version that the image will most likely have, but not a newer one than this Python if there is a choice.

    Only a version that this Python knows can be checked for syntax errors with certainty.
    """
    return python_request.expected_minor(project.python, min(DEFAULT, sys.version_info[:2]))
