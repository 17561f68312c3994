"""What exists on the test server: projects, resources, operations, policies. The handlers of the methods change it."""

from __future__ import annotations

import base64
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.google.failures import Empty, FailedOperation, Failure, Failures, NeverDone
from tests.google.rejections import RejectionError

if TYPE_CHECKING:
    from tests.google.discovery import Method

PROJECT = "my-project"
NUMBER = "123456789012"
TYPE = "type.googleapis.com/"

Resource = dict[str, Any]
# Makes the change of an operation and returns its response, or raises a RejectionError that becomes its error.
Finish = Callable[[], Resource]
# Lets a resource show that an operation on it has failed, with the message.
Fail = Callable[[str], None]


@dataclass
class Call:
    """A request that fits a method."""

    method: Method
    parameters: dict[str, str]
    query: dict[str, str]
    repeated: dict[str, list[str]]
    body: Any
    content: bytes
    headers: dict[str, str]
    failure: Failure | None

    def __getitem__(self, name: str) -> str:
        """Return a parameter of the path."""
        return self.parameters[name]


@dataclass
class Operation:
    """A long-running operation on `target`. It ends after `polls` GET requests, or never if that is None."""

    resource: Resource
    target: str
    polls: int | None
    finish: Finish

    def poll(self) -> None:
        """Count a GET request."""
        if self.polls is None or self.resource.get("done"):
            return
        if self.polls:
            self.polls -= 1
        else:
            self.end()

    def end(self) -> None:
        """Make the change, if it is not made yet."""
        if self.resource.get("done"):
            return
        self.resource["done"] = True
        try:
            self.resource["response"] = self.finish()
        except RejectionError as rejection:
            self.resource["error"] = {"code": rejection.code, "message": rejection.message}


@dataclass
class World:
    """The state of the server. `polls` is how many GET requests an operation that starts now takes before the one that ends it."""

    url: str
    polls: int = 1
    failures: Failures = field(default_factory=Failures)
    # Project ids and numbers.
    projects: dict[str, str] = field(default_factory=lambda: {PROJECT: NUMBER})
    # Permissions that the caller lacks, such as `run.services.create`.
    denied: set[str] = field(default_factory=set)
    # Service accounts that do not exist; all others do.
    missing_accounts: set[str] = field(default_factory=set)
    # Names of services and functions whose address fails, with a status or NEVER. `TAG---NAME` is the address of a tag.
    serving: dict[str, int] = field(default_factory=dict)
    # Tags of images in the registry, by `repository:tag`, with their digests.
    images: dict[str, str] = field(default_factory=dict)
    services: dict[str, Resource] = field(default_factory=dict)
    revisions: dict[str, Resource] = field(default_factory=dict)
    # The templates of the revisions, by the names of these.
    templates: dict[str, Resource] = field(default_factory=dict)
    functions: dict[str, Resource] = field(default_factory=dict)
    # The sources of the first generation's functions, by name and version.
    versions: dict[tuple[str, str], Resource] = field(default_factory=dict)
    # How often a first-generation function was deployed, failures included.
    attempts: Counter[str] = field(default_factory=Counter)
    builds: dict[str, Resource] = field(default_factory=dict)
    repositories: dict[str, Resource] = field(default_factory=dict)
    buckets: dict[str, Resource] = field(default_factory=dict)
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    # Uploads to signed URLs, by id. None until the upload.
    uploads: dict[str, bytes | None] = field(default_factory=dict)
    policies: dict[str, Resource] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    log_entries: list[Resource] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def number(self) -> int:
        """Return a number that was not used before."""
        return next(self._numbers)

    def now(self) -> str:
        """Return a time, later than all before."""
        start = datetime(2026, 11, 1, tzinfo=UTC)
        return (start + timedelta(seconds=self.number())).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def project_id(self, name: str) -> str:
        """Return the id of a project by its id or number.

        Raises:
            RejectionError: if there is no such project, or the caller may not know about it.

        """
        for project, number in self.projects.items():
            if name in {project, number}:
                return project
        raise RejectionError(403, f"Permission denied on resource project {name}.")

    def canonical(self, name: str) -> str:
        """Return the name of a resource with the id of the project."""
        collection, project, *rest = name.split("/")
        if collection != "projects" or project == "-":
            return name
        return "/".join([collection, self.project_id(project), *rest])

    def start(
        self,
        call: Call,
        name: str,
        metadata: Resource,
        finish: Finish,
        target: str = "",
        *,
        fail: Fail = lambda _message: None,
    ) -> Resource:
        """Return an operation that makes a change, of a target, when it ends, or calls `fail` if the test asked for that."""
        failure = call.failure
        if isinstance(failure, FailedOperation):
            finish = _failing(failure, fail)
        polls = None if isinstance(failure, NeverDone) else self.polls
        operation = Operation({"name": name, "metadata": metadata}, target, polls, finish)
        if isinstance(failure, Empty):
            operation.end()
            return {}
        self.operations[name] = operation
        if polls == 0:
            operation.end()
        return operation.resource

    def operation(self, name: str) -> Resource:
        """Return an operation, and count the request.

        Raises:
            RejectionError: if there is none of this name.

        """
        if name not in self.operations:
            raise RejectionError(404, f"Operation '{name}' was not found.")
        self.operations[name].poll()
        return self.operations[name].resource

    def touch(self, resource: str) -> None:
        """Count a GET request for a resource as one for the operations on it: time passes whatever a client looks at."""
        for operation in list(self.operations.values()):
            if operation.target == resource:
                operation.poll()

    def settle(self, resource: str) -> None:
        """End the operations on a resource, as if time had passed."""
        for operation in list(self.operations.values()):
            if operation.polls is not None and operation.target == resource:
                operation.end()

    def unique(self, prefix: str = "") -> str:
        """Return an id, as the names of operations have it."""
        return prefix + base64.urlsafe_b64encode(f"operation-{self.number():06}".encode()).decode().rstrip("=")


def _failing(failure: FailedOperation, fail: Fail) -> Finish:
    def finish() -> Resource:
        fail(failure.message)
        raise RejectionError(failure.code, failure.message)

    return finish


def typed(message: str, resource: Resource) -> Resource:
    """Return a message with its type, as operations contain it, for example of `google.cloud.run.v2.Service`."""
    return {"@type": TYPE + message, **resource}


def found(resources: dict[str, Resource], name: str) -> Resource:
    """Return a resource by its name.

    Raises:
        RejectionError: if it does not exist.

    """
    if name not in resources:
        raise RejectionError(404, f"Resource '{name}' was not found.")
    return resources[name]
