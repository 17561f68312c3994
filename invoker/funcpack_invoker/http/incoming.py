"""A request as it comes in: its header, and its body while it still arrives."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from funcpack_invoker.context import id_of_request
from funcpack_invoker.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.http.asgi import Scope

# Bytes that are kept for an application or for the next request; above it the client is not read from.
MOST_BUFFERED = 1 << 16


class IncomingBody:
    """The body of a request, between the connection that receives it and the application that reads it.

    Attributes:
        is_complete: whether all of it has arrived.
        is_awaited: whether the client waits for `100 Continue` before it sends the body.
        is_admitted: whether memory is reserved for what arrives.
        is_read_early: whether it is read before memory is reserved for it. Until then, it counts as one that arrives.
        most: the bytes that are kept for whoever reads it; above it the client is not read from.
        data: the bytes that have arrived and were not read yet.
        buffered: their number.

    """

    __slots__ = (
        "_cause",
        "_is_taken",
        "_taken",
        "_waiter",
        "data",
        "is_admitted",
        "is_awaited",
        "is_complete",
        "is_read_early",
        "most",
    )

    def __init__(self, taken: Callable[[], None], *, is_awaited: bool) -> None:
        self.data: bytes | bytearray = b""
        # Why no more of it arrives.
        self._cause: RequestError | None = None
        self._is_taken = False
        self._taken = taken
        self._waiter: asyncio.Future[None] | None = None
        self.is_awaited = is_awaited
        self.is_complete = False
        self.is_admitted = self.is_read_early = False
        self.most = MOST_BUFFERED

    @property
    def buffered(self) -> int:
        """The number of bytes that have arrived and were not read yet."""
        return len(self.data)

    def add(self, data: bytes) -> None:
        """Take some bytes that have arrived. They are joined: a list of a million small ones would take far more memory."""
        if not self.data:
            self.data = data
        else:
            if isinstance(self.data, bytes):
                self.data = bytearray(self.data)
            self.data += data
        self._wake()

    def complete(self) -> None:
        """Note that all of it has arrived."""
        self.is_complete = True
        self._wake()

    def cut(self, cause: RequestError) -> None:
        """Note that no more of it will arrive, and why; the first cause counts."""
        self._cause = self._cause or cause
        self._wake()

    def drop(self) -> None:
        """Forget the bytes that were not read yet. Nobody takes what is left for all of it."""
        self.data = b""
        self.is_complete = False

    def take(self) -> bytes:
        """Return the bytes that have arrived since the last time."""
        data, self.data = bytes(self.data), b""
        self._is_taken = self.is_complete
        return data

    async def next_chunk(self) -> tuple[bytes, bool]:
        """Return the next bytes, as soon as there are any, and whether more of the body follows.

        Raises:
            RequestError: the cause if no more of it arrives.

        """
        await self.next_arrival()
        data = self.take()
        if not self.is_complete:
            self._taken()
        return data, not self.is_complete

    async def next_arrival(self) -> None:
        """Wait until there are bytes to take.

        Raises:
            RequestError: the cause if no more of it arrives.

        """
        if not (self.data or self.is_complete or self._cause):
            await self._arrival()
        if self._is_taken or not (self.data or self.is_complete):
            raise self._cause or RequestError(408, "the body did not arrive in time")

    def pause(self) -> None:
        """Let nothing more of it arrive until `arrival` is awaited or `admit` is called."""
        self.most = 0

    def admit(self) -> None:
        """Note that memory is reserved for it; the client can send on."""
        self.is_admitted = True
        self.most = MOST_BUFFERED
        self._taken()

    async def arrival(self, most: int) -> None:
        """Wait until all of it has arrived, or more than `most` bytes.

        Raises:
            RequestError: the cause if no more of it arrives.

        """
        self.is_admitted = most > MOST_BUFFERED
        self.most = most
        while not (self.is_complete or self._cause or len(self.data) > most):
            await self._arrival()
        self.most = MOST_BUFFERED
        self.is_admitted = True
        if self._cause and not self.is_complete:
            raise self._cause

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
    """One request.

    Attributes:
        scope: its request line and header, in the form of ASGI's HTTP scope.
        headers: its fields by their names in lower case, the last of several.
        body: of it, which may still arrive.
        keeps_alive: whether the client keeps the connection for another request.
        id: its X-Request-Id, or a generated one.

    """

    __slots__ = ("body", "headers", "id", "keeps_alive", "scope")

    def __init__(self, scope: Scope, headers: dict[bytes, bytes], body: IncomingBody, *, keeps_alive: bool) -> None:
        self.scope = scope
        self.headers = headers
        self.body = body
        self.keeps_alive = keeps_alive
        self.id = id_of_request(headers)
