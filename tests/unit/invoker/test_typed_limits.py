"""The work, the memory and the error texts of typed data are limited, whatever a client sends."""

from __future__ import annotations

import base64
import enum
import json
import sys
import tracemalloc
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypedDict, TypeVar
from uuid import UUID

import pydantic
import pytest
from typing_extensions import TypeAliasType

from funcpack_invoker.function.annotations import UnreadableTypeError
from funcpack_invoker.function.typed.errors import DataError
from funcpack_invoker.function.typed.reader import Reader
from funcpack_invoker.http import json_codec

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Client

    Serve = Callable[..., Client]

T = TypeVar("T")

# Python's hash of a number is the number modulo this.
MODULUS = 2**61 - 1


@dataclass
class A:
    next: A | B | None = None
    end: int = 0


@dataclass
class B:
    next: A | B | None = None
    end: int = 0


@dataclass
class Straight:
    next: Straight | None
    end: int = 0


@dataclass
class Forked:
    next: Straight | Forked | None
    end: int = 0


@dataclass
class Left:
    items: list[Left | Right] = field(default_factory=list)
    left: int = 0


@dataclass
class Right:
    items: list[Left | Right] = field(default_factory=list)
    right: int = 0


@dataclass
class InTuple:
    next: tuple[InTuple | InDict, ...] | dict[str, InTuple | InDict] | None


@dataclass
class InDict:
    next: dict[str, InTuple | InDict] | tuple[InDict | InTuple] | None


@dataclass
class Whole:
    next: Any
    end: Decimal


@dataclass
class Parts:
    next: Whole | Parts | list[float]


class Tuple(NamedTuple):
    next: Tuple | Dict | None


class Dict(TypedDict):
    next: Tuple | Dict | None


@dataclass
class One(Generic[T]):
    next: One[T] | Two[T] | T


@dataclass
class Two(Generic[T]):
    next: One[T] | Two[T] | T


class Colour(enum.Enum):
    RED = "red"
    PAIR = (1, "x")


class Rights(enum.IntFlag):
    READ = 1
    WRITE = 2


@dataclass
class Tagged:
    kind: Literal["tagged"]
    colour: Colour | None = None


@dataclass
class Holder:
    kind: Tagged | Holder | int


@dataclass
class Coloured:
    next: Colour


@dataclass
class Nested:
    next: Coloured | Nested


@dataclass(frozen=True)
class Counted:
    n: int

    def __hash__(self) -> int:
        return self.n % 100

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counted) and self.n == other.n


Json = TypeAliasType("Json", "dict[str, Json] | dict[str, list[Json]] | list[Json] | list[dict[str, Json]] | int")
Chain = TypeAliasType("Chain", "list[Chain] | int")
Either = TypeAliasType("Either", "Chain | list[Either] | list[list[Either]]")


def chain(leaf: object, key: str = "next", **others: object) -> Callable[[int], object]:
    """Return a function that nests an object to a depth."""

    def nest(depth: int) -> object:
        value = leaf
        for _ in range(depth):
            value = {**others, key: value}
        return value

    return nest


def lists(leaf: object, key: str) -> Callable[[int], object]:
    """Return a function that nests an object, each in a list, to a depth."""

    def nest(depth: int) -> object:
        value = leaf
        for _ in range(depth):
            value = {key: [value]}
        return value

    return nest


def brackets(depth: int) -> object:
    value: object = "x"
    for _ in range(depth):
        value = [value]
    return value


RECURSIVE = [
    pytest.param(A | B, chain("x"), id="records with the same fields"),
    pytest.param(A | B, chain(None, end="x"), id="wrong at every level"),
    pytest.param(A | B, chain(None), id="right"),
    pytest.param(list[A | B] | dict[str, B | A], chain("x"), id="union of containers of unions"),
    pytest.param(Straight | Forked, chain("x"), id="one member that recurses without the union"),
    pytest.param(
        Straight | Forked,
        lambda depth: chain({"next": None, "end": ["x"] * depth * 5})(depth),
        id="much below a long way",
    ),
    pytest.param(Left | Right, lists("x", "items"), id="lists"),
    pytest.param(Left | Right, lambda depth: {"items": [{"items": [{}] * 5}] * depth + ["x"]}, id="a wide list"),
    pytest.param(InTuple | InDict, lists("x", "next"), id="tuples and dicts: a list"),
    pytest.param(InTuple | InDict, lambda depth: chain(depth)(2 * depth), id="tuples and dicts: an object"),
    pytest.param(Tuple | Dict, chain("x"), id="NamedTuple and TypedDict"),
    pytest.param(One[int] | Two[int], chain("x"), id="generics"),
    pytest.param(Json, chain("x"), id="alias: objects"),
    pytest.param(Either, brackets, id="alias: lists"),
    pytest.param(
        Whole | Parts, lambda depth: chain([[1.5]] * depth, end="x")(depth), id="anything, with exact numbers"
    ),
    pytest.param(Tagged | Holder, chain("x", "kind"), id="a Literal that is an object"),
    pytest.param(Coloured | Nested, chain("x"), id="an Enum that is an object"),
]


