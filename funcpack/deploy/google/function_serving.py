"""What serves after a deployment to Cloud Functions: the function is active, its newest revision gets all requests, it answers.

A function of the second generation is a service of Cloud Run, whose traffic may have been moved, for example by a rollback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.google import serving, traffic
from funcpack.deploy.google.function import FUNCTION, OPERATION, READ, Function, current
from funcpack.deploy.google.function_states import verify_state
from funcpack.deploy.plan.steps import Condition, Step
from funcpack.deploy.plan.values import Either, Joined, answer, at
from funcpack.deployment_errors import FunctionRevisionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funcpack.deploy.google.generations import Generation
    from funcpack.deploy.plan.values import Answers, Received

ACTIVE = "active"
SERVICE = "service"
_TRAFFIC = "traffic"
_NAME = "serviceConfig.service"


def service_step(run: str, *, accepts: frozenset[int] = frozenset({404})) -> Step:
    """Return the step that reads the service of a second-generation function that exists. `run` is the base URL of Cloud Run."""
    return Step(
        SERVICE,
        "Ask which revision serves",
        "GET",
        Joined((f"{run}v2/", answer(READ, _NAME))),
        condition=Condition(f"{{{FUNCTION}}} has a service", lambda answers: bool(at(current(answers).body, _NAME))),
        accepts=accepts,
    )


def serving_steps(function: Function, run: str) -> list[Step]:
    """Return the steps that check what serves, without the call of the address."""
    active = Step(
        ACTIVE,
        "Ask what serves",
        "GET",
        function.url,
        verify=lambda received: verify_state(received, function.name, function.place),
        review=lambda answers: _verify_version(answers, function),
    )
    if not function.generation.has_service:
        return [active]
    service = Step(
        _TRAFFIC,
        "Check that the newest revision serves",
        "GET",
        Joined((f"{run}v2/", answer(ACTIVE, _NAME))),
        verify=lambda received: _verify_traffic(received, function.name),
    )
    return [active, service]


def call_step(generation: Generation) -> Step:
    """Return the step that calls the function. Its address may be private: the answer then comes from Google."""
    options = tuple(answer(ACTIVE, url) for url in generation.urls)
    address = options[0] if len(options) == 1 else Either(options)
    return serving.call_step(Joined((address, serving.HEALTH_PATH)))


def is_elsewhere(answers: Answers) -> bool:
    """Check whether the newest revision of the service does not get all requests."""
    return SERVICE in answers and answers[SERVICE].status < 300 and _other(answers[SERVICE]) is not None


def serving_revision(answers: Answers) -> str | None:
    """Return the revision of the service that serves, or None if the service was not read."""
    keys: Sequence[str] = (_TRAFFIC, SERVICE)
    service = next((answers[key].body for key in keys if key in answers and answers[key].status < 300), None)
    return serving.serving_revision(service) if service else None


def _verify_version(answers: Answers, function: Function) -> None:
    """Check that the version serves which the operation has made."""
    made = at(answers[OPERATION].body, "metadata.versionId") if OPERATION in answers else None
    serves = at(answers[ACTIVE].body, function.generation.revision)
    if function.generation.has_versions and made and made != serves:
        raise FunctionRevisionError(function.name, str(made), str(serves))


def _other(service: Received) -> str | None:
    """Return the revisions that get requests, or None if the newest gets all."""
    shares = traffic.percentages(service.body)
    newest = traffic.ready_revision(service.body)
    return None if shares == {newest: 100} else ", ".join(shares) or "no revision"


def _verify_traffic(service: Received, name: str) -> None:
    other = _other(service)
    if other is not None:
        raise FunctionRevisionError(name, traffic.ready_revision(service.body), other)
