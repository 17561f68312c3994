"""A connection of the server without a network: bytes go in piece by piece, and what comes out is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import h11

from funcpack_invoker.errors import RequestError
from funcpack_invoker.http.connection import Connection
from funcpack_invoker.http.forwarded import TrustedProxies
from funcpack_invoker.http.limits import WireLimits
from funcpack_invoker.http.service import Service
from tests.fuzz.requests import Understood

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from funcpack_invoker.http.exchange import Exchange
    from funcpack_invoker.http.incoming import IncomingRequest

    Application = Callable[[IncomingRequest, Exchange], Awaitable[None]]

# Small ones, which requests often exceed.
SMALL = WireLimits(request_line=100, field=100, fields=9, header=300, framing=100)
MAX_BODY = 1000

# Iterations of the loop without an event, after which there is none.
_QUIET = 6


class Transport(asyncio.Transport):
    """Keeps what is written, and rejects what asyncio's transport would reject or lose."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self.connection: Connection
        self.written = bytearray()
        self.is_read = True
        self.is_ended = False
        self.is_shut = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"sockname": ("127.0.0.1", 8080), "peername": ("127.0.0.1", 50000)}.get(name, default)

    def write(self, data: Any) -> None:
        assert not self.is_over, f"written after the end: {data!r}"
        self.written += data

    def write_eof(self) -> None:
        self.is_ended = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing: what is written is sent at once."""

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.is_shut

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True

    def close(self) -> None:
        if not self.is_shut:
            self.is_shut = True
            self._loop.call_soon(self.connection.connection_lost, None)

    abort = close

    @property
    def is_over(self) -> bool:
        """Whether nothing more is written."""
        return self.is_ended or self.is_shut


@dataclass
class Served:
    """What became of the bytes: the requests whose bodies were complete, the answers, and the errors of the event loop."""

    begun: list[bytes] = field(default_factory=list)
    requests: list[Understood] = field(default_factory=list)
    written: bytes = b""
    is_over: bool = False
    errors: list[Any] = field(default_factory=list)


class Wire:
    """Serves bytes in one event loop."""

    def __init__(self, application: Application | None = None, limits: WireLimits = SMALL) -> None:
        self._application = application or self._echo
        self._limits = limits
        self._served = Served()
        self.runner = asyncio.Runner()

    def serve(self, pieces: Iterable[bytes]) -> Served:
        """Serve one connection, whose client sends the pieces and then no more."""
        return self.runner.run(self._serve(pieces))

    async def _serve(self, pieces: Iterable[bytes]) -> Served:
        self._served = served = Served()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: served.errors.append(context))
        transport = Transport(loop)
        service: Service[Connection] = Service.for_loop(
            loop,
            application=self._note,
            limits=self._limits,
            max_body=MAX_BODY,
            most_connections=9,
            proxies=TrustedProxies(["*"]),
            is_ending=lambda: False,
        )
        transport.connection = connection = Connection(service, loop)
        connection.connection_made(transport)
        for piece in pieces:
            if transport.is_shut:
                break
            assert transport.is_read, "the client is not read from, although nothing is under way"
            self._receive(connection, piece)
            await self._settle(transport)
        if not transport.is_shut and not connection.eof_received():
            transport.close()
        await self._settle(transport)
        served.written, served.is_over = bytes(transport.written), transport.is_over
        transport.close()
        await self._settle(transport)
        assert not service.connections
        return served

    def _receive(self, connection: Connection, piece: bytes) -> None:
        """Give a connection bytes as a transport does: as many at a time as it has room for."""
        while piece:
            buffer = connection.get_buffer(len(piece))
            count = min(len(buffer), len(piece))
            buffer[:count] = piece[:count]
            connection.buffer_updated(count)
            piece = piece[count:]

    async def _settle(self, transport: Transport) -> None:
        """Run the loop until nothing happens any more."""
        quiet, before = 0, (0, 0)
        while quiet < _QUIET:
            await asyncio.sleep(0)
            now = len(transport.written), len(self._served.begun)
            quiet = quiet + 1 if now == before else 0
            before = now

    async def _note(self, request: IncomingRequest, exchange: Exchange) -> None:
        self._served.begun.append(request.scope["method"].encode())
        await self._application(request, exchange)

    async def _echo(self, request: IncomingRequest, exchange: Exchange) -> None:
        """Read the body, and send it back, whole or in parts."""
        scope, body, more = request.scope, b"", True
        method, query = scope["method"].encode(), scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        try:
            while more:
                data, more = await request.body.next_chunk()
                body += data
        except RequestError as error:
            exchange.respond(error.status, [], error.reason.encode())
            return
        self._served.requests.append(Understood(method, target, body))
        if target == b"/parts":
            exchange.start(200, [(b"x-method", method)])
            for place in range(0, len(body), 10):
                await exchange.write(body[place : place + 10])
            exchange.end()
        else:
            exchange.respond(200, [(b"x-method", method)], body)


@dataclass
class Answer:
    """One response, as a client reads it."""

    status: int
    fields: list[tuple[bytes, bytes]]
    body: bytes


def answers(served: Served) -> list[Answer]:
    """Read the responses with another library: each is that to the next request, the last one maybe to a malformed one."""
    found: list[Answer] = []
    data = served.written
    while data:
        # The method of what was rejected is not known; the header alone answers HEAD.
        rejected = b"HEAD" if data.endswith(b"\r\n\r\n") else b"GET"
        method = served.begun[len(found)] if len(found) < len(served.begun) else rejected
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
        client.send(h11.EndOfMessage())
        client.receive_data(data)
        answer = _answer(client)
        if answer is None:
            break
        found.append(answer)
        data = client.trailing_data[0]
    return found


def _answer(client: h11.Connection) -> Answer | None:
    """Read a response; None if `100 Continue` was the last of the connection."""
    answer: Answer | None = None
    is_continued = False
    while True:
        event = client.next_event()
        if isinstance(event, h11.Response):
            fields = [(name, value) for name, value in event.headers if name != b"date"]
            answer = Answer(event.status_code, fields, b"")
        elif isinstance(event, h11.Data):
            assert answer
            answer.body += event.data
        elif isinstance(event, h11.EndOfMessage):
            assert answer
            return answer
        elif event is h11.NEED_DATA and is_continued and answer is None:
            return None
        elif event is h11.NEED_DATA:
            client.receive_data(b"")  # nothing comes after it
        else:
            assert isinstance(event, h11.InformationalResponse), event
            is_continued = True


def _strict_server(data: bytes) -> h11.Connection:
    server = h11.Connection(h11.SERVER)
    while data.startswith(b"\r\n"):  # it does not skip them (RFC 9112 section 2.2)
        data = data[2:]
    server.receive_data(data)
    return server


def read_by_h11(data: bytes) -> tuple[list[Understood], bool]:
    """Return the requests that a strict server finds, and whether it had no reason to stop before the end."""
    server = _strict_server(data)
    found: list[Understood] = []
    request, body = None, b""
    while True:
        try:
            event = server.next_event()
        except h11.RemoteProtocolError:
            return found, False
        if isinstance(event, h11.Request):
            request, body = event, b""
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            assert request
            found.append(Understood(request.method, request.target, body))
            server.send(h11.Response(status_code=404, headers=[("content-length", "0")]))
            server.send(h11.EndOfMessage())
            if server.our_state is h11.MUST_CLOSE:
                return found, request.http_version == b"1.1"  # it keeps no connection of HTTP/1.0
            server = _strict_server(server.trailing_data[0])
        else:
            return found, event is h11.NEED_DATA
