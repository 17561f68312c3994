"""Describes what the invoker does with a function, for the command `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.function import data_form
from funcpack_invoker.function.invocation import is_async
from funcpack_invoker.function.parameters import Kind, Value

if TYPE_CHECKING:
    from funcpack_invoker.function.loader import LoadedFunction
    from funcpack_invoker.function.signature import Argument


def describe(loaded: LoadedFunction) -> str:
    """Return a few lines that name the function, the kind of its input, and the value of each parameter."""
    what = "CloudEvents" if loaded.kind is Kind.CLOUDEVENT else "HTTP requests"
    where = "on the event loop" if is_async(loaded.function) else "on threads"
    lines = [f"{loaded.handler} ({loaded.module.__file__}) takes {what} and runs {where}."]
    lines += [f"  {argument.name}: {_meaning(argument)}" for argument in loaded.signature.arguments if argument.value]
    return "\n".join(lines)


def _meaning(argument: Argument) -> str:
    kind = argument.form.kind
    if argument.value is Value.BODY and kind is data_form.Kind.AS_IT_IS:
        kind = data_form.Kind.BYTES
    return f"{_MEANINGS[argument.value]}{_FORMS[kind]}" if argument.value else ""


_FORMS = {
    data_form.Kind.AS_IT_IS: "",
    data_form.Kind.BYTES: ", as bytes",
    data_form.Kind.TEXT: ", as text",
    data_form.Kind.JSON: ", read from JSON",
}


_MEANINGS = {
    Value.EVENT: "the event, as the CloudEvents SDK's class",
    Value.DATA: "the event's data",
    Value.ATTRIBUTES: "the event's attributes, a dict",
    Value.REQUEST: "the request, a flask.Request",
    Value.BODY: "the body",
    Value.HEADERS: "the headers, a case-insensitive mapping",
    Value.CONTEXT: "request id, trace, deadline and logger of the call",
}
