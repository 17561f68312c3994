"""Answers a request, one step a line, and runs the hooks at start and shutdown: for a function, see `FunctionApp`.

`applications/` has the classes that do the same for applications of web frameworks.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from abc import ABC, abstractmethod
from copy import copy
from functools import partial
from typing import TYPE_CHECKING

from funcpack_invoker.context import Context, current, deadline, new_context, valid_traceparent
from funcpack_invoker.errors import CallTimeoutError, FunctionError, ReplyError, RequestError, StartFailedError
from funcpack_invoker.events import cloudevent
from funcpack_invoker.events import reply as event_reply
from funcpack_invoker.events.event import Batch, Event
from funcpack_invoker.events.reply import EventReply
from funcpack_invoker.function.call import Call
from funcpack_invoker.function.hooks import Hooks
from funcpack_invoker.function.invocation import Invocation
from funcpack_invoker.function.parameters import Kind, Value
from funcpack_invoker.health import LIVE_PATHS, READY_PATHS, Health
from funcpack_invoker.http import json_codec
from funcpack_invoker.http.admission import Admission, Decoding
from funcpack_invoker.http.body import MOST_ON_LOOP, WholeBody, receive_body
from funcpack_invoker.http.budget import NOTHING
from funcpack_invoker.http.request_checks import checked, not_posted
from funcpack_invoker.http.response import Reply, plain
from funcpack_invoker.http.sending import reply_to_error, send, send_stream
from funcpack_invoker.http.streaming import Stream
from funcpack_invoker.threads.cancellation import is_being_cancelled
from funcpack_invoker.threads.run_in_context import RunInContext
from funcpack_invoker.tracebacks import format_user_traceback

if TYPE_CHECKING:
    from funcpack_invoker.function.loader import LoadedFunction
    from funcpack_invoker.http.asgi import Scope
    from funcpack_invoker.http.body import Body
    from funcpack_invoker.http.budget import Reservation
    from funcpack_invoker.http.exchange import Exchange
    from funcpack_invoker.http.incoming import IncomingRequest
    from funcpack_invoker.http.service import Application
    from funcpack_invoker.settings import Settings
    from funcpack_invoker.telemetry.observer import Observer, Run

logger = logging.getLogger("funcpack")
access_logger = logging.getLogger("funcpack.access")

# Seconds after which the log says what the start waits for.
_START_PATIENCE = 2.0
_STARTING = "waiting for start() of %s: requests are not answered until it has finished"


class App(ABC):
    """What the handler names, served. `dispatch` answers a request; `drain` is to be called at SIGTERM.

    Attributes:
        running: the number of requests that FUNCTION_CONCURRENCY counts.
        admission: lets requests in as long as there is memory; None if memory is not limited.

    """

    # Whether only events are accepted.
    _takes_events = False

    def __init__(
        self, handler: str, hooks: Hooks, settings: Settings, observer: Observer | None, admission: Admission | None
    ) -> None:
        self._handler = handler
        self._settings = settings
        self._hooks = hooks
        self._health = Health(self._hooks)
        self._health_paths = frozenset(LIVE_PATHS + READY_PATHS) if settings.health_paths else frozenset()
        self.running = 0
        self.admission = admission
        self.dispatch: Application = self._dispatch_logged if settings.access_log else self._dispatch
        self._observer = observer
        if observer is not None:
            self.dispatch = observer.requests(self.dispatch, self._health_paths)

    @property
    def is_busy(self) -> bool:
        """Whether it still works on requests that were answered."""
        return False

    async def startup(self) -> None:
        """Run the module's `start`; log a line if it takes long.

        Raises:
            FunctionError: if the function cannot be served: StartFailedError for any exception of `start`.

        """
        note = asyncio.get_running_loop().call_later(_START_PATIENCE, logger.info, _STARTING, self._handler)
        try:
            await self._start()
        except (FunctionError, GeneratorExit):
            raise
        except BaseException as error:
            if is_being_cancelled():
                raise
            raise StartFailedError(self._handler, error, format_user_traceback(error)) from error
        finally:
            note.cancel()

    async def shutdown(self) -> None:
        """Wait for calls on threads, run the module's `stop`, and send the remaining telemetry."""
        try:
            await self._end_calls()
            if self._hooks.started:
                await self._stop()
        finally:
            if self._observer is not None:
                await self._observer.close()

    def drain(self) -> None:
        """Report from now on that the worker is not ready."""
        self._health.draining = True

    async def _dispatch(self, request: IncomingRequest, exchange: Exchange) -> None:
        """Answer a request: check it, and pass it to the health checks or what is served."""
        scope = request.scope
        context = new_context(request.id, request.headers, self._handler, self._settings.timeout)
        current.set(context)
        try:
            request.scope = scope = checked(scope, request.headers)
            path, method = scope["path"], scope["method"]
            # An encoded slash is not a slash (RFC 3986 section 2.2): such a path is the function's.
            if path in self._health_paths and b"%2f" not in scope["raw_path"].lower():
                reply = await self._health.answer(path, method)
            elif self._takes_events and method != "POST":
                reply = not_posted(method, request.headers)
            elif self._is_full():
                raise _too_many_requests()
            elif self.admission is None:
                await self._serve(request, exchange, context, NOTHING)
                return
            else:
                await self._serve_admitted(self.admission, request, exchange, context)
                return
        except RequestError as error:
            reply = reply_to_error(error)
        send(exchange, reply, context.request_id)

    async def _serve_admitted(
        self, admission: Admission, request: IncomingRequest, exchange: Exchange, context: Context
    ) -> None:
        """Answer a request as soon as there is memory for it."""
        memory = admission.admit_now(request) or await admission.admit(request)
        try:
            await self._serve(request, exchange, context, memory)
        finally:
            memory.leave()

    async def _dispatch_logged(self, request: IncomingRequest, exchange: Exchange) -> None:
        """Answer a request, and log a line for it: method, path, status (`-` if there was no answer) and time."""
        started = time.perf_counter()
        try:
            await self._dispatch(request, exchange)
        finally:
            milliseconds = (time.perf_counter() - started) * 1000
            # The query is omitted: it may contain tokens.
            method, path = request.scope["method"], request.scope["path"]
            if path[:1] not in "/*":
                # A rejected target may contain a password.
                path = "-"
            access_logger.info("%s %r %s %.1f ms", method, path, exchange.status or "-", milliseconds)

    def _is_full(self) -> bool:
        return 0 < self._settings.concurrency <= self.running

    def _take_place(self, memory: Reservation) -> Place | Reservation:
        """Count a request whose body, or the first part of it, has arrived: clients that send slowly take no place.

        Args:
            memory: that the request has reserved until it leaves its place.

        Raises:
            RequestError: 503 if all places were taken meanwhile.

        """
        if not self._settings.concurrency:
            memory.stay()
            return memory
        if self._is_full():
            raise _too_many_requests()
        return Place(self, memory)

    async def _start(self) -> None:
        """Run what comes before the first request."""
        await self._hooks.start()

    async def _stop(self) -> None:
        """Run what comes after the last request."""
        await self._hooks.stop()

    @abstractmethod
    async def _serve(self, request: IncomingRequest, exchange: Exchange, context: Context, memory: Reservation) -> None:
        """Answer a request that is for the function or application, and has reserved memory."""

    @abstractmethod
    async def _end_calls(self) -> None:
        """End the calls that are still running."""


