"""A function on Cloud Functions: its name in requests, and the steps that read it and wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.function_states import verify_operation
from funcpack.deploy.google.operations import is_done
from funcpack.deploy.plan.steps import Condition, Poll, Step
from funcpack.deploy.plan.values import Joined, answer, at
from funcpack.deployment_errors import ExistingFunctionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from funcpack.deploy.google.generations import Generation
    from funcpack.deploy.google.place import Place
    from funcpack.deploy.plan.values import Answers, Received

FUNCTION = "function"
SETTLED = "settled"
OPERATION = "operation"
# The steps that read the function before a deployment, the last that was sent first.
READ = (SETTLED, FUNCTION)

# Ten minutes at the default interval: longer than Google takes for a build.
_MOST_POLLS = 300
_RESUME = "Cloud Functions goes on. Run the same command again to wait for it; a longer --timeout gives it more time."


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one generation at a place. `api` is the base URL of the API, which ends with `/`."""

    generation: Generation
    api: str
    place: Place
    name: str

    @property
    def full_name(self) -> str:
        """Return the name of the resource."""
        return f"{self.place.path}/functions/{self.name}"

    @property
    def url(self) -> str:
        """Return the URL of the resource."""
        return self.at(self.full_name)

    def at(self, path: str) -> str:
        """Return the URL of a path of this generation's API."""
        return f"{self.api}{self.generation.api}/{path}"

    def is_settled(self, received: Received) -> bool:
        """Check whether no deployment and no deletion of the function is under way."""
        return at(received.body, self.generation.state) not in self.generation.changing


def current(answers: Answers) -> Received:
    """Return the newest answer about the function before it is written."""
    return next(answers[key] for key in READ if key in answers)


def read_step(function: Function, *, accepts: frozenset[int] = frozenset({404})) -> Step:
    """Return the step that reads the function, which may not exist.

    It raises ExistingFunctionError if a function of the name is there that is not called by HTTP or is of the other generation.
    """
    return Step(
        FUNCTION,
        f"Look for the function {function.name}",
        "GET",
        function.url,
        accepts=accepts,
        verify=lambda received: _check_kind(function.name, received.body),
    )


def settled_step(function: Function) -> Step:
    """Return the step that waits for a deployment that is under way, for example of a command that was interrupted."""
    return Step(
        SETTLED,
        f"Wait until the deployment of {function.name} that is under way has ended",
        "GET",
        function.url,
        condition=Condition(
            f"{{{FUNCTION}}} is being deployed", lambda answers: not function.is_settled(answers[FUNCTION])
        ),
        accepts=frozenset({404}),
        poll=Poll(_settled_or_given_up(function), _RESUME),
    )


def operation_step(function: Function, begun_by: Sequence[str], purpose: str, condition: Condition) -> Step:
    """Return the step that waits for the operation which the one of some steps has begun that was sent."""
    return Step(
        OPERATION,
        purpose,
        "GET",
        Joined((function.at(""), answer(tuple(begun_by), "name"))),
        condition=condition,
        poll=Poll(is_done, _RESUME),
        verify=lambda received: verify_operation(received, function.name, function.place),
    )


def deployed_step(function: Function, writes: Sequence[str]) -> Step:
    """Return the step that waits until one of the writes has taken effect."""
    words = " or ".join(f"{{{key}}}" for key in writes)
    was_sent = Condition(f"{words} was sent", lambda answers: any(key in answers for key in writes))
    return operation_step(function, writes, f"Wait until Cloud Functions has deployed {function.name}", was_sent)


def _settled_or_given_up(function: Function) -> Callable[[Received], bool]:
    """Return the end of the wait. A function whose deployment got lost would be waited for without an end.

    Google rejects the write that follows if the deployment is really still under way.
    """
    polls = iter(range(_MOST_POLLS))
    return lambda received: function.is_settled(received) or next(polls, None) is None


def _check_kind(name: str, existing: Any) -> None:
    """Check that a deployment may replace what is there: an update changes neither the trigger nor the generation.

    The API of the second generation shows the functions of the first, too.
    """
    trigger = at(existing, "eventTrigger.eventType")
    if trigger:
        raise ExistingFunctionError(name, f"has an event trigger, {trigger}")
    if at(existing, "environment") == "GEN_1":
        raise ExistingFunctionError(name, "is of the first generation")
