"""What the log says about requests that are rejected."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from funcpack_invoker.context import Context, current
from funcpack_invoker.errors import LimitError

if TYPE_CHECKING:
    from funcpack_invoker.errors import RequestError

logger = logging.getLogger("funcpack")


def log_rejection(error: RequestError) -> None:
    """Log a warning for a limit, which may have to be changed; anything else is the client's fault, and for debugging."""
    if isinstance(error, LimitError):
        logger.warning("%s", error.log_text)
    else:
        logger.debug("rejected a request with status %d: %s", error.status, error.reason)


def log_rejection_of(request_id: str, error: RequestError) -> None:
    """Log the rejection of a request that did not get as far as the application, with its id."""
    before = current.set(Context(request_id, None, None, None, ""))
    try:
        log_rejection(error)
    finally:
        current.reset(before)