def read(annotation: Any, body: bytes) -> object:
    """Return the value of a body, or the text of the error."""
    reader = Reader(annotation, "data")
    return outcome(reader, (json_codec.loads_exact if reader.is_exact else json_codec.loads)(body))


def outcome(reader: Reader, value: object) -> object:
    try:
        return reader.read(value)
    except DataError as error:
        return str(error)


def calls_of(annotation: Any, value: object) -> int:
    """Return how many functions of Python and C are called to read a value."""
    reader = Reader(annotation, "data")
    value = json_codec.loads_exact(json.dumps(value).encode())
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        outcome(reader, value)
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize(("annotation", "nest"), RECURSIVE)
def test_work_is_in_proportion_to_the_size(annotation: Any, nest: Callable[[int], object]) -> None:
    small, large = nest(17), nest(51)
    growth = len(json.dumps(large)) / len(json.dumps(small))
    assert calls_of(annotation, large) <= 1.25 * growth * calls_of(annotation, small)
    assert calls_of(annotation, large) <= 100 * len(json.dumps(large))


@pytest.mark.parametrize("annotation", [case.values[0] for case in RECURSIVE] + [Straight | None, Any, Decimal | Json])
@pytest.mark.parametrize("nest", [chain(0), lists(0, "items"), brackets, chain(0, "kind"), lists(0, "next")])
def test_data_is_never_too_deep_for_an_answer(annotation: Any, nest: Callable[[int], object]) -> None:
    for depth in (100, 200, 300, 600):
        found = outcome(Reader(annotation, "data"), nest(depth))
        assert not isinstance(found, str) or len(found) <= 200


@dataclass
class Cheap:
    kind: Literal["cheap"]
    items: list[int]


@dataclass
class Dear:
    items: list[int]
    kind: Literal["dear"]


@dataclass
class Free:
    items: list[int]
    price: None


def test_content_is_read_only_for_the_record_that_suits() -> None:
    value = {"kind": "dear", "items": [1] * 1000 + ["x"]}
    assert calls_of(Cheap | Dear | Free, value) <= calls_of(Dear, value) + 50


def array(values: object) -> bytes:
    return json.dumps(list(values)).encode()  # type: ignore[call-overload] # any iterable


@pytest.mark.parametrize(
    ("annotation", "body"),
    [
        pytest.param(Left | Right, b'{"items": [' + b"{}," * 20_000 + b"{}]}", id="small records"),
        pytest.param(Left | Right, b'{"items": [' + b"{}," * 20_000 + b"0]}", id="small records, and an error"),
        pytest.param(
            Left | Right,
            b'{"items": [' + b'{"items": [' * 9 + b"]}" * 9 + b',{"items":[{},{},{},{},{},{},{},{}]}' * 5000 + b"]}",
            id="records that are remembered",
        ),
        pytest.param(set[int], array(range(10_000)), id="set"),
        pytest.param(set[int], array(n * MODULUS for n in range(10_000)), id="set of values with one hash"),
        pytest.param(Whole | Parts, b'{"next": [' + b"1.5," * 50_000 + b'0], "end": 1}', id="exact numbers"),
        pytest.param(dict[str, list[int]], json.dumps({"k" * 100_000: [1] * 50_000 + ["x"]}).encode(), id="long key"),
    ],
)
def test_memory_is_at_most_a_hundred_times_the_size(annotation: Any, body: bytes) -> None:
    tracemalloc.start()
    try:
        read(annotation, body)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak <= 100 * len(body)


def keys(values: object) -> bytes:
    return json.dumps(dict.fromkeys(map(str, values), 1)).encode()  # type: ignore[call-overload] # any iterable


MULTIPLES = [n * MODULUS for n in range(10_000)]


