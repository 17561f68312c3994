"""Calls the function and converts the value that it returns: on a thread or on the event loop, within FUNCTION_TIMEOUT.

Every call has its own context variables, and Flask's contexts in them if the function uses Flask.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import logging
from typing import TYPE_CHECKING, Any

from funcpack_invoker.errors import RequestError
from funcpack_invoker.events import reply as event_reply
from funcpack_invoker.function import arguments, generators
from funcpack_invoker.function.parameters import Kind
from funcpack_invoker.http import response
from funcpack_invoker.http.body import MOST_ON_LOOP
from funcpack_invoker.http.response import Reply
from funcpack_invoker.http.sending import reply_to_error
from funcpack_invoker.threads.cancellation import is_being_cancelled
from funcpack_invoker.threads.forks import end_forked_process, generation
from funcpack_invoker.threads.pool import NOT_BEGUN, Outcome, ThreadPool
from funcpack_invoker.threads.run_in_context import RunInContext
from funcpack_invoker.threads.skipped_calls import SkippedCalls

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from funcpack_invoker.events.reply import AnyReply
    from funcpack_invoker.flask_bridge.bridge import FlaskBridge
    from funcpack_invoker.flask_bridge.context import CallContext
    from funcpack_invoker.function.call import Call
    from funcpack_invoker.function.loader import LoadedFunction
    from funcpack_invoker.settings import Settings

    Invoke = Callable[[Call, Callable[[], None]], Awaitable[tuple[Outcome[AnyReply], contextvars.Context]]]

logger = logging.getLogger("funcpack")


def is_async(function: Callable[..., Any]) -> bool:
    """Return whether a callable runs on the event loop: `async def`, also as a method, a partial or a generator."""
    function = _called(function)
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def _is_generator(function: Callable[..., Any]) -> bool:
    function = _called(function)
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


def _called(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that a call of a partial or an object runs."""
    while isinstance(function, functools.partial):
        function = function.func
    return function if inspect.isroutine(function) else type(function).__call__


