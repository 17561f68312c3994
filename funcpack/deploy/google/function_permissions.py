"""What a deployment to Cloud Functions may need: the permissions of the deployer, and the roles of the service accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.generations import V1
from funcpack.deploy.google.permissions import Account, Preflight, needs, preflight
from funcpack.deploy.google.roles import (
    CLOUD_FUNCTIONS,
    CLOUD_FUNCTIONS_POLICY,
    CLOUD_RUN,
    CLOUD_RUN_POLICY,
    SECRET_ROLES,
)
from funcpack.deploy.plan.values import at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from funcpack.deploy.google.endpoints import Endpoints
    from funcpack.deploy.google.function import Function
    from funcpack.deploy.google.generations import Generation
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.steps import Step


def permission_steps(
    function: Function, endpoints: Endpoints, resource: Mapping[str, Any], note: Note, *, has_bindings: bool
) -> tuple[Step, ...]:
    """Return the steps that test what a deployment needs, before the source is uploaded and built."""
    permissions = _permissions(function.generation, has_bindings=has_bindings)
    accounts = tuple(_accounts(function, resource))
    return preflight(Preflight(endpoints, function.place, needs(permissions), accounts, note))


def _permissions(generation: Generation, *, has_bindings: bool) -> Iterator[str]:
    yield from CLOUD_FUNCTIONS
    if generation.has_service:
        yield CLOUD_RUN[0]
    if has_bindings:
        yield from CLOUD_RUN_POLICY if generation.has_service else CLOUD_FUNCTIONS_POLICY


def _accounts(function: Function, resource: Mapping[str, Any]) -> Iterator[Account]:
    """Return the account that runs the function, and that which builds it if the configuration names one."""
    generation = function.generation
    roles = SECRET_ROLES if at(resource, generation.secrets) else ()
    # The default account of the first generation is that of App Engine.
    default = f"{function.place.project}@appspot.gserviceaccount.com" if generation == V1 else None
    yield Account("run", at(resource, generation.account) or default, roles)
    builder = at(resource, generation.build_account)
    if builder:
        yield Account("build", str(builder).rpartition("/")[2])
