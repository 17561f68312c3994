"""What the log says about requests that are rejected."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

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
