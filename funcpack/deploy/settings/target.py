"""What to deploy, and as what: everything that is known before a backend looks at it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.check.local import Inspection, inspect, read_project
from funcpack.check.modules import Modules, OpaqueModuleError
from funcpack.check.source import parse_source
from funcpack.command_errors import EmptyDirectoryError, NotADirectoryArgumentError
from funcpack.deploy.settings.backends import (
    CLOUD_FUNCTION,
    CLUSTERS,
    LEGACY,
    OPTIONS_OF_BACKENDS,
    Choice,
    chosen_backend,
)
from funcpack.deploy.settings.cluster_options import check_cluster_options
from funcpack.deploy.settings.configuration import Configuration, read_configuration
from funcpack.deploy.settings.goblet_literal import backend_in
from funcpack.deploy.settings.names import chosen_name
from funcpack.deploy.settings.variables import check_variables
from funcpack.deployment_errors import BackendLiteralError, BackendLiteralsError
from funcpack.errors import MissingModuleError, UserError
from funcpack.project.app_files import source_roots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.settings.options import Options


@dataclass(frozen=True, slots=True)
class Target:
    """A function and its configuration.

    `backend` is one of `backends.BACKENDS`, and `name` is valid for it. `inspection` is the checked function, or None for
    commands that do not need it. `environ` are the variables of the process.
    """

    directory: Path
    backend: str
    name: str
    options: Options
    configuration: Configuration
    environ: Mapping[str, str]
    inspection: Inspection | None

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a section of the configuration, which is empty if the user has not written it."""
        return self.configuration.section(name)


def read_target(
    directory: Path, options: Options, environ: Mapping[str, str], note: Note, *, needs_function: bool
) -> Target:
    """Read and check what the user asked for. `needs_function` means that the function is deployed, and checked before.

    Raises:
        UserError: The directory, an option, the configuration or the function is not valid.

    """
    if not directory.is_dir():
        raise NotADirectoryArgumentError(str(directory), "is not a directory")
    configuration = read_configuration(
        directory, config=options.config, stage=options.stage, assignments=tuple(options.set)
    )
    backend = chosen_backend(_choices(directory, options, configuration, environ), note)
    if needs_function and backend == CLOUD_FUNCTION:
        note(LEGACY)
    for option, backends in OPTIONS_OF_BACKENDS.items():
        if backend not in backends and getattr(options, option) is not None:
            note(f"--{option} has no effect with the backend '{backend}'.")
    if backend in CLUSTERS:
        check_cluster_options(options)
    check_variables(configuration, backend)
    name = chosen_name(options.name, configuration.values.get("name"), directory, backend, note)
    inspection = _inspection(directory, options, environ) if needs_function else None
    return Target(directory, backend, name, options, configuration, environ, inspection)


def _choices(
    directory: Path, options: Options, configuration: Configuration, environ: Mapping[str, str]
) -> Iterator[Choice]:
    """Return the backends that the user names, the most important first."""
    if options.backend is not None:
        yield Choice(options.backend, "--backend")
    try:
        literal = _literal(directory, environ)
    except (BackendLiteralError, BackendLiteralsError):
        if options.backend is None:
            raise
        literal = None
    if literal:
        yield literal
    if backend := configuration.values.get("backend"):
        yield Choice(backend, f"'backend' in {configuration.file}")


def _literal(directory: Path, environ: Mapping[str, str]) -> Choice | None:
    """Return the backend in the function's module, or None if that cannot be read: the check of the function says why."""
    try:
        project = read_project(directory, None, environ)
        found = Modules(project.app, source_roots(project.app)).find(project.handler.module)
        module = parse_source(found.file, project.app, sys.version_info[:2]) if found else None
    except (UserError, OpaqueModuleError):
        return None
    return backend_in(module, str(found.file.relative_to(project.app))) if found and module else None


def _inspection(directory: Path, options: Options, environ: Mapping[str, str]) -> Inspection | None:
    """Return the checked function. With an image, which contains the function, the directory need not have one."""
    try:
        return inspect(directory, None, environ)
    except (EmptyDirectoryError, MissingModuleError):
        if options.image is None:
            raise
        return None
