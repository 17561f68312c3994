"""Describes what the invoker does with a function or application, for the command `check` and for tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from funcpack_invoker.function.annotations import type_name
from funcpack_invoker.function.data_form import Kind as FormKind
from funcpack_invoker.function.invocation import is_async
from funcpack_invoker.function.loader import LoadedApplication
from funcpack_invoker.function.parameters import MEANINGS, Value
from funcpack_invoker.function.protocols import Protocol

if TYPE_CHECKING:
    from funcpack_invoker.function.data_form import Form
    from funcpack_invoker.function.loader import LoadedFunction
    from funcpack_invoker.function.signature import Argument


def describe(loaded: LoadedFunction | LoadedApplication) -> str:
    """Return a few lines that name the handler and its kind, and for a function the value of each parameter."""
    if isinstance(loaded, LoadedApplication):
        where = "on threads" if loaded.protocol is Protocol.WSGI else "on the event loop"
        return f"{loaded.handler} ({loaded.module.__file__}) is {loaded.protocol.described} and runs {where}."
    where = "on the event loop" if is_async(loaded.function) else "on threads"
    lines = [f"{loaded.handler} ({loaded.module.__file__}) takes {loaded.kind.described} and runs {where}."]
    lines += [
        f"  {argument.name}: {_meaning(argument.value, argument.form)}"
        for argument in loaded.signature.arguments
        if argument.value
    ]
    return "\n".join(lines)


class ParameterDescription(NamedTuple):
    """A parameter of a function.

    Attributes:
        name: of the parameter.
        meaning: of its value, in words.
        type: its annotation, as its users write it; "" without one.
        example: JSON data that its type is read from; None for data of any type, and for other values.

    """

    name: str
    meaning: str
    type: str
    example: Any


def describe_parameters(loaded: LoadedFunction | LoadedApplication) -> list[ParameterDescription]:
    """Return a description of each parameter that gets a value; an application has none."""
    if isinstance(loaded, LoadedApplication):
        return []
    return [
        ParameterDescription(
            argument.name,
            _meaning(argument.value, argument.form),
            "" if argument.annotation is None else type_name(argument.annotation),
            _example(argument),
        )
        for argument in loaded.signature.arguments
        if argument.value
    ]


def _example(argument: Argument) -> Any:
    if argument.form is None or argument.form.kind is FormKind.BYTES:
        return None
    from funcpack_invoker.function.typed.examples import example  # noqa: PLC0415 - a check needs no example

    return example(argument.annotation, argument.name)


def _meaning(value: Value, form: Form | None) -> str:
    if form is None:
        return MEANINGS[value] + (", as bytes" if value is Value.BODY else "")
    return MEANINGS[value] + _FORMS[form.kind.value]


_FORMS = {"bytes": ", as bytes", "text": ", as text", "json": ", read from JSON"}
