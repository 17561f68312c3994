"""How far a Deployment or a Knative Service is, from its status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.rollout import State
from funcpack.deploy.plan.values import at

if TYPE_CHECKING:
    from collections.abc import Mapping

# The status is still that of what was applied before.
NOT_SEEN = State("")


def deployment_state(deployment: Mapping[str, Any]) -> State:
    """Return the state of a Deployment, by the rules of `kubectl rollout status`."""
    if not is_seen(deployment):
        return NOT_SEEN
    failure = condition(deployment, "ReplicaFailure")
    if failure.get("status") == "True":
        return State(_words(failure), failed=True)
    progress = condition(deployment, "Progressing")
    if progress.get("reason") == "ProgressDeadlineExceeded":
        return State(_words(progress), failed=True)
    return _replicas_state(deployment)


def _replicas_state(deployment: Mapping[str, Any]) -> State:
    wanted = deployment["spec"].get("replicas", 1)
    status = deployment["status"]
    new, every, available = (status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas"))
    if new < wanted:
        return State(f"{new} of {wanted} new pods exist")
    if available < new:
        return State(f"{available} of {new} pods are ready")
    if every > new:
        return State(f"old pods that still run: {every - new}")
    return State("all pods are ready", done=True)


def knative_state(service: Mapping[str, Any]) -> State:
    """Return the state of a Knative Service."""
    if not is_seen(service):
        return NOT_SEEN
    ready = condition(service, "Ready")
    if ready.get("status") == "True":
        return State("the service is ready", done=True)
    if ready.get("status") == "False":
        # `Ready` can have the reason of the route, which is only that no revision is ready.
        revision = condition(service, "ConfigurationsReady")
        return State(_words(revision if revision.get("status") == "False" else ready), failed=True)
    return State(_words(ready) if ready.get("message") else "the new revision is not ready yet")


def route_state(service: Mapping[str, Any]) -> State:
    """Return the state of the traffic of a Knative Service, whose newest revision may have failed before."""
    if not is_seen(service):
        return NOT_SEEN
    ready = condition(service, "RoutesReady")
    return State(
        _words(ready) or "the traffic has not moved yet", ready.get("status") == "True", ready.get("status") == "False"
    )


def condition(resource: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a condition in the status of a resource, or an empty one."""
    conditions: list[Mapping[str, Any]] = at(resource, "status.conditions") or []
    return next((entry for entry in conditions if entry["type"] == name), {})


def is_seen(resource: Mapping[str, Any]) -> bool:
    """Return whether the status is that of the newest `spec`."""
    seen: int = at(resource, "status.observedGeneration") or 0
    wanted: int = resource["metadata"]["generation"]
    return seen >= wanted


def _words(entry: Mapping[str, Any]) -> str:
    message = " ".join(entry.get("message", "").split()).rstrip(".")
    return ": ".join(filter(None, (entry.get("reason"), message)))
