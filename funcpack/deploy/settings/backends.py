"""The backends: their names, and which one the user chose."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from funcpack.deployment_errors import UnknownBackendError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from funcpack.deploy.plan.note import Note

CLOUD_FUNCTION = "cloudfunction"
CLOUD_FUNCTION_V2 = "cloudfunctionv2"
CLOUD_RUN = "cloudrun"
KUBERNETES = "kubernetes"
KNATIVE = "knative"
BACKENDS = (CLOUD_FUNCTION, CLOUD_FUNCTION_V2, CLOUD_RUN, KUBERNETES, KNATIVE)

CLUSTERS = (KUBERNETES, KNATIVE)
_GOOGLE = (CLOUD_FUNCTION, CLOUD_FUNCTION_V2, CLOUD_RUN)
# Options that only the backends of one family have.
OPTIONS_OF_BACKENDS = {"project": _GOOGLE, "location": _GOOGLE, "namespace": CLUSTERS, "context": CLUSTERS}

LEGACY = (
    "Cloud Functions of the first generation (backend 'cloudfunction') are legacy at Google. For a new function, use the "
    "backend 'cloudfunctionv2' or 'cloudrun'."
)


class Choice(NamedTuple):
    """A backend, and where the user named it."""

    backend: str
    origin: str


def chosen_backend(choices: Iterable[Choice], note: Note) -> str:
    """Return the first choice, or the default, `cloudfunction`, and note the other choices that differ from it.

    Raises:
        UnknownBackendError: There is no such backend.

    """
    first, *others = [*choices, Choice(CLOUD_FUNCTION, "the default")]
    if first.backend not in BACKENDS:
        raise UnknownBackendError(first.backend, first.origin, BACKENDS)
    for other in others[:-1]:
        if other.backend != first.backend:
            note(f"Using the backend '{first.backend}' ({first.origin}) instead of '{other.backend}' ({other.origin}).")
    return first.backend
