"""Answers that are errors, as Google's APIs write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


@dataclass
class RejectionError(Exception):
    """An error answer. `is_mistake` marks requests that no client of this API would send, whatever the user configured."""

    code: int
    message: str
    status: str | None = None
    is_mistake: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """Return the JSON of the answer."""
        status = self.status or STATUSES.get(self.code, "UNKNOWN")
        return {"error": {"code": self.code, "message": self.message, "status": status}}


def mistake(message: str, code: int = 400) -> RejectionError:
    """Return the rejection of a request that does not fit the API."""
    return RejectionError(code, message, is_mistake=True)
