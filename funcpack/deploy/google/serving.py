"""What serves: whether the newest revision is ready, which share it has, and whether its address answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google import traffic
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

Service = dict[str, Any]
# Returns why a service is not as it should be, as a sentence, or None.
Expectation = Callable[[Mapping[str, Any]], str | None]


def steps(address: Address, expect: Expectation, operation: str | None, path: str | None) -> list[Step]:
    """Return the steps that find out what serves.

    `expect` returns why a service is not as it should be. `operation` is the step whose answer may prove that it is, so that the
    service is not asked again, and `path` that of the call, or None for a service without an address.
    """

    def check(received: Received) -> None:
        service = received.body or {}
        reason = expect(service)
        if reason:
            raise NotServingError(address.name, reason, traffic.percentages(service))

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

    def expect(service: Mapping[str, Any]) -> str | None:
        percent = traffic.percentages(service).get(revision, 0)
        return None if percent == 100 else f"revision '{revision}' has {percent} % of the traffic instead of 100 %"

    return expect


def served(answers: Answers, operation: str) -> Service:
    """Return the service as the steps have found it."""
    service = answers[SERVING].body if SERVING in answers else at(answers[operation].body, "response")
    return dict(service or {})


def _problem(service: Mapping[str, Any], share: int) -> str | None:
    condition = _condition(service)
    if condition.get("state") != _SUCCEEDED:
        return _reason(condition) or "its state is not known yet"
    ready, created = traffic.ready_revision(service), traffic.short(service.get("latestCreatedRevision") or "")
    if ready != created:
        return f"revision '{created}' is not ready"
    percent = traffic.percentages(service).get(ready, 0)
    # A service of which no other revision serves has no one else to give the rest to.
    if percent not in {share, 100} or (share and not percent):
        return f"revision '{created}' has {percent} % of the traffic instead of {share} %"
    return None


def reason(service: Mapping[str, Any]) -> str | None:
    """Return why a service is not ready, or None if it is."""
    condition = _condition(service)
    return None if condition.get("state") == _SUCCEEDED else _reason(condition) or "Its state is not known yet"


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


def _reason(condition: Mapping[str, Any]) -> str | None:
    names = [condition.get(field) for field in ("revisionReason", "reason") if condition.get(field)]
    message = condition.get("message")
    return " ".join([*([str(message)] if message else []), *([f"({names[0]})"] if names else [])]) or None