@pytest.mark.parametrize(
    ("annotation", "body"),
    [
        pytest.param(set[int], array(MULTIPLES), id="set"),
        pytest.param(frozenset[int], array(MULTIPLES), id="frozenset"),
        pytest.param(set, array(MULTIPLES), id="set of anything"),
        pytest.param(set[Decimal], array(map(str, MULTIPLES)), id="Decimal"),
        pytest.param(set[int | Decimal], array(f"{n}.0" for n in MULTIPLES), id="Decimal in a union"),
        pytest.param(set[tuple[int, int]], array([n, n] for n in MULTIPLES), id="tuple"),
        pytest.param(set[Counted], array({"n": n} for n in range(10_000)), id="record"),
        pytest.param(dict[int, int], keys(MULTIPLES), id="dict"),
        pytest.param(dict[Decimal, int], keys(MULTIPLES), id="dict with Decimals"),
        pytest.param(list[set[int]], array([MULTIPLES]), id="inside"),
    ],
)
def test_many_values_with_the_same_hash_are_rejected(annotation: Any, body: bytes) -> None:
    reason = "more than 32 different values have the same hash"
    assert read(annotation, body) in {f"data: {reason}", f"data[0]: {reason}"}


# Numbers with different hashes can collide, too: a dict finds a place for them only after it has looked at many others.
MANY = range(10_001)


@pytest.mark.parametrize(
    ("annotation", "body"),
    [
        pytest.param(set[int], array(MANY), id="set"),
        pytest.param(frozenset[float], array(MANY), id="frozenset"),
        pytest.param(set, array(MANY), id="set of anything"),
        pytest.param(set[int | str], array([*MANY, *map(str, MANY)]), id="numbers and text"),
        pytest.param(set[UUID], array(str(UUID(int=n)) for n in MANY), id="UUID"),
        pytest.param(set[timedelta], array(f"PT{n}S" for n in MANY), id="timedelta"),
        pytest.param(set[tuple[int, int]], array([n, n] for n in MANY), id="tuple"),
        pytest.param(set[Counted], array({"n": n} for n in MANY), id="record"),
        pytest.param(dict[int, int], keys(MANY), id="dict"),
        pytest.param(dict[Decimal, int], keys(MANY), id="dict with Decimals"),
        pytest.param(list[set[int]], array([[*MANY]]), id="inside"),
    ],
)
def test_many_values_with_hashes_that_clients_can_foresee_are_rejected(annotation: Any, body: bytes) -> None:
    reason = "expected at most 10,000 values or keys other than text, found 10,001"
    assert read(annotation, body) in {f"data: {reason}", f"data[0]: {reason}"}


