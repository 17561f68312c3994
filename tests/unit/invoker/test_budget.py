"""Requests share the memory of a worker, in the order in which they ask for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from funcpack_invoker.errors import LimitError
from funcpack_invoker.http import budget as budget_module
from funcpack_invoker.http.budget import NOTHING, Budget, LateReservation, Reservation
from funcpack_invoker.http.held import Held

if TYPE_CHECKING:
    from collections.abc import Coroutine


async def settle() -> None:
    """Let everything go on that can go on without the passing of time."""
    for _ in range(5):
        await asyncio.sleep(0)


def ask(budget: Budget, size: int, log: list[str], name: str = "", kept: int = 0) -> asyncio.Task[Reservation]:
    """Reserve in a task, and note when that is done."""

    async def reserve() -> Reservation:
        reservation = await budget.reserve(size, kept)
        log.append(name)
        return reservation

    return asyncio.ensure_future(reserve())


def run(test: Coroutine[Any, Any, None]) -> None:
    async def in_time() -> None:
        async with asyncio.timeout(20):
            await test

    asyncio.run(in_time())


def test_bytes_are_counted() -> None:
    budget = Budget(100, 0)
    first, second = budget.take(60), budget.take(40)

    assert (first is not None, second is not None, budget.take(1), budget.free) == (True, True, None, 0)
    assert first is not None
    first.leave()
    assert budget.free == 60


def test_more_than_there_is_takes_the_whole_budget() -> None:
    budget = Budget(100, 0)
    giant = budget.take(1000)

    assert giant is not None
    assert (giant.size, budget.free) == (100, 0)
    giant.leave()
    assert budget.free == 100


def test_those_that_wait_come_in_their_order() -> None:
    async def test() -> None:
        log: list[str] = []
        budget = Budget(100, 0)
        holder = await budget.reserve(100)
        waiting = [ask(budget, size, log, name) for size, name in ((70, "a"), (20, "b"), (50, "c"), (1, "d"))]
        await settle()
        assert (log, budget.waiting) == ([], 4)

        holder.leave()
        await settle()
        assert (log, budget.waiting, budget.free) == (["a", "b"], 2, 10)

        (await waiting[0]).leave()
        await settle()
        assert (log, budget.waiting, budget.free) == (["a", "b", "c", "d"], 0, 29)

    run(test())


def test_nobody_overtakes_those_that_wait() -> None:
    async def test() -> None:
        log: list[str] = []
        budget = Budget(100, 0)
        holder = await budget.reserve(50)
        giant = ask(budget, 100, log, "giant")
        await settle()
        small = ask(budget, 1, log, "small")
        await settle()
        assert (budget.take(1), log) == (None, [])

        holder.leave()
        await settle()
        assert log == ["giant"]
        (await giant).leave()
        await small
        assert log == ["giant", "small"]

    run(test())


@pytest.mark.parametrize("is_turn", [False, True], ids=["while it waits", "when its turn has come"])
def test_the_next_one_follows_one_that_left(*, is_turn: bool) -> None:
    async def test() -> None:
        log: list[str] = []
        budget = Budget(100, 0)
        holder = await budget.reserve(60)
        leaving, behind = ask(budget, 90, log, "leaving"), ask(budget, 40, log, "behind")
        await settle()
        if is_turn:
            holder.leave()
        leaving.cancel()
        await settle()
        assert (log, budget.free) == (["behind"], 60 if is_turn else 0)
        (await behind).leave()
        if not is_turn:
            holder.leave()
        assert (budget.free, budget.waiting) == (100, 0)

    run(test())


def test_a_reservation_lasts_until_everybody_has_left() -> None:
    budget = Budget(100, 0)
    reservation = budget.take(30)
    assert reservation is not None
    reservation.stay()
    reservation.leave()
    assert budget.free == 70
    reservation.leave()
    assert budget.free == 100


def test_a_late_reservation_gives_back_what_it_had_before() -> None:
    budget = Budget(100, 0)
    late = LateReservation()
    for size in (30, 50):
        late.become(taken(budget, size))
        assert budget.free == 100 - size
    late.stay()
    late.leave()
    assert budget.free == 50
    late.leave()
    assert budget.free == 100


def test_a_late_reservation_keeps_nothing_after_everybody_has_left() -> None:
    budget = Budget(100, 0)
    late = LateReservation()
    late.leave()
    late.become(taken(budget, 30))
    assert budget.free == 100


def taken(budget: Budget, size: int) -> Reservation:
    reservation = budget.take(size)
    assert reservation is not None
    return reservation


def test_nothing_belongs_to_no_budget() -> None:
    NOTHING.stay()
    NOTHING.leave()


def test_those_that_wait_keep_no_more_than_they_may() -> None:
    async def test() -> None:
        log: list[str] = []
        budget = Budget(100, 10)
        holder = await budget.reserve(100)
        first = ask(budget, 1, log, "first", kept=6)
        await settle()
        with pytest.raises(LimitError) as caught:
            await budget.reserve(1, 5)
        assert caught.value.status == 503
        holder.leave()
        await first
        again = await budget.reserve(99, 10)
        waiting = ask(budget, 2, log, "again", kept=10)
        await settle()
        again.leave()
        await waiting

    run(test())


def test_the_first_that_waits_may_keep_more() -> None:
    """One that is larger than all that may wait would never be served beside others."""

    async def test() -> None:
        log: list[str] = []
        budget = Budget(100, 10)
        holder = await budget.reserve(100)
        first = ask(budget, 100, log, "first", kept=50)
        await settle()
        with pytest.raises(LimitError):
            await budget.reserve(1, 1)
        holder.leave()
        await first

    run(test())


def test_a_slow_one_is_cut_once_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget_module, "_PATIENCE", 0.01)

    async def test() -> None:
        log: list[str] = []
        budget = Budget(100, 0)
        was_cut = asyncio.Event()
        reservation = await budget.reserve(100, cut=was_cut.set)
        other = ask(budget, 100, log, "other")
        await was_cut.wait()
        assert log == []
        reservation.leave()
        await other

    run(test())


def test_the_one_that_has_held_bytes_for_longest_lets_go() -> None:
    let_go: list[str] = []
    held: Held[str] = Held(10, let_go.append)
    held.hold("a", 4)
    held.hold("b", 4)
    held.hold("a", 2)
    assert (held.total, let_go) == (10, [])

    held.hold("c", 1)
    assert (held.total, let_go) == (5, ["a"])
    held.release("b")
    held.release("b")
    assert held.total == 1
    held.hold("d", 11)
    assert (held.total, let_go) == (0, ["a", "c", "d"])
    assert not held.let_longest_go()


def test_without_a_limit_nobody_lets_go() -> None:
    let_go: list[str] = []
    held: Held[str] = Held(None, let_go.append)
    held.hold("a", 1 << 60)
    assert (held.total, let_go) == (1 << 60, [])
    assert held.let_longest_go()
    assert let_go == ["a"]
