"""What the invoker knows of one call: the function's `context`, and the call that log lines belong to."""

from __future__ import annotations

import logging
import random
import re
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# https://www.w3.org/TR/trace-context/#traceparent-header (version 00; later ones may have more behind it)
_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")

logger = logging.getLogger("function")


class Context:
    """One call of the function.

    `request_id` is the X-Request-Id of the request, or one that was made; `traceparent` and `tracestate` are those of
    W3C Trace Context, None where the request has no valid ones; `deadline` is when the call is given up (aware, UTC;
    None without FUNCTION_TIMEOUT); `handler` is the name of the function.
    """

    __slots__ = ("deadline", "handler", "logger", "request_id", "traceparent", "tracestate")

    def __init__(
        self, request_id: str, traceparent: str | None, tracestate: str | None, deadline: datetime | None, handler: str
    ) -> None:
        self.request_id = request_id
        self.traceparent = traceparent
        self.tracestate = tracestate
        self.deadline = deadline
        self.handler = handler
        self.logger = logger

    def __repr__(self) -> str:
        """Show the values."""
        return f"Context({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


current: ContextVar[Context | None] = ContextVar("funcpack_call", default=None)


def new_context(headers: Mapping[bytes, bytes], handler: str, timeout: float) -> Context:
    """Make the context of a request from its headers (names in lower case) and the timeout in seconds (0: none)."""
    traceparent = headers.get(b"traceparent")
    parent = valid_traceparent(traceparent.decode("latin-1")) if traceparent else None
    state = headers.get(b"tracestate") if parent else None
    return Context(
        _request_id(headers.get(b"x-request-id")),
        parent,
        state.decode("latin-1") if state else None,
        deadline(timeout),
        handler,
    )


def deadline(timeout: float) -> datetime | None:
    """Give the moment at which a call that begins now is given up; None without a timeout (seconds; 0: none)."""
    return datetime.now(UTC) + timedelta(seconds=timeout) if timeout else None


def valid_traceparent(text: str) -> str | None:
    """Give a traceparent back if it is one (W3C Trace Context, section 3.2)."""
    match = _TRACEPARENT.fullmatch(text)
    if match is None or (match[1] == "00" and match[2]):
        return None
    return text


def _request_id(given: bytes | None) -> str:
    if given:
        text = given.decode("latin-1")
        if _REQUEST_ID.fullmatch(text):
            return text
    # An id for logs, not a secret: no system call for it.
    return f"{random.getrandbits(128):032x}"
