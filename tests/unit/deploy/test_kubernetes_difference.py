"""What a deployment would change, and what a rollback applies again, by who has applied a field."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from funcpack.deploy.kubernetes.difference import changes
from funcpack.deploy.kubernetes.live import applicable
from funcpack.deploy.plan.backend import Change

MANIFEST: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "orders", "labels": {"app": "orders"}},
    "spec": {
        "replicas": 2,
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "function",
                        "image": "orders:1",
                        "env": [{"name": "A", "value": "1"}],
                        "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}},
                    }
                ]
            }
        },
    },
}
ENVIRONMENT: dict[str, Any] = {
    'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}},
    'k:{"name":"B"}': {".": {}, "f:name": {}},
}
CONTAINER = {
    'k:{"name":"function"}': {
        ".": {},
        "f:name": {},
        "f:image": {},
        "f:env": ENVIRONMENT,
        "f:resources": {"f:limits": {"f:cpu": {}, "f:memory": {}}},
    }
}
OWNED = {
    "f:metadata": {"f:labels": {"f:app": {}}},
    "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": CONTAINER}}},
}


def live(owned: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the resource as a cluster has it: with defaults, and quantities in its way."""
    found = copy.deepcopy(MANIFEST)
    entry = {"manager": "funcpack", "operation": "Apply", "fieldsV1": OWNED if owned is None else owned}
    found["metadata"] |= {"namespace": "shop", "uid": "1", "resourceVersion": "7", "managedFields": [entry]}
    found["spec"]["revisionHistoryLimit"] = 10
    container(found)["imagePullPolicy"] = "IfNotPresent"
    container(found)["resources"] = {"limits": {"cpu": "1", "memory": "1Gi"}}
    return found


def container(resource: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resource["spec"]["template"]["spec"]["containers"][0]
    return found


def test_defaults_and_quantities_are_no_difference() -> None:
    assert list(changes(MANIFEST, live(), "Deployment")) == []


CONTAINER_PATH = "Deployment.spec.template.spec.containers[function]"


def test_changed_and_new_fields() -> None:
    manifest = copy.deepcopy(MANIFEST)
    container(manifest)["image"] = "orders:2"
    container(manifest)["env"].append({"name": "B", "value": "2"})
    assert list(changes(manifest, live(), "Deployment")) == [
        Change(f"{CONTAINER_PATH}.image", "orders:1", "orders:2"),
        Change(f"{CONTAINER_PATH}.env[B].value", None, "2"),
    ]


def with_variable(found: dict[str, Any]) -> dict[str, Any]:
    container(found)["env"].append({"name": "B", "value": "2"})
    return found


def test_a_field_that_is_not_sent_any_more_is_removed() -> None:
    expected = [Change(f"{CONTAINER_PATH}.env[B]", {"name": "B", "value": "2"}, None)]
    assert list(changes(MANIFEST, with_variable(live()), "Deployment")) == expected


def test_a_field_that_others_have_set_stays() -> None:
    assert list(changes(MANIFEST, with_variable(live({})), "Deployment")) == []


def test_a_list_that_is_owned_as_a_whole() -> None:
    owned: dict[str, Any] = {"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}}
    found = with_variable(live(owned))
    del container(found)["imagePullPolicy"]  # Knative does not fill it in
    container(found)["args"] = ["--verbose"]
    assert {change.field for change in changes(MANIFEST, found, "Deployment")} == {
        f"{CONTAINER_PATH}.env[B]",
        f"{CONTAINER_PATH}.args",
    }


def with_mounts(found: dict[str, Any], **mounts: str) -> dict[str, Any]:
    container(found)["volumeMounts"] = [{"name": name, "mountPath": f"/{path}"} for path, name in mounts.items()]
    return found


def test_a_volume_that_is_mounted_twice() -> None:
    manifest = with_mounts(copy.deepcopy(MANIFEST), tmp="tmp", input="data", output="data")
    found = with_mounts(live(), tmp="tmp", input="data", output="old")
    assert list(changes(manifest, manifest | {"metadata": found["metadata"]}, "Deployment")) == []
    assert list(changes(manifest, found, "Deployment")) == [
        Change(f"{CONTAINER_PATH}.volumeMounts[/output].name", "old", "data")
    ]


def test_a_new_resource_is_all_changes() -> None:
    assert Change("Deployment.spec.replicas", None, 2) in list(changes(MANIFEST, None, "Deployment"))


@pytest.mark.parametrize(
    ("sent", "found", "is_same"),
    [
        ("1000m", "1", True),
        (1, "1", True),
        ("0.5", "500m", True),
        ("1e3", "1k", True),
        ("128Mi", "134217728", True),
        ("1G", "1Gi", False),
        (True, 1, False),
        ("1", None, False),
    ],
)
def test_quantities(sent: Any, found: Any, is_same: bool) -> None:
    manifests = [{"kind": "X", "metadata": {}, "spec": {"value": value}} for value in (sent, found)]
    found_manifest = {**manifests[1], "metadata": {"managedFields": []}}
    assert (list(changes(manifests[0], found_manifest, "Deployment")) == []) is is_same


def test_what_was_applied_is_applied_again_without_defaults() -> None:
    assert applicable(live(), {}) == {
        **MANIFEST,
        "metadata": {"name": "orders", "namespace": "shop", "labels": {"app": "orders"}},
        "spec": {
            "replicas": 2,
            "template": {
                "spec": {
                    "containers": [
                        {**container(MANIFEST), "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}},
                    ]
                }
            },
        },
    }


def test_an_earlier_version_brings_back_its_own_fields() -> None:
    found = live()
    template = copy.deepcopy(found["spec"]["template"])
    template["spec"]["containers"][0] |= {"image": "orders:0", "args": ["--old"]}
    applied = container(applicable(found, {"template": template}))
    assert (applied["image"], applied["args"], "imagePullPolicy" in applied) == ("orders:0", ["--old"], False)


def test_of_a_resource_that_others_applied_only_the_change_is_applied() -> None:
    applied = applicable(live({}), {"replicas": 5})
    assert applied["spec"] == {"replicas": 5}
