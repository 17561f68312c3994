"""What the connections of a worker have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, Self, TypeVar

from funcpack_invoker.http.held import Held
from funcpack_invoker.http.outbox import Outbox

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from funcpack_invoker.http.exchange import Exchange
    from funcpack_invoker.http.forwarded import TrustedProxies
    from funcpack_invoker.http.incoming import IncomingRequest
    from funcpack_invoker.http.limits import WireLimits

    Application = Callable[[IncomingRequest, Exchange], Awaitable[None]]

# Bytes that are read from a connection at a time.
MOST_READ = 1 << 16


class Closable(Protocol):
    """What a service has many of."""

    @property
    def is_new(self) -> bool:
        """Whether it has been idle for a moment only."""

    def close(self) -> None:
        """End it."""

    def let_go(self) -> None:
        """End it, because others need the memory that its request takes, which has not arrived."""

    def abort(self) -> None:
        """End it at once."""


Connection = TypeVar("Connection", bound=Closable)


class Service(NamedTuple, Generic[Connection]):
    """What the connections of a worker have in common.

    Attributes:
        application: answers the requests.
        limits: of each connection.
        max_body: the most bytes of a request's body.
        most_connections: at a time; for one more, another one has to end, or if each has a request that has arrived, the
            new one is answered 503.
        proxies: may report the scheme of their clients.
        is_ending: returns whether connections are not to be used for another request.
        connections: those that are open.
        idle: those without a request, the one that has been idle for longest first.
        outbox: writes whole responses.
        unfinished: counts the bytes of requests that arrive, without those that have reserved memory.
        unsent: counts the bytes of responses that wait for their clients.
        read_buffer: what the kernel writes bytes to, from where each connection takes its own.

    """

    application: Application
    limits: WireLimits
    max_body: int
    most_connections: int
    proxies: TrustedProxies
    is_ending: Callable[[], bool]
    connections: set[Connection]
    idle: dict[Connection, None]
    outbox: Outbox
    unfinished: Held[Connection]
    unsent: Held[Connection]
    read_buffer: memoryview

    @classmethod
    def for_loop(  # noqa: PLR0913 - keywords, which become the attributes
        cls,
        loop: asyncio.AbstractEventLoop,
        *,
        application: Application,
        limits: WireLimits,
        max_body: int,
        most_connections: int,
        proxies: TrustedProxies,
        is_ending: Callable[[], bool],
        most_unfinished: int | None = None,
        most_unsent: int | None = None,
    ) -> Self:
        """Return a service without connections, for an event loop.

        `most_unfinished` is the most bytes of requests that arrive, `most_unsent` that of responses that wait (None: any
        number). The other arguments are attributes.
        """
        return cls(
            application=application,
            limits=limits,
            max_body=max_body,
            most_connections=most_connections,
            proxies=proxies,
            is_ending=is_ending,
            connections=set(),
            idle={},
            outbox=Outbox(loop),
            unfinished=Held(most_unfinished, lambda connection: connection.let_go()),
            unsent=Held(most_unsent, lambda connection: connection.abort()),
            read_buffer=memoryview(bytearray(MOST_READ)),
        )

    def make_room(self) -> bool:
        """End the connection that has been idle for longest, or the one whose request arrives for longest.

        Return False if there is none: each connection has a request that has arrived.
        """
        connection = next(iter(self.idle), None)
        # One that has just been accepted gets a chance to send its request.
        if (connection is None or connection.is_new) and self.unfinished.let_longest_go():
            return True
        if connection is None:
            return False
        self.forget(connection)
        connection.close()
        return True

    def forget(self, connection: Connection) -> None:
        """Let the place of a connection be taken."""
        self.connections.discard(connection)
        self.idle.pop(connection, None)
        self.unfinished.release(connection)
        self.unsent.release(connection)
