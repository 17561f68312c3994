"""One client's connection: gunicorn's HTTP/1.1 protocol, with what it leaves open closed.

gunicorn (27.0) reads requests strictly, but lets a client take all the time it wants for a header, drops the connection
when Content-Length has thousands of digits, and closes it in a way that can destroy the last response. It has no limit
for connections, and no notion of an idle one. The names with an underscore are gunicorn's own; the range of versions in
pyproject.toml is bounded for their sake.
"""
# ruff: noqa: SLF001 - see above

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gunicorn.asgi.parser import UnsupportedTransferCoding  # type: ignore[import-untyped]
from gunicorn.asgi.protocol import (  # type: ignore[import-untyped]
    ASGIProtocol,
    _normalize_sockaddr,
    _RequestHeaderPolicy,
    secure_scheme_names,
)
from gunicorn.config import SecureSchemeHeader  # type: ignore[import-untyped]

from funcpack_invoker.http import ordinary
from funcpack_invoker.http.body import too_large
from funcpack_invoker.http.exchange import Exchange
from funcpack_invoker.http.ordinary import OrdinaryBody, OrdinaryRequest
from funcpack_invoker.http.parser import Parser

if TYPE_CHECKING:
    from funcpack_invoker.server.limits import Limits
    from funcpack_invoker.server.worker import Worker

logger = logging.getLogger("funcpack")

# By which a proxy says that its client came by HTTPS.
_SCHEME_FIELDS = secure_scheme_names(SecureSchemeHeader.default)

_ASGI = {"version": "3.0", "spec_version": "2.4"}

_TOO_MANY = b"too many connections\n"
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"
    b"Retry-After: 1\r\nConnection: close\r\n\r\n%s"
) % (len(_TOO_MANY), _TOO_MANY)

# https://github.com/python/cpython/issues/127655: `writelines` never says that the client does not keep up. To go with
# the last of these versions.
_KEEPS_ALL_THAT_IS_WRITTEN = (3, 12) <= sys.version_info < (3, 12, 9) or (3, 13) <= sys.version_info < (3, 13, 2)


