"""One call of an ASGI application: `receive` and `send` for one request.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from funcpack_invoker.applications.response import (
    BodyLength,
    Head,
    log_failure,
    new_head,
    send_whole,
    start,
)
from funcpack_invoker.errors import InvokerError, ReplyError, RequestError
from funcpack_invoker.http.body import too_large
from funcpack_invoker.http.incoming import IncomingBody
from funcpack_invoker.http.response import plain
from funcpack_invoker.http.sending import reply_to_error, send

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from funcpack_invoker.http.asgi import Header
    from funcpack_invoker.http.exchange import Exchange
    from funcpack_invoker.http.reception import Reception
    from funcpack_invoker.http.response import Reply


class ClientLeftError(ConnectionError):
    """The application streams a response to a client that has left."""


class AsgiCall:
    """A call of the application, which can last longer than its request: it may work on in the background.

    Attributes:
        over: set when nothing more will be sent: the response is complete, cannot be completed, or has lost its client.
        error: why the call failed; None if it did not.

    """

    def __init__(self, body: IncomingBody | Reception, exchange: Exchange, request_id: str, most_body: int) -> None:
        """Serve a request; its body may have `most_body` bytes."""
        self.over = asyncio.Event()
        self.error: BaseException | None = None
        self._body = body
        self._exchange = exchange
        self._request_id = request_id
        self._most_body = most_body
        self._received = 0
        self._has_received_all = False
        self._head: Head | None = None
        self._length = BodyLength(None)
        self._is_complete = False

    async def receive(self) -> dict[str, Any]:
        """Return the next event for the application: a part of the body, or that the request is over."""
        if not (self.over.is_set() or self._has_received_all):
            try:
                return await self._receive_body()
            except RequestError as error:
                # If the reason is that the client has left, this is known in the next iteration of the loop.
                await asyncio.sleep(0)
                if not self.over.is_set():
                    self.give_up(error)
        await self.over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send a part of the response.

        Raises:
            RuntimeError: if the message is not allowed here.
            ReplyError: if the response cannot be sent.
            ClientLeftError: for a stream whose client has left.

        """
        kind = message["type"]
        if self._is_complete:
            raise RuntimeError(f"unexpected ASGI message {kind!r}: the response is complete")
        if self.over.is_set():
            await _drop(message)
        elif kind == "http.response.start" and self._head is None:
            self._head = head = new_head(message["status"], _headers(message.get("headers", ())))
            self._length = BodyLength(None if self._exchange.omits_body(head.status) else head.length)
        elif kind == "http.response.body" and self._head is not None:
            body = message.get("body", b"")
            data = self._length.take(body if type(body) is bytes else memoryview(body).tobytes())
            await self._send_body(self._head, data, is_last=not message.get("more_body", False))
        else:
            raise RuntimeError(f"unexpected ASGI message {kind!r}")

    def end(self, error: BaseException | None) -> None:
        """Note that the application has returned, or raised an exception."""
        if error is None and not self.over.is_set():
            error = ReplyError("the application returned before its response was complete")
        if error is None or self.error is not None or isinstance(error, ClientLeftError):
            return
        self.error = error
        log_failure(error)
        if not self.over.is_set():
            self._answer(plain(500, "Internal Server Error"))

    def give_up(self, error: InvokerError) -> None:
        """End a request that cannot be received, or that takes too long."""
        self.error = error
        self._answer(reply_to_error(error))

    def _answer(self, reply: Reply) -> None:
        """Answer for the application, unless its response has begun: the rest of it is missing then."""
        if not self._exchange.status:
            send(self._exchange, reply, self._request_id)
        self.over.set()

    async def _receive_body(self) -> dict[str, Any]:
        body = self._body
        if isinstance(body, IncomingBody) and body.is_complete:
            data, more = body.take(), False
        else:
            data, more = await body.next_chunk()
        self._received += len(data)
        if self._received > self._most_body:
            raise too_large(self._most_body)
        self._has_received_all = not more
        return {"type": "http.request", "body": data, "more_body": more}

    async def _send_body(self, head: Head, data: bytes, *, is_last: bool) -> None:
        exchange = self._exchange
        if is_last and not exchange.status:
            self._length.end()
            await send_whole(exchange, head, data, self._request_id)
        elif is_last:
            self._length.end()
            await exchange.write(data)
            exchange.end()
        else:
            if not exchange.status:
                start(exchange, head, self._request_id)
            if data:
                await exchange.write(data)
            else:
                exchange.flush()
            # write() does not wait after the client has left: without this, an endless stream would block the loop.
            await asyncio.sleep(0)
            return
        self._is_complete = True
        self.over.set()


async def _drop(message: Mapping[str, Any]) -> None:
    """Drop a message that nobody waits for; end streams, which may have no other end."""
    if message.get("more_body", False):
        await asyncio.sleep(0)
        raise ClientLeftError("the client has left, or the call took longer than FUNCTION_TIMEOUT")


def _headers(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[Header]:
    for name, value in headers:
        yield name.lower(), value
