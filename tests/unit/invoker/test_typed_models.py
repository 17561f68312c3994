"""Pydantic's work is limited for recursive unions, whatever a client sends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pydantic
import pytest

from funcpack_invoker.function.typed.errors import DataError
from funcpack_invoker.function.typed.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable

calls = 0


def counted(value: Any) -> Any:
    global calls  # noqa: PLW0603 - a validator has no place for it
    calls += 1
    return value


End = Annotated[int, pydantic.BeforeValidator(counted)]


class A(pydantic.BaseModel):
    next: A | B | None = None
    end: End = 0


class B(pydantic.BaseModel):
    next: A | B | None = None
    end: End = 0


class Left(pydantic.BaseModel):
    items: list[Left | Middle | Right] = []
    end: End = 0


class Middle(pydantic.BaseModel):
    items: list[Left | Middle | Right] = []
    end: End = 0


class Right(pydantic.BaseModel):
    items: list[Left | Middle | Right] = []
    end: End = 0


class One(pydantic.BaseModel):
    kind: Literal["one"] = "one"
    next: Tagged | None = None
    end: End = 0


class Two(pydantic.BaseModel):
    kind: Literal["two"]
    next: Tagged | None = None
    end: End = 0


Tagged = Annotated[One | Two, pydantic.Field(discriminator="kind")]


class Single(pydantic.BaseModel):
    next: Single | list[Single] | None = None
    end: End = 0


@dataclass
class Holder:
    parts: dict[str, A]


for model in (A, Left, One, Two, Single):
    model.model_rebuild()


def chain(leaf: object, **others: object) -> Callable[[int], object]:
    def nest(depth: int) -> object:
        value = leaf
        for _ in range(depth):
            value = {**others, "end": 1, "next": value}
        return value

    return nest


def lists(depth: int) -> object:
    value: object = {"end": "x"}
    for _ in range(depth):
        value = {"end": 1, "items": [value]}
    return value


def outcome(annotation: Any, value: object) -> str:
    global calls  # noqa: PLW0603 - see above
    calls = 0
    try:
        Reader(annotation, "data").read(value)
    except DataError as error:
        return str(error)
    return ""


AMBIGUOUS = [
    pytest.param(A, chain("x"), id="wrong"),
    pytest.param(A, chain(None), id="right"),
    pytest.param(A | B, chain("x"), id="union"),
    pytest.param(list[A], lambda depth: [chain("x")(depth)] * 100, id="many"),
    pytest.param(Holder, lambda depth: {"parts": {"a": chain("x")(depth)}}, id="in a dataclass"),
    pytest.param(Left, lists, id="three members"),
]


@pytest.mark.parametrize(("annotation", "nest"), AMBIGUOUS)
def test_work_is_in_proportion_to_the_size(annotation: Any, nest: Callable[[int], object]) -> None:
    for depth in range(1, 31):
        value = nest(depth)
        outcome(annotation, value)
        assert calls <= 4 * 8192 + 50 * len(json.dumps(value))
    assert outcome(annotation, nest(30)) == "data: nested too deeply for a union without a discriminator"


@pytest.mark.parametrize(
    ("annotation", "nest"),
    [
        pytest.param(One, chain({"kind": "two", "next": "x"}, kind="one"), id="discriminator"),
        pytest.param(Single, chain({"next": "x"}), id="object or list"),
        pytest.param(A, lambda _: {"next": {"next": "x"}}, id="few levels"),
    ],
)
def test_other_models_are_read(annotation: Any, nest: Callable[[int], object]) -> None:
    for depth in (10, 50):
        value = nest(depth)
        assert "Input should" in outcome(annotation, value)
        assert calls <= len(json.dumps(value))


def test_large_data_of_few_levels_is_read() -> None:
    assert outcome(list[A], [chain(None)(5)] * 5000) == ""


def test_model_without_a_schema_is_read() -> None:
    class Unknown(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
        value: Annotated[complex, pydantic.PlainValidator(complex)]

    assert outcome(Unknown, {"value": 1}) == ""
