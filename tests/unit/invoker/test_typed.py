from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Client

    Serve = Callable[..., Client]

TYPES = """
import threading
from dataclasses import InitVar, dataclass, field, asdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, Optional, TypedDict, TypeVar
from typing_extensions import TypeAliasType
from uuid import UUID
import pydantic, pydantic.dataclasses

class Rights(Flag):
    READ = 1
    WRITE = 2

class Colour(Enum):
    RED = "red"

@dataclass
class Item:
    name: str
    price: float = 1.0

Items = TypeAliasType("Items", list[Item])
T = TypeVar("T")

@dataclass
class Shelf:
    items: Items

@dataclass
class Box(Generic[T]):
    content: T

@dataclass
class Order:
    id: int
    items: list[Item] = field(default_factory=list)
    note: Optional[str] = None
    next: "Order | None" = None

@dataclass
class Even:
    n: int
    def __post_init__(self):
        if self.n % 2:
            raise ValueError("not even")

@dataclass
class Strict:
    n: int
    def __post_init__(self):
        raise ValueError("first line\\n  second line")

@dataclass
class Many:
    text: str | int = ""
    flag: bool = False
    colour: Colour = Colour.RED
    at: datetime | None = None
    day: date | None = None
    hour: time | None = None
    amount: Decimal = Decimal(0)
    uid: UUID | None = None
    kind: Literal["a", 1] = "a"
    pair: tuple[int, str] = (1, "x")
    numbers: tuple[int, ...] = ()
    tags: set[str] = field(default_factory=set)
    bag: set = field(default_factory=set)
    ratio: float = 0.0
    wait: timedelta = timedelta()
    where: Path = Path()
    raw: bytes = b""
    rights: Rights = Rights(0)
    by_name: dict[str, Item] = field(default_factory=dict)
    anything: Any = None

class Movie(TypedDict):
    title: str
    year: NotRequired[int]

class Point(NamedTuple):
    x: int
    y: int = 0

class Model(pydantic.BaseModel):
    n: int
    items: list[int] = []
    kind: Literal["model"] = pydantic.Field("model", repr=False)

class Other(pydantic.BaseModel):
    kind: Literal["other"]

class StrictModel(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)
    at: datetime
    uid: UUID = pydantic.Field(alias="userId")

class StrictField(pydantic.BaseModel):
    day: date = pydantic.Field(strict=True)

@pydantic.dataclasses.dataclass(config={"strict": True})
class StrictDataclass:
    day: date = pydantic.Field(alias="theDay")

class Root(pydantic.RootModel[list[int]]): pass

@dataclass
class WithModel:
    model: StrictModel

@dataclass
class IntBox(Box[int]): pass

@dataclass
class Cat:
    name: str

@dataclass
class Dog:
    name: str
    breed: str

@dataclass
class Init:
    n: InitVar[int]
    double: int = 0
    def __post_init__(self, n): self.double = 2 * n

@dataclass
class Skipped:
    n: int
    lock: threading.Lock = None

Json = TypeAliasType("Json", "dict[str, Json] | list[Json] | int")
Constrained = Annotated[int, pydantic.Field(gt=0)]
Renamed = Annotated[Skipped, "n"]
Renamed.__origin__.__repr__ = lambda self: f"Renamed(n={self.n})"
"""


STRICT_MODEL = (
    "StrictModel(at=datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=TzInfo(0)), "
    "uid=UUID('12345678-1234-5678-1234-567812345678'))"
)


def nested_orders(depth: int) -> dict[str, object]:
    order: dict[str, object] = {"id": 1}
    for _ in range(depth):
        order = {"id": 1, "next": order}
    return order


