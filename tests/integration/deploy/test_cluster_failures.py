"""A new version that does not start ends a deployment early, with the reason, for a user with the permissions of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from funcpack.deployment_errors import ClusterPermissionError, Permission, RolloutFailedError
from tests.integration.deploy.cluster_world import cluster_world
from tests.unit.deploy.kubernetes_targets import backend_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.deploy.cluster_world import World

KNATIVE = "/apis/serving.knative.dev/v1/namespaces/shop"
SERVICE, CONFIGURATION = f"{KNATIVE}/services/orders", f"{KNATIVE}/configurations/orders"
PODS = "/api/v1/namespaces/shop/pods"
METADATA = {"name": "orders", "namespace": "shop", "uid": "1", "generation": 1}
UNKNOWN = [{"type": "Ready", "status": "Unknown"}]
WAITING = {"reason": "ImagePullBackOff", "message": "no such image"}
POD = {
    "metadata": {"name": "orders-00001-1"},
    "status": {"containerStatuses": [{"name": "function", "state": {"waiting": WAITING}}]},
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[World, Path]]:
    """A cluster in which the first revision of a Knative Service has no image, and its kubeconfig."""
    with cluster_world(tmp_path) as (world, kubeconfig):
        status = {"observedGeneration": 1, "conditions": UNKNOWN}
        world.found[SERVICE] = {"metadata": METADATA, "spec": {}, "status": status}
        world.found[CONFIGURATION] = {
            "metadata": METADATA,
            "status": {"observedGeneration": 1, "latestCreatedRevisionName": "orders-00001"},
        }
        world.found[PODS] = {"items": [POD]}
        yield world, kubeconfig


def options(kubeconfig: Path) -> dict[str, Any]:
    return {"environ": {"KUBECONFIG": str(kubeconfig), "FUNCPACK_POLL_INTERVAL": "0.05"}, "timeout": 30.0}


def test_the_configuration_is_read_by_its_name(tmp_path: Path, served: tuple[World, Path]) -> None:
    world, kubeconfig = served
    world.forbidden = {f"{KNATIVE}/configurations"}

    with pytest.raises(RolloutFailedError) as raised:
        backend_of(tmp_path, "knative", **options(kubeconfig))[0].deploy()

    assert "ImagePullBackOff: no such image" in raised.value.found


@pytest.mark.parametrize("no_wait", [False, True])
def test_the_permissions_that_show_a_failure_are_checked_before(
    tmp_path: Path, served: tuple[World, Path], *, no_wait: bool
) -> None:
    world, kubeconfig = served
    backend, _ = backend_of(tmp_path, "knative", **options(kubeconfig), no_wait=no_wait)
    if no_wait:
        backend.deploy()
    else:
        with pytest.raises(RolloutFailedError):
            backend.deploy()

    assert ({"get configurations", "list pods"} <= set(world.reviewed)) is not no_wait


def test_a_user_who_may_not_read_the_configuration_sees_the_state(tmp_path: Path, served: tuple[World, Path]) -> None:
    world, kubeconfig = served
    world.forbidden = {CONFIGURATION, PODS}

    described = backend_of(tmp_path, "knative", **options(kubeconfig))[0].describe()

    assert described
    assert described.reason == "the new revision is not ready yet"


@pytest.mark.parametrize(
    ("denied", "missing"),
    [("list pods", Permission("pods", ("list",))), ("get pods/log", Permission("pods/log", ("get",)))],
)
def test_a_log_that_the_user_may_not_read_is_not_an_empty_one(
    tmp_path: Path, served: tuple[World, Path], denied: str, missing: Permission
) -> None:
    world, kubeconfig = served
    world.denied = {denied}
    backend, _ = backend_of(tmp_path, "knative", **options(kubeconfig))

    with pytest.raises(ClusterPermissionError) as raised:
        list(backend.logs())

    assert raised.value.missing == (missing,)
