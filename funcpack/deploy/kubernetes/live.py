"""A resource as the cluster has it, as a manifest that can be applied again with a change.

A patch of one field would belong to another manager than what was applied, although both are Funcpack's: the next deployment
would neither change nor remove it. So the whole resource is applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.deploy.kubernetes.workload import Manifest

# Controllers and kubectl write these. Knative rejects changes of its own.
FOREIGN_ANNOTATIONS = (
    "deployment.kubernetes.io/",
    "kubectl.kubernetes.io/",
    "serving.knative.dev/creator",
    "serving.knative.dev/lastModifier",
)


def applicable(resource: Mapping[str, Any], changes: Mapping[str, Any]) -> Manifest:
    """Return a manifest of a resource with other values of fields of its `spec`."""
    found = resource["metadata"]
    metadata = {key: found[key] for key in ("name", "namespace", "labels") if key in found}
    annotations = {
        key: value for key, value in found.get("annotations", {}).items() if not key.startswith(FOREIGN_ANNOTATIONS)
    }
    if annotations:
        metadata["annotations"] = annotations
    identity = {"apiVersion": resource["apiVersion"], "kind": resource["kind"]}
    return {**identity, "metadata": metadata, "spec": {**resource["spec"], **changes}}