class FunctionApp(App):
    """One function, served."""

    def __init__(
        self,
        function: LoadedFunction,
        settings: Settings,
        observer: Observer | None = None,
        memory: int | None = None,
    ) -> None:
        """Serve a function; `memory` is what the worker may have, in bytes (None: without a limit)."""
        self._directories = function.directories
        self._takes_events = function.kind is Kind.CLOUDEVENT
        self._invocation = Invocation(function, settings)
        self._streams_bodies = (
            not (self._invocation.is_async or self._takes_events)
            and function.signature.takes(Value.REQUEST)
            and not function.signature.takes(Value.BODY)
        )
        admission = Admission.within(
            memory, settings.max_body, is_typed=function.signature.reads_typed_data, streams=self._streams_bodies
        )
        super().__init__(function.handler, Hooks(function.module, (function.function,)), settings, observer, admission)
        self._loads = json_codec.loads_exact if function.signature.needs_exact_data else json_codec.loads
        self._run: Run = self._invocation.invoke if observer is None else observer.calls(self._invocation)

    async def _end_calls(self) -> None:
        """Wait for calls on threads."""
        await self._invocation.threads.close()

    async def _serve(self, request: IncomingRequest, exchange: Exchange, context: Context, memory: Reservation) -> None:
        """Read the request, call the function, and send its reply."""
        settings = self._settings
        if b"content-encoding" in request.headers:
            body = await self._receive_encoded(request, memory)
        else:
            body = await receive_body(request.body, request.headers, settings.max_body, streamed=self._streams_bodies)
        place = self._take_place(memory)
        try:
            call = Call(request.scope, request.headers, body, context)
            if self._takes_events:
                found = await self._read_events(request.scope, body.read())
                if isinstance(found, Batch):
                    send(exchange, await self._reply_to_batch(call, found, place), context.request_id)
                    return
                _set_event(call, found)
            found_reply, variables = await self._call_function(call, place)
            reply = found_reply if isinstance(found_reply, Reply) else await self._write_event(found_reply, call)
            if reply.chunks is None or variables is None:
                send(exchange, reply, context.request_id)
            else:
                threads = self._invocation.threads
                await send_stream(exchange, reply, context.request_id, variables, threads, settings.timeout)
        finally:
            place.leave()

    async def _receive_encoded(self, request: IncomingRequest, memory: Reservation) -> Body:
        from funcpack_invoker.http.content_coding import receive_encoded  # noqa: PLC0415 - few requests are encoded

        decoding = memory if isinstance(memory, Decoding) else None
        return await receive_encoded(
            request, self._settings.max_body, self._directories, decoding, streamed=self._streams_bodies
        )

    async def _read_events(self, scope: Scope, body: bytes) -> Event | Batch:
        read = partial(cloudevent.read, scope["headers"], body, scope["path"])
        if len(body) <= MOST_ON_LOOP:
            return read(self._loads)
        try:
            return await self._invocation.threads.result(read, self._loads)
        except RequestError as error:
            raise _without_frames(error) from None

    async def _write_event(self, reply: EventReply, call: Call) -> Reply:
        write = partial(_response_to, reply)
        body = call.body
        if isinstance(body, WholeBody) and len(body.data) <= MOST_ON_LOOP:
            return write(call)
        # An answer usually has no more than its question.
        return await self._invocation.threads.result(write, call)

    async def _call_function(
        self, call: Call, place: Place | Reservation
    ) -> tuple[Reply | EventReply, contextvars.Context | None]:
        """Call the function; an error of it becomes the reply to it.

        Raises:
            RequestError: if the request does not fit the function.

        """
        place.stay()
        try:
            outcome, variables = await self._run(call, place.leave)
        except TimeoutError:
            return reply_to_error(CallTimeoutError(self._settings.timeout)), None
        if outcome.error is None:
            return outcome.value, variables
        if isinstance(outcome.error, RequestError):
            error = _without_frames(outcome.error)
            # This frame must not keep the error, which keeps this frame: the body would stay until the garbage collector runs.
            del outcome
            try:
                raise error
            finally:
                del error
        reply = reply_to_error(outcome.error)
        _without_frames(outcome.error)
        return call.answer or reply, None

    async def _reply_to_batch(self, call: Call, batch: Batch, place: Place | Reservation) -> Reply:
        """Call the function for every event, in order; return the replies as a batch, or an error if one call failed."""
        replies, failed_ids, unfit = [], [], []
        for event in batch.events:
            try:
                reply = await self._call_for_event(call, event, place)
                if not _is_success(reply.status):
                    failed_ids.append(str(event.attributes["id"]))
                elif isinstance(reply, EventReply) and reply.event is not None:
                    _, body = cloudevent.write_structured(reply.event)
                    replies.append(body)
            except RequestError as exc:
                unfit.append(f"event {event.attributes['id']}: {exc.reason}")
            except ReplyError as exc:
                logger.error("%s", exc.reason)  # noqa: TRY400 - the reason is all
                failed_ids.append(str(event.attributes["id"]))
        if failed_ids:
            return reply_to_error(
                ReplyError(f"the function failed for the events with the ids {', '.join(failed_ids)}")
            )
        if unfit:
            # After a 5xx, a broker would send all events again, for ever.
            return plain(400, "; ".join(unfit))
        if not replies:
            return Reply(200)
        return Reply(200, *cloudevent.write_batch(replies))

    async def _call_for_event(self, call: Call, event: Event, place: Place | Reservation) -> Reply | EventReply:
        context = copy(call.context)
        context.deadline = deadline(self._settings.timeout)
        call = Call(call.scope, call.headers, call.body, context)
        _set_event(call, event)
        # A call must not see the context variables of the one before it.
        reply, variables = await RunInContext(self._call_function(call, place), contextvars.copy_context())
        if isinstance(reply, Reply) and reply.chunks is not None and variables is not None:
            # Only events are sent. Closing the stream ends what belongs to it, such as Flask's contexts.
            await Stream(reply, variables, self._invocation.threads).close()
        return reply


