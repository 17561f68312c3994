"""A HorizontalPodAutoscaler is added to a Deployment that serves: the number of pods that is applied, and shown before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.deploy.cluster_world import cluster_world
from tests.unit.deploy.kubernetes_targets import backend_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.deploy.cluster_world import World

DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments/orders"
FUNCPACK = {"manager": "funcpack", "operation": "Apply"}
# The controller of the autoscaler is a part of this program.
CONTROLLER = {"manager": "kube-controller-manager", "operation": "Update", "subresource": "scale"}
SECTION: dict[str, Any] = {"horizontalPodAutoscaler": {}}
THREE = {"deployment": {"spec": {"replicas": 3}}}
OWNED: dict[str, Any] = {"fieldsV1": {"f:spec": {"f:replicas": {}}}}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[World, Path]]:
    """A cluster, and its kubeconfig."""
    with cluster_world(tmp_path) as served:
        yield served


def live(replicas: int, manager: dict[str, str]) -> dict[str, Any]:
    """Return a Deployment whose number of pods a manager has set."""
    metadata = {"name": "orders", "namespace": "shop", "uid": "1", "managedFields": [{**manager, **OWNED}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**metadata, "generation": 1},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {}}},
        "status": {},
    }


@pytest.mark.parametrize(
    ("section", "found", "sent", "changed"),
    [
        pytest.param(SECTION, live(7, FUNCPACK), 7, [], id="Funcpack has set the number"),
        pytest.param(SECTION, live(7, CONTROLLER), None, [], id="the autoscaler has set the number"),
        pytest.param(SECTION, None, None, [], id="a new Deployment"),
        # An autoscaler leaves a Deployment alone that has no pods.
        pytest.param(SECTION, live(0, FUNCPACK), None, [(0, None)], id="no pods"),
        pytest.param({**SECTION, **THREE}, live(7, FUNCPACK), 3, [(7, 3)], id="the configuration has a number"),
        pytest.param({}, live(7, FUNCPACK), 2, [(7, 2)], id="no autoscaler"),
    ],
)
def test_number_of_pods(
    tmp_path: Path,
    served: tuple[World, Path],
    section: dict[str, Any],
    found: dict[str, Any] | None,
    sent: int | None,
    changed: list[tuple[int | None, int | None]],
) -> None:
    world, kubeconfig = served
    if found:
        world.found[DEPLOYMENTS] = found
    environ = {"KUBECONFIG": str(kubeconfig)}
    backend, _ = backend_of(tmp_path, "kubernetes", {"kubernetes": section}, environ=environ, no_wait=True)

    shown = backend.difference().changes
    backend.deploy()

    assert [(one.old, one.new) for one in shown if one.field == "Deployment.spec.replicas"] == changed
    assert world.applied[DEPLOYMENTS]["spec"].get("replicas") == sent
