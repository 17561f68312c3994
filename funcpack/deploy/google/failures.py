"""Why something at Google failed, as one sentence and the address of a log: of operations, builds, services and functions.

The functions take the JSON of a resource and return None if it does not report a failure. That is not a proof of success.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from funcpack.deploy.google.rejections import without_secrets
from funcpack.deploy.plan.values import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
_CODES = {
    1: "CANCELLED",
    2: "UNKNOWN",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    10: "ABORTED",
    11: "OUT_OF_RANGE",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    15: "DATA_LOSS",
    16: "UNAUTHENTICATED",
}
# Messages end with such parts. The address is shown apart, and the pages about troubleshooting are not needed.
_LOG = re.compile(
    r"\s*(?:Logs URL:|For more details see the logs at|Please visit)\s*(https://\S+?)(?=[.,]?(?:\s|$))[.,]?"
)
_PAGE = re.compile(r"\s*For more information,? see https://\S+")
_FAILED_BUILDS = frozenset({"FAILURE", "INTERNAL_ERROR", "TIMEOUT", "CANCELLED", "EXPIRED"})


class Failure(NamedTuple):
    """A sentence, and the address of the log if there is one."""

    sentence: str
    log: str | None


def operation_failure(operation: Any) -> Failure | None:
    """Return why an operation failed. The build in its metadata tells more than the operation itself.

    See https://google.aip.dev/151.
    """
    error = at(operation, "error")
    if not error:
        return None
    build = build_failure(at(operation, "metadata.build"))
    if build:
        return build
    failure = _failure([at(error, "message")], _CODES.get(at(error, "code"), "UNKNOWN"))
    return failure._replace(log=failure.log or _stage_log(at(operation, "metadata.stages") or ()))


def build_failure(build: Any) -> Failure | None:
    """Return why a build of Cloud Build failed, and in which step.

    See https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds.
    """
    status = at(build, "status")
    if status not in _FAILED_BUILDS:
        return None
    detail = at(build, "failureInfo.detail") or at(build, "statusDetail")
    failure = _failure([_failed_step(at(build, "steps") or ()), detail], at(build, "failureInfo.type") or status)
    return failure._replace(log=at(build, "logUrl") or failure.log)


def service_failure(service: Any) -> Failure | None:
    """Return why a service or a revision of Cloud Run is not ready: the final condition, and those that caused it.

    See https://cloud.google.com/run/docs/reference/rest/v2/Condition.
    """
    terminal = at(service, "terminalCondition")
    conditions = [condition for condition in (terminal, *(at(service, "conditions") or ())) if condition]
    failed = [condition for condition in conditions if condition.get("state") == "CONDITION_FAILED"]
    if not failed or (terminal and terminal.get("state") != "CONDITION_FAILED"):
        return None
    reasons = [condition.get(key) for condition in failed for key in ("revisionReason", "executionReason", "reason")]
    return _failure([condition.get("message") for condition in failed], next(filter(None, reasons), "UNKNOWN"))


def function_failure(function: Any) -> Failure | None:
    """Return why a function is not active: its state (second generation) or status (first), and the messages about it.

    See https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions#state.
    """
    state = at(function, "state") or at(function, "status") or "UNKNOWN"
    if state == "ACTIVE":
        return None
    messages = [at(message, "message") for message in at(function, "stateMessages") or ()]
    return _failure(messages, state) if any(messages) else Failure(f"The state is {state}.", None)


def _failure(messages: Iterable[str | None], reason: str) -> Failure:
    """Return the failure of some messages, each of them once."""
    texts = [without_secrets(" ".join(message.split())) for message in messages if message]
    logs = [address for text in texts for address in _LOG.findall(text)]
    plain = dict.fromkeys(_PAGE.sub("", _LOG.sub("", text)).strip().rstrip(".") for text in texts)
    sentences = ". ".join(text for text in plain if text)
    return Failure(
        f"{sentences} ({reason})." if sentences else f"The status is {reason}, without a message.",
        next(iter(logs), None),
    )


def _failed_step(steps: Iterable[Mapping[str, Any]]) -> str | None:
    """Return which step of a build failed. Its arguments are not shown, because they may contain secrets."""
    numbered = [(number, step) for number, step in enumerate(steps) if step.get("status") in _FAILED_BUILDS]
    if not numbered:
        return None
    number, step = numbered[0]
    exit_code = f", exit code {step['exitCode']}" if step.get("exitCode") else ""
    return f"Step {number} failed: {step.get('id') or step.get('name')}{exit_code}"


def _stage_log(stages: Iterable[Any]) -> str | None:
    """Return the address of the stage that failed: the operations of Cloud Functions contain it."""
    failed = (
        stage for stage in stages if any(at(entry, "severity") == "ERROR" for entry in at(stage, "stateMessages") or ())
    )
    addresses = (at(stage, "resourceUri") for stage in failed)
    return next((address for address in addresses if address and address.startswith("https://")), None)
