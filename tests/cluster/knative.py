"""Services, brokers and triggers of Knative: applied, and waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.kubectl import wait_until

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl, Manifest

SINK: Manifest = {"ref": {"apiVersion": "v1", "kind": "Service", "name": "sink"}}


def deploy(kubectl: Kubectl, manifest: Manifest) -> str:
    """Apply a Knative Service, wait until its newest revision is ready, and return its URL inside the cluster."""
    kubectl.apply(manifest)
    name = manifest["metadata"]["name"]

    def is_ready() -> bool:
        status = kubectl.get(f"ksvc/{name}").get("status", {})
        ready = [one for one in status.get("conditions", []) if one["type"] == "Ready" and one["status"] == "True"]
        return bool(ready) and status["observedGeneration"] == kubectl.get(f"ksvc/{name}")["metadata"]["generation"]

    wait_until(is_ready, f"ready Service {name}")
    url: str = kubectl.get(f"ksvc/{name}")["status"]["address"]["url"]
    return url


def pods(kubectl: Kubectl) -> list[Manifest]:
    """Return the pods of Knative Services that are not being deleted."""
    found = kubectl.items("pods", "--selector", "serving.knative.dev/service")
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def trigger(name: str, kind: str, subscriber: Manifest, delivery: Manifest | None = None) -> Manifest:
    """Return a Trigger of the broker `default` for events of one type."""
    spec = {"broker": "default", "filter": {"attributes": {"type": kind}}, "subscriber": subscriber}
    if delivery:
        spec["delivery"] = delivery
    return {"apiVersion": "eventing.knative.dev/v1", "kind": "Trigger", "metadata": {"name": name}, "spec": spec}


def broker_with(kubectl: Kubectl, *triggers: Manifest) -> str:
    """Create the broker `default` with its triggers, wait for them, and return the broker's URL."""
    kubectl.apply(
        {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "metadata": {"name": "default"}}, *triggers
    )
    kubectl.wait("condition=Ready", "broker/default")
    for one in triggers:
        kubectl.wait("condition=Ready", f"trigger/{one['metadata']['name']}")
    url: str = kubectl.get("broker/default")["status"]["address"]["url"]
    return url
