"""Why a new version does not become ready: the status of its pods, the events about them, and the end of their log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.deploy.kubernetes.pods import problem_of
from funcpack.deploy.kubernetes.resources import EVENT, POD

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.cluster import Cluster
    from funcpack.deploy.kubernetes.pods import PodProblem

LOG_LINES = 20
# The kubelet sends it with the status 200, if the container has been removed in the meantime.
LOG_IS_GONE = "unable to retrieve container logs for "


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason as a sentence without its full stop, and the last lines of the log."""

    reason: str
    lines: tuple[str, ...] = ()


def pod_problem(cluster: Cluster, labels: dict[str, str]) -> PodProblem | None:
    """Return the problem of the pods with these labels, if there is one."""
    return problem_of(cluster.items(POD, **labels))


def explained(cluster: Cluster, problem: PodProblem) -> Finding:
    """Return a problem with the last warning about the pod and the last lines of its log."""
    lines = _last_lines(cluster, problem)
    if problem.is_final:  # the status of the pod has the whole reason
        return Finding(problem.reason, lines)
    warnings = [event["message"] for event in cluster.events(EVENT, problem.pod) if event.get("type") == "Warning"]
    warning = " ".join(warnings[-1].split()).rstrip(".") if warnings else ""
    adds = bool(warning) and warning not in problem.reason
    return Finding(f"{problem.reason} ({warning})" if adds else problem.reason, lines)


def reason_of(cluster: Cluster, problem: PodProblem | None, otherwise: str) -> str:
    """Return the reason of a problem in one sentence, or `otherwise` without a problem."""
    return explained(cluster, problem).reason if problem else otherwise


def _last_lines(cluster: Cluster, problem: PodProblem) -> tuple[str, ...]:
    if problem.container is None:
        return ()
    previous = {"previous": "true"} if problem.has_restarted else {}
    return log_lines(cluster, problem.pod, problem.container, LOG_LINES, **previous)


def log_lines(cluster: Cluster, pod: str, container: str, count: int, **query: str) -> tuple[str, ...]:
    """Return the last lines of the log of a container; none if the user may not read it, or there is no log yet."""
    path = f"{POD.path(cluster.namespace, pod)}/log"
    received = cluster.read(
        f"the log of {pod}", path, accepts={400, 403, 404, 500}, container=container, tailLines=str(count), **query
    )
    # Not the body: a log of one line may be JSON.
    text = received.content.decode(errors="replace")
    is_missing = received.status >= 400 or text.startswith(LOG_IS_GONE)
    return () if is_missing else tuple(line.rstrip() for line in text.splitlines())
