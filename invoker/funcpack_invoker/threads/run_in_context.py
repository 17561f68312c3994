"""Awaits a coroutine in a context of its own, without a task of its own.

One task may make several calls, for the events of a batch above all, and what a function leaves in its context variables
must not reach the next one; the steps of a stream belong to the context of their call. A new task for each would do, but
takes two more turns of the loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator
    from contextvars import Context


class Isolated:
    """An awaitable that runs every step of a coroutine in `context`; its result and exceptions are the coroutine's."""

    __slots__ = ("_context", "_coroutine")

    def __init__(self, coroutine: Coroutine[Any, Any, Any], context: Context) -> None:
        self._coroutine = coroutine
        self._context = context

    def __await__(self) -> Generator[Any, Any, Any]:
        """Do what `yield from` does (PEP 380), each step inside of the context."""
        run, coroutine = self._context.run, self._coroutine
        try:
            step = run(coroutine.send, None)
            while True:
                try:
                    sent = yield step
                except GeneratorExit:
                    run(coroutine.close)
                    raise
                except BaseException as exc:  # noqa: BLE001 - handed to the coroutine, cancellation above all
                    step = run(coroutine.throw, exc)
                else:
                    step = run(coroutine.send, sent)
        except StopIteration as stop:
            return stop.value
