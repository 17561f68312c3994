"""Lets Flask complete a reply: `after_this_request` functions, the session, and what runs when a stream has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack_invoker.events.reply import EventReply
from funcpack_invoker.http.response import Reply, from_response, with_headers, with_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from flask import Flask, Response

    from funcpack_invoker.events.reply import AnyReply


def process(reply: Reply, app: Flask, process_response: Callable[[Response], Response]) -> Reply:
    """Return the reply that Flask makes of a reply.

    Args:
        reply: the function's; a stream's content type may be unknown until its first chunk.
        app: the application, whose response class is used.
        process_response: the application's method of this name.

    Raises:
        Exception: whatever `process_response` raises.

    """
    is_async = hasattr(reply.chunks, "__anext__")
    body: Any = reply.body if reply.chunks is None else reply.chunks
    if is_async:
        # Flask cannot iterate over it; functions that replace the body may.
        body = iter(())
    response = app.response_class(body, reply.status)
    response.headers.clear()
    for name, value in reply.headers:
        response.headers.add(name.decode(), value.decode("latin-1"))
    processed = process_response(response)
    completed = from_response(processed)
    if reply.chunks is None:
        return completed
    if processed.response is not body:
        _replace_stream(reply, completed)
    elif is_async:
        completed.chunks, completed.close = reply.chunks, reply.close
        at_end(completed, processed.close)
    else:
        # The chunks are encoded when they are sent: a stream of text and one of bytes have different content types.
        completed.chunks, completed.close = reply.chunks, _both(processed.close, reply.close)
    return completed


def process_event(reply: EventReply, app: Flask, process_response: Callable[[Response], Response]) -> AnyReply:
    """Return the reply that Flask makes of a reply event: functions can change its status and headers, or replace it.

    Raises:
        Exception: any exception that `process_response` raises, and ReplyError for an invalid status or header.

    """
    headers_only = with_headers(with_status(Reply(200), reply.status), reply.headers)
    completed = process(headers_only, app, process_response)
    if completed.body or completed.chunks is not None:
        return completed
    headers = [(name.decode(), value.decode("latin-1")) for name, value in completed.headers]
    return EventReply(reply.event, completed.status, headers)


def _replace_stream(reply: Reply, completed: Reply) -> None:
    """Close the function's stream instead of sending it."""
    if completed.chunks is not None:
        completed.close = _both(completed.close, reply.close)
    elif reply.close is not None:
        reply.close()


def at_end(reply: Reply, function: Callable[[], object]) -> None:
    """Call a function when a stream has ended and was closed, however it ended."""
    if hasattr(reply.chunks, "__anext__"):
        chunks: Any = reply.chunks
        reply.chunks = _AsyncStream(chunks, function)
    else:
        reply.close = _both(reply.close, function)


def _both(first: Callable[[], object] | None, second: Callable[[], object] | None) -> Callable[[], None]:
    def call() -> None:
        try:
            if first is not None:
                first()
        finally:
            if second is not None:
                second()

    return call


class _AsyncStream:
    """An async iterator that calls a function when it is closed."""

    def __init__(self, chunks: AsyncIterator[Any], closed: Callable[[], object]) -> None:
        self._chunks = chunks
        self._closed = closed

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    def __anext__(self) -> Awaitable[Any]:
        return self._chunks.__anext__()

    async def aclose(self) -> None:
        """Close the iterator, if it can be closed, then call the function."""
        try:
            close = getattr(self._chunks, "aclose", None)
            if close is not None:
                await close()
        finally:
            self._closed()
