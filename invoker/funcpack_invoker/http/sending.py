"""Sends replies: whole, or streamed, and in the place of an error the reply that answers it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from funcpack_invoker.errors import CallTimeoutError, ReplyError, RequestError
from funcpack_invoker.http.rejections import log_rejection
from funcpack_invoker.http.response import Reply, from_body, is_http_exception, plain, server_error
from funcpack_invoker.http.streaming import Stream

if TYPE_CHECKING:
    from contextvars import Context as ContextVars

    from funcpack_invoker.http.asgi import Header
    from funcpack_invoker.http.exchange import Exchange
    from funcpack_invoker.threads.pool import ThreadPool

logger = logging.getLogger("funcpack")


def reply_to_error(error: BaseException) -> Reply:
    """Return the reply that answers an error. The cause of a 5xx goes to the log alone."""
    if isinstance(error, RequestError):
        log_rejection(error)
        return plain(error.status, error.reason, *error.headers)
    if is_http_exception(error):
        return from_body(error)
    if isinstance(error, CallTimeoutError):
        logger.error("%s", error)
        return plain(504, f"the {error.called} did not answer in time")
    if isinstance(error, ReplyError):
        logger.error("%s", error.reason)
    else:
        logger.error("the function failed", exc_info=error)
    return server_error()


def send(exchange: Exchange, reply: Reply, request_id: str) -> None:
    """Send a reply whose body is whole."""
    add_request_id(reply.headers, request_id)
    exchange.respond(reply.status, reply.headers, reply.body)


async def send_stream(
    exchange: Exchange, reply: Reply, request_id: str, variables: ContextVars, threads: ThreadPool, seconds: float
) -> None:
    """Send a reply whose body is made chunk by chunk, in so many seconds (0: without a limit).

    An error before the first chunk is answered. One after it cuts the connection, and so does the end of the time.
    """
    add_request_id(reply.headers, request_id)
    stream = Stream(reply, variables, threads)
    try:
        async with asyncio.timeout(seconds or None) as limit:
            await stream.send(exchange)
    except (GeneratorExit, asyncio.CancelledError):
        raise
    except BaseException as error:  # noqa: BLE001 - sys.exit() in a generator must not end the worker
        answer = reply_to_error(CallTimeoutError(seconds) if limit.expired() else error)
        if not exchange.status:
            send(exchange, answer, request_id)
    finally:
        await stream.close()


def add_request_id(headers: list[Header], request_id: str) -> None:
    """Add the id by which the log knows this request, unless there is one already."""
    for name, _ in headers:
        if name == b"x-request-id":
            return
    headers.append((b"x-request-id", request_id.encode("latin-1")))
