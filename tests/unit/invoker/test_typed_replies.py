"""What a function returns as JSON: the form is the same in every place, at any depth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Client

    Serve = Callable[..., Client]

CODE = """
import array, collections, enum, pydantic, pydantic.dataclasses, sqlite3, types, uuid
from collections import deque, namedtuple
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

class R(NamedTuple):
    name: str
    code: int

class Empty(NamedTuple): pass

class Nested(NamedTuple):
    r: R
    rest: tuple = (R("x", 1),)

Old = namedtuple("Old", "a b")

class Colour(enum.Enum):
    RED = "red"
    R = R("r", 1)

class Level(enum.IntEnum):
    HIGH = 2

class Word(enum.StrEnum):
    A = "a"

class Rights(enum.Flag):
    READ = 1
    WRITE = 2

@dataclass
class Bag:
    tags: set
    r: R
    by_id: dict

class Model(pydantic.BaseModel):
    n: Decimal = pydantic.Field(alias="theNumber")
    at: datetime
    ratio: float = 0.0
    model_config = pydantic.ConfigDict(strict=True)

@pydantic.dataclasses.dataclass
class Checked:
    n: int = pydantic.Field(alias="theNumber")

def row(statement):
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    return connection.execute(statement).fetchone()

class AlchemyRow(collections.abc.Sequence):  # as in SQLAlchemy 2
    def __len__(self): return 1
    def __getitem__(self, index): return {1}
    def _asdict(self): return {"a": {1}}

class Array:  # as in NumPy
    def __init__(self, value): self.value = value
    def tolist(self): return self.value