class Place:
    """One of the places that FUNCTION_CONCURRENCY limits, with the memory that the request has reserved.

    A request leaves it when it is answered and its function has ended, which can be later on a thread.
    """

    __slots__ = ("_app", "_memory", "_stays")

    def __init__(self, app: App, memory: Reservation) -> None:
        self._app = app
        self._memory = memory
        self._stays = 1
        memory.stay()
        app.running += 1

    def stay(self) -> None:
        """Occupy the place until another `leave`."""
        self._stays += 1

    def leave(self) -> None:
        """Leave the place, if nothing else stays."""
        self._stays -= 1
        if not self._stays:
            self._app.running -= 1
            self._memory.leave()


def _without_frames(error: BaseException) -> BaseException:
    """Return an error without the frames that it comes from: they are a cycle, and would keep the parsed body for long."""
    error.__context__ = error.__cause__ = None
    return error.with_traceback(None)


def _too_many_requests() -> RequestError:
    return RequestError(503, "too many concurrent requests", ((b"retry-after", b"1"),))


def _response_to(reply: EventReply, call: Call) -> Reply:
    """Return the response that carries a reply event."""
    try:
        return event_reply.write(reply, call.headers)
    except ReplyError as error:
        return reply_to_error(error)


def _set_event(call: Call, event: Event) -> None:
    """Set the call's event; if the request has no trace, the event's is used."""
    call.event = event
    context = call.context
    if context.traceparent is None and "traceparent" in event.attributes:
        context.traceparent = valid_traceparent(str(event.attributes["traceparent"]))
        if context.traceparent and "tracestate" in event.attributes:
            context.tracestate = str(event.attributes["tracestate"])
    current.set(context)


def _is_success(status: int | None) -> bool:
    return status is None or status < 300
