"""Serves a WSGI application: calls it on threads, and sends its responses from the event loop."""

from __future__ import annotations

import asyncio
import contextvars
import io
from typing import TYPE_CHECKING, BinaryIO, cast

from funcpack_invoker.app import App
from funcpack_invoker.applications.hooks import hooks_of
from funcpack_invoker.applications.response import send_whole, start
from funcpack_invoker.applications.wsgi_call import FileWrapper, Input, WsgiCall
from funcpack_invoker.errors import CallTimeoutError
from funcpack_invoker.http import environ
from funcpack_invoker.http.admission import Admission
from funcpack_invoker.http.body import Upload, WholeBody, receive_body
from funcpack_invoker.http.response import plain
from funcpack_invoker.http.sending import reply_to_error, send
from funcpack_invoker.threads.pool import NOT_BEGUN, ThreadPool
from funcpack_invoker.threads.skipped_calls import SkippedCalls

if TYPE_CHECKING:
    from funcpack_invoker.app import Place
    from funcpack_invoker.context import Context
    from funcpack_invoker.function.loader import LoadedApplication
    from funcpack_invoker.http.body import Body
    from funcpack_invoker.http.budget import Reservation
    from funcpack_invoker.http.exchange import Exchange
    from funcpack_invoker.http.incoming import IncomingRequest
    from funcpack_invoker.settings import Settings
    from funcpack_invoker.telemetry.observer import Observer
    from funcpack_invoker.threads.pool import Outcome


class WsgiApp(App):
    """One WSGI application, served."""

    def __init__(
        self, loaded: LoadedApplication, settings: Settings, observer: Observer | None, memory: int | None
    ) -> None:
        admission = Admission.within(memory, settings.max_body, decodes=False)
        super().__init__(loaded.handler, hooks_of(loaded), settings, observer, admission)
        self._application = loaded.application
        self._threads = ThreadPool(settings.threads, "application")
        self._skipped_calls = SkippedCalls()
        self._run = self._call if observer is None else observer.applications(self._call, self._skipped_calls)

    async def _end_calls(self) -> None:
        """Wait for calls on threads."""
        await self._threads.close()

    async def _serve(self, request: IncomingRequest, exchange: Exchange, context: Context, memory: Reservation) -> None:
        """Read the request, call the application, and send its response."""
        body = await receive_body(request.body, request.headers, self._settings.max_body, streamed=True)
        place = self._take_place(memory)
        try:
            await self._run(context, self._new_call(request, body), exchange, place)
        finally:
            place.leave()

    def _new_call(self, request: IncomingRequest, body: Body) -> WsgiCall:
        incoming = Input(body) if isinstance(body, Upload) else None
        stream = body.stream() if incoming is None else cast("BinaryIO", io.BufferedReader(incoming))
        variables = environ.build(request.scope, stream)
        variables["wsgi.multiprocess"] = self._settings.workers > 1
        variables["wsgi.file_wrapper"] = FileWrapper
        if variables.pop("HTTP_TRANSFER_ENCODING", None) and isinstance(body, WholeBody):
            # Many frameworks take a body without a length for an empty one.
            variables["CONTENT_LENGTH"] = str(len(body.data))
        return WsgiCall(self._application, variables, incoming, asyncio.get_running_loop())

    async def _call(
        self, context: Context, call: WsgiCall, exchange: Exchange, place: Place | Reservation
    ) -> BaseException | None:
        """Run a call on a thread and send its response; return why it failed, None if it did not."""
        place.stay()
        job = self._threads.run(
            call.run, None, contextvars.copy_context(), lambda outcome: self._end_call(outcome, place)
        )
        try:
            if self._settings.timeout:
                async with asyncio.timeout(self._settings.timeout):
                    await _send_response(call, exchange, context.request_id)
            else:
                await _send_response(call, exchange, context.request_id)
        except TimeoutError:
            error = CallTimeoutError(self._settings.timeout, "application")
            reply = reply_to_error(error)
            if not exchange.status:
                send(exchange, reply, context.request_id)
            return error
        finally:
            # A call that still waits for a thread is not begun.
            job.cancel()
            call.outflow.close()
        return call.error

    def _end_call(self, outcome: Outcome[None], place: Place | Reservation) -> None:
        place.leave()
        if outcome is NOT_BEGUN:
            self._skipped_calls.add()


async def _send_response(call: WsgiCall, exchange: Exchange, request_id: str) -> None:
    """Send the response of a call as it arrives; after a failure, another response, or the rest is missing."""
    data, is_last = await call.outflow.take()
    head, refusal = call.head, call.refusal
    if refusal is not None:
        send(exchange, reply_to_error(refusal), request_id)
        return
    if head is None or (call.error is not None and not data):
        send(exchange, plain(500, "Internal Server Error"), request_id)
        return
    if is_last and (call.is_whole or not data):
        await send_whole(exchange, head, data, request_id)
        return
    start(exchange, head, request_id)
    await exchange.write(data)
    while not is_last:
        data, is_last = await call.outflow.take()
        await exchange.write(data)
    if call.error is None:
        exchange.end()
