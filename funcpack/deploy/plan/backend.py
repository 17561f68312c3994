"""What each backend offers to the commands, and the results of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack.deploy.plan.steps import Plan


@dataclass(frozen=True, slots=True)
class Description:
    """What is deployed. `url` and `revision` are None if there is none yet; `reason` says why it is not ready, or why it was not called."""

    name: str
    backend: str
    url: str | None
    revision: str | None
    ready: bool
    reason: str | None

    def uncalled(self, reason: str | None) -> Description:
        """Return the description with the reason why what is ready was not called, if there is one."""
        return replace(self, reason=f"not called: {reason}") if self.ready and reason else self


@dataclass(frozen=True, slots=True)
class Change:
    """A field that a deployment would change, by its path in the resource. None means that there is no value."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """What a deployment would change. `exists` is false if nothing is deployed yet."""

    exists: bool
    needs_build: bool
    changes: tuple[Change, ...]


class Backend(Protocol):
    """A platform for one target. The methods raise a UserError if they cannot do what their name says."""

    def plan(self) -> Plan:
        """Return the requests of a deployment, for a cluster those that apply its manifests. It needs no network and no credentials."""

    def shown_plan(self, format_: str) -> str:
        """Return the plan as `--dry-run` prints it, for the format `text` or `json`."""

    def difference(self) -> Difference:
        """Compare what is deployed with what a deployment would send. Only GET requests are sent."""

    def deploy(self) -> Description:
        """Deploy, wait unless the options say otherwise, and return what serves."""

    def describe(self) -> Description | None:
        """Return what is deployed, or None if there is nothing of this name."""

    def logs(self) -> Iterator[str]:
        """Return the last lines that the function wrote."""

    def rollback(self) -> Description:
        """Give the traffic back to what served before, and return what serves then."""

    def destroy(self) -> bool:
        """Delete what is deployed and wait until it is gone. Return whether there was anything."""
