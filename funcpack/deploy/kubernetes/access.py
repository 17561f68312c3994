"""Checks the permissions of a deployment before its first request: one SelfSubjectAccessReview for each resource and verb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.answers import FAILURES
from funcpack.deploy.plan.steps import Step
from funcpack.deploy.plan.values import at
from funcpack.deployment_errors import ClusterPermissionError, Permission

if TYPE_CHECKING:
    from collections.abc import Iterable

    from funcpack.deploy.kubernetes.cluster import Cluster
    from funcpack.deploy.kubernetes.resources import Resource

REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
WHO_AM_I = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

# Server-side apply creates what does not exist.
APPLY = ("get", "create", "patch")


@dataclass(frozen=True, slots=True)
class Need:
    """What a deployment does with the resources of a kind."""

    kind: Resource
    verbs: tuple[str, ...]


def check_access(cluster: Cluster, needs: Iterable[Need]) -> None:
    """Ask the cluster whether the user may do what a deployment needs.

    Raises:
        ClusterPermissionError: The user may not. It lists everything that is missing.

    """
    asked = [(need, verb) for need in needs for verb in need.verbs]
    steps = [_review(cluster, need.kind, verb) for need, verb in asked]
    answers = cluster.run(*steps)
    missing: dict[str, tuple[str, ...]] = {}
    for (need, verb), step in zip(asked, steps, strict=True):
        if not at(answers[step.key].body, "status.allowed"):
            missing[need.kind.shown] = (*missing.get(need.kind.shown, ()), verb)
    if missing:
        permissions = tuple(Permission(resource, verbs) for resource, verbs in missing.items())
        raise ClusterPermissionError(_user(cluster), cluster.namespace, permissions)


def _review(cluster: Cluster, kind: Resource, verb: str) -> Step:
    resource, _, subresource = kind.plural.partition("/")
    attributes = {"namespace": cluster.namespace, "verb": verb, "group": kind.group, "resource": resource}
    if subresource:
        attributes["subresource"] = subresource
    return _posted(
        f"{verb} {kind.shown}",
        "Check the permissions",
        REVIEW,
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        },
    )


def _user(cluster: Cluster) -> str:
    """Return the name of the user in the cluster. Clusters before Kubernetes 1.28 do not tell it."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = cluster.run(_posted("user", "Look up the current user", WHO_AM_I, body, accepts=FAILURES))["user"]
    return at(answer.body, "status.userInfo.username") or "USER"


def _posted(key: str, purpose: str, url: str, body: Any, accepts: frozenset[int] = frozenset()) -> Step:
    return Step(key, purpose, "POST", url, body, accepts=accepts, is_idempotent=True)
