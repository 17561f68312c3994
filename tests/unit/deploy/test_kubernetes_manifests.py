"""The manifests of the backends kubernetes and knative: what a cluster takes, and what a configuration changes in them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from funcpack.deploy.kubernetes.documents import as_yaml
from funcpack.deploy.plan.values import at
from funcpack.deployment_errors import ConfigurationFieldError, MissingImageError, SecretReferenceError
from tests.unit.deploy.kubernetes_targets import EVENT, IMAGE, backend_of, manifests_of
from tests.unit.docs.schemas import validate

if TYPE_CHECKING:
    from pathlib import Path

LABELS = {"app.kubernetes.io/name": "orders", "app.kubernetes.io/managed-by": "funcpack"}
SELECTOR = {"app.kubernetes.io/name": "orders"}

CONTAINER = {
    "name": "function",
    "image": IMAGE,
    "terminationMessagePolicy": "FallbackToLogsOnError",
    "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
}
VOLUMES = [{"name": "tmp", "emptyDir": {}}]
FUNCTION = {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "orders"}}
BROKER = {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default"}}
PING: dict[str, Any] = {"kind": "PingSource", "spec": {"schedule": "0 3 * * *"}}
KAFKA: dict[str, Any] = {
    "kind": "KafkaSource",
    "name": "orders-topic",
    "spec": {"topics": ["orders"], "anything": {"else": 1}},
}


def probe(path: str, *, port: str | None = "http", **timing: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, **({"port": port} if port else {})}, "timeoutSeconds": 2, **timing}


DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "orders", "labels": LABELS},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": SELECTOR},
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {
                "terminationGracePeriodSeconds": 40,
                "automountServiceAccountToken": False,
                "containers": [
                    {
                        **CONTAINER,
                        "env": [
                            {"name": "FUNCTION_SHUTDOWN_DELAY", "value": "5"},
                            {"name": "FUNCTION_GRACE_PERIOD", "value": "30"},
                        ],
                        "ports": [{"name": "http", "containerPort": 8080}],
                        "startupProbe": probe("/health/ready", periodSeconds=1, failureThreshold=60),
                        "readinessProbe": probe("/health/ready", periodSeconds=1),
                        "livenessProbe": probe("/health/live", periodSeconds=10),
                    }
                ],
                "volumes": VOLUMES,
            },
        },
    },
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "orders", "labels": LABELS},
    "spec": {"selector": SELECTOR, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
}
KNATIVE_SERVICE = {
    "apiVersion": "serving.knative.dev/v1",
    "kind": "Service",
    "metadata": {"name": "orders", "labels": LABELS},
    "spec": {
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {
                "automountServiceAccountToken": False,
                "containers": [
                    {
                        **CONTAINER,
                        "ports": [{"containerPort": 8080}],
                        "readinessProbe": probe("/health/ready", port=None, periodSeconds=1),
                        "livenessProbe": probe("/health/live", port=None, initialDelaySeconds=40),
                    }
                ],
                "volumes": VOLUMES,
            },
        }
    },
}
WHOLE: dict[str, dict[str, Any]] = {
    "kubernetes": {"Deployment": DEPLOYMENT, "Service": SERVICE},
    "knative": {"Service": KNATIVE_SERVICE},
}

POD = "spec.template.spec"


def with_container(**fields: Any) -> dict[str, Any]:
    """Return a section that changes the container of the function."""
    return {"spec": {"template": {"spec": {"containers": [{"name": "function", **fields}]}}}}


@pytest.mark.parametrize("backend", WHOLE)
def test_manifests_without_configuration(tmp_path: Path, backend: str) -> None:
    assert manifests_of(tmp_path, backend) == WHOLE[backend]


# The backend, its configuration, and the values that it leads to, by kind and path.
CONFIGURATIONS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "environment": (
        "knative",
        {"environment": {"GREETING": "hello"}, "secrets": {"PASSWORD": "database/password"}},
        {
            f"Service {POD}.containers[0].env": [
                {"name": "GREETING", "value": "hello"},
                {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}},
            ]
        },
    ),
    "a secret replaces a value": (
        "knative",
        {"environment": {"PASSWORD": "x"}, "secrets": {"PASSWORD": "database/password"}},
        {
            f"Service {POD}.containers[0].env": [
                {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}}
            ]
        },
    ),
    "time to stop": (
        "kubernetes",
        {"environment": {"FUNCTION_GRACE_PERIOD": "60.5", "FUNCTION_SHUTDOWN_DELAY": "0"}},
        {
            f"Deployment {POD}.terminationGracePeriodSeconds": 66,
            f"Deployment {POD}.containers[0].env[1]": {"name": "FUNCTION_GRACE_PERIOD", "value": "60.5"},
        },
    ),
    "replicas": (
        "kubernetes",
        {"kubernetes": {"deployment": {"spec": {"replicas": 5}}}},
        {"Deployment spec.replicas": 5, f"Deployment {POD}.containers[0].image": IMAGE},
    ),
    "another container and a ConfigMap": (
        "kubernetes",
        {
            "kubernetes": {
                "deployment": {
                    "spec": {
                        "template": {
                            "spec": {
                                "containers": [
                                    {"name": "function", "envFrom": [{"configMapRef": {"name": "settings"}}]},
                                    {"name": "proxy", "image": "proxy:1"},
                                ]
                            }
                        }
                    }
                }
            }
        },
        {
            f"Deployment {POD}.containers[0].image": IMAGE,
            f"Deployment {POD}.containers[0].envFrom": [{"configMapRef": {"name": "settings"}}],
            f"Deployment {POD}.containers[1]": {"name": "proxy", "image": "proxy:1"},
        },
    ),
    "a claim instead of the temporary directory": (
        "kubernetes",
        {
            "kubernetes": {
                "deployment": {
                    "spec": {
                        "template": {
                            "spec": {"volumes": [{"name": "tmp", "persistentVolumeClaim": {"claimName": "scratch"}}]}
                        }
                    }
                }
            }
        },
        {f"Deployment {POD}.volumes": [{"name": "tmp", "persistentVolumeClaim": {"claimName": "scratch"}}]},
    ),
    "another probe": (
        "kubernetes",
        {"kubernetes": {"deployment": with_container(livenessProbe={"tcpSocket": {"port": "http"}})}},
        {
            f"Deployment {POD}.containers[0].livenessProbe": {
                "tcpSocket": {"port": "http"},
                "periodSeconds": 10,
                "timeoutSeconds": 2,
            }
        },
    ),
    "no probe": (
        "kubernetes",
        {"kubernetes": {"deployment": with_container(livenessProbe=None)}},
        {f"Deployment {POD}.containers[0].livenessProbe": None, f"Deployment {POD}.containers[0].image": IMAGE},
    ),
    "concurrency and scale": (
        "knative",
        {
            "knative": {
                "service": {
                    "spec": {
                        "template": {
                            "metadata": {"annotations": {"autoscaling.knative.dev/min-scale": "1"}},
                            "spec": {"containerConcurrency": 10},
                        }
                    }
                }
            }
        },
        {
            f"Service {POD}.containerConcurrency": 10,
            "Service spec.template.metadata": {
                "labels": LABELS,
                "annotations": {"autoscaling.knative.dev/min-scale": "1"},
            },
        },
    ),
    "traffic": (
        "knative",
        {
            "knative": {
                "service": {
                    "spec": {
                        "traffic": [
                            {"revisionName": "orders-00001", "percent": 90},
                            {"latestRevision": True, "percent": 10, "tag": "new"},
                        ]
                    }
                }
            }
        },
        {"Service spec.traffic[1].tag": "new"},
    ),
    "autoscaler": (
        "kubernetes",
        {"kubernetes": {"horizontalPodAutoscaler": {"spec": {"maxReplicas": 4}}}},
        {
            "Deployment spec.replicas": None,
            "HorizontalPodAutoscaler spec.maxReplicas": 4,
            "HorizontalPodAutoscaler spec.minReplicas": 2,
            "HorizontalPodAutoscaler spec.scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": "orders",
            },
        },
    ),
    "disruption budget": (
        "kubernetes",
        {"kubernetes": {"podDisruptionBudget": {}}},
        {"PodDisruptionBudget spec": {"maxUnavailable": 1, "selector": {"matchLabels": SELECTOR}}},
    ),
    "another disruption budget": (
        "kubernetes",
        {"kubernetes": {"podDisruptionBudget": {"spec": {"minAvailable": "50%"}}}},
        {"PodDisruptionBudget spec": {"minAvailable": "50%", "selector": {"matchLabels": SELECTOR}}},
    ),
    "load balancer": (
        "kubernetes",
        {"kubernetes": {"service": {"spec": {"type": "LoadBalancer", "ports": [{"name": "http", "port": 8000}]}}}},
        {
            "Service spec.type": "LoadBalancer",
            "Service spec.ports": [{"name": "http", "port": 8000, "targetPort": "http"}],
        },
    ),
    "trigger": (
        "knative",
        {"knative": {"trigger": {"spec": {"filter": {"attributes": {"type": "order.placed"}}}}}},
        {
            "Trigger spec": {
                "broker": "default",
                "filter": {"attributes": {"type": "order.placed"}},
                "subscriber": FUNCTION,
            }
        },
    ),
    "a source": (
        "knative",
        {"knative": {"sources": [{"kind": "PingSource", "spec": {"schedule": "0 3 * * *", "data": "{}"}}]}},
        {
            "PingSource apiVersion": "sources.knative.dev/v1",
            "PingSource metadata": {"name": "orders", "labels": LABELS},
            "PingSource spec": {"schedule": "0 3 * * *", "data": "{}", "sink": FUNCTION},
        },
    ),
    "sources with names, an API version and a sink of their own": (
        "knative",
        {
            "knative": {
                "sources": [
                    {
                        "kind": "ApiServerSource",
                        "apiVersion": "sources.knative.dev/v1",
                        "name": "orders-pods",
                        "spec": {"resources": [{"apiVersion": "v1", "kind": "Pod"}], "sink": BROKER},
                    },
                    {"kind": "ContainerSource", "spec": {"template": {"spec": {"containers": [{"image": IMAGE}]}}}},
                    {
                        "kind": "SinkBinding",
                        "spec": {"subject": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}},
                    },
                ]
            }
        },
        {
            "ApiServerSource metadata.name": "orders-pods",
            "ApiServerSource spec.sink": BROKER,
            "ContainerSource spec.sink": FUNCTION,
            "SinkBinding spec.sink": FUNCTION,
        },
    ),
}


@pytest.mark.parametrize(("backend", "configuration", "expected"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_configuration(tmp_path: Path, backend: str, configuration: dict[str, Any], expected: dict[str, Any]) -> None:
    manifests = manifests_of(tmp_path, backend, configuration)
    found = {key: at(manifests[key.partition(" ")[0]], key.partition(" ")[2]) for key in expected}
    assert found == expected


@pytest.mark.parametrize(
    ("backend", "configuration"),
    [("kubernetes", {}), ("knative", {}), *[(backend, values) for backend, values, _ in CONFIGURATIONS.values()]],
)
def test_a_cluster_takes_every_manifest(tmp_path: Path, backend: str, configuration: dict[str, Any]) -> None:
    for manifest in manifests_of(tmp_path, backend, configuration).values():
        validate(manifest)


@pytest.mark.parametrize("backend", WHOLE)
def test_the_namespace_is_in_the_manifests_only_if_it_is_named(tmp_path: Path, backend: str) -> None:
    without = manifests_of(tmp_path, backend)
    named = manifests_of(tmp_path, backend, namespace="shop")
    assert {manifest["metadata"].pop("namespace") for manifest in named.values()} == {"shop"}
    assert named == without


@pytest.mark.parametrize("backend", WHOLE)
def test_dry_runs_are_the_same_to_the_byte(tmp_path: Path, backend: str) -> None:
    shown = {backend_of(tmp_path, backend, {"knative": {"trigger": {}}})[0].shown_plan("text") for _ in range(2)}
    assert len(shown) == 1


@pytest.mark.parametrize("backend", WHOLE)
def test_json_is_an_array_of_the_manifests(tmp_path: Path, backend: str) -> None:
    shown = json.loads(backend_of(tmp_path, backend)[0].shown_plan("json"))
    assert shown == list(manifests_of(tmp_path, backend).values())


def test_the_plan_applies_each_manifest(tmp_path: Path) -> None:
    plan = backend_of(tmp_path, "kubernetes", namespace="shop")[0].plan()
    assert [(request.method, request.url, request.when) for request in plan] == [
        ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/orders?fieldManager=funcpack", None),
        ("PATCH", "/api/v1/namespaces/shop/services/orders?fieldManager=funcpack", None),
    ]
    assert {request.headers["Content-Type"] for request in plan} == {"application/apply-patch+yaml"}
    assert all(step.is_idempotent for step in plan.steps)
    assert [request.body for request in plan] == [
        {**manifest, "metadata": {**manifest["metadata"], "namespace": "shop"}}
        for manifest in WHOLE["kubernetes"].values()
    ]


@pytest.mark.parametrize("value", ["1e3", "yes", "y", "0o17", "1_000", "12:30:45", "null", "~", "", "2001-01-01", " x"])
def test_texts_that_look_like_other_values_are_quoted(tmp_path: Path, value: str) -> None:
    shown = backend_of(tmp_path, "knative", {"environment": {"VALUE": value}})[0].shown_plan("text")
    assert re.search(r"value: (.*)", shown)[1] in {f'"{value}"', f"'{value}'"}  # type: ignore[index]


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans() | st.none() | st.lists(st.text())))
def test_yaml_has_the_values_of_the_manifest(values: dict[str, Any]) -> None:
    assert yaml.safe_load(as_yaml([values])) == values


def with_containers(backend: str, *containers: Any) -> dict[str, Any]:
    """Return a configuration whose section sets the list of the containers."""
    section = {"kubernetes": "deployment", "knative": "service"}[backend]
    return {backend: {section: {"spec": {"template": {"spec": {"containers": list(containers)}}}}}}


REJECTED = {
    "an unknown section": ("knative", {"knative": {"servise": {}}}, "knative.servise"),
    "an unknown field": ("kubernetes", {"kubernetes": {"deployment": {"spec": {"replica": 1}}}}, "replicas"),
    "a wrong type": ("kubernetes", {"kubernetes": {"deployment": {"spec": {"replicas": "2"}}}}, "spec.replicas"),
    "a name": ("kubernetes", {"kubernetes": {"service": {"metadata": {"name": "x"}}}}, "Use --name"),
    "no object": ("knative", {"knative": {"trigger": []}}, "knative.trigger"),
    "an unknown field of a source": (
        "knative",
        {"knative": {"sources": [PING, {"kind": "PingSource", "name": "x", "spec": {"shedule": "0 3 * * *"}}]}},
        "knative.sources[1].spec.shedule is not a known field. Did you mean 'schedule'?",
    ),
    "a source without a kind": ("knative", {"knative": {"sources": [{"spec": {}}]}}, "sources[0].kind is required"),
    "a source with metadata": ("knative", {"knative": {"sources": [{**PING, "metadata": {}}]}}, "sources[0].metadata"),
    "a name that is a path": ("knative", {"knative": {"sources": [{**PING, "name": "../x"}]}}, "sources[0].name"),
    "sources that are no list": ("knative", {"knative": {"sources": PING}}, "knative.sources"),
    "two sources of the same name": (
        "knative",
        {"knative": {"sources": [PING, KAFKA, PING]}},
        "knative.sources[2] is a second PingSource with the name 'orders'",
    ),
    **{
        f"{reason}, {backend}": (backend, with_containers(backend, *containers), named)
        for backend in WHOLE
        for reason, containers, named in (
            ("no container", [], "containers needs a container with the name 'function'."),
            ("two containers of the same name", [{"name": "a"}, {"name": "a"}], "several entries with the name 'a'."),
            ("a container whose name is no text", [{"name": {}}], "containers[0].name must be text, not an object."),
            ("a container that is null", [{"name": "function"}, None], "containers[1] must be an object"),
            ("a variable without a name", [{"name": "function", "env": [{"value": "1"}]}], "env[0].name is required."),
        )
    },
    "a container without a name": (
        "knative",
        with_containers("knative", {"resources": {"limits": {"cpu": "1"}}}),
        "knative.service.spec.template.spec.containers needs a container with the name 'function'.",
    ),
    "a variable of the platform": (
        "knative",
        {"knative": {"service": with_container(env=[{"name": "K_SERVICE", "value": "x"}])}},
        "containers[function].env[K_SERVICE] is set by the platform and cannot be configured.",
    ),
    "no specification": ("kubernetes", {"kubernetes": {"deployment": {"spec": None}}}, "deployment.spec is required."),
    "no metadata": ("knative", {"knative": {"service": {"metadata": None}}}, "service.metadata is required."),
    "a name that is null": ("knative", {"knative": {"service": {"metadata": {"name": None}}}}, "Use --name"),
    "no pod": (
        "kubernetes",
        {"kubernetes": {"deployment": {"spec": {"template": {"spec": None}}}}},
        "needs a container with the name 'function'.",
    ),
    "a feature of Knative that is off": (
        "knative",
        {"knative": {"service": {"spec": {"template": {"spec": {"hostNetwork": True}}}}}},
        "hostNetwork",
    ),
}


@pytest.mark.parametrize(("backend", "configuration", "named"), REJECTED.values(), ids=REJECTED)
def test_rejected_configuration(tmp_path: Path, backend: str, configuration: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationFieldError) as raised:
        manifests_of(tmp_path, backend, configuration)
    assert named in raised.value.found


def test_a_secret_without_a_key_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(SecretReferenceError):
        manifests_of(tmp_path, "knative", {"secrets": {"PASSWORD": "database"}})


@pytest.mark.parametrize("backend", WHOLE)
def test_an_image_is_required(tmp_path: Path, backend: str) -> None:
    with pytest.raises(MissingImageError):
        backend_of(tmp_path, backend, image=None)[0].plan()


def knative_concurrency(limit: int, **environment: str) -> dict[str, Any]:
    spec = {"template": {"spec": {"containerConcurrency": limit}}}
    return {"environment": environment, "knative": {"service": {"spec": spec}}}


def on_port(port: int, variable: str | None) -> dict[str, Any]:
    """Return a configuration of a container with another port, and `PORT` if it is given."""
    env = {} if variable is None else {"env": [{"name": "PORT", "value": variable}]}
    return {"kubernetes": {"deployment": with_container(ports=[{"name": "http", "containerPort": port}], **env)}}


WARNINGS: dict[str, tuple[str, dict[str, Any], str]] = {
    "another port of the container": ("kubernetes", on_port(9000, None), "is 9000, but the function listens on 8080"),
    "another port of the function": ("kubernetes", on_port(8080, "9000"), "is 8080, but the function listens on 9000"),
    "fewer threads than requests": ("knative", knative_concurrency(20, FUNCTION_THREADS="4"), "FUNCTION_THREADS is 4"),
    "fewer calls than requests": ("knative", knative_concurrency(20, FUNCTION_CONCURRENCY="4"), "with 503"),
    "replicas and autoscaler": (
        "kubernetes",
        {"kubernetes": {"deployment": {"spec": {"replicas": 3}}, "horizontalPodAutoscaler": {}}},
        "spec.replicas",
    ),
    "too little time to stop": (
        "kubernetes",
        {"kubernetes": {"deployment": {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 10}}}}}},
        "need 35 seconds",
    ),
}


@pytest.mark.parametrize(("backend", "configuration", "expected"), WARNINGS.values(), ids=WARNINGS)
def test_contradictions_are_warnings(
    tmp_path: Path, backend: str, configuration: dict[str, Any], expected: str
) -> None:
    target, notes = backend_of(tmp_path, backend, configuration)
    target.plan()
    assert [expected in note for note in notes] == [True]


@pytest.mark.parametrize(
    ("backend", "configuration"),
    [
        ("kubernetes", {}),
        ("kubernetes", {"kubernetes": {"horizontalPodAutoscaler": {}}}),
        ("knative", knative_concurrency(20, FUNCTION_THREADS="20")),
        ("knative", knative_concurrency(0, FUNCTION_THREADS="4")),
        ("kubernetes", on_port(9000, "9000")),
        ("knative", {"knative": {"service": with_container(ports=[{"containerPort": 9000}])}}),
    ],
)
def test_settings_that_fit_cause_no_warning(tmp_path: Path, backend: str, configuration: dict[str, Any]) -> None:
    target, notes = backend_of(tmp_path, backend, configuration)
    target.plan()
    assert notes == []


def test_a_source_of_an_unknown_kind_is_applied_with_a_warning(tmp_path: Path) -> None:
    backend, notes = backend_of(tmp_path, "knative", {"knative": {"sources": [PING, KAFKA]}}, namespace="shop")
    last = backend.plan()[-1]
    assert last.url == "/apis/sources.knative.dev/v1/namespaces/shop/kafkasources/orders-topic?fieldManager=funcpack"
    assert last.body["spec"] == {**KAFKA["spec"], "sink": FUNCTION}
    kind = "KafkaSource of sources.knative.dev/v1"
    assert notes == [f"Warning: knative.sources[1] was not checked: Funcpack does not know the fields of a {kind}."]


@pytest.mark.parametrize(
    ("configuration", "count"),
    [({}, 1), ({"knative": {"trigger": {}}}, 0), ({"knative": {"sources": [PING]}}, 0)],
)
def test_a_function_for_events_without_a_trigger_is_a_warning(
    tmp_path: Path, configuration: dict[str, Any], count: int
) -> None:
    target, notes = backend_of(tmp_path, "knative", configuration, EVENT)
    target.plan()
    assert len(notes) == count


@pytest.mark.parametrize("backend", ["kubernetes", "knative"])
def test_labels_of_the_user_are_on_every_resource_and_its_pods(tmp_path: Path, backend: str) -> None:
    labels = {"team": "shop", "app.kubernetes.io/name": "other"}
    for manifest in manifests_of(tmp_path, backend, {"labels": labels}).values():
        assert manifest["metadata"]["labels"] == {**LABELS, "team": "shop"}
        if template := at(manifest, "spec.template"):
            assert template["metadata"]["labels"] == {**LABELS, "team": "shop"}


def test_labels_of_the_user_select_no_pods(tmp_path: Path) -> None:
    deployment = manifests_of(tmp_path, "kubernetes", {"labels": {"team": "shop"}})["Deployment"]
    assert deployment["spec"]["selector"] == {"matchLabels": SELECTOR}
