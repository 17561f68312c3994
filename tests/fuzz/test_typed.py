"""Annotations and JSON into typed data: the value that a simple reading of the rules gives, or an error in one line."""

from __future__ import annotations

import dataclasses
import enum
import json
import types
from collections import deque
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NotRequired, TypedDict

from hypothesis import event, given
from hypothesis import strategies as st

from funcpack_invoker.function.typed.errors import DataError
from funcpack_invoker.function.typed.reader import Reader
from funcpack_invoker.http import json_codec
from tests.fuzz.profile import examples

if TYPE_CHECKING:
    from collections.abc import Callable


class MismatchError(Exception):
    """The value does not have the type."""


class Shape(NamedTuple):
    """A type: its annotation, JSON that has it, and what a function gets, which raises MismatchError for other JSON."""

    annotation: Any
    values: st.SearchStrategy[Any]
    expect: Callable[[Any], Any]
    is_record: bool = False


class Colour(enum.Enum):
    RED = "red"
    ONE = 1
    HALF = 0.5


def ensure(condition: bool, value: Any) -> Any:
    if not condition:
        raise MismatchError
    return value


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def as_float(value: Any) -> float:
    ensure(is_integer(value) or isinstance(value, float), value)
    try:
        return float(value)
    except OverflowError:
        raise MismatchError from None


def as_decimal(value: Any) -> Decimal:
    ensure(is_integer(value) or isinstance(value, float | str), value)
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise MismatchError from None
    ensure(number.is_finite(), number)
    return number


def one_of(*choices: Any) -> Callable[[Any], Any]:
    """Return the choice whose JSON is that of the value; a member of an enumeration has the JSON of its value."""
    by_text = {json.dumps(getattr(choice, "value", choice)): choice for choice in choices}
    return lambda value: by_text[ensure((text := json.dumps(value)) in by_text, text)]