@pytest.mark.parametrize(
    ("annotation", "body", "size"),
    [
        pytest.param(set[int], array(MULTIPLES[:32]), 32, id="a few"),
        pytest.param(set[int], array([7] * 10_000), 1, id="equal values"),
        pytest.param(set[int], array(MULTIPLES[:32] * 300), 32, id="a few, often"),
        pytest.param(set[int], array(range(10_000)), 10_000, id="many"),
        pytest.param(dict[int, int], keys(range(10_000)), 10_000, id="dict"),
        pytest.param(set[str], array(map(str, range(100_000))), 100_000, id="text"),
        pytest.param(set[int | str], array([*range(10_000), *map(str, range(10_000))]), 20_000, id="numbers and text"),
        pytest.param(dict[str, int], keys(range(100_000)), 100_000, id="keys that are text"),
        pytest.param(list[int], array(range(100_000)), 100_000, id="list"),
    ],
)
def test_other_values_are_not(annotation: Any, body: bytes, size: int) -> None:
    found = read(annotation, body)
    assert len(found) == size  # type: ignore[arg-type] # a collection, or the text of an error


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "annotation",
    [
        *(int, float, bool, bytes, date, datetime, time, timedelta, Decimal, UUID, Path, Colour, Rights),
        *(Literal["a", 1], int | Decimal, set[Decimal]),
        *(dict[int, int], dict[Decimal, int], dict[timedelta, int], dict[Rights, int]),
    ],
)
@pytest.mark.parametrize(
    "scalar",
    [
        pytest.param(b"1" * 4300, id="4300 digits"),
        pytest.param(b"1" * 5000 + b".5", id="5000 digits and a fraction"),
        pytest.param(b"1e1000000", id="large exponent"),
        pytest.param(b"-1e-999999999", id="small exponent"),
        pytest.param(b"1e" + b"9" * 5000, id="long exponent"),
        pytest.param(b'"1e999999999999999999"', id="text: large exponent"),
        pytest.param(b'"%s"' % (b"1" * MEGABYTE), id="text: digits"),
        pytest.param(b'"P%sD"' % (b"1" * MEGABYTE), id="text: long duration"),
        pytest.param(b'"PT1.%sX"' % (b"1" * MEGABYTE), id="text: nearly a duration"),
        pytest.param(b'"2026-01-01T00:00:00.%s"' % (b"0" * MEGABYTE), id="text: long time"),
        pytest.param(b'"%s"' % base64.b64encode(b"x" * MEGABYTE), id="text: Base64"),
        pytest.param(b'"%s"' % (b"/a" * (MEGABYTE // 2)), id="text: path"),
        pytest.param(rb'"\ud800\u0000\u202e"', id="text: surrogate"),
    ],
)
def test_large_values_are_read_or_rejected(annotation: Any, scalar: bytes) -> None:
    for body in (scalar, b"[%s, %s]" % (scalar, scalar), b'{"%s": 1}' % scalar.strip(b'"')):
        try:
            found = read(annotation, body)
        except ValueError as error:  # by the parser
            found = str(error)
        assert not isinstance(found, str) or len(found) <= 200


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("[1, 2]", "a list"),
        ("{}", "an object"),
        ("null", "null"),
        ("false", "false"),
        ("1.50", "1.5"),
        ("1" * 4000, "1" * 80 + "..."),
        (json.dumps("1"), "'1'"),
        (json.dumps("a\nb\u202e"), r"'a\nb\u202e'"),
        (json.dumps("x" * MEGABYTE), f"'{'x' * 80}'..."),
        (json.dumps("\U000e0001" * MEGABYTE), "'" + r"\U000e0001" * 8 + "'..."),
    ],
)
def test_found_value_is_quoted_escaped_and_shortened(found: str, shown: str) -> None:
    for annotation, name in (
        (UUID, "a UUID"),
        (Literal[10, "no"], "one of 10, 'no'"),
        (Colour, "one of 'red', (1, 'x')"),
    ):
        assert read(annotation, found.encode()) == f"data: expected {name}, found {shown}"


def test_found_number_has_the_digits_that_were_sent() -> None:
    found = read(list[Decimal], b"1.500000000000000000001")
    assert found == "data: expected a list, found 1.500000000000000000001"


def test_many_choices_are_shortened() -> None:
    numbers = Literal[tuple(range(1000, 2000))]  # type: ignore[valid-type] # created
    listed = ", ".join(map(str, range(1000, 1016)))
    assert read(numbers, b'"x"') == f"data: expected one of {listed}, ..., found 'x'"


def test_clients_cannot_invent_flags() -> None:
    known = len(Rights._value2member_map_)
    assert read(list[Rights], array([3, 0])) == [Rights.READ | Rights.WRITE, Rights(0)]
    for flags in range(4, 100):
        assert read(Rights, str(flags).encode()) == f"data: expected one of 1, 2, found {flags}"
    assert len(Rights._value2member_map_) <= known + 2


def test_key_that_may_be_a_list_is_rejected_at_startup() -> None:
    with pytest.raises(UnreadableTypeError):
        Reader(dict[Chain, int], "data")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"kind": "tagged", "colour": 5}, "data.colour: expected one of 'red', (1, 'x'), found 5"),
        ({"kind": "other", "next": "x"}, "data.next: expected an object, found 'x'"),
        ({"kind": "tagged", "colour": "blue", "next": "x"}, "data: expected Tagged or Straight, found an object"),
        ({"kind": "other"}, "data: expected Tagged or Straight, found an object"),
        ([], "data: expected Tagged or Straight, found a list"),
    ],
)
def test_error_is_that_of_the_only_record_that_suits(value: object, reason: str) -> None:
    assert read(Tagged | Straight, json.dumps(value).encode()) == reason


class Model(pydantic.BaseModel):
    by_name: dict[str, int]


KEYS = [
    pytest.param("plain", "plain", id="plain"),
    pytest.param("größe-1", "größe-1", id="letters"),
    pytest.param("2026", "2026", id="digits"),
    pytest.param("", "''", id="empty"),
    pytest.param("a: expected b", "'a: expected b'", id="what looks like the text"),
    pytest.param("a.b", "'a.b'", id="dot"),
    pytest.param("a\nb", r"'a\nb'", id="line feed"),
    pytest.param("\x1b[31m", r"'\x1b[31m'", id="control character"),
    pytest.param("a\u202eb", r"'a\u202eb'", id="direction"),
    pytest.param("a\u2028b", r"'a\u2028b'", id="line separator"),
    pytest.param("\ud800", r"'\ud800'", id="surrogate"),
    pytest.param("k" * MEGABYTE, f"'{'k' * 80}'...", id="long"),
    pytest.param("\U000e0001" * MEGABYTE, "'" + r"\U000e0001" * 8 + "'...", id="long when escaped"),
]


