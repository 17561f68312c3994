"""What keeps pods of a Deployment running: the HorizontalPodAutoscaler and the PodDisruptionBudget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.ownership import owned_fields
from funcpack.deploy.plan.values import at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.deploy.kubernetes.workload import Manifest, Workload

# Requests of CPU are small and calls come in bursts, so pods are added before the existing ones are busy.
CPU_PERCENT = 80


def horizontal_pod_autoscaler(workload: Workload) -> Manifest:
    """Return a HorizontalPodAutoscaler that keeps between 2 and 10 pods by their use of CPU."""
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": CPU_PERCENT}}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload.name},
        "minReplicas": 2,
        "maxReplicas": 10,
        "metrics": [{"type": "Resource", "resource": cpu}],
    }
    return workload.manifest("autoscaling/v2", "HorizontalPodAutoscaler", spec)


def with_live_replicas(deployment: Manifest, found: Mapping[str, Any] | None) -> Manifest:
    """Return the manifest of a Deployment that an autoscaler scales, with the number of pods until the autoscaler has set it.

    The cluster resets a field that its only manager leaves out: the number of pods to one. A number that the autoscaler has set is
    its own. See https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership.
    """
    replicas = at(found, "spec.replicas") if found and "f:replicas" in owned_fields(found).get("f:spec", {}) else None
    # An autoscaler does not scale a Deployment with no pods, so one without a number is better.
    return {**deployment, "spec": {"replicas": replicas, **deployment["spec"]}} if replicas else deployment


def pod_disruption_budget(workload: Workload) -> Manifest:
    """Return a PodDisruptionBudget that lets one pod at a time be evicted."""
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": workload.selector}}
    return workload.manifest("policy/v1", "PodDisruptionBudget", spec)
