"""What serves: whether the newest revision is ready, which share it has, and whether its address answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google import traffic
from funcpack.deploy.google.failures import Failure, service_failure
from funcpack.deploy.plan.steps import Condition, Step
from funcpack.deploy.plan.values import Either, Joined, answer, at
from funcpack.deployment_errors import NotServingError, UnhealthyAddressError

if TYPE_CHECKING:
    from funcpack.deploy.google.service import Address
    from funcpack.deploy.plan.values import Answers, Received, Value

SERVING = "serving"
CALL = "call"

HEALTH_PATH = "/health/ready"

_SUCCEEDED = "CONDITION_SUCCEEDED"
# 401, 403, 404 and 405 are answers, too: of a function that is private, or not ours. Those of a proxy that has none are retried.
_ANSWERS = frozenset(range(300, 600)) - {429, 502, 503, 504}

PRIVATE = frozenset({401, 403})
_ALL = 100

Service = dict[str, Any]
# Returns why a service is not as it should be, or None.
Expectation = Callable[[Mapping[str, Any]], Failure | None]


def steps(address: Address, expect: Expectation, operation: str | None, path: str | None) -> list[Step]:
    """Return the steps that find out what serves.

    `expect` returns why a service is not as it should be. `operation` is the step whose answer may prove that it is, so that the
    service is not asked again, and `path` that of the call, or None for a service without an address.
    """

    def check(received: Received) -> None:
        service = received.body or {}
        failure = expect(service)
        if failure:
            raise NotServingError(address.name, failure.sentence, traffic.percentages(service), failure.log)

    service = Step(
        SERVING,
        "Ask what serves",
        "GET",
        address.url,
        condition=None if operation is None else _is_open(operation, expect),
        verify=check,
    )
    if path is None:
        return [service]
    found = (answer(SERVING, "uri"), *(() if operation is None else (answer(operation, "response.uri"),)))
    uri = Joined((found[0] if len(found) == 1 else Either(found), path))
    return [service, call_step(uri)]


def call_step(address: Value) -> Step:
    """Return the step that calls an address without the access token. An error of the server is raised."""

    def review(answers: Answers) -> None:
        status = answers[CALL].status
        if status >= 500:
            raise UnhealthyAddressError(str(address.value(answers)), status)

    return Step(CALL, "Call the address", "GET", address, accepts=_ANSWERS, review=review, is_authorized=False)


def newest(share: int) -> Expectation:
    """Expect that the newest revision is ready, and has this percentage of the traffic."""
    return lambda service: _problem(service, share)


def only(revision: str) -> Expectation:
    """Expect that a revision has all the traffic."""

    def expect(service: Mapping[str, Any]) -> Failure | None:
        percent = traffic.percentages(service).get(revision, 0)
        return None if percent == 100 else _share_failure(revision, percent, 100)

    return expect


def remarks(service: Mapping[str, Any], answers: Answers) -> Iterator[str]:
    """Return what a user should know about a service that serves, as lines."""
    newest = traffic.ready_revision(service)
    percent = traffic.percentages(service).get(newest, 0)
    if percent != _ALL:
        yield f"{newest} has {percent} % of the traffic."
    yield from private(answers)


def private(answers: Answers) -> Iterator[str]:
    """Return a line if the address answered that the caller lacks a role."""
    status = answers[CALL].status if CALL in answers else None
    if status in PRIVATE:
        yield f"The address answers {status}: it is private. To let others call it, add 'bindings' to the configuration."


def served(answers: Answers, operation: str) -> Service:
    """Return the service as the steps have found it."""
    service = answers[SERVING].body if SERVING in answers else at(answers[operation].body, "response")
    return dict(service or {})


def _problem(service: Mapping[str, Any], share: int) -> Failure | None:
    failure = not_ready(service)
    if failure:
        return failure
    ready, created = traffic.ready_revision(service), traffic.short(service.get("latestCreatedRevision") or "")
    if ready != created:
        return Failure(f"Revision '{created}' is not ready.", None)
    percent = traffic.percentages(service).get(ready, 0)
    # A service of which no other revision serves has no one else to give the rest to.
    if percent not in {share, 100} or (share and not percent):
        return _share_failure(created, percent, share)
    return None


def _share_failure(revision: str, percent: int, share: int) -> Failure:
    return Failure(f"Revision '{revision}' has {percent} % of the traffic instead of {share} %.", None)


def not_ready(service: Mapping[str, Any]) -> Failure | None:
    """Return why a service is not ready, or None if it is."""
    if _condition(service).get("state") == _SUCCEEDED:
        return None
    return service_failure(service) or Failure("Its state is not known yet.", None)


def serving_revision(service: Mapping[str, Any]) -> str | None:
    """Return the name of the revision with the most traffic; of several, the newest."""
    shares = traffic.percentages(service)
    ready = traffic.ready_revision(service)
    return max(shares, key=lambda name: (shares[name], name == ready), default=None) or None


def _is_open(operation: str, expect: Expectation) -> Condition:
    def is_open(answers: Answers) -> bool:
        service = at(answers[operation].body, "response") if operation in answers else None
        return not service or not service.get("uri") or expect(service) is not None

    return Condition(f"{{{operation}}} does not tell what serves", is_open)


def _condition(service: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the condition of the service as a whole; without one, the first of its parts that is not well, or of all."""
    parts: list[Mapping[str, Any]] = service.get("conditions") or []
    failed = (part for part in parts if part.get("state") != _SUCCEEDED)
    return service.get("terminalCondition") or next(failed, None) or next(iter(parts), {})
