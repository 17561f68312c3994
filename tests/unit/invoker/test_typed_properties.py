"""What goes in comes out: a value of any type that typed data reads is equal after it was written and read again."""

from __future__ import annotations

import enum
import string
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, Generic, Literal, NamedTuple, NewType, TypedDict, TypeVar
from uuid import UUID

import pydantic
import pydantic.dataclasses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funcpack_invoker.events.cloudevent import Event, complete, read, write_batch, write_binary, write_structured
from funcpack_invoker.function.typed.reader import Reader
from funcpack_invoker.http import json_codec, response

T = TypeVar("T")
Typed = tuple[Any, st.SearchStrategy[Any]]
UserId = NewType("UserId", int)


class Colour(enum.Enum):
    RED = "red"
    NUMBER = 1
    DAY = date(2026, 1, 2)
    PAIR = (1, "x")
    AMOUNT = Decimal("1.50")


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Name(enum.StrEnum):
    A = "a"
    B = "b"


class Mixed(str, enum.Enum):  # noqa: UP042 - what Python before 3.11 had
    A = "a"


class Rights(enum.Flag):
    READ = 1
    WRITE = 2
    RUN = 4


class Point(NamedTuple):
    x: int
    y: Decimal = Decimal("0.10")


class Movie(TypedDict):
    title: str
    length: timedelta


@dataclass(frozen=True)
class Key:
    name: str
    n: Decimal


@dataclass
class Box(Generic[T]):
    content: T
    more: list[T]


@dataclass
class Pair(Generic[T]):
    first: T
    second: T | None = None


@dataclass
class Node:
    point: Point
    labels: set[str] = field(default_factory=set)
    next: Node | None = None


class Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)
    at: datetime
    uid: UUID = pydantic.Field(alias="userId")
    tags: set[int] = set()


@pydantic.dataclasses.dataclass(config=pydantic.ConfigDict(strict=True))
class Checked:
    at: date = pydantic.Field(alias="theDate")


offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
zones = st.none() | st.just(UTC) | offsets
decimals = st.decimals(allow_nan=False, allow_infinity=False)
floats = st.floats(allow_nan=False, allow_infinity=False)
paths = st.text("abc/. é", min_size=1)
points = st.builds(Point, st.integers(), decimals)
keys = st.builds(Key, st.text(), decimals)
nodes = st.recursive(
    st.builds(Node, points, st.sets(st.text())),
    lambda inner: st.builds(Node, points, st.sets(st.text()), inner),
    max_leaves=4,
)

SCALARS: list[Typed] = [
    (bool, st.booleans()),
    (int, st.integers()),
    (float, floats),
    (str, st.text()),
    (bytes, st.binary()),
    (Decimal, decimals),
    (datetime, st.datetimes(timezones=zones)),
    (date, st.dates()),
    (time, st.times(timezones=st.none() | offsets)),
    (timedelta, st.timedeltas()),
    (UUID, st.uuids()),
    (Path, paths.map(Path)),
    (PurePosixPath, paths.map(PurePosixPath)),
    (Colour, st.sampled_from(Colour)),
    (Level, st.sampled_from(Level)),
    (Name, st.sampled_from(Name)),
    (Mixed, st.sampled_from(Mixed)),
    (Rights, st.integers(0, 7).map(Rights)),
    (UserId, st.integers()),
    (Literal["a", 1, True], st.sampled_from(["a", 1, True])),
]
KEYS = [(kind, values) for kind, values in SCALARS if kind is not Colour]
OTHERS: list[Typed] = [
    (Point, points),
    (Movie, st.fixed_dictionaries({"title": st.text(), "length": st.timedeltas()})),
    (Key, keys),
    (Node, nodes),
    (set[Key], st.sets(keys, max_size=3)),
    (Any, st.none() | st.booleans() | st.integers() | floats | st.text()),
    (
        Strict,
        st.builds(Strict, at=st.datetimes(timezones=st.just(UTC)), userId=st.uuids(), tags=st.sets(st.integers())),
    ),
    (Checked, st.builds(Checked, theDate=st.dates())),
    (int | str | None, st.integers() | st.text() | st.none()),
    (Point | Key | list[int], points | keys | st.lists(st.integers())),
]


