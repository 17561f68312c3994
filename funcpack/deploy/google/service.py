"""Where a service of Cloud Run is, and the step that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.deploy.plan.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack.deploy.google.endpoints import Endpoints
    from funcpack.deploy.google.place import Place
    from funcpack.deploy.plan.values import Received

SERVICE = "service"

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Address:
    """A service by its name."""

    endpoints: Endpoints
    place: Place
    name: str

    @property
    def api(self) -> str:
        """The URL before the names of resources and operations."""
        return f"{self.endpoints.run}v2/"

    @property
    def services(self) -> str:
        """The URL of all services in the location."""
        return f"{self.api}{self.place.path}/services"

    @property
    def url(self) -> str:
        """The URL of the service."""
        return f"{self.services}/{self.name}"

    def read(self, verify: Callable[[Received], None] | None = None) -> Step:
        """Return the step that reads the service, which may not exist."""
        return Step(
            SERVICE, f"Look for the service {self.name}", "GET", self.url, accepts=frozenset({404}), verify=verify
        )
