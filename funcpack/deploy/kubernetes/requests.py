"""The requests of a deployment: one for each manifest, by server-side apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.deploy.kubernetes.workload import MANAGER
from funcpack.deploy.plan.steps import Plan, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from funcpack.deploy.kubernetes.workload import Manifest

APPLY = {"content-type": "application/apply-patch+yaml"}
# The namespace of a plan without `--namespace`: the kubeconfig decides.
CURRENT_NAMESPACE = "<namespace>"


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of resource in the API."""

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
EVENT = Resource("v1", "Event", "events")
AUTOSCALER = Resource("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
BUDGET = Resource("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
KNATIVE_SERVICE = Resource("serving.knative.dev/v1", "Service", "services")
REVISION = Resource("serving.knative.dev/v1", "Revision", "revisions")
TRIGGER = Resource("eventing.knative.dev/v1", "Trigger", "triggers")
APPLIED = (DEPLOYMENT, SERVICE, AUTOSCALER, BUDGET, KNATIVE_SERVICE, TRIGGER)


def resource_of(manifest: Manifest) -> Resource:
    """Return the kind of a manifest."""
    identity = (manifest["apiVersion"], manifest["kind"])
    return next(kind for kind in APPLIED if (kind.api_version, kind.kind) == identity)


def apply_plan(manifests: Iterable[Manifest], namespace: str | None) -> Plan:
    """Return the plan that applies manifests in their order."""
    return Plan(tuple(apply_step(manifest, namespace or CURRENT_NAMESPACE) for manifest in manifests))


def apply_step(manifest: Manifest, namespace: str, *, force: bool = False) -> Step:
    """Return the request that creates or updates a resource. With `force`, fields of other managers are taken over."""
    kind, name = resource_of(manifest), manifest["metadata"]["name"]
    query = f"?fieldManager={MANAGER}" + ("&force=true" if force else "")
    path = kind.path(manifest["metadata"].get("namespace", namespace), name)
    return Step(kind.shown, f"apply {kind.kind} {name}", "PATCH", path + query, body=manifest, headers=APPLY)
