"""Where a service of Cloud Run is, and the steps that read it before it is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.deploy.plan.steps import Condition, Poll, Step
from funcpack.deploy.plan.values import Answer, at

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack.deploy.google.endpoints import Endpoints
    from funcpack.deploy.google.place import Place
    from funcpack.deploy.plan.values import Answers, Received

SERVICE = "service"
SETTLED = "settled"

_RESUME = "Cloud Run goes on. Run the same command again to wait for it; a longer --timeout gives it more time."


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

    def settled(self) -> Step:
        """Return the step that waits for a change that is under way, for example of a command that was interrupted.

        Until that has ended, the API reports transient values for the traffic and the revision that is ready.
        https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services#Service.FIELDS.reconciling
        """
        return Step(
            SETTLED,
            f"Wait until the change of {self.name} that is under way has ended",
            "GET",
            self.url,
            condition=Condition(f"{{{SERVICE}}} is changing", lambda answers: not _is_settled(answers[SERVICE])),
            accepts=frozenset({404}),
            poll=Poll(_is_settled, _RESUME),
        )


def current(answers: Answers) -> Received:
    """Return the newest answer about the service before it is changed."""
    return answers.get(SETTLED, answers[SERVICE])


# The service as `current` returns it.
CURRENT = Answer((SETTLED, SERVICE), "")
IS_MISSING = Condition(f"{{{SERVICE}}} is 404", lambda answers: current(answers).status == 404)
EXISTS = Condition(f"{{{SERVICE}}} is not 404", lambda answers: current(answers).status != 404)


def _is_settled(received: Received) -> bool:
    return not at(received.body, "reconciling")
