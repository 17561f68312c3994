"""What keeps pods of a Deployment running: the HorizontalPodAutoscaler and the PodDisruptionBudget."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def pod_disruption_budget(workload: Workload) -> Manifest:
    """Return a PodDisruptionBudget that lets one pod at a time be evicted."""
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": workload.selector}}
    return workload.manifest("policy/v1", "PodDisruptionBudget", spec)
