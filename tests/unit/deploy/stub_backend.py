"""A backend that needs no platform: it answers what a test says, and keeps what it was created for."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING

from funcpack.deploy.plan.backend import Change, Description, Difference
from funcpack.deploy.plan.steps import Plan, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.settings.target import Target

READY = Description("orders", "cloudrun", "https://orders.example.com", "orders-00002", ready=True, reason=None)


@dataclass
class StubBackend:
    """Answers with its fields."""

    description: Description | None = READY
    changes: tuple[Change, ...] = ()
    needs_build: bool = False
    is_there: bool = True
    targets: list[Target] = field(default_factory=list)

    def module(self) -> ModuleType:
        """Return a module with the function `create` of a backend."""
        module = ModuleType("stub")
        module.create = self.create  # type: ignore[attr-defined]
        return module

    def create(self, target: Target, note: Note) -> StubBackend:
        """Create the backend, as a module of a backend does."""
        note(f"the target is {target.name}")
        self.targets.append(target)
        return self

    def plan(self) -> Plan:
        return Plan((Step("service", "Read the service", "GET", "https://run.example.com/v2/orders"),))

    def shown_plan(self, format_: str) -> str:
        return f"the plan as {format_}\n"

    def difference(self) -> Difference:
        return Difference(exists=True, needs_build=self.needs_build, changes=self.changes)

    def deploy(self) -> Description:
        assert self.description
        return self.description

    def describe(self) -> Description | None:
        return self.description

    def logs(self) -> Iterator[str]:
        yield from ("Hello Ada", "Hello Grace")

    def rollback(self) -> Description:
        assert self.description
        return self.description

    def destroy(self) -> bool:
        return self.is_there
