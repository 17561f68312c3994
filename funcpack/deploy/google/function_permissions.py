"""What a deployment to Cloud Functions may not lack: the permissions that are tested before the source is uploaded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from funcpack.deploy.google import roles
from funcpack.deploy.google.function import FUNCTION, current
from funcpack.deploy.google.function_plan import needs_source
from funcpack.deploy.google.permissions import Account, Preflight, Resource, needs, preflight
from funcpack.deploy.plan.steps import Condition
from funcpack.deploy.plan.values import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack.deploy.google.endpoints import Endpoints
    from funcpack.deploy.google.function_plan import Wanted
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.steps import Step
    from funcpack.deploy.plan.values import Answers


def permission_steps(wanted: Wanted, endpoints: Endpoints, note: Note, *, has_bindings: bool) -> tuple[Step, ...]:
    """Return the steps that test the permissions of everybody involved before the source is uploaded and built.

    Nothing is tested if the function has the source already: then Google rejects the only request that changes something.
    """
    condition = needs_source(wanted)
    steps = preflight(
        Preflight(
            endpoints,
            wanted.function.place,
            needs(_permissions(wanted, has_bindings=has_bindings)),
            tuple(_accounts(wanted)),
            note,
            resource=Resource(wanted.function.url, roles.CLOUD_FUNCTIONS, _exists(condition)),
        )
    )
    return tuple(replace(step, condition=step.condition or condition) for step in steps)


def _permissions(wanted: Wanted, *, has_bindings: bool) -> Iterator[str]:
    has_service = wanted.function.generation.has_service
    yield from roles.CLOUD_FUNCTIONS
    if has_service:
        yield roles.CLOUD_RUN[0]
    if has_bindings:
        yield from roles.CLOUD_RUN_POLICY if has_service else roles.CLOUD_FUNCTIONS_POLICY


def _accounts(wanted: Wanted) -> Iterator[Account]:
    """Return the account that runs the function, and that which builds it if the configuration names one."""
    function, generation = wanted.function, wanted.function.generation
    secrets = roles.SECRET_ROLES if at(wanted.resource, generation.secrets) else ()
    # The first generation runs as the account of App Engine by default, and not as that of Compute Engine.
    default = None if generation.has_service else f"{function.place.project}@appspot.gserviceaccount.com"
    yield Account("run", at(wanted.resource, generation.account) or default, secrets)
    builder = at(wanted.resource, generation.build_account)
    if builder:
        yield Account("build", str(builder).rpartition("/")[2])


def _exists(other_source: Condition) -> Condition:
    def holds(answers: Answers) -> bool:
        return current(answers).status < 300 and other_source.holds(answers)

    return Condition(f"{{{FUNCTION}}} is not 404 and has another source", holds)