def container(inner: Typed) -> st.SearchStrategy[Typed]:
    kind, values = inner
    several = st.lists(values, max_size=3)
    choices: list[Typed] = [
        (list[kind], several),  # type: ignore[valid-type] # a type that the test chooses
        (tuple[kind, ...], several.map(tuple)),  # type: ignore[valid-type]
        (tuple[int, kind], st.tuples(st.integers(), values)),  # type: ignore[valid-type]
        (deque[kind], several.map(deque)),  # type: ignore[valid-type]
        (Box[kind], st.builds(Box, values, several)),  # type: ignore[valid-type]
        (Pair[kind], st.builds(Pair, values, st.none() | values)),  # type: ignore[valid-type]
    ]
    return st.sampled_from(choices) | st.sampled_from(KEYS).flatmap(lambda key: mappings(key, inner))


def mappings(key: Typed, value: Typed) -> st.SearchStrategy[Typed]:
    found = st.dictionaries(key[1], value[1], max_size=3)
    return st.sampled_from([(dict[key[0], value[0]], found), (OrderedDict[key[0], value[0]], found.map(OrderedDict))])  # type: ignore[valid-type] # as above


def sets(inner: Typed) -> st.SearchStrategy[Typed]:
    kind, values = inner
    return st.sampled_from([(set[kind], st.sets(values)), (frozenset[kind], st.frozensets(values))])  # type: ignore[valid-type] # as above


types = st.recursive(
    st.sampled_from(SCALARS + OTHERS) | st.sampled_from(SCALARS).flatmap(sets),
    lambda inner: inner.flatmap(container),
    max_leaves=3,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a type is chosen, and then its values
@given(types.flatmap(lambda typed: st.tuples(st.just(typed[0]), typed[1])))
def test_value_comes_back(case: tuple[Any, Any]) -> None:
    annotation, value = case
    reader = Reader(annotation, "data")
    loads = json_codec.loads_exact if reader.is_exact else json_codec.loads
    again = reader.read(loads(json_codec.dumps(value).encode()))
    assert again == value
    assert type(again) is type(value)


@given(st.sampled_from(SCALARS[:4]).flatmap(container).flatmap(lambda typed: typed[1]))
def test_value_is_the_same_json_everywhere(value: Any) -> None:
    written = json_codec.dumps(value)
    event = complete({"type": "t", "source": "/s", "datacontenttype": "application/json"}, value)
    if not isinstance(value, tuple):
        assert response.from_value(value).body.decode() == written
    assert response.from_value((value, 201)).body.decode() == written
    assert write_binary(event)[1].decode() == written
    for sent in (read(*write_structured(event)), read(*write_batch([write_structured(event)[1]])).events[0]):  # type: ignore[union-attr] # a batch
        assert isinstance(sent, Event)
        assert sent.data == json_codec.loads(written.encode())


numbers = st.tuples(
    st.sampled_from(["", "-"]),
    st.text(string.digits, min_size=1, max_size=40).map(lambda digits: digits.lstrip("0") or "0"),
    st.just("") | st.text(string.digits, min_size=1, max_size=40).map(lambda digits: f".{digits}"),
    st.just("") | st.integers(-400, 400).map(lambda exponent: f"e{exponent}"),
).map("".join)


@given(numbers.filter(lambda number: number != "-0"))
def test_number_is_read_into_a_decimal_to_the_digit(number: str) -> None:
    document = f'[{{"content": {number}, "more": [{number}]}}]'.encode()
    [box] = Reader(list[Box[Decimal]], "data").read(json_codec.loads_exact(document))
    assert [str(found) for found in (box.content, *box.more)] == [str(Decimal(number))] * 2
