"""The schemas of Kubernetes' and Knative's resources in the package: up to date, closed, and as strict as the published ones."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack.deploy.kubernetes.schemas import schema
from funcpack.deploy.settings.schema import check
from funcpack.deployment_errors import ConfigurationFieldError
from tools import kubernetes_schemas

CONTAINER = {"name": "user", "image": "shop:1", "ports": [{"containerPort": 8080}], "resources": {"limits": {"cpu": 1}}}
POD = {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [CONTAINER]}}
SINK = {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "shop"}}

RESOURCES: dict[tuple[str, str], dict[str, Any]] = {
    ("apps/v1", "Deployment"): {"selector": {"matchLabels": {"app": "shop"}}, "replicas": 2, "template": POD},
    ("v1", "Service"): {"ports": [{"port": 80, "targetPort": "http"}], "selector": {"app": "shop"}},
    ("v1", "PersistentVolumeClaim"): {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    ("policy/v1", "PodDisruptionBudget"): {"minAvailable": "50%"},
    ("autoscaling/v2", "HorizontalPodAutoscaler"): {
        "maxReplicas": 5,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
    },
    ("serving.knative.dev/v1", "Service"): {
        "template": {"spec": {"containers": [CONTAINER], "containerConcurrency": 10}},
        "traffic": [{"latestRevision": True, "percent": 100, "tag": "new"}],
    },
    ("eventing.knative.dev/v1", "Trigger"): {
        "broker": "default",
        "filter": {"attributes": {"type": "order"}},
        "subscriber": SINK,
    },
    ("sources.knative.dev/v1", "SinkBinding"): {
        "subject": {"apiVersion": "apps/v1", "kind": "Deployment"},
        "sink": SINK,
    },
    ("sources.knative.dev/v1", "PingSource"): {"schedule": "* * * * *", "sink": SINK},
    ("sources.knative.dev/v1", "ApiServerSource"): {"resources": [{"apiVersion": "v1", "kind": "Event"}], "sink": SINK},
    ("sources.knative.dev/v1", "ContainerSource"): {"template": POD, "sink": SINK},
}


def resource(api_version: str, kind: str, **fields: Any) -> dict[str, Any]:
    spec = RESOURCES.get((api_version, kind))
    base = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "shop", "labels": {"app": "shop"}}}
    return {**base, **({"spec": spec} if spec else {}), **fields}


def test_files_are_up_to_date() -> None:
    files = {path: path.read_text() for path in kubernetes_schemas.SCHEMAS.iterdir()}
    assert files == kubernetes_schemas.files(), "run `.venv/bin/python -m tools.kubernetes_schemas`"


def test_files_are_small() -> None:
    assert sum(len(text) for text in kubernetes_schemas.files().values()) < 100_000


@pytest.mark.parametrize(("api_version", "kind"), [*RESOURCES, ("v1", "ConfigMap"), ("v1", "Secret")])
def test_resources_are_accepted_and_other_fields_are_not(api_version: str, kind: str) -> None:
    check(resource(api_version, kind), schema(api_version, kind), "", None)
    with pytest.raises(ConfigurationFieldError) as caught:
        check(resource(api_version, kind, surprise=1), schema(api_version, kind), "", None)
    assert caught.value.problems[0].text.startswith("surprise is not a known field.")


@pytest.mark.parametrize(
    ("api_version", "kind", "fields", "expected"),
    [
        ("apps/v1", "Deployment", {"spec": {}}, "spec.selector is required."),
        ("apps/v1", "Deployment", {"status": {}}, "status is set by the platform and cannot be configured."),
        (
            "apps/v1",
            "Deployment",
            {"metadata": {"uid": "a"}},
            "metadata.uid is set by the platform and cannot be configured.",
        ),
        ("apps/v1", "Deployment", {"kind": "Job"}, "kind is 'Job'. It must be one of: Deployment."),
        ("v1", "Service", {"spec": {"ports": [{"port": "80"}]}}, "spec.ports[0].port must be an integer, not text."),
        ("v1", "ConfigMap", {"data": {"a": 1}}, "data.a must be text, not a number."),
        # A feature that is off by default.
        (
            "serving.knative.dev/v1",
            "Service",
            {"spec": {"template": {"spec": {"nodeSelector": {}}}}},
            "spec.template.spec.nodeSelector is not a known field.",
        ),
    ],
)
def test_wrong_values_are_rejected(api_version: str, kind: str, fields: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigurationFieldError) as caught:
        check({**resource(api_version, kind), **fields}, schema(api_version, kind), "", None)
    assert expected in [problem.text for problem in caught.value.problems]