ID = uuid.UUID(int=1)
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
"""
ID = "00000000-0000-0000-0000-000000000001"
AT = "2026-01-02T03:04:05+00:00"

VALUES: list[tuple[str, Any]] = [
    ("R('ok', 404)", {"name": "ok", "code": 404}),
    ("Old(1, 2)", {"a": 1, "b": 2}),
    ("Empty()", {}),
    ("Nested(R('ok', 404))", {"r": {"name": "ok", "code": 404}, "rest": [{"name": "x", "code": 1}]}),
    ("[R('ok', 404)]", [{"name": "ok", "code": 404}]),
    ("{'[': [[1], (2, {'r': R('ok', 404)})]}", {"[": [[1], [2, {"r": {"name": "ok", "code": 404}}]]}),
    ("{'list': [1], 'r': R('ok', 404)}", {"list": [1], "r": {"name": "ok", "code": 404}}),
    ("{'r': R(R('a', 1), [R('b', 2)])}", {"r": {"name": {"name": "a", "code": 1}, "code": [{"name": "b", "code": 2}]}}),
    ("{1}", [1]),
    ("frozenset({'a'})", ["a"]),
    ("{'s': {R('a', 1)}}", {"s": [{"name": "a", "code": 1}]}),
    ("deque([1])", [1]),
    ("types.MappingProxyType({'a': 1})", {"a": 1}),
    ("range(3)", [0, 1, 2]),
    ("{'a': R('x', 1)}.values()", [{"name": "x", "code": 1}]),
    ("collections.UserList([{1}])", [[1]]),
    ("[collections.UserString('ab')]", ["ab"]),
    ("array.array('d', [0.5])", [0.5]),
    ("row('select 1 as a, null as b')", {"a": 1, "b": None}),
    ("[row('select 1 as a')]", [{"a": 1}]),
    ("AlchemyRow()", {"a": [1]}),
    ("Array([R('x', 1)])", [{"name": "x", "code": 1}]),
    ("{'n': Array(5), Array(6): [Array(True)]}", {"n": 5, "6": [True]}),
    ("timedelta(days=1, seconds=3661, microseconds=5)", "P1DT1H1M1.000005S"),
    ("timedelta(0)", "PT0S"),
    ("timedelta(days=-1)", "-P1D"),
    ("Decimal('1.10')", "1.10"),
    ("[Decimal('1E+3')]", ["1E+3"]),
    ("AT", AT),
    ("AT.date()", "2026-01-02"),
    ("AT.timetz()", "03:04:05+00:00"),
    ("ID", ID),
    ("Path('a/b')", "a/b"),
    ("{'raw': b'hi', 'view': memoryview(b'hi')}", {"raw": "aGk=", "view": "aGk="}),
    ("Colour.RED", "red"),
    ("[Colour.R]", [{"name": "r", "code": 1}]),
    ("Level.HIGH", 2),
    ("[Word.A]", ["a"]),
    ("Rights.READ | Rights.WRITE", 3),
    ("{ID: 1, Colour.RED: 2, Level.HIGH: 3, AT: 4, 5: 5, None: 6, 1.5: 7}",
     {ID: 1, "red": 2, "2": 3, AT: 4, "5": 5, "null": 6, "1.5": 7}),
    ("Bag({1}, R('a', 1), {ID: [Decimal('1.0')]})", {"tags": [1], "r": {"name": "a", "code": 1}, "by_id": {ID: ["1.0"]}}),
    ("Model(theNumber=Decimal('1.10'), at=AT)", {"theNumber": "1.10", "at": "2026-01-02T03:04:05Z", "ratio": 0.0}),
    ("[Model(theNumber=Decimal('1.10'), at=AT, ratio=float('inf'))]",
     [{"theNumber": "1.10", "at": "2026-01-02T03:04:05Z", "ratio": None}]),
    ("{'m': Checked(theNumber=1)}", {"m": {"theNumber": 1}}),
]  # fmt: skip


@pytest.mark.parametrize(("returned", "value"), VALUES)
@pytest.mark.parametrize("definition", ["def", "async def"])
def test_http_reply(serve: Serve, definition: str, returned: str, value: Any) -> None:
    answer = serve(f"{CODE}\n{definition} handler(): return {returned}").request()
    assert (answer.status, answer.header("content-type"), answer.json()) == (200, "application/json", value)


@pytest.mark.parametrize(("returned", "value"), VALUES)
@pytest.mark.parametrize(
    ("shape", "status"), [("({}, 201)", 201), ("({}, {{'X-A': 'b'}})", 200), ("({}, 201, {{'X-A': 'b'}})", 201)]
)
def test_http_reply_with_status_and_headers(serve: Serve, shape: str, status: int, returned: str, value: Any) -> None:
    answer = serve(f"{CODE}\ndef handler(): return {shape.format(returned)}").request()
    assert (answer.status, answer.json()) == (status, value)


@pytest.mark.parametrize(("returned", "value"), VALUES)
@pytest.mark.parametrize("shape", ["{}", "({{'type': 't', 'source': '/'}}, {})"])
def test_reply_event(serve: Serve, shape: str, returned: str, value: Any) -> None:
    client = serve(f"{CODE}\ndef handler(event): return {shape.format(returned)}")
    binary = client.event()
    assert (binary.status, binary.header("content-type"), binary.json()) == (200, "application/json", value)
    event = {"specversion": "1.0", "id": "1", "source": "/", "type": "t"}
    structured = client.post(json.dumps(event).encode(), {
        "content-type": "application/cloudevents+json", "accept": "application/cloudevents+json"
    })  # fmt: skip
    assert structured.json()["data"] == value
    batch = client.post(json.dumps([event]).encode(), {"content-type": "application/cloudevents-batch+json"})
    assert [reply["data"] for reply in batch.json()] == [value]


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ("[float('nan')]", "Out of range float values are not JSON compliant"),
        ("R('x', float('inf'))", "Out of range float values are not JSON compliant"),
        ("{'d': Decimal('Infinity')}", "the Decimal Infinity is not finite"),
        ("{(1, 2): 3}", "keys must be str, int, float, bool or None, not tuple"),
        ("{R('a', 1): 3}", "keys must be str, int, float, bool or None, not R"),
        ("[object()]", "object cannot be written as JSON"),
        ("[Array(Array(1))]", "Array cannot be written as JSON"),
        ("{R}", "type cannot be written as JSON"),
    ],
)
def test_value_without_a_form_in_json_is_500(
    serve: Serve, caplog: pytest.LogCaptureFixture, returned: str, reason: str
) -> None:
    assert serve(f"{CODE}\ndef handler(): return {returned}").request().status == 500
    assert reason in caplog.text
