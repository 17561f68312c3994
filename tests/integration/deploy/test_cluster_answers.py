"""Answers of an API server that are rare: failures, interruptions, and functions that cannot be called."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.deploy.cluster_server import (
    CUT,
    NAMESPACE,
    ClusterServer,
    Orders,
    Reply,
    cluster_server,
    failure,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.deploy.cluster_server import Request


IMAGE = ("--image", "registry.example.com/orders:1.0.0")
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/orders"
REPLICA_SETS = f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets"
HEALTH = "/health/ready"
SERVICE_CALL = f"GET /api/v1/namespaces/{NAMESPACE}/services/http:orders:80/proxy{HEALTH}"
POD_PROXY = f"/api/v1/namespaces/{NAMESPACE}/pods/http:orders-1:8080/proxy"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
KNATIVE_SERVICE = f"/apis/serving.knative.dev/v1/namespaces/{NAMESPACE}/services/orders"
SERVICE = f"/api/v1/namespaces/{NAMESPACE}/services/orders"
ENDPOINTS = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"

# Nothing listens there.
NOWHERE = "http://127.0.0.1:1"
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


def pod() -> dict[str, Any]:
    return {"metadata": {"name": "orders-1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}


def hanging(_: Request) -> Reply:
    threading.Event().wait()
    raise AssertionError


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
def ready(server: ClusterServer) -> ClusterServer:
    """A cluster in which the Deployment is ready."""
    server.has(f"GET {DEPLOYMENT}", deployment(available=2))
    return server


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


def test_credentials_that_the_cluster_does_not_accept(orders: Orders, server: ClusterServer) -> None:
    server.has(f"GET {DEPLOYMENT}", failure(401, "Unauthorized"))
    described = orders("describe", "kubernetes")
    assert described.returncode == 1
    assert f"{server.url} (context test): the cluster answers 401 Unauthorized." in described.stderr
    assert len(server.requests) == 1


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


# --- the call of the function ---

FORBIDDEN = 'services "http:orders:80" is forbidden: User "alice" cannot get resource "services/proxy"'
NO_ROUTE = "error trying to reach service: dial tcp 10.1.2.3:8080: i/o timeout"


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ([Reply(200, "ok")], ""),
        ([Reply(404, "not ours")], ""),
        ([Reply(401, "who are you?")], ""),
        ([Reply(503, {"message": {"text": "warming up"}}), Reply(200, "ok")], ""),
        ([failure(503, "no endpoints available"), Reply(200, "ok")], ""),
        ([failure(403, FORBIDDEN)], f", not called: {FORBIDDEN}"),
        ([failure(503, NO_ROUTE)], f", not called: {NO_ROUTE}"),
    ],
)
def test_service_that_was_called_or_not(
    orders: Orders, ready: ClusterServer, answers: list[Reply], result: str
) -> None:
    ready.has(SERVICE_CALL, *answers)
    deployed = orders("deploy", "kubernetes", *IMAGE)
    assert deployed.returncode == 0, deployed.stderr
    assert deployed.stdout == f"deployed orders at http://orders.shop.svc{result}\n"
    assert len(ready.sent(SERVICE_CALL)) == len(answers)


@pytest.mark.parametrize("status", [500, 503])
def test_service_that_answers_with_an_error(orders: Orders, ready: ClusterServer, status: int) -> None:
    ready.has(SERVICE_CALL, Reply(status, "no database"))
    deployed = orders("deploy", "kubernetes", *IMAGE)
    assert (deployed.returncode, deployed.stdout) == (1, "")
    assert f"http://orders.shop.svc: /health/ready answers {status} no database." in deployed.stderr


def test_address_is_called_again_until_it_answers(orders: Orders, knative: ClusterServer) -> None:
    knative.has(f"GET {HEALTH}", CUT, Reply(503, "no route"), Reply(200, "ok"))
    deployed = orders("deploy", "knative", *IMAGE)
    assert deployed.returncode == 0, deployed.stderr
    assert deployed.stdout == f"deployed orders at {knative.url}\n"
    assert [request.headers.get("authorization") for request in knative.sent(f"GET {HEALTH}")] == [None, None, None]


def test_address_that_does_not_answer_before_the_deadline(orders: Orders, knative: ClusterServer) -> None:
    knative.answers[f"GET {HEALTH}"] = hanging
    deployed = orders("deploy", "knative", *IMAGE, "--timeout", "4")
    assert (deployed.returncode, deployed.stdout) == (1, "")
    assert f"The function does not answer\n{knative.url}: no success within 4 seconds." in deployed.stderr


@pytest.mark.parametrize(
    ("pods", "answer", "result"),
    [
        ([pod()], Reply(200, "ok"), ""),
        (
            [],
            None,
            ", not called: the address cannot be reached from here (Connection refused), and no ready pod was found",
        ),
        ([pod()], failure(403, FORBIDDEN), f", not called: {FORBIDDEN}"),
    ],
)
def test_address_that_cannot_be_reached(
    orders: Orders, knative: ClusterServer, pods: list[dict[str, Any]], answer: Reply | None, result: str
) -> None:
    knative.has(f"GET {KNATIVE_SERVICE}", failure(404, "not found"), knative_service(NOWHERE))
    knative.has(f"GET {PODS}", items(*pods))
    if answer:
        knative.has(f"GET {POD_PROXY}{HEALTH}", answer)
    deployed = orders("deploy", "knative", *IMAGE)
    assert deployed.returncode == 0, deployed.stderr
    assert deployed.stdout == f"deployed orders at {NOWHERE}{result}\n"


# --- the request of --smoke ---

ORDER = {"method": "POST", "path": "/orders", "json": {"order": 42}}
FIRST = "The new revision has all the traffic, because there was no other."
CONNECTION = f"{NOWHERE} cannot be reached from here: Connection refused"


@pytest.mark.parametrize(("request_", "calls"), [(ORDER, 1), ({**ORDER, "method": "PUT"}, 2)])
def test_smoke_that_is_cut(orders: Orders, knative: ClusterServer, request_: dict[str, Any], calls: int) -> None:
    knative.has(f"{request_['method']} /orders", CUT, Reply(200, "right"))
    deployed = orders("deploy", "knative", *IMAGE, *smoke(orders, **request_))
    assert len(knative.sent(f"{request_['method']} /orders")) == calls
    if calls == 1:
        assert deployed.returncode == 1
        assert "The smoke request was not answered\nThe new revision does not answer the request in " in deployed.stderr
        assert FIRST in deployed.stderr
    else:
        assert deployed.returncode == 0, deployed.stderr


def test_smoke_that_is_not_answered_before_the_deadline(orders: Orders, knative: ClusterServer) -> None:
    knative.answers["GET /orders"] = hanging
    deployed = orders("deploy", "knative", *IMAGE, "--timeout", "4", *smoke(orders, path="/orders"))
    assert deployed.returncode == 1
    assert "smoke.json: no answer within 4 seconds.\n" in deployed.stderr


@pytest.mark.parametrize(
    ("pods", "answer", "headers", "reason"),
    [
        ([], None, {}, f"{CONNECTION}, and no ready pod was found"),
        ([pod()], failure(403, FORBIDDEN), {}, f"{CONNECTION}, and {FORBIDDEN}"),
        ([pod()], failure(503, NO_ROUTE), {}, f"{CONNECTION}, and {NO_ROUTE}"),
        (
            [pod()],
            Reply(200, "right"),
            {"authorization": "Bearer of-the-function"},
            f"{CONNECTION}, and the API server does not pass the header Authorization on to a pod",
        ),
        ([pod()], Reply(200, "right"), {}, None),
    ],
)
def test_smoke_through_a_pod(
    orders: Orders,
    knative: ClusterServer,
    pods: list[dict[str, Any]],
    answer: Reply | None,
    headers: dict[str, str],
    reason: str | None,
) -> None:
    knative.has(f"GET {KNATIVE_SERVICE}", failure(404, "not found"), knative_service(NOWHERE))
    knative.has(f"GET {PODS}", items(*pods))
    knative.has(f"GET {POD_PROXY}{HEALTH}", Reply(200, "ok"))
    if answer:
        knative.has(f"POST {POD_PROXY}/orders", answer)
    deployed = orders("deploy", "knative", *IMAGE, *smoke(orders, **ORDER, headers=headers))
    assert deployed.returncode == (1 if reason else 0), deployed.stderr
    if reason:
        assert f"smoke.json cannot be sent to the new revision: {reason}.\n{FIRST}" in deployed.stderr
    assert "of-the-function" not in str(knative.requests)


@pytest.mark.parametrize("url", [NOWHERE, None])
def test_smoke_that_expects_401(orders: Orders, knative: ClusterServer, url: str | None) -> None:
    """Through a pod, and by the address."""
    knative.has(f"GET {KNATIVE_SERVICE}", failure(404, "not found"), knative_service(url or knative.url))
    knative.has(f"GET {PODS}", items(pod()))
    for path in (POD_PROXY, ""):
        knative.has(f"GET {path}{HEALTH}", Reply(401, "log in"))
        knative.has(f"GET {path}/orders", Reply(401, "log in"))
    option, file = smoke(orders, path="/orders")
    Path(file).write_text(json.dumps({"request": {"path": "/orders"}, "answer": {"status": 401, "text": "log in"}}))
    deployed = orders("deploy", "knative", *IMAGE, option, file)
    assert deployed.returncode == 0, deployed.stderr
