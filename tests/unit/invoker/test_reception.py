"""An application receives a body while it arrives, as soon as there is memory for each part."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from funcpack_invoker.errors import RequestError
from funcpack_invoker.http.admission import MOST_FOR_A_BYTE, Admission, parsed_size
from funcpack_invoker.http.body import MOST_ON_LOOP
from funcpack_invoker.http.incoming import MOST_BUFFERED, IncomingBody, IncomingRequest
from funcpack_invoker.http.reception import Reception
from tests.unit.invoker.test_admission import FORMS, SHAPES

if TYPE_CHECKING:
    from funcpack_invoker.http.budget import Budget

MEMORY = 64 << 20
MOST_BODY = 10 << 20


class Received:
    """A request whose body arrives as the test says, and its reception."""

    def __init__(self, **headers: str) -> None:
        self.admission = Admission(MEMORY, MOST_BODY)
        self.body = IncomingBody(lambda: None, is_awaited=False)
        fields: Any = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        request = IncomingRequest({}, fields, self.body, keeps_alive=True)
        self.reception = Reception(self.admission, request)

    def arrive(self, data: bytes, *, is_last: bool = False) -> None:
        self.body.add(data)
        if is_last:
            self.body.complete()

    async def receive(self) -> tuple[int, bool]:
        data, more = await self.reception.next_chunk()
        return len(data), more

    @property
    def reserved(self) -> dict[str, int]:
        """What is reserved of each budget."""
        budgets = {name: getattr(self.admission, name) for name in ("arriving", "small", "large")}
        return {name: budget.size - budget.free for name, budget in budgets.items() if budget.free < budget.size}


def test_small_body_reserves_with_its_last_part() -> None:
    async def run() -> None:
        received = Received()
        received.arrive(b"x" * 1000)
        assert (await received.receive(), received.reserved) == ((1000, True), {})
        received.arrive(b"x" * 1000, is_last=True)
        assert (await received.receive(), received.reserved) == ((1000, False), {"small": 2000 * MOST_FOR_A_BYTE})
        received.reception.leave()
        assert received.reserved == {}

    asyncio.run(run())


def test_large_body_reserves_while_it_arrives_and_then_what_it_becomes() -> None:
    async def run() -> None:
        received = Received(content_length="200000")
        received.arrive(b"x" * MOST_ON_LOOP)
        assert (await received.receive(), received.reserved) == ((MOST_ON_LOOP, True), {})
        received.arrive(b"x" * 10_000)
        assert (await received.receive(), received.reserved) == ((10_000, True), {"arriving": 200_000})
        received.arrive(b"x" * (190_000 - MOST_ON_LOOP), is_last=True)
        assert await received.receive() == (190_000 - MOST_ON_LOOP, False)
        assert list(received.reserved) == ["large"]
        received.reception.leave()
        assert received.reserved == {}

    asyncio.run(run())


def test_of_a_very_large_body_only_the_first_part_counts() -> None:
    async def run() -> None:
        received = Received()
        for _ in range(100):
            received.arrive(b"x" * (1 << 16))
            await received.receive()
        assert list(received.reserved) == ["large"]
        assert received.reserved["large"] < MEMORY // 2
        received.reception.leave()
        assert received.reserved == {}

    asyncio.run(run())


@pytest.mark.parametrize("budget", ["arriving", "large"])
def test_part_waits_for_memory_and_is_not_lost(budget: str) -> None:
    """The client does not send on meanwhile, and an application may stop waiting and ask again."""

    async def run() -> None:
        received = Received()
        shared: Budget = getattr(received.admission, budget)
        taken = shared.take(shared.size)
        assert taken is not None
        received.arrive(b"x" * 100_000, is_last=budget == "large")
        for _ in range(2):
            waiting = asyncio.ensure_future(received.receive())
            await asyncio.sleep(0)
            assert (waiting.done(), shared.waiting, received.body.most) == (False, 1, 0)
            waiting.cancel()
            await asyncio.wait({waiting})
        taken.leave()
        assert await received.receive() == (100_000, budget == "arriving")
        assert received.body.most == MOST_BUFFERED
        received.reception.leave()
        assert received.reserved == {}

    asyncio.run(run())


def test_the_last_part_reserves_also_if_it_comes_while_the_first_waits() -> None:
    """The connection had read it before it stopped reading."""

    async def run() -> None:
        received = Received()
        arriving = received.admission.arriving
        taken = arriving.take(arriving.size)
        assert taken is not None
        received.arrive(b"x" * 70_000)
        waiting = asyncio.ensure_future(received.receive())
        await asyncio.sleep(0)
        received.arrive(b"x" * 10_000, is_last=True)
        taken.leave()
        assert (await waiting, list(received.reserved)) == ((80_000, False), ["large"])
        received.reception.leave()
        assert received.reserved == {}

    asyncio.run(run())


def test_a_body_that_was_dropped_is_not_taken_for_an_empty_one() -> None:
    async def run() -> None:
        received = Received()
        received.arrive(b"x" * 1000, is_last=True)
        received.body.drop()
        waiting = asyncio.ensure_future(received.receive())
        await asyncio.sleep(0)
        received.body.cut(RequestError(400, "the client has disconnected"))
        with pytest.raises(RequestError, match="disconnected"):
            await waiting

    asyncio.run(run())


def test_nothing_is_kept_for_a_call_that_has_ended() -> None:
    async def run() -> None:
        received = Received()
        taken = received.admission.large.take(received.admission.large.size)
        assert taken is not None
        received.arrive(b"x" * 100_000, is_last=True)
        waiting = asyncio.ensure_future(received.receive())
        await asyncio.sleep(0)
        received.reception.leave()
        taken.leave()
        await waiting
        assert received.reserved == {}

    asyncio.run(run())


def test_body_that_stops_is_not_waited_for() -> None:
    async def run() -> None:
        received = Received()
        received.body.cut(RequestError(408, "late"))
        with pytest.raises(RequestError, match="late"):
            await received.receive()

    asyncio.run(run())


BODIES = [(b"application/json", body) for body in SHAPES.values()]
BODIES += [(content_type.encode(), text.encode()) for content_type, text in FORMS.values()]


@pytest.mark.parametrize(("content_type", "body"), BODIES)
def test_parts_take_at_least_as_much_as_the_body(content_type: bytes, body: bytes) -> None:
    places = sorted(random.Random(1).choices(range(len(body)), k=5))
    parts = [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]
    assert sum(parsed_size(part, content_type, is_part=True) for part in parts) >= parsed_size(body, content_type)
