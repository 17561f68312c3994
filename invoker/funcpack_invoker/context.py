"""The function's `context`, and the context variable by which log lines find their call."""

from __future__ import annotations

import logging
import random
import re
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# https://www.w3.org/TR/trace-context/#traceparent-header (version 00; later versions may append fields)
_TRACEPARENT = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[0-9A-Za-z._~-]*)?"
)
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")

logger = logging.getLogger("function")


class Context:
    """One call of the function.

    Attributes:
        request_id: the X-Request-Id of the request, or a generated one.
        traceparent: of W3C Trace Context; None if the request has no valid one.
        tracestate: the same.
        deadline: when the call times out (aware, UTC); None without FUNCTION_TIMEOUT.
        handler: the name of the function.
        logger: a logger for the function.

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


def new_context(request_id: str, headers: Mapping[bytes, bytes], handler: str, timeout: float) -> Context:
    """Return the context of a request with these headers (names in lower case); `timeout` is in seconds, 0 for none."""
    traceparent = headers.get(b"traceparent")
    parent = valid_traceparent(traceparent.decode("latin-1")) if traceparent else None
    state = headers.get(b"tracestate") if parent else None
    return Context(
        request_id,
        parent,
        state.decode("latin-1") if state else None,
        deadline(timeout),
        handler,
    )


def deadline(timeout: float) -> datetime | None:
    """Return when a call that starts now times out; None without a timeout (in seconds, 0 for none)."""
    return datetime.now(UTC) + timedelta(seconds=timeout) if timeout else None


def valid_traceparent(text: str) -> str | None:
    """Return a traceparent if it is valid, else None (W3C Trace Context, section 3.2)."""
    match = _TRACEPARENT.fullmatch(text)
    if match is None or (match[1] == "00" and match[2]):
        return None
    return text


def id_of_request(headers: Mapping[bytes, bytes]) -> str:
    """Return the X-Request-Id of a request with these headers (names in lower case), or a new one."""
    given = headers.get(b"x-request-id")
    if given:
        text = given.decode("latin-1")
        if _REQUEST_ID.fullmatch(text):
            return text
    # The id is for logs and need not be secret, so it does not cost a system call.
    return f"{random.getrandbits(128):032x}"
