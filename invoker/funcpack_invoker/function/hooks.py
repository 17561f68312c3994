"""The hooks that the function's module may define: `start`, `stop`, `alive` and `ready`, plain or async."""

from __future__ import annotations

import asyncio
import logging
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from funcpack_invoker.function.invocation import is_async
from funcpack_invoker.threads.pool import ThreadPool
from funcpack_invoker.tracebacks import ExitError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

logger = logging.getLogger("funcpack")


class Hooks:
    """The hooks of one module. `started` is set when `start` has come to its end, or there is none."""

    def __init__(self, module: ModuleType, handler: Callable[..., Any]) -> None:
        self._start = _hook(module, "start", handler)
        self._stop = _hook(module, "stop", handler)
        self._alive = _hook(module, "alive", handler)
        self._ready = _hook(module, "ready", handler)
        self.started = asyncio.Event()
        if self._start is None:
            self.started.set()

    async def start(self) -> None:
        """Run `start`; whatever it raises is raised."""
        if self._start is not None:
            await self._start.run()
        self.started.set()

    async def stop(self) -> None:
        """Run `stop`; an error in it is logged."""
        if self._stop is not None:
            try:
                await self._stop.run()
            except Exception:
                logger.exception("stop() failed")

    async def alive(self) -> str | None:
        """Say what is wrong with the process, None when nothing is."""
        return await _fault(self._alive)

    async def ready(self) -> str | None:
        """Say why no requests are wanted, None when they are."""
        return await _fault(self._ready)


class Hook:
    """A hook on a thread of its own, or on the loop: one that hangs must hold up neither calls nor other hooks."""

    def __init__(self, name: str, function: Callable[[], Any]) -> None:
        self.name = name
        self._function = function
        self._is_async = is_async(function)
        self._thread = ThreadPool(1, name)
        self._running: asyncio.Task[Any] | None = None

    async def run(self) -> Any:
        """Run the hook and give what it returned; whoever asks while it runs gets the same answer."""
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._run())
        # The first one to ask may leave: the others still wait for it.
        return await asyncio.shield(self._running)

    async def _run(self) -> Any:
        try:
            value = await self._call()
            return await value if hasattr(value, "__await__") else value
        except (SystemExit, KeyboardInterrupt) as exc:
            raise ExitError(exc) from exc

    async def _call(self) -> Any:
        if self._is_async:
            return self._function()
        outcome = await self._thread.run(_call, self._function, copy_context())
        if outcome.error is not None:
            raise outcome.error
        return outcome.value


def _call(function: Callable[[], Any]) -> Any:
    return function()


def _hook(module: ModuleType, name: str, handler: Callable[..., Any]) -> Hook | None:
    function = vars(module).get(name)
    # A function that is served is no hook, whatever it is called; nor is a class or a value of that name.
    if function is handler or not callable(function) or isinstance(function, type):
        return None
    return Hook(name, function)


async def _fault(hook: Hook | None) -> str | None:
    if hook is None:
        return None
    try:
        verdict = await hook.run()
    except Exception:
        logger.exception("%s() failed", hook.name)
        return f"{hook.name}() failed"
    if isinstance(verdict, tuple) and len(verdict) == 2 and verdict[0] is False:
        return str(verdict[1])
    return f"{hook.name}() says no" if verdict is False else None
