"""Answers of an API server that are rare: failures, interruptions, and functions that cannot be called."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.deploy.cluster_server import NAMESPACE, ClusterServer, Orders, Reply, cluster_server, failure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.deploy.cluster_server import Request


IMAGE = ("--image", "registry.example.com/orders:1.0.0")
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/orders"
REPLICA_SETS = f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
SERVICE = f"/api/v1/namespaces/{NAMESPACE}/services/orders"
ENDPOINTS = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"

REVISION = {"deployment.kubernetes.io/revision": "1"}
OWNER = {"kind": "Deployment", "name": "orders", "uid": "1", "controller": True}
LABELS = {"app.kubernetes.io/name": "orders", "pod-template-hash": "5d9f"}


def deployment(available: int) -> Reply:
    status = {"observedGeneration": 1, "updatedReplicas": 2, "replicas": 2, "availableReplicas": available}
    metadata = {"name": "orders", "uid": "1", "generation": 1, "annotations": REVISION}
    selector = {"matchLabels": {"app.kubernetes.io/name": "orders"}}
    return Reply(200, {"metadata": metadata, "spec": {"replicas": 2, "selector": selector}, "status": status})


def items(*found: dict[str, Any]) -> Reply:
    return Reply(200, {"items": list(found)})


@pytest.fixture
def server() -> Iterator[ClusterServer]:
    """A cluster in which the Deployment is never ready."""
    with cluster_server() as found:
        for path in (DEPLOYMENT, SERVICE):
            found.has(f"PATCH {path}", Reply(200, {}))
        found.has(f"GET {DEPLOYMENT}", deployment(available=0))
        replica_set = {"name": "orders-5d9f", "annotations": REVISION, "labels": LABELS, "ownerReferences": [OWNER]}
        found.has(
            f"GET {REPLICA_SETS}", items({"metadata": replica_set, "spec": {"selector": {"matchLabels": LABELS}}})
        )
        found.has(f"GET {PODS}", items())
        yield found


@pytest.fixture
def orders(tmp_path: Path, server: ClusterServer) -> Orders:
    return Orders.new(tmp_path, server)


def test_interruption_names_the_rollout_and_not_what_is_read_meanwhile(orders: Orders, server: ClusterServer) -> None:
    reads_pods, is_over = threading.Event(), threading.Event()

    def pods(_: Request) -> Reply:
        reads_pods.set()
        is_over.wait()
        return items()

    server.answers[f"GET {PODS}"] = pods
    interrupted = orders.interrupted(reads_pods, "deploy", "kubernetes", *IMAGE)
    is_over.set()
    assert (interrupted.returncode, interrupted.stdout) == (130, "")
    assert interrupted.stderr.rstrip().splitlines()[-3:] == [
        "Wait until Deployment orders is ready",
        "Interrupted: Wait until Deployment orders is ready. That goes on without this command.",
        "To continue, run the same command again.",
    ]


def test_failure_that_ends_is_noted_with_the_message_of_the_cluster(orders: Orders, server: ClusterServer) -> None:
    server.has(f"GET {DEPLOYMENT}", failure(503, "etcdserver: leader changed"), failure(404, "not found"))
    described = orders("describe", "kubernetes")
    assert described.stderr.splitlines()[0] == (
        "Read Deployment orders: etcdserver: leader changed (status 503). Next attempt in 0.05 seconds."
    )


def test_failure_that_does_not_end_has_the_message_of_the_cluster(orders: Orders, server: ClusterServer) -> None:
    server.has(f"GET {DEPLOYMENT}", failure(429, "too many requests"))
    described = orders("describe", "kubernetes")
    assert described.returncode == 1
    assert described.stderr.partition("error: ")[2] == (
        "Unexpected answer of the cluster\n"
        "Read Deployment orders: too many requests (status 429).\n\n"
        "Check the cluster with: kubectl get --raw '/readyz?verbose'\n"
        "Run the command again.\n"
    )
