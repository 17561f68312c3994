"""A request as it comes in: its ASGI scope, and its body while it still arrives."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.http.asgi import Message, Scope


class IncomingBody:
    """The body of a request, between the connection that receives it and the application that reads it.

    Attributes:
        is_complete: whether all of it has arrived.
        is_awaited: whether the client waits for `100 Continue` before it sends the body.
        buffered: the bytes that have arrived and were not read yet.

    """

    __slots__ = ("_data", "_is_cut", "_is_read", "_taken", "_waiter", "is_awaited", "is_complete")

    def __init__(self, taken: Callable[[], None], *, is_awaited: bool) -> None:
        self._data: bytes | bytearray = b""
        self._is_cut = False
        self._is_read = False
        self._taken = taken
        self._waiter: asyncio.Future[None] | None = None
        self.is_awaited = is_awaited
        self.is_complete = False

    @property
    def buffered(self) -> int:
        """The bytes that have arrived and were not read yet."""
        return len(self._data)

    def add(self, data: bytes) -> None:
        """Take some bytes that have arrived. They are joined: a list of a million small ones would take far more memory."""
        if not self._data:
            self._data = data
        else:
            if isinstance(self._data, bytes):
                self._data = bytearray(self._data)
            self._data += data
        self._wake()

    def complete(self) -> None:
        """Note that all of it has arrived."""
        self.is_complete = True
        self._wake()

    def cut(self) -> None:
        """Note that no more of it will arrive: the client left, or took too long."""
        self._is_cut = True
        self._wake()

    async def receive(self) -> Message:
        """Return the bytes that have arrived, as soon as there are any (ASGI's `receive`)."""
        if not (self._data or self.is_complete or self._is_cut):
            await self._arrival()
        if self._is_read or not (self._data or self.is_complete):
            return {"type": "http.disconnect"}
        data, self._data = bytes(self._data), b""
        self._is_read = self.is_complete
        if not self._is_read:
            self._taken()
        return {"type": "http.request", "body": data, "more_body": not self._is_read}

    async def _arrival(self) -> None:
        self._taken()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class IncomingRequest:
    """One request: its ASGI `scope`, its `body`, and whether the client keeps the connection for another one."""

    __slots__ = ("body", "keeps_alive", "scope")

    def __init__(self, scope: Scope, body: IncomingBody, *, keeps_alive: bool) -> None:
        self.scope = scope
        self.body = body
        self.keeps_alive = keeps_alive
