"""The names of variables: those that a platform sets itself, and names that no platform accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.settings.backends import CLOUD_FUNCTION, CLOUD_FUNCTION_V2, CLOUD_RUN, KNATIVE, KUBERNETES
from funcpack.deployment_errors import ConfigurationFieldError, ForbiddenField, InvalidField, OutputOnlyField

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from funcpack.deploy.settings.configuration import Configuration
    from funcpack.deployment_errors import FieldProblem

# https://github.com/knative/specs/blob/main/specs/serving/runtime-contract.md#process
# https://cloud.google.com/run/docs/container-contract#env-vars
_CONTRACT = frozenset({"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"})
# https://cloud.google.com/run/docs/configuring/services/overview-environment-variables#reserved_environment_variables_for_functions
_FUNCTIONS = _CONTRACT | {"FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE"}
_FUNCTIONS_PREFIX = "X_GOOGLE_"
_RESERVED: Mapping[str, frozenset[str]] = {
    CLOUD_FUNCTION: _FUNCTIONS,
    CLOUD_FUNCTION_V2: _FUNCTIONS,
    CLOUD_RUN: _CONTRACT,
    KUBERNETES: frozenset(),
    KNATIVE: _CONTRACT,
}
# The probes and the Service send requests to the port of the container.
_PORT = "PORT"
_PORT_OF_PODS = "To use another port, set `env` and `ports` of the container in kubernetes.deployment."


def check_variables(configuration: Configuration, backend: str) -> None:
    """Check the names in `environment` and `secrets`.

    Raises:
        ConfigurationFieldError: A name is not valid, or the platform or Funcpack sets the variable.

    """
    sections = ("environment", "secrets")
    names = {f"{section}.{name}": name for section in sections for name in configuration.section(section)}
    ports = [path for path, name in names.items() if name == _PORT and backend == KUBERNETES]
    problems = [*_problems(names, backend), *(ForbiddenField(path, _PORT_OF_PODS) for path in ports)]
    if problems:
        raise ConfigurationFieldError(configuration.file, problems)


def check_names(names: Mapping[str, str], backend: str, file: str | None) -> None:
    """Check the names of variables in the section of a backend, by their paths.

    Raises:
        ConfigurationFieldError: A name is not valid, or the platform sets the variable.

    """
    problems = list(_problems(names, backend))
    if problems:
        raise ConfigurationFieldError(file, problems)


def _problems(names: Mapping[str, str], backend: str) -> Iterator[FieldProblem]:
    for path, name in names.items():
        if not name or "=" in name:
            yield InvalidField(path, "the name of a variable has at least one character, and no '='")
        elif name in _RESERVED[backend] or (_RESERVED[backend] is _FUNCTIONS and name.startswith(_FUNCTIONS_PREFIX)):
            yield OutputOnlyField(path)
