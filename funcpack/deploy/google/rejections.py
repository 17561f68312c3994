"""Answers that are failures: what the error JSON of Google's APIs says, as an error. See https://google.aip.dev/193."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from funcpack.deploy.plan.values import at
from funcpack.deployment_errors import (
    PermissionDeniedError,
    RejectedCredentialsError,
    RejectedRequestError,
    ServiceDisabledError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.deploy.plan.values import Received

# What a message may repeat of a request: the signature of an address, and the token.
_SECRET = re.compile(r"(?P<name>signature=|bearer )[^&\s'\",]+", re.IGNORECASE)

_ERRORS: Mapping[int, type[RejectedRequestError]] = {401: RejectedCredentialsError, 403: PermissionDeniedError}


def rejection(purpose: str, received: Received, *, is_authorized: bool = True) -> RejectedRequestError:
    """Return the error for an answer that is not acceptable. `purpose` is that of the step.

    An answer 401 or 403 to a request without credentials does not concern those of the user.
    """
    error = _error(received.body)
    reason = _text(error.get("status")) or received.phrase
    message = _message(error) or _redirect(received) or f"the server answered {received.status}"
    disabled = _detail(error, "reason", "SERVICE_DISABLED")
    if disabled:
        service = _text(at(disabled, "metadata.service")) or "SERVICE"
        project = (_text(at(disabled, "metadata.consumer")) or "").removeprefix("projects/")
        return ServiceDisabledError(purpose, received.status, message, reason, service, project or None)
    error_type = _ERRORS.get(received.status, RejectedRequestError) if is_authorized else RejectedRequestError
    return error_type(purpose, received.status, message, reason)


def without_secrets(text: str) -> str:
    """Return a message of a server without the signatures and tokens that it repeats."""
    return _SECRET.sub(r"\g<name>...", text)


def _error(body: Any) -> Mapping[str, Any]:
    """Return the object with the message. Streaming methods wrap it in an array, and registries send a list `errors`."""
    document = at(body, "[0]") or body
    error = at(document, "error") or at(document, "errors[0]")
    if isinstance(error, str):  # https://www.rfc-editor.org/rfc/rfc6749#section-5.2
        return {"message": _text(at(document, "error_description")) or error}
    return error if isinstance(error, dict) else {}


def _message(error: Mapping[str, Any]) -> str | None:
    """Return the message with the fields that it leaves out."""
    message = _text(error.get("message"))
    violations = at(_detail(error, "fieldViolations"), "fieldViolations") or []
    fields = [f"{at(entry, 'field') or 'request'}: {at(entry, 'description')}" for entry in violations]
    missing = [field for field in fields if not message or field.partition(": ")[2] not in message]
    return "; ".join([*([message] if message else []), *missing]) or None


def _detail(error: Mapping[str, Any], field: str, value: str | None = None) -> Mapping[str, Any]:
    """Return the first of the details that has a field, with this value if one is given."""
    details = [entry for entry in error.get("details") or [] if isinstance(entry, dict) and field in entry]
    return next((entry for entry in details if value is None or entry[field] == value), {})


def _redirect(received: Received) -> str | None:
    """Return the message for a redirect. Its address is not shown, because it may be signed."""
    is_redirect = 300 <= received.status < 400
    return "the server redirects to another address, which is not followed" if is_redirect else None


def _text(value: Any) -> str | None:
    """Return a text on one line without secrets, or None."""
    return without_secrets(" ".join(value.split())) or None if isinstance(value, str) else None
