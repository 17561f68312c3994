"""What the two backends have in common: the plan, the difference, the log and the deletion of their resources."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes import documents
from funcpack.deploy.kubernetes.access import APPLY, Need, check_access
from funcpack.deploy.kubernetes.cluster import Cluster
from funcpack.deploy.kubernetes.deletion import delete
from funcpack.deploy.kubernetes.difference import changes
from funcpack.deploy.kubernetes.findings import log_lines
from funcpack.deploy.kubernetes.pod import CONTAINER, check_container
from funcpack.deploy.kubernetes.requests import apply_plan
from funcpack.deploy.kubernetes.resources import POD, POD_LOG, resource_of
from funcpack.deploy.kubernetes.sections import check_names
from funcpack.deploy.kubernetes.workload import Workload
from funcpack.deploy.plan.backend import Description, Difference
from funcpack.deployment_errors import MissingImageError, NotDeployedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import ClassVar

    from funcpack.deploy.kubernetes.resources import Resource
    from funcpack.deploy.kubernetes.workload import Manifest
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.steps import Plan
    from funcpack.deploy.settings.target import Target

LOG_LINES = 100
LOG_READS = (Need(POD, ("list",)), Need(POD_LOG, ("get",)))


class ClusterBackend(abc.ABC):
    """A function in a cluster. The first of `kinds` is the resource that runs it; `sections` are those of the configuration."""

    kinds: ClassVar[tuple[Resource, ...]]
    sections: ClassVar[tuple[str, ...]]

    def __init__(self, target: Target, note: Note) -> None:
        """Check the names of the sections. The cluster is not needed yet."""
        self.target = target
        self.note = note
        check_names(target, target.backend, self.sections)

    @abc.abstractmethod
    def manifests(self, workload: Workload) -> tuple[Manifest, ...]:
        """Return the manifests to apply, in order."""

    @abc.abstractmethod
    def warnings(self, manifests: tuple[Manifest, ...]) -> Iterator[str]:
        """Return what a user should know about the manifests."""

    @abc.abstractmethod
    def deploy(self) -> Description:
        """Deploy, wait unless the options say otherwise, and return what serves."""

    @abc.abstractmethod
    def described(self, cluster: Cluster, found: dict[str, Any]) -> Description:
        """Return the description of the resource that runs the function."""

    @abc.abstractmethod
    def rollback(self) -> Description:
        """Give the traffic back to what served before, and return what serves then."""

    def pod_labels(self) -> dict[str, str]:
        """Return the labels of all pods of the function."""
        return Workload.of(self.target).selector

    def resources(self) -> tuple[tuple[Resource, str], ...]:
        """Return the kinds and the names of everything that Funcpack may have created."""
        return tuple((kind, self.target.name) for kind in self.kinds)

    @property
    def kind(self) -> Resource:
        """The kind of the resource that runs the function."""
        return self.kinds[0]

    def plan(self) -> Plan:
        """Return the requests of a deployment: one for each manifest."""
        return apply_plan(self.checked_manifests(), self.target.options.namespace)

    def shown_plan(self, format_: str) -> str:
        """Return the manifests as YAML documents, or as a JSON array."""
        manifests = self.checked_manifests()
        return documents.as_json(manifests) if format_ == "json" else documents.as_yaml(manifests)

    def checked_manifests(self) -> tuple[Manifest, ...]:
        """Return the manifests and print their warnings.

        Raises:
            MissingImageError: The options name no image.
            CommandError: A section of the configuration is not valid.

        """
        if not self.target.options.image:
            raise MissingImageError(self.target.backend, self.target.name)
        manifests = self.manifests(Workload.of(self.target))
        check_container(manifests[0], self.target.backend, self.sections[0], self.target.configuration.file)
        for warning in self.warnings(manifests):
            self.note(f"Warning: {warning}")
        return manifests

    def difference(self) -> Difference:
        """Compare the manifests with what the cluster has: one GET request for each."""
        shown = self.checked_manifests()
        cluster = self.cluster()
        found = [cluster.found(resource_of(manifest), manifest["metadata"]["name"]) for manifest in shown]
        manifests = self.completed(shown, found[0])
        changed = tuple(
            change
            for manifest, old in zip(manifests, found, strict=True)
            for change in changes(manifest, old, self._prefix(manifest))
        )
        return Difference(exists=found[0] is not None, needs_build=False, changes=changed)

    def completed(self, manifests: tuple[Manifest, ...], found: Mapping[str, Any] | None) -> tuple[Manifest, ...]:  # noqa: ARG002 - for backends
        """Return the manifests to apply if the cluster has `found`, the resource that runs the function."""
        return manifests

    def _prefix(self, manifest: Manifest) -> str:
        """Return how a difference names a resource: those with other names than the function's may be several of a kind."""
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        return kind if name == self.target.name else f"{kind}[{name}]"

    def check_access(self, cluster: Cluster, manifests: tuple[Manifest, ...], reads: Iterable[Need] = ()) -> None:
        """Check the permissions of a deployment."""
        kinds = dict.fromkeys(resource_of(manifest) for manifest in manifests)
        check_access(cluster, [*(Need(kind, APPLY) for kind in kinds), *reads])

    def apply(self, cluster: Cluster, manifests: tuple[Manifest, ...]) -> None:
        """Apply manifests."""
        cluster.run(*apply_plan(manifests, cluster.namespace).steps)

    def describe(self) -> Description | None:
        """Return what is deployed, or None if there is nothing of this name."""
        cluster = self.cluster()
        found = cluster.found(self.kind, self.target.name)
        return None if found is None else self.described(cluster, found)

    def description(self, url: str | None, revision: str | None, reason: str | None) -> Description:
        """Return the description of a function that is ready, or not for a reason."""
        return Description(self.target.name, self.target.backend, url, revision, ready=reason is None, reason=reason)

    def logs(self) -> Iterator[str]:
        """Return the last lines of the container in each pod."""
        cluster = self.cluster()
        self.required(cluster)
        check_access(cluster, LOG_READS)
        pods = cluster.items(POD, **self.pod_labels())
        if not pods:
            self.note(f"{self.target.name} has no pod at the moment, so there is no log.")
        for pod in pods:
            yield from log_lines(cluster, pod["metadata"]["name"], CONTAINER, LOG_LINES)

    def destroy(self) -> bool:
        """Delete the resources of this name that Funcpack has created, and wait until they are gone."""
        return delete(self.cluster(), self.resources())

    def cluster(self) -> Cluster:
        """Return the cluster. The deadline of the options begins now."""
        return Cluster.of(self.target, self.note)

    def required(self, cluster: Cluster) -> dict[str, Any]:
        """Return the resource that runs the function.

        Raises:
            NotDeployedError: It does not exist.

        """
        found = cluster.found(self.kind, self.target.name)
        if found is None:
            raise NotDeployedError(self.target.name, self.target.backend)
        return found