@pytest.mark.parametrize(
    ("annotation", "value", "shown"),
    [
        ("Order", {"id": 1}, "Order(id=1, items=[], note=None, next=None)"),
        ("Order", {"id": 1, "unknown": 2}, "Order(id=1, items=[], note=None, next=None)"),
        ("Order", {"id": 1, "items": [{"name": "a", "price": 2}]},
         "Order(id=1, items=[Item(name='a', price=2.0)], note=None, next=None)"),
        ("Order", {"id": 1, "next": {"id": 2}},
         "Order(id=1, items=[], note=None, next=Order(id=2, items=[], note=None, next=None))"),
        ("'Item'", {"name": "a"}, "Item(name='a', price=1.0)"),
        ("list[Item]", [{"name": "a"}], "[Item(name='a', price=1.0)]"),
        ("Item | None", None, "None"),
        ("Optional[Item]", {"name": "a"}, "Item(name='a', price=1.0)"),
        ("Movie", {"title": "t"}, "{'title': 't'}"),
        ("Point", {"x": 1}, "Point(x=1, y=0)"),
        ("Model", {"n": "5"}, "Model(n=5, items=[])"),
        ("list[Model]", [{"n": 5}], "[Model(n=5, items=[])]"),
        ("dict", {"a": 1}, "{'a': 1}"),
        ("Any", [1], "[1]"),
        ("Items", [{"name": "a"}], "[Item(name='a', price=1.0)]"),
        ("Shelf", {"items": [{"name": "a"}]}, "Shelf(items=[Item(name='a', price=1.0)])"),
        ("Box[int]", {"content": 1}, "Box(content=1)"),
        ("dict[str, Any]", {"a": 1.5}, "{'a': 1.5}"),
        ("dict[int, Decimal]", {"1": 0.10}, "{1: Decimal('0.1')}"),
        ("dict[Colour, int]", {"red": 1}, "{<Colour.RED: 'red'>: 1}"),
        ("Box[Decimal]", {"content": 1}, "Box(content=Decimal('1'))"),
        ("IntBox", {"content": 1}, "IntBox(content=1)"),
        ("Cat | Dog", {"name": "a", "breed": "b"}, "Dog(name='a', breed='b')"),
        ("Init", {"n": 2}, "Init(double=4)"),
        ("Json", {"a": [1, {"b": 2}]}, "{'a': [1, {'b': 2}]}"),
        ("list['Item']", [{"name": "a"}], "[Item(name='a', price=1.0)]"),
        ("Renamed", {"n": 1}, "Renamed(n=1)"),
        ("Constrained", 1, "1"),
        ("Root", [1, 2], "Root(root=[1, 2])"),
        ("WithModel", {"model": {"at": "2026-01-02T03:04:05Z", "userId": "12345678-1234-5678-1234-567812345678"}},
         f"WithModel(model={STRICT_MODEL})"),
        ("StrictModel", {"at": "2026-01-02T03:04:05Z", "userId": "12345678-1234-5678-1234-567812345678"},
         STRICT_MODEL),
        ("StrictModel | int", 1, "1"),
        ("StrictField", {"day": "2026-01-02"}, "StrictField(day=datetime.date(2026, 1, 2))"),
        ("StrictDataclass", {"theDay": "2026-01-02"}, "StrictDataclass(day=datetime.date(2026, 1, 2))"),
        ("Annotated[Model | Other, pydantic.Field(discriminator='kind')]", {"kind": "other"}, "Other(kind='other')"),
    ],
)  # fmt: skip
def test_data_becomes_an_instance(serve: Serve, annotation: str, value: object, shown: str) -> None:
    client = serve(f"{TYPES}\ndef handler(data: {annotation}): return repr(data)")
    assert client.event(json.dumps(value).encode()).text == shown


@pytest.mark.parametrize(
    ("member", "value", "shown"),
    [
        ("text", "a", "'a'"),
        ("text", 1, "1"),
        ("flag", True, "True"),
        ("colour", "red", "<Colour.RED: 'red'>"),
        ("at", "2026-01-02T03:04:05Z", "datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)"),
        ("day", "2026-01-02", "datetime.date(2026, 1, 2)"),
        ("hour", "03:04", "datetime.time(3, 4)"),
        ("amount", "1.10", "Decimal('1.10')"),
        ("amount", 1.1, "Decimal('1.1')"),
        ("uid", "12345678-1234-5678-1234-567812345678", "UUID('12345678-1234-5678-1234-567812345678')"),
        ("kind", 1, "1"),
        ("pair", [2, "y"], "(2, 'y')"),
        ("numbers", [1, 2], "(1, 2)"),
        ("tags", ["a"], "{'a'}"),
        ("by_name", {"k": {"name": "a"}}, "{'k': Item(name='a', price=1.0)}"),
        ("anything", [None, 1.5], "[None, 1.5]"),
        ("wait", "P1DT2H0.5S", "datetime.timedelta(days=1, seconds=7200, microseconds=500000)"),
        ("wait", "-PT1M", "datetime.timedelta(days=-1, seconds=86340)"),
        ("wait", "P2W", "datetime.timedelta(days=14)"),
        ("where", "a/b", "PosixPath('a/b')"),
        ("raw", "aGk=", "b'hi'"),
        ("rights", 3, "<Rights.READ|WRITE: 3>"),
    ],
)
def test_field_types(serve: Serve, member: str, value: object, shown: str) -> None:
    client = serve(f"{TYPES}\ndef handler(data: Many): return repr(data.{member})")
    assert client.event(json.dumps({member: value}).encode()).text == shown


