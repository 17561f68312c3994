"""Sends replies: completes their headers, streams what is streamed, and keeps count for the access log."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from funcpack_invoker.errors import ReplyError
from funcpack_invoker.http.framing import WITHOUT_BODY
from funcpack_invoker.http.response import Reply, from_body, is_http_exception, plain
from funcpack_invoker.http.streaming import Stream

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from contextvars import Context

    from funcpack_invoker.http.asgi import Send
    from funcpack_invoker.threads.pool import ThreadPool


logger = logging.getLogger("funcpack")
access_logger = logging.getLogger("funcpack.access")

# The body of 205 is there, and empty (RFC 9110 section 15.3.6).
_WITHOUT_CONTENT = WITHOUT_BODY | {205}


def failed(error: BaseException) -> Reply:
    """Answer for a function that failed: the cause goes to the log alone."""
    if isinstance(error, ReplyError):
        logger.error("%s", error.reason)
    else:
        logger.error("the function failed", exc_info=error)
    return plain(500, "Internal Server Error")


def _answer(error: BaseException) -> Reply:
    return from_body(error) if is_http_exception(error) else failed(error)


def gave_up(timeout: float) -> Reply:
    """Answer for a function that took too long."""
    logger.error("the function took longer than %g s (FUNCTION_TIMEOUT)", timeout)
    return plain(504, "the function did not answer in time")


class Sender:
    """The response to one request."""

    __slots__ = ("_method", "_request_id", "_send", "status")

    def __init__(self, send: Send, method: str, request_id: str) -> None:
        self._send = send
        self._method = method
        self._request_id = request_id
        self.status = 0

    async def send(self, reply: Reply) -> None:
        """Send a reply whose body is there."""
        headers = reply.headers
        body = b"" if reply.status in _WITHOUT_CONTENT else reply.body
        if reply.status not in WITHOUT_BODY:
            headers.append((b"content-length", b"%d" % len(body)))
        self._complete(reply)
        await self._send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": b"" if self._method == "HEAD" else body})

    async def stream(self, reply: Reply, context: Context, threads: ThreadPool, seconds: float) -> None:
        """Send a reply whose body is made chunk by chunk, in so many seconds (0: without a limit).

        An error after its start cuts the connection, and so does the end of the time.
        """
        stream = Stream(reply, context, threads)
        with_body = self._method != "HEAD" and reply.status not in _WITHOUT_CONTENT
        try:
            async with asyncio.timeout(seconds or None) as limit:
                await stream.send(self._send, self._complete, with_body=with_body)
        except (GeneratorExit, asyncio.CancelledError):
            raise
        except BaseException as exc:  # noqa: BLE001 - sys.exit() in a generator must not end the worker
            answer = gave_up(seconds) if limit.expired() else _answer(exc)
            if not self.status:
                await self.send(answer)
        finally:
            await stream.close()

    def _complete(self, reply: Reply) -> None:
        """Add the id by which the log knows this request, unless the function set one of its own."""
        self.status = reply.status
        for name, _ in reply.headers:
            if name == b"x-request-id":
                return
        reply.headers.append((b"x-request-id", self._request_id.encode("latin-1")))


class AccessLog:
    """Logs a line for a request when it has been answered: method, path, status, time."""

    def __init__(self, scope: MutableMapping[str, Any]) -> None:
        # The query is left out: people put tokens there.
        self._what = f"{scope['method']} {scope['path']!r}"
        self._status: int | str = "-"
        self._start = time.perf_counter()

    def watch(self, send: Send) -> Send:
        """Give `send`, with the status taken down."""

        async def watching(message: dict[str, Any]) -> None:
            self._status = message.get("status", self._status)
            await send(message)

        return watching

    def write(self) -> None:
        """Log the line; the status is `-` where there was no answer."""
        milliseconds = (time.perf_counter() - self._start) * 1000
        access_logger.info("%s %s %.1f ms", self._what, self._status, milliseconds)
