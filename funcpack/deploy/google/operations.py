"""Long-running operations: what a request has begun, and is done later. See https://google.aip.dev/151 for their form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.google.failures import operation_failure
from funcpack.deploy.plan.steps import Condition, Poll, Step
from funcpack.deploy.plan.values import Joined, answer, at
from funcpack.deployment_errors import FailedOperationError

if TYPE_CHECKING:
    from funcpack.deploy.plan.values import Received

_RESUME = (
    "The operation goes on at Google. Run the same command again to wait for it and to see its result;\n"
    "a longer --timeout gives it more time."
)


def wait(
    key: str,
    begun_by: str | tuple[str, ...],
    base: str,
    purpose: str,
    *,
    condition: Condition | None = None,
    resume: str = _RESUME,
) -> Step:
    """Return the step that waits for the operation of the first of some steps that was sent.

    `base` is the URL before the operation's name, and `resume` says what to do if the deadline passes before the operation has ended.
    """

    def check(received: Received) -> None:
        failure = operation_failure(received.body)
        if failure:
            raise FailedOperationError(purpose, *failure)

    url = Joined((base, answer(begun_by, "name")))
    return Step(key, purpose, "GET", url, condition=condition, poll=Poll(is_done, resume), verify=check)


def is_done(received: Received) -> bool:
    """Return whether the answer is that of an operation which is done."""
    return bool(at(received.body, "done"))
