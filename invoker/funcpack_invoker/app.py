"""The ASGI application: takes requests, has the function called, sends what came of it."""

from __future__ import annotations

import asyncio
import logging
from copy import copy
from typing import TYPE_CHECKING, Any

from funcpack_invoker.context import Context, current, deadline, new_context, valid_traceparent
from funcpack_invoker.errors import InvalidEventError, ReplyError, RequestError
from funcpack_invoker.events import cloudevent
from funcpack_invoker.events import reply as event_reply
from funcpack_invoker.events.event import Batch, Event
from funcpack_invoker.events.reply import EventReply
from funcpack_invoker.function.call import Call
from funcpack_invoker.function.hooks import Hooks
from funcpack_invoker.function.invocation import Invocation
from funcpack_invoker.function.parameters import Kind, Value
from funcpack_invoker.health import LIVE_PATHS, READY_PATHS, Health
from funcpack_invoker.http import request_checks
from funcpack_invoker.http.body import receive_body
from funcpack_invoker.http.response import Reply, plain
from funcpack_invoker.http.sending import AccessLog, Sender, failed, gave_up

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextvars import Context as ContextVars

    from funcpack_invoker.function.loader import LoadedFunction
    from funcpack_invoker.http.asgi import Receive, Scope, Send
    from funcpack_invoker.settings import Settings
    from funcpack_invoker.telemetry.observer import Observer, Run

    Serve = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger("funcpack")

# A slow start() is not waited for longer than this before connections are taken: probes want an answer meanwhile.
_START_PATIENCE = 1.0

# gunicorn's "worker failed to boot": its master stops, instead of starting workers for ever.
_BOOT_FAILED = 3


