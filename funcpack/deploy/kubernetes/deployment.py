"""The Deployment of a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.kubernetes.pod import LIVE_PATH, PORT, READY_PATH, START_SECONDS, container, pod, probe

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.workload import Manifest, Workload

PORT_NAME = "http"
SHUTDOWN_DELAY = "FUNCTION_SHUTDOWN_DELAY"
GRACE_PERIOD = "FUNCTION_GRACE_PERIOD"
DEFAULTS = {SHUTDOWN_DELAY: "5", GRACE_PERIOD: "30"}
SECONDS_TO_EXIT = 5


def deployment(workload: Workload, *, scales: bool) -> Manifest:
    """Return the Deployment. If it `scales`, the number of replicas is left to a HorizontalPodAutoscaler."""
    described = container(workload, DEFAULTS, [{"name": PORT_NAME, "containerPort": PORT}])
    described["startupProbe"] = {
        **probe(READY_PATH, PORT_NAME, periodSeconds=1),
        "failureThreshold": START_SECONDS,
    }
    described["readinessProbe"] = probe(READY_PATH, PORT_NAME, periodSeconds=1)
    described["livenessProbe"] = probe(LIVE_PATH, PORT_NAME, periodSeconds=10)
    spec = {
        "selector": {"matchLabels": workload.selector},
        "template": {
            "metadata": {"labels": workload.labels},
            "spec": {"terminationGracePeriodSeconds": _seconds_to_stop(workload), **pod(described)},
        },
    }
    return workload.manifest("apps/v1", "Deployment", spec if scales else {"replicas": 2, **spec})


def _seconds_to_stop(workload: Workload) -> int:
    """Return how long a pod may take to stop: until calls in flight have had their time, and the process has exited."""
    settings = {**DEFAULTS, **workload.environment}
    return seconds(settings[SHUTDOWN_DELAY]) + seconds(settings[GRACE_PERIOD]) + SECONDS_TO_EXIT


def seconds(text: str) -> int:
    """Return a setting in whole seconds, rounded up. A value that the invoker will reject counts as none."""
    try:
        return max(0, int(-(-float(text) // 1)))
    except (ValueError, OverflowError):
        return 0
