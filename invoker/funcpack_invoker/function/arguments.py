"""Turns a function into one that takes a call and passes the arguments from it: decided once, when it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack_invoker.function.call import event_of
from funcpack_invoker.function.parameters import Value
from funcpack_invoker.http.json_codec import floats

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.events.event import Event
    from funcpack_invoker.function.call import Call
    from funcpack_invoker.function.data_form import Form
    from funcpack_invoker.function.signature import Argument, BoundSignature

    Getter = Callable[[Call], Any]


def caller(function: Callable[..., Any], signature: BoundSignature) -> Callable[[Call], Any]:
    """Return a function that takes a call and calls `function` with its arguments.

    It raises RequestError (400) if the data does not match the parameter's annotation, and any exception of `function`.
    """
    is_exact = signature.needs_exact_data
    positional = [_getter(argument, is_exact=is_exact) for argument in signature.positional]
    keyword = {argument.name: _getter(argument, is_exact=is_exact) for argument in signature.keyword}
    if keyword:
        return lambda call: function(
            *[get(call) for get in positional], **{name: get(call) for name, get in keyword.items()}
        )
    if not positional:
        return lambda _call: function()
    if len(positional) == 1:
        first = positional[0]
        return lambda call: function(first(call))
    return lambda call: function(*[get(call) for get in positional])


def _getter(argument: Argument, *, is_exact: bool) -> Getter:
    if argument.value is None:
        default = argument.default
        return lambda _call: default
    if argument.value is Value.EVENT:
        return _event_getter(argument.annotation, is_exact=is_exact)
    if argument.form is not None:
        return _data_getter(argument, argument.form)
    if argument.value is Value.DATA and is_exact:
        return lambda call: floats(event_of(call).data)
    return _GETTERS[argument.value]


def _event_getter(annotation: Any, *, is_exact: bool) -> Getter:
    # The SDK is slow to import, and only `event` needs it.
    from funcpack_invoker.events.sdk import to_sdk  # noqa: PLC0415

    wanted = _class_of(annotation)
    if is_exact:
        return lambda call: to_sdk(_with_floats(event_of(call)), wanted)
    return lambda call: to_sdk(event_of(call), wanted)


def _class_of(annotation: Any) -> type | None:
    """Return the class of an annotation, also in a union."""
    if annotation is None:
        return None
    from funcpack_invoker.function.annotations import alternatives  # noqa: PLC0415 - many functions have no annotations

    members = [member for member in alternatives(annotation) if isinstance(member, type)]
    return next((member for member in members if member is not type(None)), None)


def _with_floats(event: Event) -> Event:
    return event._replace(data=floats(event.data))


def _data_getter(argument: Argument, form: Form) -> Getter:
    from funcpack_invoker.function.payload import body_getter, data_getter  # noqa: PLC0415 - only for annotated data

    return (data_getter if argument.value is Value.DATA else body_getter)(argument.name, form)


_GETTERS: dict[Value, Getter] = {
    Value.DATA: lambda call: event_of(call).data,
    Value.BODY: lambda call: call.body.read(),
    Value.ATTRIBUTES: lambda call: dict(event_of(call).attributes),
    Value.REQUEST: lambda call: call.request,
    Value.HEADERS: lambda call: call.request.headers,
    Value.CONTEXT: lambda call: call.context,
}