class Invocation:
    """Calls a loaded function. Everything that depends only on the function is decided here, once.

    Attributes:
        invoke: calls the function; returns the outcome, a reply or an error, and the context variables of the call. The
            argument `ended` is called when the function ends, which can be after the coroutine was cancelled or has timed
            out. It raises TimeoutError if the call takes longer than FUNCTION_TIMEOUT.
        threads: run the blocking calls.
        late_results: the number of calls that ended after their client had left or they had timed out.
        skipped_calls: those whose client had left, or which had timed out, before a thread was free for them.

    """

    def __init__(self, loaded: LoadedFunction, settings: Settings) -> None:
        self.is_async = is_async(loaded.function)
        call = self._call_on_loop if self.is_async else self._call_on_thread
        self._call: Invoke = call
        self.invoke: Invoke = self._call_in_time if settings.timeout else call
        self._function = arguments.caller(loaded.function, loaded.signature)
        self._flask = loaded.flask
        self._late_flask = loaded.late_flask
        self._is_http = loaded.kind is Kind.HTTP
        self._is_stream = self._is_http and _is_generator(loaded.function)
        self._defaults = event_reply.ReplyDefaults(settings.reply_type, settings.reply_source)
        self._timeout = settings.timeout
        self.threads = ThreadPool(settings.threads, "function", _is_large)
        self.late_results = 0
        self.skipped_calls = SkippedCalls()

    async def _call_in_time(
        self, call: Call, ended: Callable[[], None]
    ) -> tuple[Outcome[AnyReply], contextvars.Context]:
        async with asyncio.timeout(self._timeout):
            return await self._call(call, ended)

    async def _call_on_thread(
        self, call: Call, ended: Callable[[], None]
    ) -> tuple[Outcome[AnyReply], contextvars.Context]:
        variables = contextvars.copy_context()
        future: asyncio.Future[Outcome[Any]] = self.threads.run(
            self._call_blocking, call, variables, lambda outcome: self._end_call(future, outcome, variables, ended)
        )
        outcome = await future
        if asyncio.iscoroutine(outcome.value):
            outcome = await _outcome_of(RunInContext(outcome.value, variables))
        return outcome, variables

    async def _call_on_loop(
        self, call: Call, ended: Callable[[], None]
    ) -> tuple[Outcome[AnyReply], contextvars.Context]:
        before = generation.number
        try:
            outcome = await _outcome_of(self._call_async(call))
        finally:
            ended()
        if generation.number != before:
            end_forked_process(outcome.error)
        return outcome, contextvars.copy_context()

    def _end_call(
        self,
        future: asyncio.Future[Outcome[Any]],
        outcome: Outcome[Any],
        variables: contextvars.Context,
        ended: Callable[[], None],
    ) -> None:
        ended()
        if outcome is NOT_BEGUN:
            self.skipped_calls.add()
        elif future.cancelled():
            self.late_results += 1
            self._drop(outcome, variables)

    def _drop(self, outcome: Outcome[Any], variables: contextvars.Context) -> None:
        """Discard the outcome of a call whose client has left, or which took too long."""
        if outcome.error is not None:
            logger.error("a call failed after its client left or it timed out", exc_info=outcome.error)
            return
        logger.warning("discarded a late result: the client left or the call timed out (%d so far)", self.late_results)
        close = getattr(outcome.value, "close", None)
        if close is not None:
            self.threads.run(_close, close, variables)

    def _call_blocking(self, call: Call) -> AnyReply | Coroutine[Any, Any, AnyReply]:
        """Call a blocking function; return its reply, or a coroutine for it if the function returned an awaitable."""
        try:
            value = self._begin(call)
            if value is None:
                value = self._function(call)
                if self._is_stream:
                    value = generators.start(value)
        except BaseException as exc:  # noqa: BLE001 - raised again, unless it is a response
            value = self._convert_exception(exc, call)
        if hasattr(value, "__await__"):
            call.body.load()
            return self._call_awaited(value, call)
        reply = self._convert(value, call)
        if isinstance(reply, Reply) and reply.chunks is not None and hasattr(reply.chunks, "__anext__"):
            # The event loop runs it, as it does the coroutine above.
            call.body.load()
        return reply

    async def _call_async(self, call: Call) -> AnyReply:
        is_large = len(call.body.read()) > MOST_ON_LOOP
        try:
            value = self._begin(call)
            if value is None:
                # With large arguments on a thread: an `async def` only begins when its value is awaited, on the loop.
                value = await self.threads.result(self._function, call) if is_large else self._function(call)
                if self._is_stream:
                    value = await generators.start_async(value)
            if hasattr(value, "__await__"):
                value = await value
        except BaseException as exc:  # noqa: BLE001 - raised again, unless it is a response
            value = self._convert_exception(exc, call)
        return await self._convert_large(value, call) if is_large else self._convert(value, call)

    async def _convert_large(self, value: Any, call: Call) -> AnyReply:
        """Convert a value on a thread: a response is often as large as its request."""
        try:
            reply = await self.threads.result(functools.partial(self._convert_unfinished, value), call)
        except BaseException as exc:
            self._fail(exc, call)
            raise
        return self._finish(reply, call)

    async def _call_awaited(self, value: Awaitable[Any], call: Call) -> AnyReply:
        """Await the value of a plain function, such as a decorator's wrapper around an `async def`."""
        try:
            value = await value
        except BaseException as exc:  # noqa: BLE001 - raised again, unless it is a response
            value = self._convert_exception(exc, call)
        return self._convert(value, call)

    def _begin(self, call: Call) -> Any:
        """Enter Flask's contexts, if the function uses Flask; return the response if Flask has one already, else None."""
        flask = self._flask
        if flask is None and self._late_flask is not None:
            flask = self._late_flask.bridge(lambda bridge: self._enter(bridge, call))
        if flask is None:
            return None
        context = self._enter(flask, call)
        return flask.answer(context) if context.is_created else None

    def _enter(self, flask: FlaskBridge, call: Call) -> CallContext:
        self._flask = flask
        if call.flask is None:
            call.flask = flask.enter(call.scope, call.body)
            call.request = call.flask.request
        return call.flask

    def _convert_exception(self, exc: BaseException, call: Call) -> Any:
        """Return the response to an exception, such as that of `flask.abort`; raise an exception that has none."""
        if self._flask is None or call.flask is None:
            if response.is_http_exception(exc):
                return exc
            raise exc
        try:
            if self._is_http and isinstance(exc, RequestError):
                return reply_to_error(exc)
            return self._flask.answer_error(call.flask, exc)
        except BaseException as unanswered:
            self._fail(unanswered, call)
            raise

    def _convert(self, value: Any, call: Call) -> AnyReply:
        """Return the reply for a returned value, completed by Flask if the function uses it."""
        if self._flask is None or call.flask is None:
            return self._convert_value(value, call)
        try:
            reply = self._convert_unfinished(value, call)
        except BaseException as exc:
            self._fail(exc, call)
            raise
        return self._finish(reply, call)

    def _convert_unfinished(self, value: Any, call: Call) -> AnyReply:
        """Return the reply for a returned value; Flask can still complete it."""
        if self._is_http and self._flask is not None and call.flask is not None:
            value = self._flask.to_response(value)
        return self._convert_value(value, call)

    def _finish(self, reply: AnyReply, call: Call) -> AnyReply:
        return reply if self._flask is None or call.flask is None else self._flask.finish(call.flask, reply)

    def _fail(self, error: BaseException, call: Call) -> None:
        if self._flask is not None and call.flask is not None:
            call.answer = self._flask.fail(call.flask, error)

    def _convert_value(self, value: Any, call: Call) -> AnyReply:
        if isinstance(value, Reply):
            return value
        if self._is_http:
            return self._convert_http_value(value, call)
        assert call.event is not None  # noqa: S101 - CloudEvent functions are called with events only
        return event_reply.from_value(value, call.event, call.context, self._defaults)

    def _convert_http_value(self, value: Any, call: Call) -> AnyReply:
        body = value[0] if response.is_response_tuple(value) and value else value
        if type(body) not in _NOT_EVENTS:
            reply = event_reply.from_sdk_event(body, call.context)
            if reply is not None:
                return reply if body is value else event_reply.EventReply(reply.event, *response.unpack(value)[1:])
        return response.from_value(value)


_NOT_EVENTS = frozenset({str, bytes, dict, list, tuple, int, float, bool, type(None)})


def _is_large(value: Any) -> bool:
    """Return whether a value is a reply that takes much memory until it is sent."""
    return isinstance(value, Reply) and len(value.body) > MOST_ON_LOOP


def _close(close: Callable[[], object]) -> None:
    close()


async def _outcome_of(answer: Awaitable[AnyReply]) -> Outcome[AnyReply]:
    try:
        return Outcome(await answer, None)
    except asyncio.CancelledError as exc:
        if is_being_cancelled():
            raise
        # Something in the function was cancelled, not the call.
        return Outcome.failure(exc)
    except BaseException as exc:  # noqa: BLE001 - sys.exit() in a function must not end the worker
        return Outcome.failure(exc)
