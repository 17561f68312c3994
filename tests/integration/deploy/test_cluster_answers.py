"""Answers of an API server that are rare: failures, interruptions, and functions that cannot be called."""

from __future__ import annotations

import json
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
KNATIVE_SERVICE = f"/apis/serving.knative.dev/v1/namespaces/{NAMESPACE}/services/orders"
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


def knative_service(url: str) -> Reply:
    traffic = [{"revisionName": "orders-00001", "percent": 100, "latestRevision": True}]
    status = {
        "observedGeneration": 1,
        "conditions": [{"type": "Ready", "status": "True"}],
        "url": url,
        "traffic": traffic,
        "latestReadyRevisionName": "orders-00001",
    }
    return Reply(200, {"metadata": {"name": "orders", "generation": 1}, "spec": {}, "status": status})


def smoke(orders: Orders, **request: Any) -> tuple[str, str]:
    """Return the option for a request whose answer is `right`."""
    file = orders.directory / "smoke.json"
    file.write_text(json.dumps({"request": request, "answer": {"status": 200, "text": "right"}}))
    return "--smoke", str(file)


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
def knative(server: ClusterServer) -> ClusterServer:
    """A cluster without the Knative Service, which is ready as soon as it is applied. The server itself is at its address."""
    server.has(f"GET {KNATIVE_SERVICE}", failure(404, "not found"), knative_service(server.url))
    server.has(f"PATCH {KNATIVE_SERVICE}", Reply(200, {}))
    server.has("GET /health/ready", Reply(200, "ok"))
    return server


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


@pytest.mark.parametrize("answer", ["right", "wrong"])
def test_smoke_is_sent_without_a_wait_for_the_rest(orders: Orders, knative: ClusterServer, answer: str) -> None:
    knative.has("POST /orders", Reply(200, answer))
    deployed = orders(
        "deploy",
        "knative",
        *IMAGE,
        "--no-wait",
        *smoke(orders, method="POST", path="/orders?page=1", json={"order": 42}),
    )
    assert deployed.returncode == (0 if answer == "right" else 1), deployed.stderr
    (sent,) = knative.sent("POST /orders")
    assert (sent.path, json.loads(sent.body)) == ("/orders?page=1", {"order": 42})
    assert ("error: The smoke request failed" in deployed.stderr) == (answer == "wrong")


@pytest.mark.parametrize("options", [[], ["--no-wait"], ["--dry-run"], ["--plan"]])
def test_backend_without_revisions_takes_no_smoke(orders: Orders, server: ClusterServer, options: list[str]) -> None:
    refused = orders("deploy", "kubernetes", *IMAGE, *options, *smoke(orders, path="/"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("error: --smoke is not supported")
    assert server.requests == []
