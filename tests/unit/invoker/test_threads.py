from __future__ import annotations

import asyncio
import contextvars
import inspect
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funcpack_invoker.free_threading import runs_without_gil
from funcpack_invoker.server.worker import SWITCH_INTERVAL
from funcpack_invoker.threads.pool import NOT_BEGUN, Outcome, ThreadPool
from funcpack_invoker.threads.run_in_context import RunInContext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="outside")


def in_loop(test: Callable[[ThreadPool], Awaitable[Any]], size: int = 4) -> Any:
    async def run() -> Any:
        pool = ThreadPool(size, "test")
        result = await test(pool)
        await pool.close()
        return result

    return asyncio.run(run())


def fails(error: BaseException) -> None:
    raise error


def test_result() -> None:
    async def test(pool: ThreadPool) -> Outcome[Any]:
        return await pool.run(str.upper, "a", contextvars.copy_context())

    assert in_loop(test) == Outcome("A", None)


@pytest.mark.parametrize("error", [ValueError(), SystemExit(3), KeyboardInterrupt(), StopIteration()])
def test_error_is_an_outcome(error: BaseException) -> None:
    async def test(pool: ThreadPool) -> list[Outcome[Any]]:
        context = contextvars.copy_context()
        return [await pool.run(fails, error, context), await pool.run(str.upper, "a", context)]

    assert in_loop(test, size=1) == [Outcome(None, error), Outcome("A", None)]


async def names_of_threads(pool: ThreadPool, *calls_at_a_time: int) -> set[str]:
    names: set[str] = set()

    def work(_: object) -> None:
        names.add(threading.current_thread().name)

    for calls in calls_at_a_time:
        await asyncio.gather(*(pool.run(work, None, contextvars.copy_context()) for _ in range(calls)))
    return names


def test_no_more_threads_than_allowed() -> None:
    assert len(in_loop(lambda pool: names_of_threads(pool, 100), size=3)) <= 3


def test_thread_is_used_again() -> None:
    # A thread that is not idle yet when the next call comes cannot be used for it, so not every try has to show it.
    assert any(len(in_loop(lambda pool: names_of_threads(pool, 1, 1), size=3)) == 1 for _ in range(100))


def test_calls_run_at_the_same_time() -> None:
    async def test(pool: ThreadPool) -> list[Outcome[Any]]:
        barrier = threading.Barrier(4, timeout=5)
        wait = [pool.run(lambda _: barrier.wait() >= 0, None, contextvars.copy_context()) for _ in range(4)]
        return await asyncio.gather(*wait)

    assert in_loop(test) == [Outcome(True, None)] * 4


