"""The Service in front of a Deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.kubernetes.deployment import PORT_NAME

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.workload import Manifest, Workload

PORT = 80


def service(workload: Workload) -> Manifest:
    """Return the Service, which takes requests on port 80 of its name in the cluster."""
    ports = [{"name": PORT_NAME, "port": PORT, "targetPort": PORT_NAME}]
    return workload.manifest("v1", "Service", {"selector": workload.selector, "ports": ports})
