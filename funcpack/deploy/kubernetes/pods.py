"""Why pods are not ready, from their status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.deploy.plan.values import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# The kubelet tries again after these, but with the same image and the same configuration.
FINAL_REASONS = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "InvalidImageName",
        "CreateContainerConfigError",
        "RunContainerError",
    }
)


@dataclass(frozen=True, slots=True)
class PodProblem:
    """Why a pod is not ready. `is_final` is false if it may still become ready, and `container` is None before one runs.

    `has_restarted` means that the log of interest is that of the container before.
    """

    pod: str
    reason: str
    is_final: bool = False
    container: str | None = None
    has_restarted: bool = False


def problem_of(pods: Iterable[Mapping[str, Any]]) -> PodProblem | None:
    """Return the problem of the pods to tell users: a final one if there is one."""
    problems = [problem for pod in pods for problem in _problems(pod)]
    return next((problem for problem in problems if problem.is_final), problems[0] if problems else None)


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Return whether a pod takes requests."""
    conditions = at(pod, "status.conditions") or []
    is_stopping = "deletionTimestamp" in pod["metadata"]
    return not is_stopping and any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def _problems(pod: Mapping[str, Any]) -> Iterator[PodProblem]:
    if is_ready(pod) or "deletionTimestamp" in pod["metadata"]:
        return
    name = pod["metadata"]["name"]
    for condition in at(pod, "status.conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield PodProblem(name, f"the pod is not scheduled: {_sentence(condition.get('message'))}")
    for field in ("initContainerStatuses", "containerStatuses"):
        for status in at(pod, f"status.{field}") or []:
            yield from _container_problem(name, status)


def _container_problem(pod: str, status: Mapping[str, Any]) -> Iterator[PodProblem]:
    name, waiting = status["name"], at(status, "state.waiting")
    terminated = at(status, "state.terminated") or at(status, "lastState.terminated")
    if waiting and waiting.get("reason") == "CrashLoopBackOff":
        yield PodProblem(pod, f"CrashLoopBackOff: {_ended(name, terminated)}", True, name, has_restarted=False)
    elif waiting and waiting.get("message"):
        reason = waiting.get("reason", "Waiting")
        yield PodProblem(pod, f"{reason}: {_sentence(waiting['message'])}", reason in FINAL_REASONS, None)
    elif terminated and terminated.get("exitCode"):
        has_restarted = at(status, "state.running") is not None
        yield PodProblem(pod, _ended(name, terminated), False, name, has_restarted)
    elif at(status, "state.running") is not None and not status.get("ready"):
        yield PodProblem(pod, f"the container '{name}' runs, but is not ready", False, name)


def _ended(container: str, terminated: Mapping[str, Any] | None) -> str:
    if not terminated:
        return f"the container '{container}' ended"
    reason = terminated.get("reason")
    why = f" ({reason})" if reason not in {None, "Error", "Completed"} else ""
    return f"the container '{container}' ended with exit code {terminated.get('exitCode')}{why}"


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split()).rstrip(".")
