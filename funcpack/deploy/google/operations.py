"""Long-running operations: what a request has begun, and is done later. See https://google.aip.dev/151 for their form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.plan.rejections import without_secrets
from funcpack.deploy.plan.steps import Condition, Poll, Step
from funcpack.deploy.plan.values import Joined, answer, at
from funcpack.deployment_errors import FailedOperationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack.deploy.plan.values import Received


def wait(
    key: str,
    begun_by: str | tuple[str, ...],
    base: str,
    purpose: str,
    *,
    condition: Condition | None = None,
    verify: Callable[[Any], None] | None = None,
) -> Step:
    """Return the step that waits for the operation of the first of some steps that was sent.

    `base` is the URL before the operation's name. `verify` gets the `response` of the operation, which may be empty.
    """

    def check(received: Received) -> None:
        error = at(received.body, "error")
        if error:
            raise FailedOperationError(
                purpose, without_secrets(str(error.get("message") or f"code {error.get('code')}"))
            )
        if verify:
            verify(at(received.body, "response"))

    url = Joined((base, answer(begun_by, "name")))
    return Step(key, purpose, "GET", url, condition=condition, poll=Poll(is_done, _RESUME), verify=check)


def is_done(received: Received) -> bool:
    """Return whether the answer is that of an operation which is done."""
    return bool(at(received.body, "done"))


_RESUME = (
    "The operation goes on at Google. Run the same command again to wait for it and to see its result;\n"
    "a longer --timeout gives it more time."
)
