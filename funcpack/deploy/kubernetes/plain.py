"""The backend `kubernetes`: a Deployment and a Service, and if the configuration has them, what keeps its pods running."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes import replica_sets
from funcpack.deploy.kubernetes.access import APPLY, Need, check_access
from funcpack.deploy.kubernetes.backend import ClusterBackend
from funcpack.deploy.kubernetes.calls import call_through_cluster
from funcpack.deploy.kubernetes.conditions import deployment_state
from funcpack.deploy.kubernetes.contradictions import contradictions
from funcpack.deploy.kubernetes.deployment import deployment
from funcpack.deploy.kubernetes.findings import pod_problem, reason_of
from funcpack.deploy.kubernetes.pods import is_ready
from funcpack.deploy.kubernetes.requests import apply_step
from funcpack.deploy.kubernetes.resources import (
    AUTOSCALER,
    BUDGET,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    POD,
    REPLICA_SET,
    SERVICE,
)
from funcpack.deploy.kubernetes.rollout import Rollout
from funcpack.deploy.kubernetes.scaling import horizontal_pod_autoscaler, pod_disruption_budget, with_live_replicas
from funcpack.deploy.kubernetes.sections import has_section, with_section
from funcpack.deploy.kubernetes.service import PORT, service
from funcpack.deploy.kubernetes.workload import Workload
from funcpack.deploy.plan.steps import Poll, Step
from funcpack.deploy.plan.values import at
from funcpack.deployment_errors import NothingToRollBackError, SmokeWithoutRevisionsError, UnansweredCallError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from funcpack.deploy.kubernetes.cluster import Cluster
    from funcpack.deploy.kubernetes.pods import PodProblem
    from funcpack.deploy.kubernetes.workload import Manifest
    from funcpack.deploy.plan.backend import Backend, Description
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.values import Received
    from funcpack.deploy.settings.target import Target

BACKEND = "kubernetes"
AUTOSCALER_SECTION = "horizontalPodAutoscaler"
BUDGET_SECTION = "podDisruptionBudget"
SERVICE_NAME_LABEL = "kubernetes.io/service-name"
# The cluster needs a moment. A Service that selects other pods would never have them.
MOST_POLLS = 15
RESUME = "Run the same command again, with a longer --timeout."
READS = (Need(REPLICA_SET, ("list",)), Need(POD, ("list",)))


def create(target: Target, note: Note) -> Backend:
    """Return the backend for a target."""
    return PlainBackend(target, note)


class PlainBackend(ClusterBackend):
    """A Deployment and a Service."""

    kinds = (DEPLOYMENT, SERVICE, AUTOSCALER, BUDGET)
    sections = ("deployment", "service", AUTOSCALER_SECTION, BUDGET_SECTION)

    def __init__(self, target: Target, note: Note) -> None:
        """Check the names of the sections, and that there is no request of `--smoke`."""
        super().__init__(target, note)
        if target.options.smoke:
            raise SmokeWithoutRevisionsError(BACKEND)

    def manifests(self, workload: Workload) -> tuple[Manifest, ...]:
        """Return the Deployment, the Service, and the other resources that have a section."""
        optional = {AUTOSCALER_SECTION: horizontal_pod_autoscaler, BUDGET_SECTION: pod_disruption_budget}
        described = {
            "deployment": deployment(workload, scales=self._scales),
            "service": service(workload),
            **{name: make(workload) for name, make in optional.items() if has_section(self.target, BACKEND, name)},
        }
        return tuple(with_section(manifest, self.target, BACKEND, name) for name, manifest in described.items())

    def warnings(self, manifests: tuple[Manifest, ...]) -> Iterator[str]:
        """Return contradictions in the Deployment."""
        return contradictions(manifests[0], scales=self._scales)

    def completed(self, manifests: tuple[Manifest, ...], found: Mapping[str, Any] | None) -> tuple[Manifest, ...]:
        """Return the manifests with the number of pods that the Deployment keeps until its autoscaler has set one."""
        first, *others = manifests
        return (with_live_replicas(first, found), *others) if self._scales else manifests

    def deploy(self) -> Description:
        """Apply the manifests, wait for the rollout, and call the Service."""
        manifests = self.checked_manifests()
        cluster = self.cluster()
        waits = not self.target.options.no_wait
        self.check_access(cluster, manifests, READS if waits else ())
        found = cluster.found(DEPLOYMENT, self.target.name) if self._scales else None
        self.apply(cluster, self.completed(manifests, found))
        return self._served(cluster) if waits else self.described(cluster, self.required(cluster))

    def rollback(self) -> Description:
        """Apply the Deployment with the pods of the ReplicaSet before, and wait as for a deployment."""
        cluster = self.cluster()
        check_access(cluster, (Need(DEPLOYMENT, APPLY), *READS))
        found = self.required(cluster)
        earlier = replica_sets.previous(found, self._versions(cluster, found))
        if earlier is None:
            raise NothingToRollBackError(DEPLOYMENT.kind, self.target.name)
        # What others have changed since is a part of what the user rolls back.
        cluster.run(apply_step(replica_sets.with_version(found, earlier), cluster.namespace, force=True))
        return self._served(cluster)

    def described(self, cluster: Cluster, found: dict[str, Any]) -> Description:
        """Return the description of a Deployment, with the reason if not all pods are ready."""
        state = deployment_state(found)
        reason = None if state.done else reason_of(cluster, self._problem(cluster, found), state.text)
        current = replica_sets.current(found, self._versions(cluster, found))
        revision = current["metadata"]["name"] if current else None
        return self.description(self._url(cluster), revision, reason)

    @property
    def _scales(self) -> bool:
        return has_section(self.target, BACKEND, AUTOSCALER_SECTION)

    def _served(self, cluster: Cluster) -> Description:
        """Wait until the new pods serve, call the Service, and return what serves."""
        found = Rollout(
            cluster,
            DEPLOYMENT,
            self.target.name,
            deployment_state,
            lambda resource: self._problem(cluster, resource),
            lambda resource: self._previous(cluster, resource),
            self.note,
        ).wait()
        self._await_endpoints(cluster, found)
        url = self._url(cluster)
        path = SERVICE.path(cluster.namespace, f"http:{self.target.name}:{self._port['port']}")
        reason = call_through_cluster(cluster, path, url)
        return self.described(cluster, dict(found)).uncalled(reason)

    def _await_endpoints(self, cluster: Cluster, found: Mapping[str, Any]) -> None:
        """Wait until the Service sends requests to a new pod, which the cluster decides a moment after the pod is ready."""
        current = replica_sets.current(found, self._versions(cluster, found))
        pods = cluster.items(POD, **replica_sets.pod_labels(current)) if current else []
        ready = {pod["metadata"]["name"] for pod in pods if is_ready(pod)}
        if not ready:  # scaled to zero
            return
        polls = itertools.count(1)

        def is_done(received: Received) -> bool:
            if received.status == 403 or _serves(received, ready):
                return True
            if next(polls) >= MOST_POLLS:
                raise UnansweredCallError(self._url(cluster), "the Service does not send requests to the new pods")
            return False

        cluster.run(
            Step(
                "endpoints",
                f"Wait until Service {self.target.name} has a new pod",
                "GET",
                f"{ENDPOINT_SLICE.collection(cluster.namespace)}?labelSelector={SERVICE_NAME_LABEL}%3D{self.target.name}",
                accepts=frozenset({403}),
                poll=Poll(is_done, RESUME),
            )
        )

    def _versions(self, cluster: Cluster, found: Mapping[str, Any]) -> list[dict[str, Any]]:
        return replica_sets.versions(found, cluster.items(REPLICA_SET, **at(found, "spec.selector.matchLabels")))

    def _problem(self, cluster: Cluster, found: Mapping[str, Any]) -> PodProblem | None:
        current = replica_sets.current(found, self._versions(cluster, found))
        return pod_problem(cluster, replica_sets.pod_labels(current)) if current else None

    def _previous(self, cluster: Cluster, found: Mapping[str, Any]) -> str | None:
        """Return which ReplicaSet serves while the current one fails, or None."""
        earlier = [
            entry["metadata"]["name"]
            for entry in self._versions(cluster, found)
            if replica_sets.revision(entry) < replica_sets.revision(found) and at(entry, "status.readyReplicas")
        ]
        return f"ReplicaSet {earlier[-1]}" if earlier else None

    @property
    def _port(self) -> Mapping[str, Any]:
        """The first port of the Service."""
        ports: list[Mapping[str, Any]] = self.manifests(Workload.of(self.target))[1]["spec"]["ports"]
        return ports[0]

    def _url(self, cluster: Cluster) -> str:
        port = self._port["port"]
        return f"http://{self.target.name}.{cluster.namespace}.svc" + (f":{port}" if port != PORT else "")


def _serves(received: Received, pods: set[str]) -> bool:
    endpoints = [endpoint for entry in received.body["items"] for endpoint in entry.get("endpoints") or ()]
    return any(
        at(entry, "conditions.ready") is not False and at(entry, "targetRef.name") in pods for entry in endpoints
    )
