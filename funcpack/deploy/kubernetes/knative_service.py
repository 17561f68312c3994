"""The Knative Service of a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes.pod import LIVE_PATH, PORT, READY_PATH, START_SECONDS, container, pod, probe

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.workload import Manifest, Workload

SERVING = "serving.knative.dev/v1"

# The port refuses connections until `start()` has finished. Of the checks every ten seconds, the third one that fails in a row
# restarts the container, and it comes twenty seconds after the first one.
SECONDS_UNTIL_LIVENESS = START_SECONDS - 20


def knative_service(workload: Workload) -> Manifest:
    """Return the Knative Service. Knative sets the port, the number of pods and the time to stop."""
    described = container(workload, {}, [{"containerPort": PORT}])
    # Without a period, a pod that is not ready at the first check would wait ten seconds for the next one.
    described["readinessProbe"] = probe(READY_PATH, None, periodSeconds=1)
    described["livenessProbe"] = probe(LIVE_PATH, None, initialDelaySeconds=SECONDS_UNTIL_LIVENESS)
    template = {"metadata": {"labels": workload.labels}, "spec": pod(described)}
    return workload.manifest(SERVING, "Service", {"template": template})


def reference(name: str) -> dict[str, Any]:
    """Return the destination of events that the Knative Service of a function is."""
    return {"ref": {"apiVersion": SERVING, "kind": "Service", "name": name}}
