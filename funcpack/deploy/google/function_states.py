"""What Cloud Functions reports: whether an operation failed, and whether a function serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.failures import function_failure, operation_failure
from funcpack.deploy.plan.backend import Description
from funcpack.deploy.plan.values import at
from funcpack.deployment_errors import FunctionOperationError, FunctionStateError

if TYPE_CHECKING:
    from funcpack.deploy.google.generations import Generation
    from funcpack.deploy.google.place import Place
    from funcpack.deploy.plan.values import Received

ACTIVE_STATE = "ACTIVE"
_CONSOLE = "https://console.cloud.google.com"


def verify_operation(received: Received, name: str, place: Place) -> None:
    """Check that an operation on the function `name` succeeded.

    Raises:
        FunctionOperationError: It failed.

    """
    failure = operation_failure(received.body)
    if failure:
        log = failure.log or _build_log(received.body, place) or _function_log(name, place)
        raise FunctionOperationError(name, failure.sentence, log)


def verify_state(received: Received, name: str, place: Place) -> None:
    """Check that a function is active.

    Raises:
        FunctionStateError: It is not.

    """
    failure = function_failure(received.body)
    if failure:
        raise FunctionStateError(name, failure.sentence, failure.log or _function_log(name, place))


def description(function: Any, generation: Generation, name: str, revision: str | None) -> Description:
    """Return what a function is, from its resource. `revision` is the one that serves, if the resource does not tell."""
    failure = function_failure(function)
    url = next((found for path in generation.urls if (found := at(function, path))), None)
    newest = at(function, generation.revision)
    reason = failure.sentence if failure else None
    return Description(name, generation.backend, url, revision or newest, ready=failure is None, reason=reason)


def _build_log(operation: Any, place: Place) -> str | None:
    """Return the address of the log of the build that the operation ran, or None if it has not started one."""
    parts = str(at(operation, "metadata.buildName") or "").split("/")
    if len(parts) != 6:
        return None
    return f"{_CONSOLE}/cloud-build/builds;region={parts[3]}/{parts[5]}?project={place.project}"


def _function_log(name: str, place: Place) -> str:
    return f"{_CONSOLE}/functions/details/{place.location}/{name}?tab=logs&project={place.project}"
