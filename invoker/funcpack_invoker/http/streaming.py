"""Sends a body chunk by chunk, as the function's generator or response yields them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from funcpack_invoker.http.response import encode_chunk, stream_header
from funcpack_invoker.threads.cancellation import is_being_cancelled
from funcpack_invoker.threads.run_in_context import RunInContext

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context as ContextVars

    from funcpack_invoker.http.exchange import Exchange
    from funcpack_invoker.http.response import Reply
    from funcpack_invoker.threads.pool import Outcome, ThreadPool


_END = object()


class Stream:
    """The chunks of a reply. Blocking iterators run on threads, with the context variables of the call."""

    def __init__(self, reply: Reply, context: ContextVars, threads: ThreadPool) -> None:
        self._reply = reply
        self._context = context
        self._threads = threads
        self._step: asyncio.Future[Outcome[Any]] | None = None

    async def send(self, exchange: Exchange) -> None:
        """Send the response.

        Nothing is sent before the first chunk is available, so that an error until then can still be answered.

        Raises:
            BaseException: any exception that the iterator raises; ReplyError for a chunk that is neither text nor bytes.

        """
        reply = self._reply
        with_body = not exchange.omits_body(reply.status)
        chunk = await self._next() if with_body else _END
        if with_body and not any(name == b"content-type" for name, _ in reply.headers):
            reply.headers.append(stream_header(chunk))
        data = b"" if chunk is _END else encode_chunk(chunk)
        exchange.start(reply.status, reply.headers)
        while chunk is not _END:
            await exchange.write(data)
            # write() does not wait after the client has left: without this, an endless stream would block the loop.
            await asyncio.sleep(0)
            chunk = await self._next()
            data = b"" if chunk is _END else encode_chunk(chunk)
        exchange.end()

    async def close(self) -> None:
        """Close the iterator, after its last step on a thread has ended."""
        close = self._reply.close
        chunks: Any = self._reply.chunks
        if isinstance(chunks, AsyncIterator):
            try:
                if hasattr(chunks, "aclose"):
                    await RunInContext(_await(chunks.aclose()), self._context)
            finally:
                if close is not None:
                    self._context.run(close)
        elif close is not None and not (self._step and self._step.cancelled()):
            # Not skipped, although nobody waits for it, if the client leaves before a thread is free.
            await asyncio.shield(self._threads.run(_call, close, self._context))

    async def _next(self) -> Any:
        chunks = self._reply.chunks
        if isinstance(chunks, AsyncIterator):
            try:
                return await RunInContext(_await(anext(chunks, _END)), self._context)
            except (GeneratorExit, asyncio.CancelledError) as error:
                if is_being_cancelled():
                    raise
                raise _raised_by_iterator(error) from error
        self._step = self._threads.run(_next_of, chunks, self._context, self._stepped)
        outcome = await self._step
        if isinstance(outcome.error, GeneratorExit | asyncio.CancelledError):
            raise _raised_by_iterator(outcome.error) from outcome.error
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def _stepped(self, _outcome: Outcome[Any]) -> None:
        """Close an iterator that was abandoned while it ran: it cannot be closed before that step has ended."""
        if self._step is not None and self._step.cancelled() and self._reply.close is not None:
            self._threads.run(_call, self._reply.close, self._context)


def _raised_by_iterator(error: BaseException) -> RuntimeError:
    """Return an error of the function for an exception that would otherwise mean the end of the request."""
    return RuntimeError(f"the iterator raised {type(error).__name__}")


def _next_of(iterator: Any) -> Any:
    return next(iterator, _END)


def _call(function: Callable[[], Any]) -> Any:
    return function()


async def _await(awaitable: Any) -> Any:
    return await awaitable
