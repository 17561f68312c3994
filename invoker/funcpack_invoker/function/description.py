"""Describes what the invoker does with a function or application, for the command `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.function.invocation import is_async
from funcpack_invoker.function.loader import LoadedApplication
from funcpack_invoker.function.parameters import MEANINGS, Kind, Value
from funcpack_invoker.function.protocols import Protocol

if TYPE_CHECKING:
    from funcpack_invoker.function.data_form import Form
    from funcpack_invoker.function.loader import LoadedFunction


def describe(loaded: LoadedFunction | LoadedApplication) -> str:
    """Return a few lines that name the handler and its kind, and for a function the value of each parameter."""
    if isinstance(loaded, LoadedApplication):
        where = "on threads" if loaded.protocol is Protocol.WSGI else "on the event loop"
        return f"{loaded.handler} ({loaded.module.__file__}) is {loaded.protocol.described} and runs {where}."
    what = "CloudEvents" if loaded.kind is Kind.CLOUDEVENT else "HTTP requests"
    where = "on the event loop" if is_async(loaded.function) else "on threads"
    lines = [f"{loaded.handler} ({loaded.module.__file__}) takes {what} and runs {where}."]
    lines += [
        f"  {argument.name}: {_meaning(argument.value, argument.form)}"
        for argument in loaded.signature.arguments
        if argument.value
    ]
    return "\n".join(lines)


def _meaning(value: Value, form: Form | None) -> str:
    if form is None:
        return MEANINGS[value] + (", as bytes" if value is Value.BODY else "")
    return MEANINGS[value] + _FORMS[form.kind.value]


_FORMS = {"bytes": ", as bytes", "text": ", as text", "json": ", read from JSON"}
