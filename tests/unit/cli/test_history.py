"""The history of a run: what is kept, who is told, and which request a line belongs to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from funcpack.dev_server.history import Exchange, History, LogLine, Message, Timings

TIME = "2026-11-30T04:05:21.000Z"

EXCHANGE = Exchange(
    number=1,
    id="a",
    started=0.0,
    method="GET",
    path="/",
    type=None,
    request=Message((("host", "x"), ("accept", "a"), ("accept", "b")), b"", 0),
    status=200,
    answer=Message((), b"hello", 5),
    is_complete=True,
    timings=Timings(1, 2, 3),
    version=1,
    lines=(),
)


def finished(history: History, size: int = 0) -> Exchange:
    number = history.begin(f"id-{size}")
    exchange = replace(EXCHANGE, number=number, answer=Message((), b"x" * size, size), lines=history.lines_of(number))
    history.finish(exchange)
    return exchange


def test_newest_request_is_first() -> None:
    history = History()
    first, second = finished(history), finished(history)
    assert history.exchanges == (second, first)
    assert history.exchange(first.number) is first
    assert history.exchange(99) is None


def test_oldest_requests_are_dropped() -> None:
    history = History()
    exchanges = [finished(history) for _ in range(501)]
    assert history.exchanges == tuple(reversed(exchanges[1:]))


def test_requests_with_large_bodies_are_dropped_earlier() -> None:
    history = History()
    for _ in range(65):
        finished(history, 1 << 20)
    assert len(history.exchanges) == 64


def test_long_lines_are_dropped_earlier() -> None:
    history = History()
    for _ in range(40):
        history.log("x" * (1 << 20))
    assert len(history.lines) == 32


def test_request_keeps_its_last_lines() -> None:
    history = History()
    number = history.begin("a")
    for line in range(6000):
        history.log(f"line {line}")
    assert (len(history.lines_of(number)), history.lines_of(number)[-1]) == (5000, "line 5999")
    for _ in range(3):
        history.log("x" * (1 << 20))
    assert list(map(len, history.lines_of(number))) == [1 << 20, 1 << 20]


def test_requests_with_many_lines_are_dropped_earlier() -> None:
    history = History()
    for _ in range(65):
        number = history.begin("a")
        history.log("x" * (1 << 20))
        history.finish(replace(EXCHANGE, number=number, answer=Message((), b"", 0), lines=history.lines_of(number)))
    assert len(history.exchanges) == 64


def test_line_belongs_to_the_only_request() -> None:
    history = History()
    history.log("before")
    number = history.begin("a")
    history.log("in between")
    assert history.lines_of(number) == ("in between",)
    assert [(line.text, line.exchange) for line in history.lines] == [("before", None), ("in between", number)]


def test_line_belongs_to_the_request_that_it_names() -> None:
    history = History()
    first, second = history.begin("0af7"), history.begin("651c")
    history.log(f"{TIME} INFO function [651c]: hello")
    history.log("whose?")
    assert (history.lines_of(first), history.lines_of(second)) == ((), (f"{TIME} INFO function [651c]: hello",))
    assert [line.exchange for line in history.lines] == [second, None]


@pytest.mark.parametrize(
    ("line", "owner"),
    [
        (f"{TIME} INFO function [9f0c6e2a]: hello", 2),
        (f"{TIME} INFO function [9f0c6e2a]: the last [1]: hello", 2),
        (f"{TIME} INFO function [1]: 9f0c6e2a", 1),
        (f"{TIME} INFO function [a]:]: hello", 3),
        (f"{TIME} INFO function: step [1]: done", None),
        (f"{TIME} INFO function [11]: hello", None),
        ('{"message": "1", "request_id": "9f0c6e2a"}', 2),
        ('{"message": "\\"request_id\\": \\"1\\"", "request_id": "9f0c6e2a"}', 2),
        ('{"message": "hello", "request_id": 1}', 1),
        ('{"message": "1"}', None),
        ('{"message": [1]: ', None),
        pytest.param('{"a":' * 100_000, None, id="nested"),
        ("[1]: hello", None),
        ("1", None),
        ("", None),
    ],
)
def test_request_id_is_compared_where_the_invoker_writes_it(line: str, owner: int | None) -> None:
    history = History()
    assert [history.begin(request_id) for request_id in ("1", "9f0c6e2a", "a]:")] == [1, 2, 3]
    history.log(line)
    assert history.lines[0].exchange == owner


def test_listeners_are_told_until_they_leave() -> None:
    history = History()
    told: list[Exchange | LogLine] = []
    leave = history.subscribe(told.append)
    history.log("line")
    exchange = finished(history)
    leave()
    history.log("later")
    assert told == [history.lines[0], exchange]


def test_message_tells_whether_it_is_cut() -> None:
    assert Message((), b"ab", 3).is_cut
    assert not Message((), b"ab", 2).is_cut
    assert EXCHANGE.request.header("accept") == "a"
    assert EXCHANGE.request.header("cookie") is None
    assert EXCHANGE.timings.total == 6
