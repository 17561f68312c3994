"""The hooks that the handler's module can define: `start`, `stop`, `alive` and `ready`, as `def` or `async def`."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import operator
from typing import TYPE_CHECKING, Any

from funcpack_invoker.function.invocation import is_async
from funcpack_invoker.function.patched_threads import refuse_patched_threads
from funcpack_invoker.threads.pool import ThreadPool
from funcpack_invoker.tracebacks import ExitError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

logger = logging.getLogger("funcpack")

NAMES = ("start", "stop", "alive", "ready")


class Hooks:
    """The hooks of one module.

    Attributes:
        started: whether `start` has returned, or there is no such hook.

    """

    def __init__(self, module: ModuleType, others: Sequence[object]) -> None:
        """Find the hooks; `others` are not hooks, even if they have the name of one, as the handler can have."""
        self._start, self._stop, alive, ready = (_hook(module, name, others) for name in NAMES)
        self._alive, self._ready = Check(alive), Check(ready)
        self.started = self._start is None

    async def start(self) -> None:
        """Run `start`.

        Raises:
            Exception: any exception of `start`; PatchedThreadsError if it has replaced Python's threads.

        """
        if self._start is not None:
            await self._start.run()
            refuse_patched_threads("`start()`")
        self.started = True

    async def stop(self) -> None:
        """Run `stop`; log any exception."""
        if self._stop is not None:
            try:
                await self._stop.run()
            except Exception:
                logger.exception("stop() failed")

    async def alive(self) -> str | None:
        """Run `alive`; return why the process is not healthy, or None if it is."""
        return await self._alive.problem()

    async def ready(self) -> str | None:
        """Run `ready`; return why the process cannot take requests, or None if it can."""
        return await self._ready.problem()


class Hook:
    """A hook, run on its own thread or on the loop: a hook that hangs must not block calls or other hooks."""

    def __init__(self, name: str, function: Callable[[], Any]) -> None:
        self.name = name
        self._function = function
        self._is_async = is_async(function)
        self._thread = ThreadPool(1, name)
        self._running: asyncio.Task[Any] | None = None

    async def run(self) -> Any:
        """Run the hook and return its value; callers that arrive while it runs get the same value.

        Raises:
            Exception: any exception of the hook; ExitError for a SystemExit or KeyboardInterrupt.

        """
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._call())
        # The first caller may be cancelled while the others still wait.
        return await asyncio.shield(self._running)

    async def _call(self) -> Any:
        try:
            value = await self._call_function()
            return await value if hasattr(value, "__await__") else value
        except (SystemExit, KeyboardInterrupt) as exc:
            raise ExitError(exc) from exc

    async def _call_function(self) -> Any:
        if self._is_async:
            return self._function()
        outcome = await self._thread.run(operator.call, self._function, contextvars.copy_context())
        if outcome.error is not None:
            raise outcome.error
        return outcome.value


class Check:
    """What `alive` or `ready` reports. Probes ask many times, so the log has a line only if the report changes."""

    def __init__(self, hook: Hook | None) -> None:
        self._hook = hook
        self._logged: str | None = None

    async def problem(self) -> str | None:
        """Run the hook; return the problem that it reports, or None."""
        hook = self._hook
        if hook is None:
            return None
        try:
            problem = _problem_in(await hook.run(), hook.name)
        except Exception as exc:  # noqa: BLE001 - logged
            # The answer does not show the exception, which may contain a secret.
            problem = f"{hook.name}() failed"
            self._log(hook.name, f"{type(exc).__name__}: {exc}", exc)
        else:
            self._log(hook.name, problem)
        return problem

    def _log(self, name: str, problem: str | None, error: Exception | None = None) -> None:
        if problem == self._logged:
            return
        self._logged = problem
        if problem is None:
            logger.info("%s() no longer reports a problem; health checks get 200 again", name)
        elif error is None:
            logger.warning("%s() reports a problem; health checks get 503: %s", name, problem)
        else:
            logger.error("%s() failed; health checks get 503", name, exc_info=error)


def _hook(module: ModuleType, name: str, others: Sequence[object]) -> Hook | None:
    function = vars(module).get(name)
    if any(function is other for other in others) or not callable(function) or isinstance(function, type):
        return None
    return Hook(name, function)


def _problem_in(verdict: Any, name: str) -> str | None:
    if isinstance(verdict, tuple) and len(verdict) == 2 and verdict[0] is False:
        return str(verdict[1])
    return f"{name}() returned False" if verdict is False else None