class Connection(ASGIProtocol):  # type: ignore[misc] # gunicorn has no types
    """Serves the requests of one connection, one after the other."""

    _body_receiver: Any
    _current_request: Any
    _forwarded_trust: Any
    _secure_names: Any

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        self._limits: Limits = worker.limits
        self._longest_field: int = self.cfg.limit_request_field_size
        self._most_fields: int = self.cfg.limit_request_fields
        self._max_body: int = worker.settings.max_body
        self._exchange: Exchange | None = None
        self._loop: asyncio.AbstractEventLoop = worker.loop
        self._header_timer: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._body_received = 0
        self._idle_since = 0.0
        self._client_is_done = False
        self._refused_request = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take a connection, or refuse it when there are too many."""
        if len(self.worker.connections) >= self._limits.connections:
            self._conn_lost_handled = True  # it was never counted
            transport.write(_REFUSAL)
            transport.close()
            return
        super().connection_made(transport)
        self.worker.connections.add(self)
        self._idle_since = self._loop.time()
        self._expect_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; a call that is still under way is cancelled."""
        super().connection_lost(exc)
        self.worker.connections.discard(self)
        for timer in (self._header_timer, self._idle_timer, self._body_timer, self._write_timer):
            if timer is not None:
                timer.cancel()

    def close_if_idle(self, seconds: float) -> None:
        """Close the connection if it has no request, and had none for some seconds."""
        if self._current_request is None and self._loop.time() - self._idle_since >= seconds:
            self._close_transport()

    def abort(self) -> None:
        """End the connection at once; a call that is under way is cancelled."""
        self.transport.abort()

    def eof_received(self) -> bool:
        """Go on for a moment where the request has arrived whole: the client may have closed its side only.

        Python's transports tell no difference between that and a client that left; a call is cancelled after it.
        """
        if self._closed or self._current_request is None or self._body_is_missing():
            return False
        self._client_is_done = True
        self._loop.call_later(self._limits.half_close, self._close_transport)
        return True

    def pause_writing(self) -> None:
        """Wait for the client to take what was sent to it, for some time."""
        super().pause_writing()
        self._limit_writing()

    def resume_writing(self) -> None:
        """Send on."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends."""
        if self._current_request is None and not self._closed and self._callback_parser.is_between_requests:
            request = ordinary.read(data, self._longest_field, self._most_fields)
            if request is not None and self._heeds_proxy(request):
                self._take(request)
                return
        super().data_received(data)

    def _heeds_proxy(self, request: OrdinaryRequest) -> bool:
        """Take over what a trusted proxy says of the scheme; tells whether there is no doubt about it."""
        if _SCHEME_FIELDS.isdisjoint(request.fields):
            return True
        if len(_SCHEME_FIELDS & request.fields.keys()) > 1:
            return False
        policy = _RequestHeaderPolicy(
            self.cfg, self.transport.get_extra_info("peername"), request.scheme, request.version
        )
        if self._forwarded_trust is None:
            self._forwarded_trust = policy._peer_trusted_for_forwarded()
            self._secure_names = secure_scheme_names(self._forwarded_trust[0])
        policy.apply(request, self._forwarded_trust, self._secure_names)
        return True

    def _take(self, request: OrdinaryRequest) -> None:
        """Have a request served that is here to its end."""
        self._header_came()
        self._current_request = request
        self._body_receiver = OrdinaryBody(request.body)
        self._callback_parser.hold()
        self._begin()

    def _begin(self) -> None:
        """Serve the request that is there, in a task of its own: what its function leaves in its context goes with it."""
        self._task = self._loop.create_task(self._serve())

    def _start_http1(self, buffered: bytes = b"") -> None:
        # gunicorn has one task for all requests of a connection, which waits for the next one.
        assert not buffered  # noqa: S101 - only where HTTP/2 was looked for
        self._addresses = tuple(
            _normalize_sockaddr(self.transport.get_extra_info(name)) for name in ("sockname", "peername")
        )
        self._setup_callback_parser()

    def _setup_callback_parser(self) -> None:
        self._callback_parser = Parser(
            on_headers_complete=self._on_headers_complete,
            on_body=self._on_body,
            on_message_complete=self._on_message_complete,
            limit_request_line=self.cfg.limit_request_line,
            limit_request_fields=self._most_fields,
            limit_request_field_size=self._longest_field,
        )

    def _http1_buffered(self) -> int:
        # gunicorn counts what its own parser class holds, and no subclass.
        receiver, parser = self._body_receiver, self._callback_parser
        waiting = len(parser._buffer) if parser.is_complete else 0
        return waiting + (receiver.buffered if receiver is not None else 0)

    def _feed_callback_parser(self, data: bytes) -> bool:
        if self._closed:
            return False
        try:
            going_on: bool = super()._feed_callback_parser(data)
        except ValueError:
            # int() refuses what has more than 4300 digits.
            self._send_error_response(400, "Invalid Content-Length value")
            self._close_transport()
            return False
        if not going_on or self._is_too_large():
            return False
        if self._current_request is None:
            super()._resume_reading()
            if self._header_timer is None:
                self._expect_header()
        else:
            self._header_came()
            if self._body_is_missing():
                self._body_received += len(data)
                if self._body_timer is None:
                    self._expect_body()
        return True

    def _is_too_large(self) -> bool:
        """Answer 413 for a chunk that says that it is too large, instead of waiting for all that it says."""
        if not self._callback_parser.is_chunked or self._callback_parser._chunk_size <= self._max_body:
            return False
        if self._exchange is None or not self._exchange.started:
            self._send_error_response(413, str(too_large(self._max_body)))
        self._close_transport()
        return True

    def _on_headers_complete(self) -> Any:
        if self._callback_parser.is_chunked:
            self._refuse_codings()
        super()._on_headers_complete()
        self._begin()
        return False

    def _refuse_codings(self) -> None:
        """Answer 501 where a body is more than chunked (RFC 9112 section 6.1): nobody would decode it."""
        for name, value in self._callback_parser.headers:
            if name == b"transfer-encoding" and value.lower() != b"chunked":
                raise UnsupportedTransferCoding("Only chunked bodies are understood")

    def _expect_header(self) -> None:
        self._header_timer = self._loop.call_later(self._limits.header_timeout, self._header_is_late)

    def _header_came(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _header_is_late(self) -> None:
        # To a client that never said anything an answer would look like the one to its first request.
        if self._callback_parser._buffer or self._callback_parser.method:
            self._send_error_response(408, "The header of the request did not arrive in time")
        super()._close_transport()

    def _expect_body(self) -> None:
        self._body_received = 0
        self._body_timer = self._loop.call_later(self._limits.body_timeout, self._check_body, self._body_receiver)

    def _check_body(self, receiver: Any) -> None:
        self._body_timer = None
        if receiver is not self._body_receiver or receiver._complete:
            return
        held_up_by_us = self._reading_paused or receiver.expect_continue
        if held_up_by_us or self._body_received >= self._limits.body_progress:
            self._expect_body()
            return
        # The application is told that nothing more comes, and answers 408.
        receiver._body_wait_expired = True
        receiver._wake_waiter()

    def _resume_reading(self) -> None:
        # gunicorn reads on after every request, whatever it holds already of those that were sent with it.
        if self._reading_paused and self._http1_buffered() <= self._max_buffer_size // 2:
            super()._resume_reading()

    def _send_body(self, body: bytes, chunked: bool = False, last: bool = False, size: int | None = None) -> None:
        super()._send_body(body, chunked, last, size)
        if _KEEPS_ALL_THAT_IS_WRITTEN:
            self.transport._maybe_pause_protocol()

    async def _serve(self) -> None:
        """Have the request answered, and make ready for the next one."""
        goes_on = False
        try:
            goes_on = await self._answer(self._current_request)
        except asyncio.CancelledError:
            logger.debug("the client left")
        finally:
            if not (goes_on and not self._closed and not self._body_is_missing() and self._go_on()):
                self._close_transport()

    async def _answer(self, request: Any) -> bool:
        """Have a request answered; tells whether another one may follow."""
        self._exchange = exchange = Exchange(self, request)
        try:
            scope = self._build_http_scope(request, *self._addresses)
            await self.app.serve(scope, self._body_receiver.receive, exchange.send)
        except Exception:
            logger.exception("a request could not be answered")
            if not exchange.started:
                self._send_error_response(500, "Internal Server Error")
            return False
        return exchange.keeps_connection

    def _go_on(self) -> bool:
        """Make ready for the next request, which may be here already; tells whether it can be read."""
        self._resume_reading()
        pipelined = self._callback_parser.take_rest()
        self._current_request = None
        self._body_receiver = None
        self._exchange = None
        if pipelined and not self._feed_callback_parser(pipelined):
            return False
        if self._current_request is None:
            self._be_idle()
        return True

    def _be_idle(self) -> None:
        self._idle_since = self._loop.time()
        if self._client_is_done:
            self._loop.call_soon(self._close_transport)
        elif self._idle_timer is None:
            self._idle_timer = self._loop.call_at(self._idle_since + self._limits.keep_alive, self._check_idle)

    def _check_idle(self) -> None:
        """Close the connection if it was idle all the time; one timer serves for many requests."""
        self._idle_timer = None
        if self._current_request is not None or self._header_timer is not None:
            return
        end = self._idle_since + self._limits.keep_alive
        if self._loop.time() >= end:
            self._close_transport()
        else:
            self._idle_timer = self._loop.call_at(end, self._check_idle)

    def _will_close(self, request: Any, response_requires_close: bool) -> bool:
        return bool(
            response_requires_close or self.worker.is_ending or self._body_is_missing() or request.should_close()
        )

    def _build_http_scope(self, request: Any, sockname: Any, peername: Any) -> dict[str, Any]:
        if not isinstance(request, OrdinaryRequest):
            scope: dict[str, Any] = super()._build_http_scope(request, sockname, peername)
            return scope
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.scheme,
            "path": request.path,
            "raw_path": request.raw_path,
            "query_string": request.query,
            "root_path": "",
            "headers": request.headers_bytes,
            "server": sockname,
            "client": peername,
        }

    def _body_is_missing(self) -> bool:
        receiver = self._body_receiver
        return receiver is not None and not receiver._complete

    def _send_error_response(self, status: int, message: str, extra_headers: Any = ()) -> None:
        self._refused_request = True
        super()._send_error_response(status, f"{message}\n", extra_headers)

    def _close_transport(self) -> None:
        if self._closed:
            return
        more_may_come = self._refused_request or self._body_is_missing()
        if more_may_come and not self._client_is_done:
            self._linger()
        else:
            super()._close_transport()
            # gunicorn leaves it open where ending the stream fails, because the client has reset the connection.
            self.transport.close()
        if self.transport.get_write_buffer_size():
            self._limit_writing()

    def _linger(self) -> None:
        self._closed = True
        if self._body_receiver is not None:
            self._body_receiver.signal_disconnect()
        super()._resume_reading()
        self._loop.call_later(self._limits.linger, self.transport.close)
        with suppress(OSError):  # the client has reset the connection
            self.transport.write_eof()

    def _limit_writing(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
        self._write_timer = self._loop.call_later(self._limits.write_timeout, self.transport.abort)
