"""The versions of a Deployment: its ReplicaSets, and the manifest that makes an earlier one the current one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.live import applicable
from funcpack.deploy.plan.values import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from funcpack.deploy.kubernetes.workload import Manifest

REVISION = "deployment.kubernetes.io/revision"
HASH_LABEL = "pod-template-hash"

Found = dict[str, Any]


def versions(deployment: Mapping[str, Any], replica_sets: Iterable[Found]) -> list[Found]:
    """Return the ReplicaSets of a Deployment, the oldest first."""
    uid = deployment["metadata"]["uid"]
    owned = [entry for entry in replica_sets if at(entry, "metadata.ownerReferences[0].uid") == uid]
    return sorted(owned, key=revision)


def revision(resource: Mapping[str, Any]) -> int:
    """Return the number of the version that a Deployment has or a ReplicaSet is, or 0 before the first."""
    return int(resource["metadata"].get("annotations", {}).get(REVISION, 0))


def current(deployment: Mapping[str, Any], owned: Sequence[Found]) -> Found | None:
    """Return the ReplicaSet of the newest version, or None if there is none yet."""
    return next((entry for entry in owned if revision(entry) == revision(deployment)), None)


def previous(deployment: Mapping[str, Any], owned: Sequence[Found]) -> Found | None:
    """Return the newest ReplicaSet before the current one, or None."""
    return next((entry for entry in reversed(owned) if revision(entry) < revision(deployment)), None)


def pod_labels(replica_set: Mapping[str, Any]) -> dict[str, str]:
    """Return the label that only the pods of a ReplicaSet have."""
    return {HASH_LABEL: replica_set["metadata"]["labels"][HASH_LABEL]}


def with_version(deployment: Mapping[str, Any], replica_set: Mapping[str, Any]) -> Manifest:
    """Return the Deployment as a manifest with the pods of an earlier version."""
    template = replica_set["spec"]["template"]
    metadata = template["metadata"]
    labels = {key: value for key, value in metadata["labels"].items() if key != HASH_LABEL}
    kept = {key: value for key, value in metadata.items() if key != "creationTimestamp"}
    return applicable(deployment, {"template": {**template, "metadata": {**kept, "labels": labels}}})
