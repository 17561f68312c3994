"""One client's connection: HTTP/1.1 on asyncio, from the bytes to the application and back.

Requests are served one after the other, each in a task of its own. What follows the request that is served waits
unparsed, and above some bytes the client is no longer read from. Of a request's phases accept, parse and send are here;
dispatch, call and convert are the application's.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from funcpack_invoker.errors import LimitError, RequestError
from funcpack_invoker.http.exchange import Exchange
from funcpack_invoker.http.forwarded import SCHEME_FIELDS, forwarded_scheme
from funcpack_invoker.http.framing import error_response
from funcpack_invoker.http.incoming import MOST_BUFFERED, IncomingBody
from funcpack_invoker.http.pace import UploadPace, WritePace
from funcpack_invoker.http.parser import RequestParser
from funcpack_invoker.http.rejections import log_rejection_of
from funcpack_invoker.http.service import MOST_READ
from funcpack_invoker.http.timer import Timer

if TYPE_CHECKING:
    from funcpack_invoker.http.incoming import IncomingRequest
    from funcpack_invoker.http.service import Service

logger = logging.getLogger("funcpack")

# Bytes that are read at a time of the requests behind one that is served.
_MOST_READ_AHEAD = 1 << 12

# Seconds that a connection without a request is not closed for another one, as long as there are worse ones.
_MOMENT = 1.0

# A socket that listens on both IPv6 and IPv4 reports IPv4 addresses as IPv4-mapped ones (RFC 4291 section 2.5.5.2). The
# settings that name trusted proxies would not match them, and neither would a search in a log.
_MAPPED = "::ffff:"


class Connection(asyncio.BufferedProtocol):
    """Serves the requests of one connection, one after the other."""

    def __init__(self, service: Service[Connection], loop: asyncio.AbstractEventLoop) -> None:
        self._service = service
        self._limits = limits = service.limits
        self._loop = loop
        self._parser = RequestParser(limits, service.max_body, self._new_body, self._begin)
        self._request: IncomingRequest | None = None
        self._exchange: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._unparsed = b""
        self._is_closed = False
        self._is_reading = True
        self._is_rejected = False
        self._holds = False
        self._client_is_done = False
        self.drained: asyncio.Future[None] | None = None
        self._header_timer = Timer(loop, self._header_is_late)
        self._idle_timer = Timer(loop, self._check_idle)
        self._upload_pace = UploadPace(loop, limits, self._is_waiting_for_body, self._body_is_late)
        # The bytes that were written last.
        self._written = 0
        self._idle_since = 0.0

    # Accept: what asyncio says of the connection.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept the connection, or reject it if there are too many."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's
        self._transport = transport
        self._write_pace = WritePace(self._loop, self._limits, transport, self.abort)
        # What the kernel does not take is counted from the first byte: each connection could have some.
        transport.set_write_buffer_limits(high=0)
        service = self._service
        if len(service.connections) >= service.most_connections and not service.make_room():
            self._answer_rejection(RequestError(503, "too many connections", ((b"Retry-After", b"1"),)))
            self._is_closed = True
            transport.close()
            return
        service.connections.add(self)
        service.idle[self] = None
        self._addresses = tuple(_address(transport, name) for name in ("sockname", "peername"))
        peer = self._addresses[1]
        self._is_proxied = peer is not None and self._service.proxies.trusts(peer[0])
        self._idle_since = self._loop.time()
        self._header_timer.start(self._limits.header_timeout)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection; a call that is still under way is cancelled."""
        self._is_closed = True
        self._service.forget(self)
        self._header_timer.stop()
        self._idle_timer.stop()
        self._upload_pace.end()
        self._write_pace.stop()
        self._forget_rest()
        if self._task is not None:
            self._task.cancel()
        self.resume_writing()
        self._parser.close()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Return where the next bytes of the client go: few if they are for a request that cannot be served yet."""
        request = self._request
        is_ahead = request is not None and request.body.is_complete
        return self._service.read_buffer[: _MOST_READ_AHEAD if is_ahead else MOST_READ]

    def buffer_updated(self, nbytes: int) -> None:
        """Take bytes of the client."""
        if self._is_closed:
            return
        data = bytes(self._service.read_buffer[:nbytes])
        request = self._request
        if request is not None and request.body.is_complete:
            # They belong to the next request.
            self._unparsed += data
            self._hold(nbytes)
            self._regulate_reading()
        else:
            self._parse(data, nbytes)

    def eof_received(self) -> bool:
        """Serve the request to its end for a moment: the client may have closed only its own side.

        A transport cannot tell that from a client that has left; the call is cancelled after the moment.
        """
        # asyncio closes the transport behind an answer that has been written, but not behind one that waits.
        self._service.outbox.flush()
        if self._is_closed or self._request is None or not self._request.body.is_complete:
            return False
        self._client_is_done = True
        self._loop.call_later(self._limits.half_close, self.close)
        return True

    def pause_writing(self) -> None:
        """Wait for the client to take what was sent to it, as long as it takes some of it from time to time."""
        self.drained = self._loop.create_future()
        self._write_pace.start()
        # All of what is being written: asyncio keeps the part that the kernel has taken, too.
        self._service.unsent.hold(self, self._written)

    def resume_writing(self) -> None:
        """Go on sending."""
        drained, self.drained = self.drained, None
        if drained is not None:
            self._service.unsent.release(self)
            self._write_pace.stop()
            if not drained.done():
                drained.set_result(None)

    # What the worker does with a connection.

    @property
    def is_new(self) -> bool:
        """Whether it has been idle for a moment only: a request may be under way."""
        return self._loop.time() - self._idle_since < _MOMENT

    def close_if_idle(self, seconds: float) -> None:
        """Close the connection if it has no request, and had none for some seconds."""
        if self._request is None and self._loop.time() - self._idle_since >= seconds:
            self.close()

    def abort(self) -> None:
        """End the connection at once; a call that is under way is cancelled."""
        self._transport.abort()

    def let_go(self) -> None:
        """End the connection, because others need the memory that its request takes, which has not arrived."""
        self._holds = False
        if self._is_closed:
            return
        error = LimitError(
            503, "the request did not arrive in time, and others need the memory", headers=((b"Retry-After", b"1"),)
        )
        if self._exchange is None or not self._exchange.status:
            self._answer_rejection(error)
        self._is_closed = True
        self._service.forget(self)
        self._unparsed = b""
        if self._request is not None:
            self._request.body.drop()
        if self.drained is None:
            # Without lingering: what the client has sent would stay in memory.
            self._transport.close()
        else:
            # The transport would keep the response for a client that does not read.
            self._transport.abort()

    def close(self) -> None:
        """End the connection once the client has what was sent to it."""
        if self._is_closed:
            return
        self._is_closed = True
        self._service.outbox.flush()
        more_may_come = self._is_rejected or self._body_is_missing()
        if more_may_come and not self._client_is_done:
            self._linger()
        else:
            self._transport.close()
        if self._transport.get_write_buffer_size():
            self._write_pace.start()

    # Parse: from bytes to a request.

    def _parse(self, data: bytes, received: int) -> None:
        """Parse to the end of a request, or of some chunks of its body, and keep what follows.

        Args:
            data: the bytes.
            received: the number of those that have just arrived.

        """
        try:
            self._unparsed = self._parser.feed(data)
        except RequestError as error:
            self._reject(error)
            return
        request = self._request
        if request is None:
            if not self._parser.is_between_requests:
                self._await_header(received)
            return
        if self._header_timer.is_running:
            self._header_timer.stop()
        body = request.body
        if not body.is_complete:
            self._upload_pace.arrived(len(data) - len(self._unparsed))
            if self._unparsed:
                self._loop.call_soon(self._parse_on)
        self._count(body, received)
        if self._unparsed or not body.is_complete or not self._is_reading:
            self._regulate_reading()

    def _parse_on(self) -> None:
        """Parse what is left of a body, after other connections had their turn."""
        data, self._unparsed = self._unparsed, b""
        if not self._is_closed:
            self._parse(data, 0)

    def _count(self, body: IncomingBody, received: int) -> None:
        """Count the bytes that nobody has reserved memory for: a body that is not admitted, or what is not parsed."""
        if not body.is_admitted and (body.is_read_early or not body.is_complete):
            self._hold(received)
        else:
            self._count_unparsed()

    def _count_unparsed(self) -> None:
        """Count only what is not parsed."""
        if self._holds:
            self._release()
        if self._unparsed:
            self._hold(len(self._unparsed))

    def _await_header(self, received: int) -> None:
        """Note that some bytes have arrived, and watch that more do."""
        self._idle_since = self._loop.time()
        if not self._header_timer.is_running:
            self._header_timer.start(self._limits.header_timeout)
        self._hold(received)

    def _hold(self, received: int) -> None:
        """Count bytes of a request that has not arrived; those that have waited for longest may have to go."""
        self._holds = True
        self._service.unfinished.hold(self, received)

    def _release(self) -> None:
        self._holds = False
        self._service.unfinished.release(self)

    def _new_body(self, is_awaited: bool) -> IncomingBody:
        return IncomingBody(self._body_is_wanted, is_awaited=is_awaited)

    def _body_is_wanted(self) -> None:
        """Let the client send on: the application has read what had arrived, or waits for more, or has memory for it."""
        request = self._request
        if request is not None and request.body.is_admitted and self._holds:
            self._count_unparsed()
        if request is not None and request.body.is_awaited and self._exchange is not None:
            request.body.is_awaited = False
            if not self._exchange.status:
                self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._regulate_reading()

    def _body_is_missing(self) -> bool:
        return self._request is not None and not self._request.body.is_complete

    def _regulate_reading(self) -> None:
        """Read from the client only as long as what it sends can be kept."""
        request = self._request
        if request is None or request.body.is_complete:
            wanted = len(self._unparsed) <= MOST_BUFFERED
        else:
            wanted = not self._unparsed and request.body.buffered <= request.body.most
        if wanted != self._is_reading and not self._transport.is_closing():
            self._is_reading = wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _reject(self, error: RequestError) -> None:
        """Answer a request that cannot be parsed, unless its answer has begun, and end the connection."""
        self._is_rejected = True
        if self._request is None:
            self._answer_rejection(error)
        else:
            if self._exchange is None or not self._exchange.status:
                self._send_error(error)
            # The application logs it.
            self._request.body.cut(error)
        self.close()

    def _answer_rejection(self, error: RequestError) -> None:
        """Answer a request that does not get as far as the application, and log why."""
        log_rejection_of(self._send_error(error), error)

    def _send_error(self, error: RequestError) -> str:
        """Send the response to a rejected request, and return the request's id."""
        request_id = self._request.id if self._request is not None else self._parser.request_id
        self.send(error_response(error, request_id, is_head=self._parser.is_head))
        return request_id

    # From a request to the application, and to the next request.

    def _begin(self, request: IncomingRequest) -> None:
        """Have the application answer a request, in a task of its own: what its function leaves in its context goes with it.

        Raises:
            RequestError: if the headers of a proxy contradict each other.

        """
        scope = request.scope
        scope["server"], scope["client"] = self._addresses
        if self._is_proxied and not SCHEME_FIELDS.isdisjoint(request.headers):
            scope["scheme"] = forwarded_scheme(scope["headers"])
        self._request = request
        self._service.idle.pop(self, None)
        self._exchange = Exchange(scope, self)
        self._task = self._loop.create_task(self._serve(request, self._exchange))

    async def _serve(self, request: IncomingRequest, exchange: Exchange) -> None:
        """Have the application answer, then go on with the next request or close."""
        try:
            await self._service.application(request, exchange)
            if self.drained is not None:
                # The next request is served when the client has read what it asked for.
                await self.drained
        except asyncio.CancelledError:
            logger.debug("the client left")
            exchange.keeps_connection = False
        except Exception:
            logger.exception("a request could not be answered")
            exchange.keeps_connection = False
            if not exchange.status:
                self._reject(RequestError(500, "Internal Server Error"))
        if exchange.is_complete and exchange.keeps_connection and request.body.is_complete and not self._is_closed:
            self._next()
        else:
            self.close()

    def _next(self) -> None:
        """Get ready for the next request, which may have arrived already."""
        self._request = self._exchange = self._task = None
        self._upload_pace.end()
        if self._holds:
            self._release()
        if self._unparsed:
            data, self._unparsed = self._unparsed, b""
            self._parse(data, len(data))
        if not self._is_reading:
            self._regulate_reading()
        if self._request is None:
            self._rest()

    def _rest(self) -> None:
        self._idle_since = self._loop.time()
        self._service.idle[self] = None
        if self._client_is_done:
            self._loop.call_soon(self.close)
        elif not self._idle_timer.is_running:
            # One timer serves for many requests.
            self._idle_timer.start(self._limits.keep_alive)

    # Send: from the exchange to the client.

    def send(self, data: bytes) -> None:
        """Send bytes to the client, or drop them if it is gone."""
        if not self._is_closed:
            self._service.outbox.flush()
            if self.drained is not None:
                self._service.unsent.hold(self, len(data))
            self._written = len(data)
            self._transport.write(data)

    def send_soon(self, data: bytes) -> None:
        """Send bytes to the client at the end of this iteration of the loop, or drop them if it is gone."""
        if not self._is_closed:
            self._written = len(data)
            self._service.outbox.put(self._transport, data)

    def will_close(self) -> bool:
        """Return whether the connection ends with the response that begins now."""
        request = self._request
        assert request is not None  # noqa: S101 - there is one while a response is sent
        request.body.is_awaited = False
        return not (request.keeps_alive and request.body.is_complete) or self._service.is_ending()

    def _forget_rest(self) -> None:
        """Forget what the client has sent of a request that will not be complete. Nothing counts it any more."""
        self._unparsed = b""
        body = self._request.body if self._request is not None else None
        if body is not None and not body.is_complete:
            body.cut(RequestError(400, "the client has disconnected"))
            body.drop()

    def _linger(self) -> None:
        """Read and drop what the client still sends, after it was told that nothing more follows."""
        self._forget_rest()
        if not self._is_reading and not self._transport.is_closing():
            self._is_reading = True
            self._transport.resume_reading()
        self._loop.call_later(self._limits.linger, self._transport.close)
        with suppress(OSError):  # the client has reset the connection
            self._transport.write_eof()

    # Timers.

    def _header_is_late(self) -> None:
        # To a client that never sent anything an answer would look like the one to its first request.
        if not self._parser.is_between_requests:
            self._answer_rejection(RequestError(408, "the header of the request did not arrive in time"))
        self._service.outbox.flush()
        self._is_closed = True
        self._transport.close()

    def _is_waiting_for_body(self) -> bool:
        """Return whether it is the client that the rest of a body waits for."""
        body = self._request.body if self._request is not None else None
        return body is not None and self._is_reading and not (body.is_complete or body.is_awaited)

    def _body_is_late(self) -> None:
        if self._request is not None:
            # The application learns that nothing more comes, and answers 408.
            self._request.body.cut(RequestError(408, "the body did not arrive in time"))

    def _check_idle(self) -> None:
        """Close the connection if it was idle all the time."""
        if self._request is not None or self._header_timer.is_running:
            return
        left = self._idle_since + self._limits.keep_alive - self._loop.time()
        if left <= 0:
            self.close()
        else:
            self._idle_timer.start(left)


def _address(transport: asyncio.Transport, name: str) -> tuple[str, int] | None:
    """Return the host and port of one side of the connection: an IPv4 address as such, IPv6 without its scope."""
    address = transport.get_extra_info(name)
    return (str(address[0]).removeprefix(_MAPPED), int(address[1])) if address else None
