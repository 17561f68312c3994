"""The front: hands each request on to the function's process, and its answer back, both while they arrive.

It stands behind the invoker's own connections, so it rejects what an image rejects. It changes nothing but hop-by-hop fields.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from funcpack.dev_server.headers import answer_headers, request_head
from funcpack.dev_server.problem import Problem
from funcpack.dev_server.recording import Recording
from funcpack.dev_server.upstream import UpstreamError
from funcpack_invoker.errors import RequestError
from funcpack_invoker.http.response import Reply, plain
from funcpack_invoker.http.sending import add_request_id, reply_to_error

if TYPE_CHECKING:
    from funcpack.dev_server.history import History
    from funcpack.dev_server.route import Route
    from funcpack.dev_server.upstream import Upstream, UpstreamConnection
    from funcpack_invoker.http.exchange import Exchange
    from funcpack_invoker.http.incoming import IncomingRequest

_LAST_CHUNK = b"0\r\n\r\n"


class Front:
    """Answers the requests to the function. `answer` is an application for the invoker's connections."""

    def __init__(self, route: Route, history: History) -> None:
        self._route = route
        self._history = history

    async def answer(self, request: IncomingRequest, exchange: Exchange) -> None:
        """Answer a request by the function's process, or if there is none, with the problem."""
        recording = Recording(self._history, request)
        try:
            target = await self._route.target()
            if isinstance(target, Problem):
                _respond(_reply_to_problem(target, request), exchange, recording)
            else:
                await self._forward(request, exchange, target, recording)
        except RequestError as error:
            if not exchange.status:
                _respond(reply_to_error(error), exchange, recording)
        except UpstreamError:
            if not exchange.status:
                _respond(plain(502, "the process of the function ended before it answered"), exchange, recording)
        finally:
            recording.finish(is_complete=exchange.is_complete)

    async def _forward(
        self, request: IncomingRequest, exchange: Exchange, upstream: Upstream, recording: Recording
    ) -> None:
        """Send a request to the function's process, and its answer to the client.

        Raises:
            RequestError: The client does not send the rest of its body.
            UpstreamError: The process does not send the rest of its answer.

        """
        connection = await upstream.acquire()
        upload: asyncio.Task[None] | None = None
        try:
            recording.hand_over(upstream.version, takes_events=upstream.takes_events)
            upload = _send(request, connection, recording)
            head = await connection.head()
            headers = answer_headers(head.headers)
            recording.answer(head.status, headers)
            exchange.start(head.status, headers)
            await _relay(connection, exchange, recording)
            exchange.end()
        except BaseException:
            connection.abort()
            raise
        finally:
            if upload is not None and not upload.done():
                # It has answered without the rest of the body.
                upload.cancel()
                connection.abort()
            upstream.release(connection)


def _send(request: IncomingRequest, connection: UpstreamConnection, recording: Recording) -> asyncio.Task[None] | None:
    """Send a request; return the task that sends the rest of its body, if it has not arrived yet."""
    head = request_head(request)
    is_head = request.scope["method"] == "HEAD"
    body, is_chunked = request.body, b"transfer-encoding" in request.headers
    if not body.is_complete:
        connection.send(head, is_head=is_head)
        return asyncio.get_running_loop().create_task(_upload(request, connection, recording, is_chunked=is_chunked))
    data = body.take()
    if data:
        recording.add_to_request(data)
    if is_chunked:
        data = _chunk(data) + _LAST_CHUNK
    connection.send(head + data, is_head=is_head)
    return None


async def _upload(
    request: IncomingRequest, connection: UpstreamConnection, recording: Recording, *, is_chunked: bool
) -> None:
    """Send a body on while it arrives; a client that waits for `100 Continue` gets it when the process asks for the body."""
    try:
        if request.body.is_awaited:
            await connection.continued()
        more = True
        while more:
            data, more = await request.body.next_chunk()
            recording.add_to_request(data)
            await connection.write(_chunk(data) if is_chunked else data)
        if is_chunked:
            await connection.write(_LAST_CHUNK)
    except RequestError as error:
        connection.fail(error)


async def _relay(connection: UpstreamConnection, exchange: Exchange, recording: Recording) -> None:
    """Send the body of an answer on while it arrives."""
    if not connection.has_news:
        exchange.flush()
    while data := await connection.chunk():
        recording.add_to_answer(data)
        await exchange.write(data)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def _reply_to_problem(problem: Problem, request: IncomingRequest) -> Reply:
    headers, body = problem.answer(request.headers.get(b"accept", b""))
    return Reply(500, headers, body)


def _respond(reply: Reply, exchange: Exchange, recording: Recording) -> None:
    """Send an answer of the front itself."""
    add_request_id(reply.headers, recording.request_id)
    recording.answer(reply.status, reply.headers)
    if not exchange.omits_body(reply.status):
        recording.add_to_answer(reply.body)
    exchange.respond(reply.status, reply.headers, reply.body)
