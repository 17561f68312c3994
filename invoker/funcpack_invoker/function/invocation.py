"""Calls the function: on a thread or on the event loop, in a context of its own, and for as long as is allowed."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from funcpack_invoker.events import reply as event_reply
from funcpack_invoker.function import arguments
from funcpack_invoker.function.parameters import Kind
from funcpack_invoker.http import response
from funcpack_invoker.threads.pool import Outcome, ThreadPool
from funcpack_invoker.threads.run_in_context import Isolated

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from funcpack_invoker.events.reply import EventReply
    from funcpack_invoker.function.call import Call
    from funcpack_invoker.function.loader import LoadedFunction
    from funcpack_invoker.http.response import Reply
    from funcpack_invoker.settings import Settings

logger = logging.getLogger("funcpack")


def is_async(function: Callable[..., Any]) -> bool:
    """Tell whether a callable belongs on the event loop: `async def`, also as a method, a partial or a generator."""
    while isinstance(function, functools.partial):
        function = function.func
    if not inspect.isroutine(function):
        function = type(function).__call__
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


class Invocation:
    """A loaded function as the app calls it. What is to be known about the function is found out here, once."""

    def __init__(self, loaded: LoadedFunction, settings: Settings) -> None:
        self.is_async = is_async(loaded.function)
        self._run = self._run_on_loop if self.is_async else self._run_on_thread
        self._function = arguments.caller(loaded.function, loaded.filling)
        self._flask = loaded.flask
        self._is_http = loaded.kind is Kind.HTTP
        self._defaults = event_reply.ReplyDefaults(settings.reply_type, settings.reply_source)
        self._timeout = settings.timeout
        self.threads = ThreadPool(settings.threads, "function")
        self.late_results = 0

    async def run(self, call: Call, ended: Callable[[], None]) -> tuple[Outcome, Context]:
        """Call the function, and give what came of it: a reply or an error, and the context it ran in.

        `ended` is called when the function has come to its end, which may be after this was cancelled or has given up.

        Raises:
            TimeoutError: when it took longer than FUNCTION_TIMEOUT.

        """
        context = copy_context()
        if not self._timeout:
            return await self._run(call, context, ended), context
        async with asyncio.timeout(self._timeout):
            return await self._run(call, context, ended), context

    async def _run_on_thread(self, call: Call, context: Context, ended: Callable[[], None]) -> Outcome:
        future = self.threads.run(self._answer, call, context, lambda outcome: self._ended(future, outcome, ended))
        outcome = await future
        if asyncio.iscoroutine(outcome.value):
            return await _outcome_of(outcome.value, context)
        return outcome

    async def _run_on_loop(self, call: Call, context: Context, ended: Callable[[], None]) -> Outcome:
        try:
            return await _outcome_of(self._answer_async(call), context)
        finally:
            ended()

    def _ended(self, future: asyncio.Future[Outcome], outcome: Outcome, ended: Callable[[], None]) -> None:
        ended()
        if future.cancelled():
            self.late_results += 1
            self._drop(outcome)

    def _drop(self, outcome: Outcome) -> None:
        """Give up what came of a call that nobody waits for any more: its client left, or it took too long."""
        if outcome.error is not None:
            logger.error("a call that nobody waited for any more failed", exc_info=outcome.error)
            return
        logger.warning("a call ended after its time, its result is dropped (%d so far)", self.late_results)
        close = getattr(outcome.value, "close", None)
        if close is not None:
            close()

    def _answer(self, call: Call) -> Any:
        """Call a blocking function; gives its reply, or a coroutine that does, where it returned an awaitable."""
        try:
            if self._flask is not None:
                self._flask.enter(call)
            value = self._function(call)
        except BaseException as exc:  # noqa: BLE001 - raised again, unless it is a response
            value = self._failed(exc, call)
        if hasattr(value, "__await__"):
            return self._answer_awaited(call, value)
        return self._reply(value, call)

    async def _answer_async(self, call: Call) -> Reply | EventReply:
        try:
            if self._flask is not None:
                self._flask.enter(call)
            value = self._function(call)
            if hasattr(value, "__await__"):
                value = await value
        except BaseException as exc:  # noqa: BLE001 - raised again, unless it is a response
            value = self._failed(exc, call)
        return self._reply(value, call)

    async def _answer_awaited(self, call: Call, value: Any) -> Reply | EventReply:
        """Await what a plain function gave back: a decorator around an `async def` that is none itself, say."""
        try:
            value = await value
        except BaseException as exc:  # noqa: BLE001 - raised again, unless it is a response
            value = self._failed(exc, call)
        return self._reply(value, call)

    def _failed(self, exc: BaseException, call: Call) -> Any:
        """Return the exception if it is a response, as that of `flask.abort` is; else raise it."""
        if response.is_http_exception(exc):
            return exc
        if self._flask is not None:
            self._flask.fail(call, exc)
        raise exc

    def _reply(self, value: Any, call: Call) -> Reply | EventReply:
        if self._flask is None:
            return self._converted(value, call)
        try:
            reply = self._converted(value, call)
        except BaseException as exc:
            self._flask.fail(call, exc)
            raise
        return self._flask.finish(call, reply)

    def _converted(self, value: Any, call: Call) -> Reply | EventReply:
        return self._http_reply(value, call) if self._is_http else event_reply.from_value(value, call, self._defaults)

    def _http_reply(self, value: Any, call: Call) -> Reply | EventReply:
        body = value[0] if isinstance(value, tuple) and value else value
        if type(body) not in _NO_EVENTS:
            reply = event_reply.from_sdk_event(body, call)
            if reply is not None:
                return reply if body is value else event_reply.EventReply(reply.event, *response.unpack(value)[1:])
        return response.from_value(value)


_NO_EVENTS = frozenset({str, bytes, dict, list, tuple, int, float, bool, type(None)})


async def _outcome_of(answer: Any, context: Context) -> Outcome:
    try:
        return Outcome(await Isolated(answer, context), None)
    except asyncio.CancelledError as exc:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # Something in the function was cancelled, not the call.
        return Outcome(None, exc)
    except BaseException as exc:  # noqa: BLE001 - sys.exit() in a function must not end the worker
        return Outcome(None, exc)
