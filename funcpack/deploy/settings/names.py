"""The names of deployments: the rule of each backend, and a valid name for a directory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.deploy.settings.backends import CLOUD_FUNCTION, CLOUD_FUNCTION_V2, CLOUD_RUN, KNATIVE, KUBERNETES
from funcpack.deployment_errors import DeploymentNameError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from funcpack.deploy.plan.note import Note

_DEFAULT = "function"

# Cloud Run's API accepts fewer than 50 characters: https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/create
_LONGEST_DERIVED = 49


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    words: str


# RFC 1035: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#rfc-1035-label-names
_LABEL = _Rule(
    re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"),
    "A name begins with a lowercase letter, contains only lowercase letters, digits and dashes, does not end with a dash, and "
    "has at most 63 characters.",
)
_RULES = {
    CLOUD_FUNCTION: _Rule(
        re.compile(r"[A-Za-z]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"),
        "A name begins with a letter, contains only letters, digits, dashes and underscores, ends with a letter or digit, and "
        "has at most 63 characters.",
    ),
    CLOUD_FUNCTION_V2: _LABEL,
    CLOUD_RUN: _Rule(
        re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"),
        "A name contains only lowercase letters, digits and dashes, neither begins nor ends with a dash, and has at most 63 "
        "characters.",
    ),
    KUBERNETES: _LABEL,
    KNATIVE: _LABEL,
}


def chosen_name(option: str | None, configured: str | None, directory: Path, backend: str, note: Note) -> str:
    """Return the name of the option `--name`, of the configuration, or a valid one for the directory.

    Names that the backend's platform will probably reject are noted.

    Raises:
        DeploymentNameError: The backend does not accept the name.

    """
    name, origin = (option, "--name") if option is not None else (configured, "'name' in the configuration")
    if name is None:
        return valid_name(directory.resolve().name)
    rule = _RULES[backend]
    if not rule.pattern.fullmatch(name):
        raise DeploymentNameError(name, origin, backend, rule.words, valid_name(name))
    for warning in _warnings(name, backend):
        note(warning)
    return name


def valid_name(text: str) -> str:
    """Return a text in the form of a name that all backends accept."""
    name = "-".join(re.findall(r"[a-z0-9]+", text.lower())) or _DEFAULT
    name = name if name[0].isalpha() else f"{_DEFAULT}-{name}"
    return name[:_LONGEST_DERIVED].rstrip("-")


def _warnings(name: str, backend: str) -> Iterator[str]:
    if backend == CLOUD_RUN and len(name) >= 50:
        yield f"Warning: Cloud Run will probably reject the name '{name}', because it has {len(name)} characters and not fewer than 50."
    if backend == CLOUD_RUN and name[0].isdecimal():
        yield f"Warning: Cloud Run will probably reject the name '{name}', because it does not begin with a letter."
    if backend == CLOUD_FUNCTION_V2 and len(name) < 4:
        yield f"Warning: Cloud Functions may reject the name '{name}', because it has fewer than 4 characters."
