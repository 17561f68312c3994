"""The backend `knative`: a Knative Service, and the Trigger and the sources that the configuration has."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes import revisions, sources
from funcpack.deploy.kubernetes.access import APPLY, Need, check_access
from funcpack.deploy.kubernetes.backend import ClusterBackend
from funcpack.deploy.kubernetes.calls import call_address, call_through_cluster
from funcpack.deploy.kubernetes.conditions import is_seen, knative_state, route_state
from funcpack.deploy.kubernetes.contradictions import contradictions
from funcpack.deploy.kubernetes.findings import pod_problem, reason_of
from funcpack.deploy.kubernetes.knative_service import knative_service
from funcpack.deploy.kubernetes.pod import PORT
from funcpack.deploy.kubernetes.pods import is_ready
from funcpack.deploy.kubernetes.requests import apply_step
from funcpack.deploy.kubernetes.resources import CONFIGURATION, KNATIVE_SERVICE, POD, REVISION, TRIGGER
from funcpack.deploy.kubernetes.rollout import Rollout
from funcpack.deploy.kubernetes.sections import has_section, with_section
from funcpack.deploy.kubernetes.smoke import check_revision
from funcpack.deploy.kubernetes.staging import served_step, staged_step
from funcpack.deploy.kubernetes.trigger import trigger
from funcpack.deploy.plan.smoke import Smoke
from funcpack.deploy.plan.values import at
from funcpack.deployment_errors import NothingToRollBackError, UnreachableAddressError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from funcpack.deploy.kubernetes.cluster import Cluster
    from funcpack.deploy.kubernetes.pods import PodProblem
    from funcpack.deploy.kubernetes.resources import Resource
    from funcpack.deploy.kubernetes.rollout import State
    from funcpack.deploy.kubernetes.workload import Manifest, Workload
    from funcpack.deploy.plan.backend import Backend, Description
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.settings.target import Target

BACKEND = "knative"
SERVICE_SECTION = "service"
TRIGGER_SECTION = "trigger"
ALL = 100
SMOKE_TAG = "funcpack-smoke"
# What tells why a new revision does not become ready.
READS = (Need(CONFIGURATION, ("get",)), Need(POD, ("list",)))


def create(target: Target, note: Note) -> Backend:
    """Return the backend for a target."""
    return KnativeBackend(target, note)


class KnativeBackend(ClusterBackend):
    """A Knative Service."""

    kinds = (KNATIVE_SERVICE, TRIGGER)
    sections = (SERVICE_SECTION, TRIGGER_SECTION, sources.SECTION)

    def __init__(self, target: Target, note: Note) -> None:
        """Check the names of the sections, and read the request of `--smoke`."""
        super().__init__(target, note)
        self._smoke = Smoke.read(target.options.smoke) if target.options.smoke else None

    def manifests(self, workload: Workload) -> tuple[Manifest, ...]:
        """Return the Service, the Trigger if it has a section, and the sources."""
        described = {SERVICE_SECTION: knative_service(workload)}
        if self._has_trigger:
            described[TRIGGER_SECTION] = trigger(workload)
        file = self.target.configuration.file
        return (
            *(with_section(manifest, self.target, BACKEND, name) for name, manifest in described.items()),
            *(sources.source_manifest(source, workload, file) for source in self._sources),
        )

    def warnings(self, manifests: tuple[Manifest, ...]) -> Iterator[str]:
        """Return contradictions in the Service, and lines for events that nobody delivers and for unknown kinds of sources."""
        yield from contradictions(manifests[0])
        inspection = self.target.inspection
        if inspection and inspection.checked.takes_events and not self._has_trigger and not self._sources:
            yield (
                "the function takes CloudEvents, but no Trigger delivers them. "
                "Add knative.trigger or knative.sources to the configuration, or create a Trigger or a source yourself."
            )
        for source in self._sources:
            if not source.is_known:
                kind = f"{source.resource.kind} of {source.resource.api_version}"
                yield f"{source.path} was not checked: Funcpack does not know the fields of a {kind}."

    def deploy(self) -> Description:
        """Apply the manifests, wait for the new revision, and call the address."""
        manifests = self.checked_manifests()
        cluster = self.cluster()
        self.check_access(cluster, manifests, READS if self._smoke or not self.target.options.no_wait else ())
        staged = None
        before = cluster.found(KNATIVE_SERVICE, self.target.name) or {}
        is_first = not revisions.traffic(before)
        if not is_first and self._is_staged(manifests[0], before):
            staged = self._stage(cluster, manifests[0], before)
        self.apply(cluster, manifests)
        if staged:
            cluster.run(served_step(cluster.namespace, staged))
        # The request of --smoke is a part of the deployment.
        if self.target.options.no_wait and not (is_first and self._smoke):
            return self.described(cluster, self.required(cluster))
        found = self._rollout(cluster, knative_state).wait()
        if is_first:
            self._check(cluster, found, at(found, "status.url"), is_first=True)
        share = revisions.share(found, revisions.latest(found))
        if share < ALL:
            self.note(f"{revisions.latest(found)} has {share} % of the traffic.")
        return self._served(cluster, found)

    def rollback(self) -> Description:
        """Give all traffic to the revision that was ready before, and return what serves then."""
        cluster = self.cluster()
        check_access(cluster, (Need(KNATIVE_SERVICE, APPLY), Need(REVISION, ("list",))))
        found = self.required(cluster)
        owned = cluster.items(REVISION, **{revisions.SERVICE_LABEL: self.target.name})
        earlier = revisions.earlier_ready(found, owned)
        if earlier is None:
            raise NothingToRollBackError(KNATIVE_SERVICE.kind, self.target.name)
        cluster.run(apply_step(revisions.with_revision(found, earlier), cluster.namespace, force=True))
        return self._served(cluster, self._rollout(cluster, route_state).wait())

    def described(self, cluster: Cluster, found: Mapping[str, Any]) -> Description:
        """Return the description of a Knative Service, with the reason if it is not ready.

        If all traffic is that of named revisions, as after a rollback, it does not matter that the newest one has failed.
        """
        state = route_state(found) if revisions.is_pinned(found) else knative_state(found)
        reason = None if state.done else reason_of(cluster, self._problem(cluster), state.text)
        return self.description(at(found, "status.url"), revisions.serving_revision(found), reason)

    def _is_staged(self, manifest: Manifest, found: Mapping[str, Any]) -> bool:
        """Return whether the new revision has to be ready before the traffic changes.

        Otherwise Knative moves it when the revision is ready. But if traffic was pinned by a rollback, Knative would give it to the
        version that was rolled back until then.
        """
        is_unpinned = revisions.is_pinned(found) and "traffic" not in manifest["spec"]
        return is_unpinned or self._smoke is not None

    def _stage(self, cluster: Cluster, manifest: Manifest, found: Mapping[str, Any]) -> str | None:
        """Apply the service with the traffic that it has, wait for the new revision, and send the saved request to it.

        Return the new revision, which is marked until it gets traffic, or None if there is none.
        """
        check_access(cluster, (Need(REVISION, ("patch",)),))
        tag = SMOKE_TAG if self._smoke else None
        self.apply(cluster, ({**manifest, "spec": {**manifest["spec"], "traffic": revisions.held(found, tag)}},))
        staged = self._rollout(cluster, knative_state).wait()
        revision = revisions.latest(staged)
        marked = None if revisions.share(staged, revision) else revision
        if marked:
            cluster.run(staged_step(cluster.namespace, marked))
        if tag:
            self._check(cluster, staged, revisions.address_of(staged, tag), is_first=False)
        return marked

    def _check(self, cluster: Cluster, found: Mapping[str, Any], address: str | None, *, is_first: bool) -> None:
        if self._smoke:
            revision = revisions.latest(found)
            check_revision(cluster, self._smoke, address, self._pod(cluster, revision), is_first=is_first)

    def _pod(self, cluster: Cluster, revision: str | None) -> str | None:
        """Return the path of a pod of a revision in the API, or None if the revision has no pod at the moment."""
        pods = cluster.items(POD, **{revisions.REVISION_LABEL: revision or ""})
        ready = [pod["metadata"]["name"] for pod in pods if is_ready(pod)]
        return POD.path(cluster.namespace, f"http:{ready[0]}:{PORT}") if ready else None

    def pod_labels(self) -> dict[str, str]:
        """Return the labels of all pods of the function."""
        return {revisions.SERVICE_LABEL: self.target.name}

    def resources(self) -> tuple[tuple[Resource, str], ...]:
        """Return the Service, the Trigger, and the sources of the configuration."""
        return (*super().resources(), *((source.resource, source.name) for source in self._sources))

    @cached_property
    def _sources(self) -> tuple[sources.Source, ...]:
        return sources.sources(self.target, BACKEND)

    @property
    def _has_trigger(self) -> bool:
        return has_section(self.target, BACKEND, TRIGGER_SECTION)

    def _rollout(self, cluster: Cluster, state: Callable[[Mapping[str, Any]], State]) -> Rollout:
        problem = self._problem if state is knative_state else lambda _: None
        return Rollout(
            cluster,
            KNATIVE_SERVICE,
            self.target.name,
            state,
            lambda _: problem(cluster),
            _previous,
            self.note,
        )

    def _served(self, cluster: Cluster, found: Mapping[str, Any]) -> Description:
        """Call the address of a service that is ready, and return what serves."""
        description = self.described(cluster, found)
        return description.uncalled(self._call(cluster, description))

    def _call(self, cluster: Cluster, description: Description) -> str | None:
        """Call the address, or if it cannot be reached from here, a pod of the revision. Return why neither was possible, or None."""
        try:
            call_address(cluster, description.url or "")
        except UnreachableAddressError as exc:
            address = exc.reason.rstrip(".")
        else:
            return None
        pod = self._pod(cluster, description.revision)
        if pod is None:
            return f"the address cannot be reached from here ({address}), and no ready pod was found"
        self.note(f"The address cannot be reached from here: {address}. A pod is called instead.")
        return call_through_cluster(cluster, pod, f"a pod of {description.revision}")

    def _problem(self, cluster: Cluster) -> PodProblem | None:
        """Return the problem of the newest revision, once the cluster has created that of the newest configuration."""
        configuration = cluster.visible(CONFIGURATION, self.target.name)
        if configuration is None or not is_seen(configuration):
            return None
        newest = at(configuration, "status.latestCreatedRevisionName")
        is_ready_already = newest is None or newest == at(configuration, "status.latestReadyRevisionName")
        return None if is_ready_already else pod_problem(cluster, {revisions.REVISION_LABEL: newest})


def _previous(found: Mapping[str, Any]) -> str | None:
    serving = revisions.serving_revision(found)
    return f"Revision {serving}" if serving else None