class App:
    """One function, served.

    `__call__` is ASGI's (http and lifespan), `serve` its part for requests; `drain` is to be called at SIGTERM.
    """

    def __init__(self, function: LoadedFunction, settings: Settings, observer: Observer | None = None) -> None:
        self._handler = function.handler
        self._settings = settings
        self._takes_events = function.kind is Kind.CLOUDEVENT
        self._invocation = Invocation(function, settings)
        self._hooks = Hooks(function.module, function.function)
        self._health = Health(self._hooks)
        self._health_paths = frozenset(LIVE_PATHS + READY_PATHS) if settings.health_paths else frozenset()
        self._streams_bodies = (
            not (self._invocation.is_async or self._takes_events)
            and function.filling.takes(Value.REQUEST)
            and not function.filling.takes(Value.BODY)
        )
        self.running = 0
        self.serve: Serve = self._serve_logged if settings.access_log else self._serve
        self._call: Run = self._invocation.run
        self._observer = observer
        if observer is not None:
            self.serve = observer.requests(self.serve, self._health_paths)
            self._call = observer.calls(self._invocation)
        self._starting: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the process's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self.serve(scope, receive, send)
        else:
            raise ValueError(f"{scope['type']} is not served")

    async def startup(self) -> None:
        """Run the module's `start`; one that takes its time goes on while connections are taken already.

        Raises:
            Exception: whatever `start` raised.

        """
        self._starting = asyncio.get_running_loop().create_task(self._hooks.start())
        done, _ = await asyncio.wait({self._starting}, timeout=_START_PATIENCE)
        if done:
            self._starting.result()
        else:
            self._starting.add_done_callback(_end_if_failed)

    async def shutdown(self) -> None:
        """Wait for calls that still run on threads, then run the module's `stop`, and send the last telemetry."""
        try:
            await self._invocation.threads.close()
            if self._hooks.started.is_set():
                await self._hooks.stop()
        finally:
            if self._observer is not None:
                await self._observer.close()

    def drain(self) -> None:
        """Answer from now on that no more requests are wanted."""
        self._health.draining = True

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.startup()
        except Exception as exc:
            logger.critical("start() failed", exc_info=True)
            await send({"type": "lifespan.startup.failed", "message": f"start() raised {type(exc).__name__}"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        context = new_context(headers, self._handler, self._settings.timeout)
        current.set(context)
        sender = Sender(send, scope["method"], context.request_id)
        try:
            scope = request_checks.checked(scope, headers)
            if scope["path"] in self._health_paths:
                await sender.send(await self._health.answer(scope["path"], scope["method"]))
            elif self._takes_events and scope["method"] != "POST":
                await sender.send(request_checks.not_posted(scope["method"], headers))
            elif self._is_full():
                await sender.send(plain(503, "too many requests at a time", (b"retry-after", b"1")))
            else:
                await self._answer(scope, headers, context, receive, sender)
        except RequestError as exc:
            await sender.send(plain(exc.status, exc.reason))
        except InvalidEventError as exc:
            await sender.send(plain(exc.status, exc.reason))

    async def _serve_logged(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, and log a line for it."""
        line = AccessLog(scope)
        try:
            await self._serve(scope, receive, line.watch(send))
        finally:
            line.write()

    def _is_full(self) -> bool:
        return 0 < self._settings.concurrency <= self.running

    async def _answer(
        self, scope: Scope, headers: dict[bytes, bytes], context: Context, receive: Receive, sender: Sender
    ) -> None:
        # The place is taken before the body is read: clients that send slowly count as well.
        place = _Place(self)
        try:
            body = await receive_body(receive, headers, self._settings.max_body, streamed=self._streams_bodies)
            call = Call(scope, headers, body, context)
            if not self._hooks.started.is_set():
                await self._hooks.started.wait()
            if not self._takes_events:
                await self._answer_one(call, sender, place)
                return
            found = cloudevent.read(scope["headers"], body.read())
            if isinstance(found, Batch):
                await sender.send(await self._reply_to_batch(call, found, place))
            else:
                await self._answer_one(_with_event(call, found), sender, place)
        finally:
            place.leave()

    async def _answer_one(self, call: Call, sender: Sender, place: _Place) -> None:
        reply, variables = await self._run(call, place)
        if isinstance(reply, EventReply):
            reply = _written(reply, call)
        if reply.chunks is None or variables is None:
            await sender.send(reply)
        else:
            await sender.stream(reply, variables, self._invocation.threads, self._settings.timeout)

    async def _reply_to_batch(self, call: Call, batch: Batch, place: _Place) -> Reply:
        """Call the function for every event in order; the replies make a batch, one failure makes the whole fail."""
        replies, failed_ids, unfit = [], [], []
        for event in batch.events:
            try:
                reply = await self._reply_in_batch(call, event, place)
            except RequestError as exc:
                unfit.append(f"event {event.attributes['id']}: {exc.reason}")
                continue
            if reply is None:
                failed_ids.append(str(event.attributes["id"]))
            elif reply.event is not None:
                replies.append(reply.event)
        if failed_ids:
            return failed(ReplyError(f"the function failed for the events with the ids {', '.join(failed_ids)}"))
        if unfit:
            # To a 5xx a broker would send them all again, for ever.
            return plain(400, "; ".join(unfit))
        if not replies:
            return Reply(200)
        try:
            headers, body = cloudevent.write_batch(replies)
        except ReplyError as exc:
            return failed(exc)
        return Reply(200, headers, body)

    async def _reply_in_batch(self, call: Call, event: Event, place: _Place) -> EventReply | None:
        context = copy(call.context)
        context.deadline = deadline(self._settings.timeout)
        call = _with_event(Call(call.scope, call.headers, call.body, context), event)
        reply, _ = await self._run(call, place)
        if isinstance(reply, EventReply) and _is_success(reply.status):
            return reply
        return None

    async def _run(self, call: Call, place: _Place) -> tuple[Reply | EventReply, ContextVars | None]:
        """Call the function, and answer for it where it fails.

        Raises:
            RequestError: when the request does not fit the function.

        """
        place.stay()
        try:
            outcome, variables = await self._call(call, place.leave)
        except TimeoutError:
            return gave_up(self._settings.timeout), None
        if isinstance(outcome.error, RequestError):
            raise outcome.error
        if outcome.error is not None:
            return failed(outcome.error), None
        return outcome.value, variables


class _Place:
    """One of the places that FUNCTION_CONCURRENCY limits.

    A request leaves it when it is answered and its function has come to an end, which on a thread may be later.
    """

    __slots__ = ("_app", "_stays")

    def __init__(self, app: App) -> None:
        self._app = app
        self._stays = 1
        app.running += 1

    def stay(self) -> None:
        self._stays += 1

    def leave(self) -> None:
        self._stays -= 1
        if not self._stays:
            self._app.running -= 1


def _with_event(call: Call, event: Event) -> Call:
    """Give the call its event; the trace is the event's own, where the request has none."""
    call.event = event
    context = call.context
    if context.traceparent is None and "traceparent" in event.attributes:
        context.traceparent = valid_traceparent(str(event.attributes["traceparent"]))
        if context.traceparent and "tracestate" in event.attributes:
            context.tracestate = str(event.attributes["tracestate"])
    current.set(context)
    return call


def _written(reply: EventReply, call: Call) -> Reply:
    try:
        return event_reply.write(reply, call)
    except ReplyError as exc:
        return failed(exc)


def _is_success(status: Any) -> bool:
    return status is None or str(status).startswith("2")


def _end_if_failed(starting: asyncio.Task[None]) -> None:
    """End the worker when a start() that connections did not wait for has failed."""
    if not starting.cancelled() and starting.exception() is not None:
        logger.critical("start() failed", exc_info=starting.exception())
        raise SystemExit(_BOOT_FAILED)