INTEGERS = st.one_of(st.integers(-3, 3), st.integers(-(2**70), 2**70), st.just(10**400))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=4)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), INTEGERS, FLOATS, TEXTS, st.sampled_from(["red", "1", "NaN", "1e9", "a"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd") | TEXTS, inner, max_size=3),
    max_leaves=5,
)
# Values of one type that Python, or a lenient reader, takes for those of another.
CONFUSABLE = st.sampled_from([True, False, 0, 1, 1.0, 0.5, "1", "", "a", "true", "red", None, [], {}, [1], {"a": True}])
SCALARS = [
    Shape(bool, st.booleans(), lambda value: ensure(isinstance(value, bool), value)),
    Shape(int, INTEGERS, lambda value: ensure(is_integer(value), value)),
    Shape(float, FLOATS | st.integers(-3, 3), as_float),
    Shape(str, TEXTS, lambda value: ensure(isinstance(value, str), value)),
    Shape(Decimal, st.sampled_from(["1.50", "-0", "1e5"]) | FLOATS | INTEGERS, as_decimal),
    Shape(Literal["a", 1, True], st.sampled_from(["a", 1, True]), one_of("a", 1, True)),
    Shape(Colour, st.sampled_from(["red", 1, 0.5]), one_of(*Colour)),
]
ANYTHING = Shape(Any, JSON, lambda value: value)


def list_of(item: Shape, kind: Any = list) -> Shape:
    annotation = kind[item.annotation, ...] if kind is tuple else kind[item.annotation]
    return Shape(
        annotation,
        st.lists(item.values, min_size=1, max_size=3),
        lambda value: kind(map(item.expect, ensure(isinstance(value, list), value))),
    )


def pair_of(first: Shape, second: Shape) -> Shape:
    def expect(value: Any) -> Any:
        ensure(isinstance(value, list) and len(value) == 2, value)
        return first.expect(value[0]), second.expect(value[1])

    values = st.tuples(first.values, second.values).map(list)
    return Shape(tuple[first.annotation, second.annotation], values, expect)  # type: ignore[name-defined] # a variable


def dict_of(item: Shape) -> Shape:
    def expect(value: Any) -> Any:
        ensure(isinstance(value, dict), value)
        return {key: item.expect(member) for key, member in value.items()}

    return Shape(dict[str, item.annotation], st.dictionaries(TEXTS, item.values, max_size=3), expect)  # type: ignore[name-defined] # as above


def union_of(members: list[Shape]) -> Shape:
    """Return the type of the first member that has the value. Of several records another rule chooses."""
    annotation: Any = None
    for member in members:
        annotation = annotation | member.annotation if annotation is not None else member.annotation

    def expect(value: Any) -> Any:
        for member in members:
            try:
                return member.expect(value)
            except MismatchError:
                continue
        raise MismatchError

    return Shape(annotation, st.one_of([member.values for member in members]), expect)


MISSING = "the default"
KINDS = st.sampled_from(["dataclass", "NamedTuple", "TypedDict"])


def record_of(kind: str, fields: list[tuple[Shape, bool]]) -> Shape:
    """Return a class with the fields a, b and so on, of which some have a default."""
    fields = sorted(fields, key=lambda field: field[1])  # those with a default come last
    named = {"abcd"[index]: field for index, field in enumerate(fields)}
    annotations = {name: shape.annotation for name, (shape, _) in named.items()}
    required = [name for name, (_, has_default) in named.items() if not has_default]
    wanted = _class(kind, annotations, required)

    def expect(value: Any) -> Any:
        ensure(isinstance(value, dict) and set(required) <= set(value), value)
        return wanted(**{name: shape.expect(value[name]) for name, (shape, _) in named.items() if name in value})

    optional = {name: shape.values for name, (shape, _) in named.items() if name not in required}
    values = st.fixed_dictionaries({name: named[name][0].values for name in required}, optional=optional)
    return Shape(wanted, values, expect, is_record=True)


def _class(kind: str, annotations: dict[str, Any], required: list[str]) -> Any:
    others = {name: hint for name, hint in annotations.items() if name not in required}
    if kind == "dataclass":
        fields: list[Any] = [(name, annotations[name]) for name in required]
        fields += [(name, hint, dataclasses.field(default=MISSING)) for name, hint in others.items()]
        return dataclasses.make_dataclass("Record", fields)
    if kind == "TypedDict":
        hints = {name: NotRequired[hint] if name in others else hint for name, hint in annotations.items()}
        return _declare(TypedDict, {"__annotations__": hints})
    return _declare(NamedTuple, {"__annotations__": annotations, **dict.fromkeys(others, MISSING)})


def _declare(base: Any, body: dict[str, Any]) -> Any:
    """Execute a class statement."""
    return types.new_class("Record", (base,), exec_body=lambda namespace: namespace.update(body, __module__=__name__))


def containers(inner: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    members = st.lists(inner.filter(lambda shape: not shape.is_record), min_size=2, max_size=3)
    return st.one_of(
        inner.map(list_of),
        inner.map(lambda item: list_of(item, tuple)),
        inner.map(lambda item: list_of(item, deque)),
        st.tuples(inner, inner).map(lambda pair: pair_of(*pair)),
        inner.map(dict_of),
        inner.map(lambda item: union_of([item, NULL])),
        members.map(union_of),
        st.tuples(KINDS, st.lists(st.tuples(inner, st.booleans()), max_size=4)).map(lambda parts: record_of(*parts)),
    )


NULL = Shape(type(None), st.none(), lambda value: ensure(value is None, value))
LEAVES = st.sampled_from([*SCALARS, ANYTHING])
# Most containers contain a scalar: hypothesis would nest nearly all of them more deeply.
SHAPES = st.one_of(LEAVES, containers(LEAVES), st.recursive(LEAVES, containers, max_leaves=5))


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """Replace a part of some JSON, leave one out, or add one."""
    goes_deeper = draw(st.integers(0, 3)) > 0
    if isinstance(value, list) and value and goes_deeper:
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], draw(changed(value[place])), *value[place + draw(st.sampled_from([1, 1, 2])) :]]
    if isinstance(value, dict) and value and goes_deeper:
        name = draw(st.sampled_from(list(value)))
        rest = {other: member for other, member in value.items() if other != name}
        return draw(st.one_of(st.just(rest), changed(value[name]).map(lambda member: {**rest, name: member})))
    return draw(CONFUSABLE | JSON)


CASES = SHAPES.flatmap(
    lambda shape: st.tuples(st.just(shape), shape.values | shape.values.flatmap(changed) | CONFUSABLE),
)


def outcome(read: Callable[[Any], Any], value: Any) -> Any:
    try:
        return read(value)
    except (MismatchError, DataError) as error:
        return error


@examples(500)
@given(CASES)
def test_value_is_the_expected_one(case: tuple[Shape, Any]) -> None:
    shape, sent = case
    reader = Reader(shape.annotation, "data")
    loads = json_codec.loads_exact if reader.is_exact else json_codec.loads
    document = json.dumps(sent).encode()
    expected, found = outcome(shape.expect, json.loads(document)), outcome(reader.read, loads(document))
    event("does not fit" if isinstance(expected, MismatchError) else "fits")
    if isinstance(expected, MismatchError):
        assert isinstance(found, DataError)
        assert str(found).startswith("data")
        assert str(found).isprintable()
    else:
        assert found == expected
        assert repr(found) == repr(expected)  # 1, 1.0 and True are equal