@pytest.mark.parametrize(("key", "shown"), KEYS)
@pytest.mark.parametrize(
    "handler",
    [
        "def handler(data: dict[str, int]): pass",
        "from typing import TypedDict\ndef handler(data: dict[str, int] | None): pass",
        "from collections.abc import Mapping\ndef handler(data: Mapping[str, list[int] | int]): pass",
    ],
)
def test_keys_are_quoted_escaped_and_shortened(serve: Serve, handler: str, key: str, shown: str) -> None:
    answer = serve(handler).event(json.dumps({key: "x"}).encode())
    assert answer.status == 400
    assert answer.text.startswith(f"data.{shown}: expected ")
    assert_one_line(answer.text)


def assert_one_line(text: str) -> None:
    assert text.endswith("\n")
    assert text[:-1].isprintable()
    assert len(text) <= 201


# Pydantic rejects a whole text that has a surrogate.
@pytest.mark.parametrize(("key", "shown"), [case for case in KEYS if case.id != "surrogate"])
def test_keys_in_the_errors_of_models(key: str, shown: str) -> None:
    assert str(read(Model, json.dumps({"by_name": {key: "x"}}).encode())).startswith(f"data.by_name.{shown}: Input")


def test_long_path_has_its_start_and_its_end(serve: Serve) -> None:
    value: object = {"last": "x"}
    for level in range(100):
        value = {f"level{99 - level}": [value]}
    client = serve(
        "from typing_extensions import TypeAliasType\n"
        "Tree = TypeAliasType('Tree', 'dict[str, list[Tree]] | None')\n"
        "def handler(data: 'dict[str, list[Deep]]'): pass\n"
        "Deep = TypeAliasType('Deep', 'dict[str, list[Deep]]')\n"
    )
    answer = client.event(json.dumps(value).encode())
    assert answer.text.startswith("data.level0[0].level1[0].")
    assert answer.text.endswith("...last: expected a list, found 'x'\n")
    assert_one_line(answer.text)


@pytest.mark.parametrize("text", ["x" * MEGABYTE, "\u202e\x00" * 500, "a\n" * 1000, "\ud800"])
def test_reasons_of_classes_are_one_line(serve: Serve, text: str) -> None:
    client = serve(
        """
from dataclasses import dataclass

@dataclass
class Checked:
    text: str
    def __post_init__(self): raise ValueError(f"no: {self.text}")

def handler(data: Checked): pass
"""
    )
    answer = client.event(json.dumps({"text": text}).encode())
    assert answer.status == 400
    assert answer.text.startswith("data: expected a valid Checked (no: ")
    assert_one_line(answer.text)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"n" * MEGABYTE: []}, f"'{'n' * 80}'... is a list; use a string, boolean or integer"),
        ({"n" * MEGABYTE: 2**40}, f"'{'n' * 80}'... does not fit in 32 bits"),
        ({"n" * MEGABYTE: "\u0000"}, f"'{'n' * 80}'... contains a character that is not allowed: '\\x00'"),
        ({"N" * MEGABYTE: "x"}, f"'{'N' * 80}'... is not an attribute name: only a-z and 0-9 are allowed"),
        ({"a\u202eb": "x"}, r"'a\u202eb' is not an attribute name: only a-z and 0-9 are allowed"),
        ({"\ud800": "x"}, r"'\ud800' is not an attribute name: only a-z and 0-9 are allowed"),
        ({"": "x"}, "'' is not an attribute name: only a-z and 0-9 are allowed"),
        ({"time": "\u202e" * MEGABYTE}, "time is longer than 8190 characters"),
        ({"time": "\u202e" * 8000}, "time is not an RFC 3339 timestamp: '" + r"\u202e" * 8 + "'..."),
        ({"subject": "\u0001" * MEGABYTE}, "subject contains a character that is not allowed: '" + r"\x01" * 8),
        ({"specversion": "9" * MEGABYTE}, f"specversion '{'9' * 80}'... is not supported; supported versions: "),
    ],
)
@pytest.mark.parametrize("is_batch", [False, True])
def test_attributes_in_the_reasons_of_events(
    serve: Serve, members: dict[str, object], reason: str, *, is_batch: bool
) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/", "type": "t", **members}
    kind = "application/cloudevents-batch+json" if is_batch else "application/cloudevents+json"
    body = json.dumps([event] if is_batch else event).encode()
    answer = serve("def handler(data): pass").post(body, {"content-type": kind})
    assert answer.status == 400
    assert answer.text.startswith(f"event 1 of the batch: {reason}" if is_batch else reason)
    assert_one_line(answer.text)
