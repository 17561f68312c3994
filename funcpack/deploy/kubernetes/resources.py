"""The kinds of resources in the API of a cluster, and their paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.workload import Manifest


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of resource in the API. `plural` can name a subresource, as in `pods/log`."""

    api_version: str
    kind: str
    plural: str

    @property
    def group(self) -> str:
        """The API group, which is empty for the core of Kubernetes."""
        return self.api_version.rpartition("/")[0]

    @property
    def shown(self) -> str:
        """The name that kubectl accepts."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def collection(self, namespace: str) -> str:
        """Return the path of all resources of this kind in a namespace."""
        root = "apis" if self.group else "api"
        return f"/{root}/{self.api_version}/namespaces/{namespace}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """Return the path of one resource."""
        return f"{self.collection(namespace)}/{name}"


DEPLOYMENT = Resource("apps/v1", "Deployment", "deployments")
REPLICA_SET = Resource("apps/v1", "ReplicaSet", "replicasets")
SERVICE = Resource("v1", "Service", "services")
POD = Resource("v1", "Pod", "pods")
POD_LOG = Resource("v1", "Pod", "pods/log")
EVENT = Resource("v1", "Event", "events")
AUTOSCALER = Resource("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
BUDGET = Resource("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
KNATIVE_SERVICE = Resource("serving.knative.dev/v1", "Service", "services")
REVISION = Resource("serving.knative.dev/v1", "Revision", "revisions")
CONFIGURATION = Resource("serving.knative.dev/v1", "Configuration", "configurations")
TRIGGER = Resource("eventing.knative.dev/v1", "Trigger", "triggers")
ENDPOINT_SLICE = Resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
APPLIED = (DEPLOYMENT, SERVICE, AUTOSCALER, BUDGET, KNATIVE_SERVICE, TRIGGER)


def resource_of(manifest: Manifest) -> Resource:
    """Return the kind of a manifest. A kind that is not listed is a source of events, and has a regular plural."""
    api_version, kind = manifest["apiVersion"], manifest["kind"]
    listed = (resource for resource in APPLIED if (resource.api_version, resource.kind) == (api_version, kind))
    return next(listed, Resource(api_version, kind, f"{kind.lower()}s"))