@pytest.mark.parametrize(
    ("annotation", "value", "reason"),
    [
        ("Order", [1], "data: expected an object, found a list"),
        ("Order", {}, "data.id: missing"),
        ("Order", {"id": "1"}, "data.id: expected an integer, found '1'"),
        ("Order", {"id": True}, "data.id: expected an integer, found true"),
        ("Order", {"id": 1, "note": 2}, "data.note: expected text, found 2"),
        ("Order", {"id": 1, "items": [{"name": "a"}, {"name": 1}]},
         "data.items[1].name: expected text, found 1"),
        ("Order", {"id": 1, "next": {"id": None}}, "data.next.id: expected an integer, found null"),
        ("list[Item]", {}, "data: expected a list, found an object"),
        ("Even", {"n": 1}, "data: expected a valid Even (not even)"),
        ("Strict", {"n": 1}, "data: expected a valid Strict (first line second line)"),
        ("Movie", {"year": 1}, "data.title: missing"),
        ("Point", {"x": 1.5}, "data.x: expected an integer, found 1.5"),
        ("Model", {"n": "x"}, "data.n: Input should be a valid integer"),
        ("Model", {"n": 1, "items": ["x"]}, "data.items[0]: Input should be a valid integer"),
        ("Many", {"text": []}, "data.text: expected text or an integer, found a list"),
        ("Many", {"colour": "blue"}, "data.colour: expected one of 'red', found 'blue'"),
        ("Many", {"at": "yesterday"}, "data.at: expected a date and time, found 'yesterday'"),
        ("Many", {"day": 1}, "data.day: expected a date, found 1"),
        ("Many", {"amount": "x"}, "data.amount: expected a decimal number, found 'x'"),
        ("Many", {"kind": True}, "data.kind: expected one of 'a', 1, found true"),
        ("Many", {"pair": [1]}, "data.pair: expected a list of 2, found a list of 1"),
        ("Many", {"by_name": {"k": {}}}, "data.by_name.k.name: missing"),
        ("Many", {"bag": [[1]]}, "data.bag[0]: expected a plain value, found a list"),
        ("Many", {"ratio": 10**400}, f"data.ratio: expected a number of at most 1.8e308, found 1{'0' * 79}..."),
        ("Many", {"wait": "P1Y"}, "data.wait: expected a duration, found 'P1Y'"),
        ("Many", {"wait": "P"}, "data.wait: expected a duration, found 'P'"),
        ("Many", {"wait": "P1DT"}, "data.wait: expected a duration, found 'P1DT'"),
        ("Many", {"wait": "P999999999999D"}, "data.wait: expected a duration, found 'P999999999999D'"),
        ("Many", {"wait": 5}, "data.wait: expected a duration, found 5"),
        ("Many", {"raw": "a"}, "data.raw: expected Base64, found 'a'"),
        ("Many", {"rights": 8}, "data.rights: expected one of 1, 2, found 8"),
        ("Many", {"rights": 1.0}, "data.rights: expected one of 1, 2, found 1.0"),
        ("Many", {"amount": "NaN"}, "data.amount: expected a decimal number, found 'NaN'"),
        ("Many", {"amount": "-Infinity"}, "data.amount: expected a decimal number, found '-Infinity'"),
        ("Many", {"by_name": {"a\nb": {}}}, "data.by_name.'a\\nb'.name: missing"),
        ("dict[int, int]", {"x": 1}, "data.x: expected an integer as the key"),
        ("dict[Colour, int]", {"blue": 1}, "data.blue: expected one of 'red' as the key"),
        ("dict", [1], "data: expected an object, found a list"),
        ("dict[str, int]", {"a": "x"}, "data.a: expected an integer, found 'x'"),
        ("list[int]", [1, "x"], "data[1]: expected an integer, found 'x'"),
        ("int", "x", "data: expected an integer, found 'x'"),
        ("Box[int]", {"content": "x"}, "data.content: expected an integer, found 'x'"),
        ("IntBox", {"content": "x"}, "data.content: expected an integer, found 'x'"),
        ("list['Item']", [{}], "data[0].name: missing"),
        ("Json", {"a": ["x"]}, "data: expected "),
        ("Constrained", 0, "data: Input should be greater than 0"),
        ("StrictModel", {"at": 5}, "data.at: Input should be a valid datetime"),
        ("StrictModel", {"at": "2026-01-02T03:04:05Z"}, "data.userId: Field required"),
        ("WithModel", {"model": {"at": 5}}, "data.model.at: Input should be a valid datetime"),
        ("list[StrictModel]", [{"at": 5}], "data[0].at: Input should be a valid datetime"),
        ("Order", nested_orders(600), "data: nested too deeply"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("definition", ["def", "async def"])
def test_data_that_does_not_fit_is_400(
    serve: Serve, definition: str, annotation: str, value: object, reason: str
) -> None:
    client = serve(f"{TYPES}\n{definition} handler(data: {annotation}): raise AssertionError('called')")
    answer = client.event(json.dumps(value).encode())
    assert answer.status == 400
    assert answer.text.startswith(reason)
    assert answer.text.count("\n") == 1


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b'{"name": "a"}', 200, "a"),
        (b'{"name": 1}', 400, "body.name: expected text, found 1\n"),
        (b"{", 400, "body: not JSON: "),
        (b"", 400, "body: the body is empty\n"),
    ],
)
def test_body_of_an_http_function(serve: Serve, body: bytes, status: int, text: str) -> None:
    answer = serve(f"{TYPES}\ndef handler(body: Item): return body.name").post(body)
    assert answer.status == status
    assert answer.text.startswith(text)


