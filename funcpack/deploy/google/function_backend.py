"""Cloud Functions as a backend: the same for both generations, which differ in the places of values and in a rollback."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google import bindings, logs, requests, serving
from funcpack.deploy.google.endpoints import Endpoints
from funcpack.deploy.google.function import (
    FUNCTION,
    Function,
    current,
    deployed_step,
    operation_step,
    read_step,
    settled_step,
)
from funcpack.deploy.google.function_changes import changes
from funcpack.deploy.google.function_permissions import permission_steps
from funcpack.deploy.google.function_plan import SETTINGS, WRITES, Wanted, is_from_source, write_steps
from funcpack.deploy.google.function_serving import (
    ACTIVE,
    call_step,
    is_elsewhere,
    service_step,
    serving_revision,
    serving_steps,
)
from funcpack.deploy.google.function_source import wanted
from funcpack.deploy.google.function_states import description
from funcpack.deploy.google.place import Place
from funcpack.deploy.google.printed import printed
from funcpack.deploy.plan.backend import Change, Description, Difference
from funcpack.deploy.plan.steps import Plan, Step, begun
from funcpack.deploy.plan.values import Joined, answer, at
from funcpack.deployment_errors import FunctionOptionError, NotDeployedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from funcpack.deploy.google.generations import Generation
    from funcpack.deploy.plan.execution import Execution
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.values import Answers, Received
    from funcpack.deploy.settings.target import Target

_DELETE = "delete"
# The test of the permissions, which comes after, says what a 403 means.
_UNREADABLE = frozenset({403, 404})


@dataclass(frozen=True)
class FunctionBackend:
    """A function of one generation. `back` does the rollback of the generation, and `log_filter` selects its log entries."""

    target: Target
    note: Note
    generation: Generation
    back: Callable[[FunctionBackend], None]

    def __post_init__(self) -> None:
        if self.target.options.image is not None:
            raise FunctionOptionError("--image", self.generation.backend, "builds the function from its source")
        if self.target.options.smoke is not None:
            raise FunctionOptionError("--smoke", self.generation.backend, "cannot call a version before it serves")

    @cached_property
    def endpoints(self) -> Endpoints:
        """The base URLs of the APIs."""
        return Endpoints.from_environ(self.target.environ)

    @cached_property
    def function(self) -> Function:
        """The function as requests name it."""
        place = Place.of(self.target.options, self.target.environ, self.generation.backend)
        return Function(self.generation, self.endpoints.cloudfunctions, place, self.target.name)

    @cached_property
    def wanted(self) -> Wanted:
        """What a deployment sends. Commands that do not deploy have no inspected function."""
        if self.target.inspection is None:
            raise TypeError("the function was not inspected")
        return wanted(self.target, self.target.inspection, self.function, self.note)

    def plan(self) -> Plan:
        """Return the requests of a deployment, without a network and without credentials."""
        granted = bindings.steps(self._policy_url, self._bindings)
        steps = [
            read_step(self.function, accepts=_UNREADABLE),
            settled_step(self.function),
            *([service_step(self.endpoints.run, accepts=_UNREADABLE)] if self.generation.has_service else []),
            *permission_steps(self.wanted, self.endpoints, self.note, has_bindings=bool(granted)),
            *write_steps(self.wanted, self._needs_settings),
        ]
        waits = not self.target.options.no_wait
        if waits or granted:
            steps += [deployed_step(self.function, WRITES), *serving_steps(self.function, self.endpoints.run)]
        return Plan((*steps, *granted, *([call_step(self.generation)] if waits else [])))

    def shown_plan(self, format_: str) -> str:
        """Return the plan as `--dry-run` prints it."""
        return printed(self.plan(), format_)

    def difference(self) -> Difference:
        """Compare the function with what a deployment would send. At most three GET requests are sent."""
        wanted = self.wanted  # checks the configuration, before the first request
        answers = self.read()
        received = answers[FUNCTION]
        exists = received.status != 404
        found_changes = changes(self.generation, received.body if exists else {}, wanted.resource)
        moved = [Change("traffic", serving_revision(answers), "the newest revision")] if is_elsewhere(answers) else []
        return Difference(
            exists,
            not is_from_source(wanted, received),
            (
                *found_changes.build,
                *found_changes.others,
                *moved,
                *bindings.changes(self._policy_url_of(received), self._bindings, self.run),
            ),
        )

    def deploy(self) -> Description:
        """Deploy the function, wait unless the options say otherwise, and return what serves."""
        answers = self.run(self.plan())
        if not any(key in answers for key in WRITES):
            self.note("No changes.")
        elif SETTINGS in answers:
            self.note("No build.")
        for remark in serving.private(answers):
            self.note(remark)
        deployed = self._description(answers) if ACTIVE in answers else None
        return deployed or Description(
            self.target.name,
            self.generation.backend,
            None,
            None,
            ready=False,
            reason="Cloud Functions is deploying it. To see when it is ready, run: funcpack describe",
        )

    def describe(self) -> Description | None:
        """Return what is deployed, or None if there is no such function."""
        return self._description(self.read())

    def logs(self) -> Iterator[str]:
        """Return the last lines that the function wrote."""
        terms = self.generation.log_labels(self.function.name, self.function.place.location)
        log_filter = " AND ".join(f'{field}="{value}"' for field, value in terms.items())
        return logs.lines(self.run, self.endpoints, self.function.place.project, log_filter)

    def rollback(self) -> Description:
        """Let what served before serve again, and return what serves then."""
        self.back(self)
        description = self.describe()
        if description is None:
            raise NotDeployedError(self.target.name, self.generation.backend)
        return description

    def destroy(self) -> bool:
        """Delete the function, wait until it is gone, and return whether there was one."""
        delete = Step(
            _DELETE,
            f"Delete the function {self.function.name}",
            "DELETE",
            self.function.url,
            accepts=frozenset({404}),
        )
        gone = operation_step(self.function, (_DELETE,), f"Wait until {self.function.name} is gone", begun(_DELETE))
        return self.run(Plan((delete, gone)))[_DELETE].status != 404

    def run(self, plan: Plan) -> Answers:
        """Send the steps of a plan and return their answers."""
        return self._execution.run(plan)

    @cached_property
    def _execution(self) -> Execution:
        return requests.execution(self.target, self.note)

    def read(self) -> Answers:
        """Return the answers about the function and its service. At most two GET requests are sent."""
        service = [service_step(self.endpoints.run)] if self.generation.has_service else []
        return self.run(Plan((read_step(self.function), *service)))

    def _description(self, answers: Answers) -> Description | None:
        """Return what the newest answer says of the function, or None if there is none or the function is not there."""
        received = answers[ACTIVE] if ACTIVE in answers else answers[FUNCTION]
        if received.status == 404:
            return None
        return description(received.body, self.generation, self.target.name, serving_revision(answers))

    @property
    def _policy_url(self) -> str | Joined:
        if not self.generation.has_service:
            return self.function.url
        return Joined((f"{self.endpoints.run}v2/", answer(ACTIVE, "serviceConfig.service")))

    def _policy_url_of(self, received: Received) -> str | None:
        """Return the URL of what has the policy, or None if it does not exist yet."""
        if received.status == 404:
            return None
        if not self.generation.has_service:
            return self.function.url
        service = at(received.body, "serviceConfig.service")
        return f"{self.endpoints.run}v2/{service}" if service else None

    @cached_property
    def _bindings(self) -> list[dict[str, Any]]:
        return bindings.configured(self.target.configuration, self.generation.roles)

    def _needs_settings(self, answers: Answers) -> bool:
        """Check whether something is to be written that needs no build."""
        others = changes(self.generation, current(answers).body, self.wanted.resource).others
        return bool(others) or is_elsewhere(answers)
