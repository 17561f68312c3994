"""Deletes the resources of a function by their exact names, and waits until they are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.workload import MANAGER, MANAGER_LABEL
from funcpack.deploy.plan.steps import Poll, Step
from funcpack.deployment_errors import ForeignResourceError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from funcpack.deploy.kubernetes.cluster import Cluster
    from funcpack.deploy.kubernetes.resources import Resource
    from funcpack.deploy.plan.values import Received

# The resource stays until its pods are gone.
FOREGROUND = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
GONE = frozenset({404})
RESUME = "The deletion continues. To wait for it, run the same command again, with a longer --timeout."


def delete(cluster: Cluster, resources: Iterable[tuple[Resource, str]]) -> bool:
    """Delete resources by their kinds and names. Return whether there were any.

    Raises:
        ForeignResourceError: Funcpack has not created one of them. Nothing is deleted.

    """
    found = [(kind, resource) for kind, name in resources if (resource := cluster.found(kind, name))]
    for kind, resource in found:
        _check_manager(cluster, kind, resource)
    pairs = [_deletion(cluster, kind, resource) for kind, resource in found]
    cluster.run(*(deletion for deletion, _ in pairs), *(wait for _, wait in pairs))
    return bool(found)


def _check_manager(cluster: Cluster, kind: Resource, resource: dict[str, Any]) -> None:
    metadata = resource["metadata"]
    if metadata.get("labels", {}).get(MANAGER_LABEL) != MANAGER:
        raise ForeignResourceError(kind.kind, metadata["name"], cluster.namespace, kind.shown)


def _deletion(cluster: Cluster, kind: Resource, resource: dict[str, Any]) -> tuple[Step, Step]:
    """Return the requests that delete a resource and wait. One that was created again since is another one, and stays."""
    name, uid = resource["metadata"]["name"], resource["metadata"]["uid"]
    url = kind.path(cluster.namespace, name)
    options = {**FOREGROUND, "preconditions": {"uid": uid}}

    def is_gone(received: Received) -> bool:
        return received.status == 404 or received.body["metadata"]["uid"] != uid

    return (
        Step(
            f"delete {kind.shown}/{name}",
            f"Delete {kind.kind} {name}",
            "DELETE",
            url,
            options,
            accepts=GONE | {409},
        ),
        Step(
            f"await {kind.shown}/{name}",
            f"Wait until {kind.kind} {name} is gone",
            "GET",
            url,
            accepts=GONE,
            poll=Poll(is_gone, RESUME),
        ),
    )
