"""What Cloud Functions reports: whether an operation is done or failed, and whether a function serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.plan.backend import Description
from funcpack.deploy.plan.values import at
from funcpack.deployment_errors import FunctionOperationError, FunctionStateError

if TYPE_CHECKING:
    from funcpack.deploy.google.generations import Generation
    from funcpack.deploy.google.place import Place
    from funcpack.deploy.plan.values import Received

_CONSOLE = "https://console.cloud.google.com"


def operation_is_done(received: Received) -> bool:
    """Check whether an operation has ended, with success or without."""
    return bool(at(received.body, "done"))


def verify_operation(received: Received, name: str, place: Place) -> None:
    """Check that an operation on the function `name` succeeded.

    Raises:
        FunctionOperationError: It failed.

    """
    error = at(received.body, "error")
    if error:
        reason = " ".join(str(at(error, "message") or f"code {at(error, 'code')}").split())
        raise FunctionOperationError(name, reason, _build_log(received.body, place) or _function_log(name, place))


def verify_state(received: Received, generation: Generation, name: str, place: Place) -> None:
    """Check that a function is active.

    Raises:
        FunctionStateError: It is not.

    """
    state = at(received.body, generation.state) or "unknown"
    if state != "ACTIVE":
        raise FunctionStateError(name, str(state), state_reason(received.body), _function_log(name, place))


def description(function: Any, generation: Generation, name: str, revision: str | None) -> Description:
    """Return what a function is, from its resource. `revision` is the one that serves, if the resource does not tell."""
    state = at(function, generation.state)
    reason = None if state == "ACTIVE" else f"The state is {state}. {state_reason(function) or ''}".strip()
    url = next((found for path in generation.urls if (found := at(function, path))), None)
    newest = at(function, generation.revision)
    return Description(name, generation.backend, url, revision or newest, ready=reason is None, reason=reason)


def state_reason(function: Any) -> str | None:
    """Return what a second-generation function says about its state, or None."""
    messages = [str(at(message, "message")) for message in at(function, "stateMessages") or ()]
    return " ".join(" ".join(messages).split()) or None


def _build_log(operation: Any, place: Place) -> str | None:
    """Return the address of the log of the build that the operation ran, or None if it has not started one."""
    build = at(operation, "metadata.buildName")
    parts = str(build).split("/")
    if not build or len(parts) != 6:
        return None
    return f"{_CONSOLE}/cloud-build/builds;region={parts[3]}/{parts[5]}?project={place.project}"


def _function_log(name: str, place: Place) -> str:
    return f"{_CONSOLE}/functions/details/{place.location}/{name}?tab=logs&project={place.project}"
