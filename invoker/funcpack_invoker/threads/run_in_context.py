"""Awaits a coroutine with its own context variables, without a task of its own.

One task can make several calls, for example for the events of a batch, and the context variables that a function sets
must not reach the next call. The steps of a stream use the context variables of their call. A new task for each would
also work, but takes two more turns of the event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    import contextvars
    from collections.abc import Coroutine, Generator

Result = TypeVar("Result")


class RunInContext(Generic[Result]):
    """An awaitable that runs every step of a coroutine in a context; it returns and raises what the coroutine does."""

    __slots__ = ("_coroutine", "_variables")

    def __init__(self, coroutine: Coroutine[Any, Any, Result], variables: contextvars.Context) -> None:
        self._coroutine = coroutine
        self._variables = variables

    def __await__(self) -> Generator[Any, Any, Result]:
        """Do what `yield from` does (PEP 380), each step in the context."""
        run, coroutine = self._variables.run, self._coroutine
        try:
            step = run(coroutine.send, None)
            while True:
                try:
                    sent = yield step
                except GeneratorExit:
                    run(coroutine.close)
                    raise
                except BaseException as exc:  # noqa: BLE001 - passed on to the coroutine, cancellation above all
                    step = run(coroutine.throw, exc)
                else:
                    step = run(coroutine.send, sent)
        except StopIteration as stop:
            result: Result = stop.value
            return result
