"""The backend `cloudfunctionv2`: Cloud Functions of the second generation, each of which is a service of Cloud Run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.google import serving
from funcpack.deploy.google.function_backend import FunctionBackend
from funcpack.deploy.google.function_serving import SERVICE
from funcpack.deploy.google.generations import V2
from funcpack.deploy.google.place import Place
from funcpack.deploy.google.revisions import all_revisions, previous
from funcpack.deploy.google.service import Address
from funcpack.deploy.google.service_plan import rollback_steps
from funcpack.deployment_errors import NotDeployedError, NothingToRollBackToError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.deploy.plan.backend import Backend
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.settings.target import Target


def create(target: Target, note: Note) -> Backend:
    """Return the backend for a target.

    Raises:
        FunctionOptionError: An option is not one of Cloud Functions.

    """
    return FunctionBackend(target, note, V2, _roll_back)


def _roll_back(backend: FunctionBackend) -> None:
    """Give the traffic of the function's service to its previous revision. The next deployment takes it back."""
    answers = backend.read()
    if SERVICE not in answers or answers[SERVICE].status == 404:
        raise NotDeployedError(backend.function.name, V2.backend)
    service = answers[SERVICE].body
    address = _address(backend, service)
    revision = previous(service, all_revisions(address, backend.run))
    if revision is None:
        raise NothingToRollBackToError(backend.function.name)
    backend.run(rollback_steps(address, service, revision, serving.HEALTH_PATH))


def _address(backend: FunctionBackend, service: Mapping[str, str]) -> Address:
    _, project, _, location, _, name = service["name"].split("/")
    return Address(backend.endpoints, Place(project, location), name)
