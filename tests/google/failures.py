"""Failures that a test asks for, by the method and the number of the call."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Failure:
    """What goes wrong with a call."""


@dataclass(frozen=True)
class Status(Failure):
    """The answer has this status. With `is_done` the request takes effect all the same."""

    code: int
    message: str = "The test asked for this failure."
    retry_after: int | None = None
    is_done: bool = False


@dataclass(frozen=True)
class Cut(Failure):
    """The connection is closed without an answer. With `is_done` the request takes effect before."""

    is_done: bool = False


@dataclass(frozen=True)
class FailedOperation(Failure):
    """The operation that the call starts ends with an error (a code of `google.rpc.Code`), and nothing takes effect."""

    code: int = 13
    message: str = "An internal error has occurred."


@dataclass(frozen=True)
class NeverDone(Failure):
    """The operation that the call starts is never done."""


@dataclass(frozen=True)
class Empty(Failure):
    """The change takes effect at once, so that the answer is empty instead of an operation."""


@dataclass(frozen=True)
class FailedBuild(Failure):
    """The build that the call starts fails: of Cloud Build, or that of a function."""

    message: str = (
        'Build step failure: build step 0 "gcr.io/cloud-builders/docker" failed: step exited with non-zero status: 1'
    )
    status: str = "FAILURE"
    type: str = "USER_BUILD_STEP"


@dataclass(frozen=True)
class FailedRevision(Failure):
    """The revision that the call creates does not start, so that the service keeps the revision that was ready.

    With `is_silent` the operation itself ends well, and only the condition of the service tells.
    """

    message: str = "The user-provided container failed to start and listen on the port defined by the PORT=8080 environment variable."
    revision_reason: str = "HEALTH_CHECK_CONTAINER_ERROR"
    is_silent: bool = False


@dataclass
class _Rule:
    pattern: str
    failure: Failure
    call: int
    times: int | None
    seen: int = 0

    def applies(self, method: str) -> bool:
        """Count a call, and return whether it is to fail."""
        if not fnmatchcase(method, self.pattern):
            return False
        self.seen += 1
        return self.seen >= self.call and (self.times is None or self.seen < self.call + self.times)


@dataclass
class Failures:
    """The failures that a test asked for."""

    _rules: list[_Rule] = field(default_factory=list)

    def add(self, method: str, failure: Failure, call: int = 1, times: int | None = 1) -> None:
        """Let calls of a method fail: `method` is an id or a pattern such as `run.*`. Calls count from 1, from now on."""
        self._rules.append(_Rule(method, failure, call, times))

    def next(self, method: str) -> Failure | None:
        """Count a call and return its failure."""
        failures = [rule.failure for rule in self._rules if rule.applies(method)]
        return failures[0] if failures else None
