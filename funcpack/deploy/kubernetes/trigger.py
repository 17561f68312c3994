"""The Knative Trigger that delivers the events of a broker to a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.kubernetes.knative_service import reference

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.workload import Manifest, Workload

EVENTING = "eventing.knative.dev/v1"
BROKER = "default"


def trigger(workload: Workload) -> Manifest:
    """Return a Trigger for all events of the default broker. The configuration sets its filter."""
    return workload.manifest(EVENTING, "Trigger", {"broker": BROKER, "subscriber": reference(workload.name)})
