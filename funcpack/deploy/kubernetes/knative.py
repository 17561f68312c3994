"""The backend `knative`: a Knative Service, and a Trigger if the configuration has one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes import revisions
from funcpack.deploy.kubernetes.access import APPLY, Need, check_access
from funcpack.deploy.kubernetes.backend import ClusterBackend
from funcpack.deploy.kubernetes.calls import call_address, call_through_cluster
from funcpack.deploy.kubernetes.conditions import knative_state
from funcpack.deploy.kubernetes.contradictions import contradictions
from funcpack.deploy.kubernetes.findings import explained, pod_problem
from funcpack.deploy.kubernetes.knative_service import knative_service
from funcpack.deploy.kubernetes.pod import PORT
from funcpack.deploy.kubernetes.pods import is_ready
from funcpack.deploy.kubernetes.requests import apply_step
from funcpack.deploy.kubernetes.resources import KNATIVE_SERVICE, POD, REVISION, TRIGGER
from funcpack.deploy.kubernetes.rollout import Rollout
from funcpack.deploy.kubernetes.sections import has_section, with_section
from funcpack.deploy.kubernetes.trigger import trigger
from funcpack.deploy.plan.backend import Description
from funcpack.deploy.plan.values import at
from funcpack.deployment_errors import NothingToRollBackError, NotServingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from funcpack.deploy.kubernetes.cluster import Cluster
    from funcpack.deploy.kubernetes.pods import PodProblem
    from funcpack.deploy.kubernetes.workload import Manifest, Workload
    from funcpack.deploy.plan.backend import Backend
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.settings.target import Target

BACKEND = "knative"
SERVICE_SECTION = "service"
TRIGGER_SECTION = "trigger"


def create(target: Target, note: Note) -> Backend:
    """Return the backend for a target."""
    return KnativeBackend(target, note)


class KnativeBackend(ClusterBackend):
    """A Knative Service."""

    kinds = (KNATIVE_SERVICE, TRIGGER)
    sections = (SERVICE_SECTION, TRIGGER_SECTION)

    def manifests(self, workload: Workload) -> tuple[Manifest, ...]:
        """Return the Service, and the Trigger if it has a section."""
        described = {SERVICE_SECTION: knative_service(workload)}
        if self._has_trigger:
            described[TRIGGER_SECTION] = trigger(workload)
        return tuple(with_section(manifest, self.target, BACKEND, name) for name, manifest in described.items())

    def warnings(self, manifests: tuple[Manifest, ...]) -> Iterator[str]:
        """Return contradictions in the Service, and a line for events that nobody delivers."""
        yield from contradictions(manifests[0])
        inspection = self.target.inspection
        if inspection and inspection.checked.takes_events and not self._has_trigger:
            yield (
                "the function takes CloudEvents, but no Trigger delivers them. "
                "Add knative.trigger to the configuration, or create a Trigger or a source yourself."
            )

    def deploy(self) -> Description:
        """Apply the manifests, wait for the new revision, and call the address."""
        manifests = self.checked_manifests()
        cluster = self.cluster()
        self.apply(cluster, manifests)
        return self.described(cluster, self.required(cluster)) if self.target.options.no_wait else self._served(cluster)

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
        return self._served(cluster)

    def described(self, cluster: Cluster, found: Mapping[str, Any]) -> Description:
        """Return the description of a Knative Service, with the reason if it is not ready."""
        state = knative_state(found)
        problem = None if state.done else self._problem(cluster, found)
        reason = explained(cluster, problem).reason if problem else state.text
        return Description(
            name=self.target.name,
            backend=BACKEND,
            url=at(found, "status.url"),
            revision=revisions.serving_revision(found),
            ready=state.done,
            reason=None if state.done else reason,
        )

    def pod_labels(self) -> dict[str, str]:
        """Return the labels of all pods of the function."""
        return {revisions.SERVICE_LABEL: self.target.name}

    @property
    def _has_trigger(self) -> bool:
        return has_section(self.target, BACKEND, TRIGGER_SECTION)

    def _served(self, cluster: Cluster) -> Description:
        """Wait until the service is ready, call its address, and return what serves."""
        found = Rollout(
            cluster,
            KNATIVE_SERVICE,
            self.target.name,
            knative_state,
            lambda resource: self._problem(cluster, resource),
            _previous,
            self.note,
        ).wait()
        description = self.described(cluster, found)
        newest = revisions.latest(found)
        if newest != description.revision:
            self.note(f"{newest} serves {revisions.share(found, newest)} % of the requests.")
        self._call(cluster, description)
        return description

    def _call(self, cluster: Cluster, description: Description) -> None:
        """Call the address, or if it does not resolve here, a pod of the revision."""
        url = description.url or ""
        call = call_address(url)
        if call.status is not None and call.status >= 500:
            raise NotServingError(url, f"it answers {call.status} {call.text}".rstrip())
        if call.status is not None:
            return
        pods = cluster.items(POD, **{revisions.REVISION_LABEL: description.revision or ""})
        ready = [pod["metadata"]["name"] for pod in pods if is_ready(pod)]
        if not ready:
            self.note(f"{url} was not called: {call.text}. The revision has no pod at the moment.")
            return
        path = POD.path(cluster.namespace, f"http:{ready[0]}:{PORT}")
        asked = call_through_cluster(cluster, path, f"pod {ready[0]}")
        answer = asked.text if asked.status is None else f"it answers {asked.status}"
        self.note(f"{url} was not called: {call.text}. Pod {ready[0]} was called instead: {answer}.")

    def _problem(self, cluster: Cluster, found: Mapping[str, Any]) -> PodProblem | None:
        newest = at(found, "status.latestCreatedRevisionName")
        is_ready_already = newest is None or newest == revisions.latest(found)
        return None if is_ready_already else pod_problem(cluster, {revisions.REVISION_LABEL: newest})


def _previous(found: Mapping[str, Any]) -> str | None:
    serving = revisions.serving_revision(found)
    return f"Revision {serving}" if serving else None
