"""The threads that run blocking calls.

`loop.run_in_executor` wakes a thread for every call and the event loop for every result. Each wake-up hands over the
interpreter's lock, which takes longer than a short call. In this pool one thread runs all waiting calls, one after the
other, and wakes the loop once for their results. Before it runs a call while others wait, it wakes another thread. That
thread gets the lock as soon as the call blocks, and continues with the waiting calls and the delivery of results.

Calls that wait for something need many threads. Calls that compute need few: they share one lock, and so does the event
loop, which waits its turn behind them. No setting can know which kind they are, so the pool finds out: while calls wait
for a thread, the loop sets itself a timer. If the timer comes in time, the lock is free, and more calls may run at a time.
If it comes later than by the interpreter's switch interval, the loop had to wait for the lock, and fewer may.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from funcpack_invoker.threads.forks import end_forked_process, generation

if TYPE_CHECKING:
    from collections.abc import Callable

# Calls that run at a time even if they compute.
_ALWAYS = 4

# Seconds of the timer.
_TIMER = 0.005

# How many more calls may run at a time if the timer comes in time, and how many fewer if it comes late. So the number grows
# as long as the lock is free in one of seven cases: of calls that compute alone, it is free in one of twenty.
_MORE, _FEWER = 6, 1

Argument = TypeVar("Argument")
Result_co = TypeVar("Result_co", covariant=True)


class Outcome(NamedTuple, Generic[Result_co]):
    """How a call ended: the `value` that it returned, or the `error` that it raised, which can be a `SystemExit`."""

    value: Result_co
    error: BaseException | None

    @staticmethod
    def failure(error: BaseException) -> Outcome[Any]:
        """Return the outcome of a call that raised an exception."""
        return Outcome(None, error)


# The outcome of a call that was not made, because its future was cancelled while the call waited for a thread.
NOT_BEGUN: Outcome[Any] = Outcome(None, None)


class _Job:
    __slots__ = ("argument", "call", "ended", "future", "outcome", "taken", "variables")

    outcome: Outcome[Any]
    # Released when the loop has gone on with the outcome; None if the thread does not wait for that.
    taken: threading.Lock | None

    def __init__(
        self,
        call: Callable[[Any], Any],
        argument: Any,
        variables: contextvars.Context,
        future: asyncio.Future[Outcome[Any]],
        ended: Callable[[Outcome[Any]], None] | None,
    ) -> None:
        self.call = call
        self.argument = argument
        self.variables = variables
        self.future = future
        self.ended = ended
        self.taken = None

    def run(self) -> None:
        """Make the call, unless nobody waits for it any longer, and store its outcome."""
        if self.future.cancelled():
            self.outcome = NOT_BEGUN
            return
        before = generation.number
        try:
            self.outcome = Outcome(self.variables.run(self.call, self.argument), None)
        except BaseException as exc:  # noqa: BLE001 - sys.exit() in a function must not end a thread
            self.outcome = Outcome.failure(exc)
        if generation.number != before:
            end_forked_process(self.outcome.error)


def _is_never_large(_: Any) -> bool:
    return False


def _locked() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


class ThreadPool:
    """At most `size` daemon threads, started on demand. Use it from one event loop only.

    More than 4 calls run at a time only if they do not compute.

    The threads change shared state only by single steps that the interpreter does not interrupt. Code that appends to a
    deque checks the deque's flag afterwards. Code that was woken clears the flag before it looks into the deque. So no
    call and no result is left behind.
    """

    def __init__(self, size: int, name: str, is_large: Callable[[Any], bool] = _is_never_large) -> None:
        """Run at most `size` calls at a time.

        Args:
            size: the number of threads.
            name: of the threads.
            is_large: returns whether a result takes so much memory that its thread runs nothing else until the loop has
                gone on with it. A thread can end many calls before the loop takes its first result.

        """
        self._size = size
        self._limit = self._least = min(size, _ALWAYS)
        # Set while the loop is going to call `_adapt`.
        self._timer: asyncio.TimerHandle | None = None
        self._is_large = is_large
        self._name = name
        self._threads = 0
        self._running = 0
        # Calls that wait for a thread; None ends the thread that takes it.
        self._jobs: deque[_Job | None] = deque()
        # A thread sleeps by acquiring its own lock a second time; releasing the lock wakes it.
        self._sleeping: list[threading.Lock] = []
        # Whether a thread was woken or started, and has not looked for jobs since.
        self._is_thread_waking = False
        # Calls that have ended, but whose futures have no result yet.
        self._done: deque[_Job] = deque()
        # Whether the loop will call `_deliver`, and has not done so since.
        self._is_delivery_scheduled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        # Set by `close`, done when no call is running.
        self._all_ended: asyncio.Future[None] | None = None

    def run(
        self,
        call: Callable[[Argument], Result_co],
        argument: Argument,
        variables: contextvars.Context,
        ended: Callable[[Outcome[Result_co]], None] | None = None,
    ) -> asyncio.Future[Outcome[Result_co]]:
        """Run `call(argument)` on a thread, with the given context variables.

        If the future is cancelled before the call has begun, the call is not made. One that has begun runs to its end. Then
        `ended` is called on the loop with the outcome, whether the future was cancelled or not: with NOT_BEGUN if the call
        was not made.
        """
        loop = self._loop or self._start()
        future: asyncio.Future[Outcome[Result_co]] = loop.create_future()
        self._running += 1
        self._jobs.append(_Job(call, argument, variables, future, ended))
        if len(self._jobs) == 1:
            # Not immediately: the thread would take the interpreter's lock from the loop, which may add more calls.
            loop.call_soon(self._wake_thread)
        if self._timer is None and self._least < self._size:
            self._set_timer(loop)
        return future

    async def result(self, call: Callable[[Argument], Result_co], argument: Argument) -> Result_co:
        """Run `call(argument)` on a thread, with the current context variables, and return what it returns.

        If it is cancelled, it waits all the same until the call has ended, or is not made: it takes memory until then.

        Raises:
            BaseException: what it raises.

        """
        ended: asyncio.Future[Outcome[Result_co]] = asyncio.get_running_loop().create_future()
        future = self.run(call, argument, contextvars.copy_context(), ended.set_result)
        try:
            outcome = await future
        except asyncio.CancelledError:
            await asyncio.wait({ended})
            value = ended.result().value
            if asyncio.iscoroutine(value):
                # Python would warn that nobody awaits it.
                value.close()
            raise
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    async def close(self) -> None:
        """Wait for running calls, then end the threads."""
        if self._running:
            self._all_ended = asyncio.get_running_loop().create_future()
            await self._all_ended
        if self._timer is not None:
            self._timer.cancel()
        self._limit = self._size
        self._jobs.extend([None] * self._threads)
        self._threads = 0
        while self._sleeping:
            self._sleeping.pop().release()

    def _start(self) -> asyncio.AbstractEventLoop:
        self._loop = asyncio.get_running_loop()
        return self._loop

    def _wake_thread(self) -> None:
        """Wake or start a thread, unless one is waking or enough are busy."""
        if self._is_thread_waking or self._busy >= self._limit:
            return
        self._is_thread_waking = True
        try:
            self._sleeping.pop().release()
        except IndexError:
            if self._threads < self._size:
                self._add_thread()
            else:
                self._is_thread_waking = False

    @property
    def _busy(self) -> int:
        """The number of threads that do not sleep."""
        return self._threads - len(self._sleeping)

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + _TIMER
        self._timer = loop.call_at(due, self._adapt, loop, due)

    def _adapt(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        """Set how many calls may run at a time, as long as others wait."""
        self._timer = None
        if not self._jobs:
            self._limit = max(self._least, min(self._limit, self._busy))
            return
        if loop.time() - due < sys.getswitchinterval():
            self._limit = min(self._limit + _MORE, self._size)
        else:
            self._limit = max(self._limit - _FEWER, self._least)
        self._wake_thread()
        self._set_timer(loop)

    def _add_thread(self) -> None:
        self._threads += 1
        # Daemon threads: a call that never ends must not keep the process alive after the grace period.
        threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()

    def _work(self) -> None:
        wakeup = threading.Lock()
        wakeup.acquire()
        while True:
            self._is_thread_waking = False
            if self._done:
                self._schedule_delivery()
            if not self._run_jobs():
                return
            self._sleeping.append(wakeup)
            if self._jobs and self._busy < self._limit and self._stay_awake(wakeup):
                continue
            wakeup.acquire()

    def _run_jobs(self) -> bool:
        """Run waiting jobs until there are none, or too many run; return whether the thread should wait for more."""
        while self._busy <= self._limit:
            try:
                job = self._jobs.popleft()
            except IndexError:
                return True
            if job is None:
                return False
            if self._jobs:
                self._wake_thread()
            job.run()
            taken = _locked() if self._is_large(job.outcome.value) else None
            job.taken = taken
            self._done.append(job)
            # A thread that sleeps or waits must not keep its last call alive.
            del job
            if taken is not None:
                self._schedule_delivery()
                taken.acquire()
            elif not (self._jobs and self._is_thread_waking):
                self._schedule_delivery()
        return True

    def _stay_awake(self, wakeup: threading.Lock) -> bool:
        """Remove the thread from the sleeping ones; return False if another thread is waking it already."""
        try:
            self._sleeping.remove(wakeup)
        except ValueError:
            return False
        return True

    def _schedule_delivery(self) -> None:
        """Let the loop call `_deliver`, unless it will."""
        if self._is_delivery_scheduled or self._loop is None:
            return
        self._is_delivery_scheduled = True
        try:
            self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:
            # The loop is closed: the process is ending, and nothing waits for the result.
            return

    def _deliver(self) -> None:
        self._is_delivery_scheduled = False
        while self._done:
            job = self._done.popleft()
            self._running -= 1
            if not job.future.done():
                job.future.set_result(job.outcome)
            if job.ended is not None:
                job.ended(job.outcome)
            if job.taken is not None and self._loop is not None:
                # After what waits for the future.
                self._loop.call_soon(job.taken.release)
        if self._all_ended is not None and not self._running and not self._all_ended.done():
            self._all_ended.set_result(None)