@pytest.mark.parametrize("annotation", ["Item | None", "Optional[Item]"])
def test_no_body_at_all_is_none_where_the_type_has_it(serve: Serve, annotation: str) -> None:
    answer = serve(f"{TYPES}\ndef handler(body: {annotation}): return repr(body)").post(b"")
    assert (answer.status, answer.text) == (200, "None")


@pytest.mark.parametrize(
    ("movie", "status", "text"),
    [
        ({"title": "t"}, 200, "{'title': 't'}"),
        ({"title": "t", "year": "x"}, 400, "data.year: expected an integer, found 'x'\n"),
        ({"year": 1}, 400, "data.title: missing\n"),
        ({"title": "t", "cast": 1}, 200, "{'title': 't', 'cast': 1}"),
        ({"title": "t", "writer": 1}, 400, "data.cast: missing\n"),
    ],
)
def test_keys_of_a_typed_dict_whose_annotations_are_text(
    serve: Serve, movie: dict[str, object], status: int, text: str
) -> None:
    client = serve(
        """
from __future__ import annotations
from typing import NotRequired, Required, TypedDict

class Movie(TypedDict):
    title: str
    year: NotRequired[int]

class Credits(TypedDict, total=False):
    cast: Required[int]
    writer: int

class Credited(Movie, Credits): pass

def handler(data: WANTED): return repr(data)
""".replace("WANTED", "Credited" if "cast" in movie or "writer" in movie else "Movie")
    )
    answer = client.event(json.dumps(movie).encode())
    assert (answer.status, answer.text) == (status, text)


def test_data_that_is_not_json(serve: Serve) -> None:
    answer = serve(f"{TYPES}\ndef handler(data: Item): pass").event(b"x", "application/octet-stream")
    assert answer.text == "data: expected an object, found bytes that are not JSON\n"


@pytest.mark.parametrize(
    ("annotation", "content_type", "data", "status", "text"),
    [
        ("Item", '"application/json"', b'{"name": "a", "price": 1.10}', 200, "Item"),
        ("Item", "null", b'{"name": "a", "price": 1.10}', 200, "Item"),
        ("Item | bytes", '"a/b+json"', b'{"name": "a", "price": 1.10}', 200, "Item"),
        ("Item | bytes", '"application/json"', b"{", 200, "bytes"),
        ("Item | bytes", '"a/b"', b'{"name": "a"}', 200, "bytes"),
        ("Item | None", '"application/json"', b"", 200, "NoneType"),
        ("Item", '"application/json"', b"{", 400, "data: expected an object, found bytes that are not JSON\n"),
        ("Item", '"a/b"', b"{}", 400, "data: expected an object, found bytes that are not JSON\n"),
    ],
)
def test_json_in_base64(serve: Serve, annotation: str, content_type: str, data: bytes, status: int, text: str) -> None:
    client = serve(f"{TYPES}\ndef handler(data: {annotation}): return type(data).__name__")
    event = (
        '{"specversion": "1.0", "id": "1", "source": "/", "type": "t",'
        f' "datacontenttype": {content_type}, "data_base64": "{base64.b64encode(data).decode()}"}}'
    )
    answer = client.post(event.encode(), {"content-type": "application/cloudevents+json"})
    assert (answer.status, answer.text) == (status, text)
