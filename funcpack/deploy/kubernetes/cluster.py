"""What backends read from a cluster and send to it, with the retries and the deadline of an execution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from funcpack.deploy.kubernetes.connection import connected
from funcpack.deploy.plan.execution import Execution
from funcpack.deploy.plan.poll_interval import poll_interval
from funcpack.deploy.plan.steps import Plan, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from funcpack.deploy.kubernetes.resources import Resource
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.values import Received
    from funcpack.deploy.settings.target import Target

SECONDS_TO_EXPLAIN = 15.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, and the namespace of a deployment in it."""

    namespace: str
    execution: Execution

    @classmethod
    def of(cls, target: Target, note: Note) -> Cluster:
        """Return the cluster that a target selects. The deadline of the options begins now.

        Raises:
            CommandError: The kubeconfig does not select a cluster.

        """
        connection = connected(target)
        execution = Execution(
            connection.send,
            connection.rejection,
            poll_interval(target.environ),
            target.options.timeout,
            _Progress(note),
        )
        return cls(target.options.namespace or connection.namespace, execution)

    def extend_deadline(self) -> None:
        """Allow some seconds more, for the few requests that explain why the deadline has passed."""
        self.execution.extend(SECONDS_TO_EXPLAIN)

    def run(self, *steps: Step) -> dict[str, Received]:
        """Send requests and return the answers by the keys of the steps.

        Raises:
            CommandError: A request failed.

        """
        return dict(self.execution.run(Plan(steps)))

    def read(self, what: str, path: str, *, accepts: Iterable[int] = (), **query: str) -> Received:
        """Return the answer to a GET request: one below 300, or one of the statuses `accepts`. `what` is what errors name.

        Raises:
            CommandError: The answer has another status, or there is none.

        """
        url = f"{path}?{urlencode(query)}" if query else path
        step = Step("read", f"Read {what}", "GET", url, accepts=frozenset(accepts), is_quiet=True)
        return self.run(step)[step.key]

    def found(self, kind: Resource, name: str) -> dict[str, Any] | None:
        """Return a resource, or None if it does not exist."""
        return self._found(kind, name, accepts={404})

    def visible(self, kind: Resource, name: str) -> dict[str, Any] | None:
        """Return a resource, or None if it does not exist or the user may not read it."""
        return self._found(kind, name, accepts={403, 404})

    def items(self, kind: Resource, **labels: str) -> list[dict[str, Any]]:
        """Return the resources of a kind with these labels; none if the user may not list them.

        They explain a failure, or are among the permissions that are checked before.
        """
        return self._listed(kind, labelSelector=",".join(f"{key}={value}" for key, value in labels.items()))

    def events(self, kind: Resource, about: str) -> list[dict[str, Any]]:
        """Return the events about a resource by its name, the newest last; none if the user may not list them."""
        events = self._listed(kind, fieldSelector=f"involvedObject.name={about}")
        return sorted(events, key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")

    def _found(self, kind: Resource, name: str, *, accepts: Iterable[int]) -> dict[str, Any] | None:
        received = self.read(f"{kind.kind} {name}", kind.path(self.namespace, name), accepts=accepts)
        return None if received.status >= 400 else received.body

    def _listed(self, kind: Resource, **query: str) -> list[dict[str, Any]]:
        received = self.read(f"the {kind.plural}", kind.collection(self.namespace), accepts={403, 404}, **query)
        return [] if received.status >= 400 else received.body.get("items") or []


class _Progress:
    """Prints lines, and of several that are the same only the first."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._last = ""

    def __call__(self, line: str) -> None:
        if line != self._last:
            self._last = line
            self._note(line)
