"""The threads that blocking calls run on.

`loop.run_in_executor` wakes the event loop for every result, by a lock, a future of its own and a write to a socket.
Here results wait in a deque, and the loop is woken once for all that come while it is busy: a quarter more requests a
second.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context


@dataclass(slots=True)
class Outcome:
    """What a call came to: its `value`, or the `error` it raised (`SystemExit` and the like included)."""

    value: Any
    error: BaseException | None


@dataclass(slots=True)
class _Job:
    call: Callable[[Any], Any]
    argument: Any
    context: Context
    future: asyncio.Future[Outcome]
    ended: Callable[[Outcome], None] | None


class ThreadPool:
    """At most `size` daemon threads, started as they are needed; to be used from one event loop."""

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._threads = 0
        self._running = 0
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._done: deque[tuple[_Job, Outcome]] = deque()
        self._woken = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: asyncio.Future[None] | None = None

    def run(
        self,
        call: Callable[[Any], Any],
        argument: Any,
        context: Context,
        ended: Callable[[Outcome], None] | None = None,
    ) -> asyncio.Future[Outcome]:
        """Run `call(argument)` in a context on a thread.

        The call runs to its end, also when the future is cancelled. `ended` is called on the loop with its outcome then,
        whether or not anybody waits for it.
        """
        loop = self._loop or self._start()
        future: asyncio.Future[Outcome] = loop.create_future()
        if self._running >= self._threads and self._threads < self._size:
            self._add_thread()
        self._running += 1
        self._jobs.put(_Job(call, argument, context, future, ended))
        return future

    async def close(self) -> None:
        """Wait for the calls that still run, and end the threads."""
        if self._running:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = 0

    def _start(self) -> asyncio.AbstractEventLoop:
        self._loop = asyncio.get_running_loop()
        return self._loop

    def _add_thread(self) -> None:
        self._threads += 1
        # Daemons: a call that never ends must not keep the process from ending after the grace period.
        threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                outcome = Outcome(job.context.run(job.call, job.argument), None)
            except BaseException as exc:  # noqa: BLE001 - sys.exit() in a function must not end a thread
                outcome = Outcome(None, exc)
            self._done.append((job, outcome))
            if not self._woken:
                self._woken = True
                self._wake()
            # An idle thread must keep nothing of its last call alive.
            del job, outcome

    def _wake(self) -> None:
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:
            # The loop was closed: the process is ending, and nobody waits.
            return

    def _deliver(self) -> None:
        # Before the deque is emptied: what comes from now on wakes the loop again.
        self._woken = False
        while self._done:
            job, outcome = self._done.popleft()
            self._running -= 1
            if not job.future.done():
                job.future.set_result(outcome)
            if job.ended is not None:
                job.ended(outcome)
        if self._idle is not None and not self._running and not self._idle.done():
            self._idle.set_result(None)
