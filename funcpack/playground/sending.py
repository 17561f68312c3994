"""Sends the requests of the page to the front, as any other client does, so that they are in the history."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from funcpack.calls.sending import Server, stream
from funcpack.command_errors import RejectedRequestError
from funcpack.dev_server.history import Exchange
from funcpack.playground.forms import with_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack.calls.answer import Head
    from funcpack.calls.request import Request
    from funcpack.dev_server.history import LogLine
    from funcpack.dev_server.server import DevServer

# Seconds until the history has a request whose answer has come to its end.
_UNTIL_RECORDED = 2.0

# Bytes of an answer that may be the reason of a rejection.
_REASON = 1000


async def send(server: DevServer, request: Request) -> Exchange:
    """Send a request and return what the history has of it.

    Raises:
        CommandError: The request cannot be sent, or it is rejected before it comes to the function.

    """
    request_id = uuid.uuid4().hex
    found: asyncio.Future[Exchange] = asyncio.get_running_loop().create_future()

    def listen(entry: Exchange | LogLine) -> None:
        if isinstance(entry, Exchange) and entry.id == request_id and not found.done():
            found.set_result(entry)

    answer = _Beginning()
    unsubscribe = server.history.subscribe(listen)
    try:
        await stream(Server.at(server.url), with_id(request, request_id), answer.begin)
        async with asyncio.timeout(_UNTIL_RECORDED):
            return await found
    except TimeoutError:
        raise RejectedRequestError(answer.status, answer.text) from None
    finally:
        unsubscribe()


class _Beginning:
    """The status of an answer, and the beginning of its body."""

    def __init__(self) -> None:
        self.status = 0
        self._body = b""

    @property
    def text(self) -> str:
        return self._body.decode(errors="replace").strip()

    def begin(self, head: Head) -> Callable[[bytes], None]:
        self.status = head.status
        return self._add

    def _add(self, data: bytes) -> None:
        self._body += data[: _REASON - len(self._body)]
