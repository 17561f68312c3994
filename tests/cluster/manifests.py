"""The manifests that the tests apply: the plainest ones, and those of the documentation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from tests.unit.docs.markdown import blocks
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cluster.kubectl import Manifest

_DEPLOY = ROOT / "docs" / "deploy.md"
_DOCUMENTED_IMAGE = "registry.example.com/greeter:1.0.0"

# What the Pod Security Standard `restricted` requires of a container.
SECURITY: Manifest = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def container(image: str, environment: Mapping[str, str] | None = None, **fields: Any) -> Manifest:
    """Return a container with variables and other fields."""
    variables = [{"name": name, "value": value} for name, value in (environment or {}).items()]
    return {"image": image, "env": variables, **fields}


def deployment(name: str, container: Manifest, replicas: int = 1, **fields: Any) -> tuple[Manifest, Manifest]:
    """Return a Deployment and its Service with as little as possible; `fields` are those of the pod."""
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "function", **container}], **fields}}
    return (
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        },
    )


def knative_service(
    name: str,
    container: Manifest,
    annotations: Mapping[str, str] | None = None,
    traffic: list[Manifest] | None = None,
    **fields: Any,
) -> Manifest:
    """Return a Knative Service with as little as possible; `fields` are those of the revision."""
    template = {"metadata": {"annotations": dict(annotations or {})}, "spec": {"containers": [container], **fields}}
    spec = {"template": template, **({"traffic": traffic} if traffic else {})}
    return {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def documented(image: str, *kinds: str) -> list[Manifest]:
    """Return the manifests of these kinds in docs/deploy.md, such as `v1 Service`, with another image."""
    text = "---\n".join(block.text for block in blocks(_DEPLOY, "yaml")).replace(_DOCUMENTED_IMAGE, image)
    found = {f"{one['apiVersion']} {one['kind']}": one for one in yaml.safe_load_all(text)}
    return [found[kind] for kind in kinds]


def changed(manifest: Manifest, environment: Mapping[str, str]) -> Manifest:
    """Return a copy of a Deployment or Knative Service with more variables, which makes a new revision."""
    copy: Manifest = json.loads(json.dumps(manifest))
    variables = copy["spec"]["template"]["spec"]["containers"][0].setdefault("env", [])
    variables.extend({"name": name, "value": value} for name, value in environment.items())
    return copy
