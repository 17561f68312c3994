"""The difference between a service that is there and the one that a deployment sends."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack.deploy.google.service_changes import changes, has_other_template

IMAGE = "us-docker.pkg.dev/p/r/i@sha256:1"
# As the API returns a service that was created with an image alone.
FILLED: dict[str, Any] = {
    "name": "projects/p/locations/l/services/hello",
    "uid": "1",
    "generation": "1",
    "etag": '"1"',
    "ingress": "INGRESS_TRAFFIC_ALL",
    "launchStage": "GA",
    "client": "gcloud",
    "annotations": {"run.googleapis.com/build-id": "1"},
    "traffic": [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}],
    "latestReadyRevision": "projects/p/locations/l/services/hello/revisions/hello-1",
    "terminalCondition": {"type": "Ready", "state": "CONDITION_SUCCEEDED"},
    "uri": "https://hello.run.app",
    "urls": ["https://hello.run.app"],
    "template": {
        "timeout": "300s",
        "maxInstanceRequestConcurrency": 80,
        "serviceAccount": "123-compute@developer.gserviceaccount.com",
        "scaling": {"maxInstanceCount": 100},
        "containers": [
            {
                "image": IMAGE,
                "ports": [{"name": "http1", "containerPort": 8080}],
                "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}, "cpuIdle": True, "startupCpuBoost": True},
                "startupProbe": {
                    "timeoutSeconds": 240,
                    "periodSeconds": 240,
                    "failureThreshold": 1,
                    "tcpSocket": {"port": 8080},
                },
            }
        ],
    },
}


def filled(**template: Any) -> dict[str, Any]:
    return {**FILLED, "template": {**FILLED["template"], **template}}


def wanted(container: dict[str, Any] | None = None, **template: Any) -> dict[str, Any]:
    return {"template": {**template, "containers": [{"image": IMAGE, **(container or {})}]}}


@pytest.mark.parametrize(
    ("service", "body", "expected"),
    [
        (FILLED, wanted(), []),
        (FILLED, {**wanted(), "traffic": "<1.trafficStatuses scaled to 75>"}, []),
        (FILLED, wanted(timeout="10s"), [("template.timeout", "300s", "10s")]),
        # What was removed from the configuration is removed from the service, too.
        (filled(timeout="10s"), wanted(), [("template.timeout", "10s", None)]),
        (
            filled(serviceAccount="runner@p.iam.gserviceaccount.com"),
            wanted(),
            [("template.serviceAccount", "runner@p.iam.gserviceaccount.com", None)],
        ),
        ({**FILLED, "labels": {"team": "shop", "goog-managed-by": "x"}}, wanted(), [("labels.team", "shop", None)]),
        (
            FILLED,
            wanted({"env": [{"name": "MODE", "value": "live"}]}),
            [
                ("template.containers[0].env[MODE].value", None, "live"),
            ],
        ),
        (
            FILLED,
            wanted({"resources": {"limits": {"memory": "1Gi"}}}),
            [("template.containers[0].resources.limits.memory", "512Mi", "1Gi")],
        ),
        (
            FILLED,
            wanted({"volumeMounts": [{"name": "a", "mountPath": "/in"}, {"name": "a", "mountPath": "/out"}]}),
            [
                ("template.containers[0].volumeMounts[/in].name", None, "a"),
                ("template.containers[0].volumeMounts[/out].name", None, "a"),
            ],
        ),
        (FILLED, wanted(maxInstanceRequestConcurrency="80"), []),
        ({}, {"template": {"timeout": "10s"}}, [("template.timeout", None, "10s")]),
    ],
)
def test_changes(service: dict[str, Any], body: dict[str, Any], expected: list[tuple[str, Any, Any]]) -> None:
    assert [(change.field, change.old, change.new) for change in changes(service, body)] == expected


def test_template_decides_whether_there_is_a_new_revision() -> None:
    assert has_other_template(FILLED, wanted(timeout="10s"))
    assert not has_other_template(FILLED, {**wanted(), "labels": {"team": "shop"}})
