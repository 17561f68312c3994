"""Answers of the API server that are failures, as errors.

See https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from funcpack.deploy.plan.values import at
from funcpack.deployment_errors import (
    ClusterPermissionError,
    FieldConflict,
    FieldConflictError,
    MissingKindError,
    MissingNamespaceError,
    Permission,
    RejectedManifestError,
    UnexpectedClusterAnswerError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack.command_errors import CommandError
    from funcpack.deploy.kubernetes.resources import Resource
    from funcpack.deploy.plan.values import Received

# What an execution does not send again, and what is not about the credentials.
FAILURES = frozenset(range(400, 501)) - {401, 429}

_DENIED = re.compile(
    r'User "(?P<user>[^"]+)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]+)")?'
)
_CONFLICT = re.compile(r'conflict with "(?P<manager>[^"]+)"')


def rejection(purpose: str, received: Received) -> CommandError:
    """Return the error for an answer that is not acceptable. `purpose` is that of the step."""
    return _permission_error(received) or UnexpectedClusterAnswerError(purpose, received.status, message(received))


def applied(kind: Resource, name: str, namespace: str) -> Callable[[Received], None]:
    """Return a check of the answer to server-side apply."""

    def check(received: Received) -> None:
        if received.status < 300:
            return
        if error := _permission_error(received):
            raise error
        if received.status == 404:
            if at(received.body, "details.kind") == "namespaces":
                raise MissingNamespaceError(namespace)
            raise MissingKindError(kind.api_version, kind.kind)
        if conflicts := _conflicts(received):
            raise FieldConflictError(kind.kind, name, namespace, conflicts)
        raise RejectedManifestError(kind.kind, name, namespace, message(received))

    return check


def message(received: Received) -> str:
    """Return the message of an answer that reports a failure, on one line."""
    text = at(received.body, "message") or received.body
    return " ".join(text.split()).rstrip(".") if text and isinstance(text, str) else received.phrase


def _conflicts(received: Received) -> tuple[FieldConflict, ...]:
    causes: list[dict[str, Any]] = at(received.body, "details.causes") or []
    matches = [(cause, _CONFLICT.search(cause.get("message", ""))) for cause in causes]
    return tuple(FieldConflict(cause.get("field", ""), match["manager"]) for cause, match in matches if match)


def _permission_error(received: Received) -> ClusterPermissionError | None:
    """Return an error if a role is missing. Quotas and admission answer 403, too."""
    denied = _DENIED.search(message(received)) if received.status == 403 else None
    if denied is None:
        return None
    resource = f"{denied['resource']}.{denied['group']}" if denied["group"] else denied["resource"]
    permission = Permission(resource, (denied["verb"],))
    return ClusterPermissionError(denied["user"], denied["namespace"] or "", (permission,))
