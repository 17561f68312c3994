"""The threads that blocking calls run on.

`loop.run_in_executor` wakes a thread for every call and the event loop for every result, and each time the interpreter's
lock changes hands, which takes longer than a short call does. Here one thread takes all the calls that wait, one after
the other, and the loop is woken once for their results. Before it takes one while others wait it sees to it that another
thread is on its way: that one gets the lock as soon as a call blocks, and goes on with what waits, results included.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context


class Outcome(NamedTuple):
    """What a call came to: its `value`, or the `error` it raised (`SystemExit` and the like included)."""

    value: Any
    error: BaseException | None


class _Job:
    __slots__ = ("argument", "call", "context", "ended", "future", "outcome")

    outcome: Outcome

    def __init__(
        self,
        call: Callable[[Any], Any],
        argument: Any,
        context: Context,
        future: asyncio.Future[Outcome],
        ended: Callable[[Outcome], None] | None,
    ) -> None:
        self.call = call
        self.argument = argument
        self.context = context
        self.future = future
        self.ended = ended

    def do(self) -> None:
        """Make the call."""
        try:
            self.outcome = Outcome(self.context.run(self.call, self.argument), None)
        except BaseException as exc:  # noqa: BLE001 - sys.exit() in a function must not end a thread
            self.outcome = Outcome(None, exc)


class ThreadPool:
    """At most `size` daemon threads, started as they are needed; to be used from one event loop.

    What the threads share is changed by single steps that the interpreter does not interrupt. Who adds to one of the
    deques looks at the flag that belongs to it afterwards; who was woken takes the flag down before it looks into the
    deque: so nothing is left behind.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._threads = 0
        self._running = 0
        self._jobs: deque[_Job | None] = deque()
        self._resting: list[threading.Lock] = []
        self._is_roused = False
        self._done: deque[_Job] = deque()
        self._is_announced = False
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
        self._running += 1
        self._jobs.append(_Job(call, argument, context, future, ended))
        if len(self._jobs) == 1:
            # Not at once: a thread would take the lock from the loop, which may have more calls to add.
            loop.call_soon(self._rouse)
        return future

    async def close(self) -> None:
        """Wait for the calls that still run, and end the threads."""
        if self._running:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
        self._jobs.extend([None] * self._threads)
        self._threads = 0
        while self._resting:
            self._resting.pop().release()

    def _start(self) -> asyncio.AbstractEventLoop:
        self._loop = asyncio.get_running_loop()
        return self._loop

    def _rouse(self) -> None:
        """See to it that a thread is on its way, if there is one that is not busy."""
        if self._is_roused:
            return
        self._is_roused = True
        try:
            self._resting.pop().release()
        except IndexError:
            if self._threads < self._size:
                self._add_thread()
            else:
                self._is_roused = False

    def _add_thread(self) -> None:
        self._threads += 1
        # Daemons: a call that never ends must not keep the process from ending after the grace period.
        threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()

    def _work(self) -> None:
        rest = threading.Lock()
        rest.acquire()
        while True:
            self._is_roused = False
            if self._done:
                self._announce()
            if not self._do_jobs():
                return
            self._resting.append(rest)
            if self._jobs and self._stays_up(rest):
                continue
            rest.acquire()

    def _do_jobs(self) -> bool:
        """Do what waits; tells whether the thread is to wait for more."""
        while True:
            try:
                job = self._jobs.popleft()
            except IndexError:
                return True
            if job is None:
                return False
            if self._jobs:
                self._rouse()
            job.do()
            self._done.append(job)
            # An idle thread must keep nothing of its last call alive.
            del job
            if not (self._jobs and self._is_roused):
                self._announce()

    def _stays_up(self, rest: threading.Lock) -> bool:
        """Take the thread back from those who rest; fails where somebody is waking it already."""
        try:
            self._resting.remove(rest)
        except ValueError:
            return False
        return True

    def _announce(self) -> None:
        """Tell the loop that there are results."""
        if self._is_announced or self._loop is None:
            return
        self._is_announced = True
        try:
            self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:
            # The loop was closed: the process is ending, and nobody waits.
            return

    def _deliver(self) -> None:
        self._is_announced = False
        while self._done:
            job = self._done.popleft()
            self._running -= 1
            if not job.future.done():
                job.future.set_result(job.outcome)
            if job.ended is not None:
                job.ended(job.outcome)
        if self._idle is not None and not self._running and not self._idle.done():
            self._idle.set_result(None)