class Together:
    """Counts the calls that run at a time."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def compute(self, seconds: float) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            sum(range(100))
        self.now -= 1


MANY = 100


async def wait_for_all(pool: ThreadPool) -> list[Outcome[Any]]:
    """Make calls that wait until all of them run."""
    barrier = threading.Barrier(MANY, timeout=20)
    calls = [pool.run(lambda _: barrier.wait() >= 0, None, contextvars.copy_context()) for _ in range(MANY)]
    return await asyncio.gather(*calls)


@pytest.fixture
def switch_interval_of_the_worker() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    yield
    sys.setswitchinterval(before)


async def compute_in_all(pool: ThreadPool) -> int:
    """Make calls that compute, and return how many of them ran at a time."""
    together = Together()
    calls = [pool.run(together.compute, 0.02, contextvars.copy_context()) for _ in range(MANY)]
    await asyncio.gather(*calls)
    return together.most


def test_calls_that_wait_get_as_many_threads_as_they_need() -> None:
    assert in_loop(wait_for_all, MANY) == [Outcome(True, None)] * MANY


@pytest.mark.usefixtures("switch_interval_of_the_worker")
@pytest.mark.skipif(runs_without_gil(), reason="calls that compute run at the same time")
def test_calls_that_compute_get_few_threads() -> None:
    assert in_loop(compute_in_all, MANY) < MANY / 2


def test_calls_that_wait_get_threads_after_calls_that_compute_and_the_other_way_round() -> None:
    async def test(pool: ThreadPool) -> list[Outcome[Any]]:
        await compute_in_all(pool)
        await wait_for_all(pool)
        await compute_in_all(pool)
        return await wait_for_all(pool)

    assert in_loop(test, MANY) == [Outcome(True, None)] * MANY


@pytest.mark.parametrize("calls", [compute_in_all, wait_for_all])
def test_close_ends_all_threads(calls: Callable[[ThreadPool], Awaitable[Any]]) -> None:
    before = set(threading.enumerate())
    in_loop(calls, MANY)
    threads = set(threading.enumerate()) - before
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_result_does_not_wait_for_calls_that_came_later(size: int) -> None:
    async def test(pool: ThreadPool) -> list[Outcome[Any]]:
        go = threading.Event()
        quick = pool.run(str.upper, "a", contextvars.copy_context())
        slow = [pool.run(lambda _: go.wait(5), None, contextvars.copy_context()) for _ in range(4)]
        first = await asyncio.wait_for(quick, 5)
        go.set()
        return [first, *await asyncio.gather(*slow)]

    assert in_loop(test, size) == [Outcome("A", None)] + [Outcome(True, None)] * 4


@given(
    bursts=st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=8), max_size=8),
    size=st.sampled_from([1, 2, 3, 20]),
)
@settings(deadline=None, max_examples=40)
def test_every_call_is_made_whatever_the_calls_before_it_do(bursts: list[list[int]], size: int) -> None:
    def call(milliseconds: int) -> int:
        threading.Event().wait(milliseconds / 1000)
        return milliseconds

    async def test(pool: ThreadPool) -> list[Outcome[Any]]:
        futures = []
        for burst in bursts:
            futures += [pool.run(call, milliseconds, contextvars.copy_context()) for milliseconds in burst]
            await asyncio.wait(futures, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        return await asyncio.wait_for(asyncio.gather(*futures), 5)

    expected = [Outcome(milliseconds, None) for burst in bursts for milliseconds in burst]
    assert in_loop(test, size) == expected


class Gate:
    """A call that has begun, and waits until it is let go on."""

    def __init__(self) -> None:
        self._begun, self._opened = threading.Event(), threading.Event()

    def wait(self, _: object) -> str:
        self._begun.set()
        return "opened" if self._opened.wait(20) else "closed"

    async def begin(self, pool: ThreadPool, ended: Callable[[Outcome[str]], None]) -> asyncio.Future[Outcome[str]]:
        future = pool.run(self.wait, None, contextvars.copy_context(), ended)
        await asyncio.to_thread(self._begun.wait, 20)
        return future

    def open(self) -> None:
        self._opened.set()


def test_call_that_is_cancelled_after_it_has_begun_runs_to_its_end() -> None:
    async def test(pool: ThreadPool) -> list[Outcome[Any]]:
        gate, ended = Gate(), list[Outcome[Any]]()
        future = await gate.begin(pool, ended.append)
        future.cancel()
        gate.open()
        await pool.close()
        return ended

    assert in_loop(test) == [Outcome("opened", None)]


def test_calls_that_are_cancelled_before_they_begin_are_not_made() -> None:
    async def test(pool: ThreadPool) -> tuple[list[int], list[bool], list[Outcome[Any]]]:
        gate, made, ended = Gate(), list[int](), list[Outcome[Any]]()
        await gate.begin(pool, ended.append)
        calls = [pool.run(made.append, number, contextvars.copy_context(), ended.append) for number in range(5)]
        for cancelled in calls[:2] + calls[3:]:
            cancelled.cancel()
        gate.open()
        await calls[2]
        await pool.close()
        return made, [outcome is NOT_BEGUN for outcome in ended], ended

    made, not_begun, ended = in_loop(test, size=1)
    assert made == [2]
    assert not_begun == [False, True, True, False, True, True]
    assert ended[0] == Outcome("opened", None)


def test_result_that_is_cancelled_before_its_call_begins_is_given_up_when_the_call_is_skipped() -> None:
    async def test(pool: ThreadPool) -> tuple[bool, bool, list[int]]:
        gate, made = Gate(), list[int]()
        await gate.begin(pool, lambda _: None)
        task = asyncio.ensure_future(pool.result(made.append, 1))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        was_done = task.done()
        gate.open()
        await asyncio.wait({task})
        return was_done, task.cancelled(), made

    assert in_loop(test, size=1) == (False, True, [])


def test_call_runs_in_its_context() -> None:
    async def test(pool: ThreadPool) -> list[Any]:
        context = contextvars.copy_context()
        context.run(variable.set, "inside")
        first = await pool.run(lambda _: variable.get(), None, context)
        second = await pool.run(lambda _: variable.get(), None, contextvars.copy_context())
        return [first.value, second.value]

    assert in_loop(test) == ["inside", "outside"]


async def _several_steps() -> str:
    variable.set("inside")
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await asyncio.sleep(0)
    task = asyncio.create_task(_read())
    return f"{variable.get()} {await task}"


async def _read() -> str:
    return variable.get()


async def _swallow() -> str:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        return "swallowed"
    return "slept"


def test_isolated_coroutine_keeps_its_variables_to_itself() -> None:
    async def test() -> tuple[str, str]:
        return await RunInContext(_several_steps(), contextvars.copy_context()), variable.get()

    assert asyncio.run(test()) == ("inside inside", "outside")


def test_isolated_coroutine_raises_what_it_raises() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("mine")

    async def test() -> None:
        await RunInContext(fail(), contextvars.copy_context())

    with pytest.raises(ValueError, match="mine"):
        asyncio.run(test())


def test_isolated_coroutine_is_cancelled_and_may_say_no() -> None:
    async def test() -> str:
        async def isolated() -> str:
            found: str = await RunInContext(_swallow(), contextvars.copy_context())
            return found

        task = asyncio.create_task(isolated())
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert asyncio.run(test()) == "swallowed"


def test_isolated_coroutine_is_closed_with_the_one_that_awaits_it() -> None:
    seen = []

    async def watched() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            seen.append("closed")

    async def isolated() -> None:
        await RunInContext(watched(), contextvars.copy_context())

    async def test() -> None:
        coroutine = isolated()
        coroutine.send(None)
        coroutine.close()

    asyncio.run(test())
    assert seen == ["closed"]


class Argument:
    """What a call works on."""


def in_loop_with_large_results(test: Callable[[ThreadPool], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        pool = ThreadPool(1, "test", lambda _: True)
        result = await test(pool)
        await pool.close()
        return result

    return asyncio.run(run())


def test_a_thread_runs_nothing_else_until_its_large_result_is_taken() -> None:
    async def test(pool: ThreadPool) -> list[str]:
        log: list[str] = []

        async def call(name: str) -> None:
            await pool.run(lambda name: log.append(f"made {name}"), name, contextvars.copy_context())
            log.append(f"took {name}")

        await asyncio.gather(call("a"), call("b"), call("c"))
        return log

    assert in_loop_with_large_results(test) == ["made a", "took a", "made b", "took b", "made c", "took c"]


def test_a_thread_that_waits_does_not_keep_what_it_worked_on() -> None:
    async def test(pool: ThreadPool) -> bool:
        argument = Argument()
        reference = weakref.ref(argument)
        future = pool.run(id, argument, contextvars.copy_context())
        del argument
        await future
        return reference() is None

    assert in_loop_with_large_results(test)


def test_a_cancelled_call_ends_before_its_result_is_given_up() -> None:
    async def test(pool: ThreadPool) -> tuple[bool, bool]:
        started, goes_on = threading.Event(), threading.Event()
        ended: list[bool] = []

        def work(_: object) -> None:
            started.set()
            goes_on.wait(20)
            ended.append(True)

        task = asyncio.ensure_future(pool.result(work, None))
        await asyncio.to_thread(started.wait, 20)
        task.cancel()
        await asyncio.sleep(0)
        was_done = task.done()
        goes_on.set()
        await asyncio.wait({task})
        return was_done, task.cancelled() and ended == [True]

    assert in_loop(test) == (False, True)


def test_a_coroutine_that_a_cancelled_call_returns_is_closed() -> None:
    async def test(pool: ThreadPool) -> list[str]:
        started, goes_on = threading.Event(), threading.Event()
        made: list[Coroutine[Any, Any, str]] = []

        def work(_: object) -> Coroutine[Any, Any, str]:
            started.set()
            goes_on.wait(20)
            made.append(_several_steps())
            return made[0]

        task = asyncio.ensure_future(pool.result(work, None))
        await asyncio.to_thread(started.wait, 20)
        task.cancel()
        goes_on.set()
        await asyncio.wait({task})
        return [inspect.getcoroutinestate(coroutine) for coroutine in made]

    assert in_loop(test) == [inspect.CORO_CLOSED]
