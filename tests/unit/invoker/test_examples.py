"""Examples of typed data: they are what the reader of the type accepts."""

from __future__ import annotations

import enum
import ipaddress  # noqa: TC003 - pydantic evaluates the annotation
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, Required, TypedDict, TypeVar
from uuid import UUID

import pydantic
import pytest

from funcpack_invoker.function.typed.examples import example
from funcpack_invoker.function.typed.reader import Reader

Item = TypeVar("Item")
Sku = NewType("Sku", str)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Point(NamedTuple):
    x: int
    y: int = 7


class Address(TypedDict):
    city: str
    zip: NotRequired[int]


class Partial(TypedDict, total=False):
    city: Required[str]


@dataclass
class Line:
    sku: Sku
    price: Decimal
    colour: Colour


@dataclass
class Node:
    name: str
    children: list[Node]
    parent: Node | None = None


@dataclass
class Page(Generic[Item]):
    items: list[Item]
    next: str | None


@dataclass
class Order:
    item: str
    lines: list[Line]
    when: datetime
    count: int = 3
    tags: list[str] = field(default_factory=list)
    note: str | None = None
    secret: str = field(init=False, default="")


class Model(pydantic.BaseModel):
    name: str = pydantic.Field(min_length=10, max_length=12)
    age: int = pydantic.Field(gt=17)
    level: int = pydantic.Field(le=0)
    step: int = pydantic.Field(multiple_of=5)
    email: Annotated[str, pydantic.Field(examples=["ada@example.com"])]
    kind: Literal["a", "b"]
    colour: Colour
    when: datetime
    id: UUID
    address: ipaddress.IPv4Address
    pair: tuple[int, str]
    three: list[int] = pydantic.Field(min_length=3)
    limits: dict[str, int]
    renamed: str = pydantic.Field(alias="re-named")
    either: int | str
    maybe: int | None
    child: Model | None = None
    size: int = 4


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, "field"),
        (int, 1),
        (float, 1.5),
        (bool, True),
        (type(None), None),
        (bytes, "Ynl0ZXM="),
        (date, "2026-01-31"),
        (datetime, "2026-01-31T12:00:00Z"),
        (time, "12:00:00"),
        (timedelta, "PT1H"),
        (Decimal, 1),
        (UUID, "00000000-0000-4000-8000-000000000000"),
        (Path, "field.txt"),
        (Any, {}),
        (dict, {}),
        (dict[str, Any], {}),
        (list, []),
        (list[int], [1]),
        (Sequence[str], ["field"]),
        (set[int], [1]),
        (tuple[int, str], [1, "field"]),
        (tuple[int, ...], [1]),
        (Mapping[str, int], {"name": 1}),
        (int | None, 1),
        (int | str, 1),
        (Literal["b", "a"], "b"),
        (Colour, "red"),
        (Sku, "field"),
        (Annotated[int, "anything"], 1),
        (Annotated[int, pydantic.Field(gt=5)], 6),
        (Point, {"x": 1, "y": 7}),
        (Address, {"city": "city", "zip": 1}),
        (Partial, {"city": "city"}),
        (Node, {"name": "name", "children": [], "parent": None}),
        (Page[Point], {"items": [{"x": 1, "y": 7}], "next": "next"}),
        (
            Order,
            {
                "item": "item",
                "lines": [{"sku": "sku", "price": 1, "colour": "red"}],
                "when": "2026-01-31T12:00:00Z",
                "count": 3,
                "tags": ["tags"],
                "note": "note",
            },
        ),
        (
            Model,
            {
                "name": "namexxxxxx",
                "age": 18,
                "level": 0,
                "step": 5,
                "email": "ada@example.com",
                "kind": "a",
                "colour": "red",
                "when": "2026-01-31T12:00:00Z",
                "id": "00000000-0000-4000-8000-000000000000",
                "address": "192.0.2.1",
                "pair": [1, "pair"],
                "three": [1, 1, 1],
                "limits": {},
                "re-named": "re-named",
                "either": 1,
                "maybe": 1,
                "child": None,
                "size": 4,
            },
        ),
    ],
)
def test_example_can_be_read(annotation: Any, expected: Any) -> None:
    found = example(annotation, "field")
    assert found == expected
    Reader(annotation, "data").read(found)
