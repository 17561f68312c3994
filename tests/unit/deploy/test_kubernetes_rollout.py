"""What the status of resources and pods means."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack.deploy.kubernetes import revisions
from funcpack.deploy.kubernetes.conditions import NOT_SEEN, deployment_state, knative_state, route_state
from funcpack.deploy.kubernetes.pods import problem_of
from funcpack.deploy.kubernetes.rollout import State
from funcpack.deploy.kubernetes.staging import STAGED


def resource(*, conditions: dict[str, dict[str, Any]] | None = None, seen: int = 2, **status: Any) -> dict[str, Any]:
    listed = [{"type": name, **values} for name, values in (conditions or {}).items()]
    return {
        "metadata": {"generation": 2},
        "spec": {"replicas": 2},
        "status": {"observedGeneration": seen, "conditions": listed, **status},
    }


@pytest.mark.parametrize(
    ("deployment", "state"),
    [
        (resource(seen=1, updatedReplicas=2, replicas=2, availableReplicas=2), NOT_SEEN),
        (resource(), State("0 of 2 new pods exist")),
        (resource(updatedReplicas=2, replicas=3, availableReplicas=1), State("1 of 2 pods are ready")),
        (resource(updatedReplicas=2, replicas=3, availableReplicas=3), State("old pods that still run: 1")),
        (resource(updatedReplicas=2, replicas=2, availableReplicas=2), State("all pods are ready", done=True)),
        (
            resource(
                conditions={"ReplicaFailure": {"status": "True", "reason": "FailedCreate", "message": "no quota."}}
            ),
            State("FailedCreate: no quota", failed=True),
        ),
        (
            resource(conditions={"Progressing": {"status": "False", "reason": "ProgressDeadlineExceeded"}}),
            State("ProgressDeadlineExceeded", failed=True),
        ),
    ],
)
def test_state_of_a_deployment(deployment: dict[str, Any], state: State) -> None:
    assert deployment_state(deployment) == state


@pytest.mark.parametrize(
    ("service", "state"),
    [
        (resource(seen=1, conditions={"Ready": {"status": "True"}}), NOT_SEEN),
        (resource(conditions={"Ready": {"status": "True"}}), State("the service is ready", done=True)),
        (resource(conditions={"Ready": {"status": "Unknown"}}), State("the new revision is not ready yet")),
        (
            resource(conditions={"Ready": {"status": "False", "reason": "RevisionFailed", "message": "No image."}}),
            State("RevisionFailed: No image", failed=True),
        ),
        (
            resource(
                conditions={
                    "Ready": {"status": "False", "reason": "RevisionMissing", "message": "No revision is ready."},
                    "ConfigurationsReady": {"status": "False", "reason": "RevisionFailed", "message": "No image."},
                }
            ),
            State("RevisionFailed: No image", failed=True),
        ),
    ],
)
def test_state_of_a_knative_service(service: dict[str, Any], state: State) -> None:
    assert knative_state(service) == state


def test_traffic_can_be_ready_although_the_newest_revision_is_not() -> None:
    service = resource(conditions={"Ready": {"status": "False"}, "RoutesReady": {"status": "True"}})
    assert (route_state(service).done, knative_state(service).done) == (True, False)


def pod(state: dict[str, Any] | None = None, *, ready: bool = False, **fields: Any) -> dict[str, Any]:
    statuses = [{"name": "function", "ready": ready, "state": state, **fields}] if state else []
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {"metadata": {"name": "orders-1"}, "status": {"conditions": conditions, "containerStatuses": statuses}}


ENDED = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
CRASH = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting"}}


@pytest.mark.parametrize(
    ("pods", "reason", "is_final"),
    [
        (
            [pod(CRASH, lastState=ENDED)],
            "CrashLoopBackOff: the container 'function' ended with exit code 137 (OOMKilled)",
            True,
        ),
        ([pod(ENDED)], "the container 'function' ended with exit code 137 (OOMKilled)", False),
        ([pod({"running": {}})], "the container 'function' runs, but is not ready", False),
        (
            [pod({"waiting": {"reason": "ImagePullBackOff", "message": "no such image."}})],
            "ImagePullBackOff: no such image",
            True,
        ),
        (
            [pod({"running": {}}), pod({"waiting": {"reason": "InvalidImageName", "message": "bad"}})],
            "InvalidImageName: bad",
            True,
        ),
    ],
)
def test_problem_of_pods(pods: list[dict[str, Any]], reason: str, is_final: bool) -> None:
    problem = problem_of(pods)
    assert problem
    assert (problem.reason, problem.is_final) == (reason, is_final)


def test_a_pod_that_no_node_takes_may_be_scheduled_later() -> None:
    unscheduled = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available."}
    problem = problem_of([{"metadata": {"name": "orders-1"}, "status": {"conditions": [unscheduled]}}])
    assert problem
    assert (problem.reason, problem.is_final) == ("the pod is not scheduled: 0/1 nodes are available", False)


def test_pods_that_are_ready_or_stop_have_no_problem() -> None:
    stopping = pod(ENDED)
    stopping["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert problem_of([pod({"running": {}}, ready=True), stopping]) is None


def revision(number: int, *, ready: bool = True, staged: bool = False) -> dict[str, Any]:
    annotations = {"annotations": {STAGED: "true"}} if staged else {}
    return {
        "metadata": {
            "name": f"orders-0000{number}",
            "labels": {revisions.GENERATION_LABEL: str(number)},
            **annotations,
        },
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


@pytest.mark.parametrize(
    ("serving", "existing", "earlier"),
    [
        (3, [revision(1), revision(2), revision(3)], "orders-00002"),
        (3, [revision(1), revision(2, ready=False), revision(3)], "orders-00001"),
        (2, [revision(1), revision(2), revision(3, ready=False)], "orders-00001"),
        # It was ready, but has only answered the request of --smoke.
        (3, [revision(1), revision(2, staged=True), revision(3)], "orders-00001"),
        (2, [revision(1, staged=True), revision(2)], None),
        (1, [revision(1), revision(2)], None),
        (12, [revision(9), revision(12)], "orders-00009"),
    ],
)
def test_earlier_revision(serving: int, existing: list[dict[str, Any]], earlier: str | None) -> None:
    service = {"status": {"traffic": [{"revisionName": f"orders-0000{serving}", "percent": 100}]}}
    assert revisions.earlier_ready(service, reversed(existing)) == earlier


def test_the_revision_that_serves_has_the_largest_share() -> None:
    traffic = [
        {"revisionName": "a", "percent": 30},
        {"revisionName": "b", "percent": 30},
        {"revisionName": "a", "percent": 40},
    ]
    assert revisions.serving_revision({"status": {"traffic": traffic}}) == "a"


def test_no_revision_serves_before_the_first_is_ready() -> None:
    assert revisions.serving_revision({}) is None
