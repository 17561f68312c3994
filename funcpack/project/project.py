"""Reads everything that the user asked for, once, into one frozen value.

No other code of a build parses the files of the project. Each part keeps its origin, so that every message can name the
file or the variable that a decision is based on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.project import (
    dependency_files,
    embedded_credentials,
    handler_name,
    kn_func,
    python_request,
    setting_paths,
    source_builds,
    unused_files,
)
from funcpack.project.func_yaml import FuncYaml
from funcpack.project.project_toml import ProjectToml
from funcpack.project.pyproject import Pyproject
from funcpack.project.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from funcpack.project.dependency_files import Dependencies
    from funcpack.project.handler_name import Handler
    from funcpack.project.python_request import PythonRequest
    from funcpack.project.unused_files import UnusedFiles


@dataclass(frozen=True, slots=True)
class Project:
    """A project as the user wrote it.

    `python` is None if the project does not request a version, `dependencies` is None if there is nothing to install.
    `unused` are files that other tools read. `run_variables` come from func.yaml, `labels` from project.toml.
    `checks_import` is true if the build should import the function. `credentials` are places in the app with credentials.
    `not_understood` are variables in func.yaml that cannot be read, each with the number of its line.
    """

    app: Path
    settings: Settings
    handler: Handler
    python: PythonRequest | None
    dependencies: Dependencies | None
    unused: UnusedFiles
    run_variables: Mapping[str, str]
    labels: Mapping[str, str]
    checks_import: bool
    credentials: tuple[str, ...] = ()
    not_understood: tuple[tuple[int, str], ...] = ()

    @classmethod
    def read(cls, app: Path, variables: Mapping[str, str], builder: Mapping[str, str]) -> Project:
        """Read the project in the directory `app`, with the variables of the user and of the builder.

        Raises:
            UserError: A file or a setting is not valid.

        """
        project_toml = ProjectToml.read(app)
        of_kn_func = FuncYaml.read(kn_func.description(app))
        settings = Settings(variables, project_toml.variables, of_kn_func.build_variables, builder)
        setting_paths.check_paths(settings, app)
        handler = handler_name.named_handler(settings) or handler_name.default_handler(app)
        pyproject = Pyproject.read(app)
        python = python_request.find_request(settings, app, pyproject)
        dependencies = dependency_files.find_dependencies(app, pyproject, settings.all())
        requirements = dependencies.files if dependencies else ()
        source_builds.check_source_builds(settings, app, pyproject, dependencies.building if dependencies else ())
        return cls(
            app=app,
            settings=settings,
            handler=handler,
            python=python,
            dependencies=dependencies,
            unused=unused_files.find_unused_files(app, pyproject),
            run_variables=of_kn_func.run_variables,
            labels=project_toml.labels,
            checks_import=settings.is_on(source_builds.CHECK_IMPORT),
            credentials=embedded_credentials.find_credentials(app, requirements),
            not_understood=of_kn_func.not_understood,
        )
