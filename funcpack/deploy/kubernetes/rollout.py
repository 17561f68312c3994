"""Waits until a Deployment or a Knative Service has reached what was applied, or reports why it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from funcpack.deploy.kubernetes.findings import Finding, explained, reason_of
from funcpack.deploy.plan.steps import Poll, Step
from funcpack.deployment_errors import DeadlineError, RolloutDeadlineError, RolloutFailedError

if TYPE_CHECKING:
    from funcpack.deploy.kubernetes.cluster import Cluster
    from funcpack.deploy.kubernetes.pods import PodProblem
    from funcpack.deploy.kubernetes.resources import Resource
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.values import Received

Found: TypeAlias = Mapping[str, Any]

# A controller reports a failure for a moment while it replaces the parts of a resource.
POLLS_UNTIL_FAILED = 2


@dataclass(frozen=True, slots=True)
class State:
    """How far a rollout is, as a sentence. `failed` means that its controller has reported a failure."""

    text: str
    done: bool = False
    failed: bool = False


@dataclass(slots=True)
class Rollout:
    """A resource of a kind, its state, the problem of its new pods, and what serves if it fails."""

    cluster: Cluster
    kind: Resource
    name: str
    state: Callable[[Found], State]
    problem: Callable[[Found], PodProblem | None]
    previous: Callable[[Found], str | None]
    note: Note
    _said: str = ""
    _problem: PodProblem | None = None
    _failures: int = 0

    def wait(self) -> Found:
        """Wait until the rollout is done and return the resource.

        Raises:
            RolloutFailedError: The new version does not start.
            RolloutDeadlineError: The time is over.

        """
        step = Step(
            "rollout",
            f"Wait until {self.kind.kind} {self.name} is ready",
            "GET",
            self.kind.path(self.cluster.namespace, self.name),
            poll=Poll(self._is_done, ""),
        )
        try:
            resource: Found = self.cluster.run(step)[step.key].body
        except DeadlineError as exc:
            self.cluster.extend_deadline()
            state = reason_of(self.cluster, self._problem, self._said or "the cluster has not looked at it yet")
            raise RolloutDeadlineError(self.kind.kind, self.name, self.cluster.namespace, exc.seconds, state) from exc
        return resource

    def _is_done(self, received: Received) -> bool:
        state = self.state(received.body)
        if state.done:
            return True
        self._problem = self.problem(received.body) if state.text else None
        self._say(self._problem.reason if self._problem else state.text)
        self._failures = self._failures + 1 if state.failed else 0
        if (self._problem and self._problem.is_final) or self._failures >= POLLS_UNTIL_FAILED:
            raise self._failed(state, received.body)
        return False

    def _say(self, text: str) -> None:
        if text and text != self._said:
            self._said = text
            self.note(f"{text[0].upper()}{text[1:]}")

    def _failed(self, state: State, resource: Found) -> RolloutFailedError:
        problem = self._problem
        finding = explained(self.cluster, problem) if problem else Finding(state.text)
        if problem and not problem.is_final:
            finding = Finding(f"{state.text}; {finding.reason}", finding.lines)
        namespace, previous = self.cluster.namespace, self.previous(resource)
        return RolloutFailedError(self.kind.kind, self.name, namespace, finding.reason, finding.lines, previous)
