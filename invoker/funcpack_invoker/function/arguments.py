"""Turns a function into one that takes a call and passes the arguments from it: decided once, when it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack_invoker.errors import RequestError
from funcpack_invoker.function.parameters import Value
from funcpack_invoker.http import json_codec

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.events.event import Event
    from funcpack_invoker.function.call import Call
    from funcpack_invoker.function.signature import Argument, BoundSignature

    Getter = Callable[[Call], Any]


def caller(function: Callable[..., Any], signature: BoundSignature) -> Callable[[Call], Any]:
    """Return a function that takes a call and calls `function` with its arguments.

    It raises RequestError (400) if the data does not match the parameter's annotation, and any exception of `function`.
    """
    positional = [_getter(argument) for argument in signature.positional]
    keyword = {argument.name: _getter(argument) for argument in signature.keyword}
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


def _getter(argument: Argument) -> Getter:
    if argument.value is None:
        default = argument.default
        return lambda _call: default
    if argument.value is Value.EVENT:
        return _event_getter(argument.annotation)
    if argument.value is Value.DATA:
        return _data_getter(argument)
    if argument.value is Value.BODY:
        return _body_getter(argument)
    return _GETTERS[argument.value]


def _event(call: Call) -> Event:
    event = call.event
    assert event is not None  # noqa: S101 - CloudEvent functions are called with events only
    return event


def _event_getter(annotation: Any) -> Getter:
    # The SDK is slow to import, and only `event` needs it.
    from funcpack_invoker.events.sdk import to_sdk  # noqa: PLC0415

    wanted = annotation if isinstance(annotation, type) else None
    return lambda call: to_sdk(_event(call), wanted)


def _data_getter(argument: Argument) -> Getter:
    check = _checker(argument)
    if check is None:
        return lambda call: _event(call).data
    return lambda call: check(_event(call).data)


def _body_getter(argument: Argument) -> Getter:
    check = _checker(argument)
    if check is None:
        return lambda call: call.body.read()
    return lambda call: check(_parse(call.body.read(), argument.name))


def _parse(body: bytes, name: str) -> Any:
    if not body:  # None, as an event's empty data
        return None
    try:
        return json_codec.loads(body)
    except ValueError as exc:
        raise RequestError(400, f"{name}: not JSON: {exc}") from None


def _checker(argument: Argument) -> Callable[[Any], Any] | None:
    """Return a function that checks data against a structured annotation; None for any other annotation."""
    if not argument.may_be_structured:
        return None
    from funcpack_invoker.function import typed  # noqa: PLC0415 - only functions with typed data need it

    if not typed.is_structured(argument.annotation):
        return None
    check = typed.checker(argument.annotation, argument.name)

    def check_data(value: Any) -> Any:
        try:
            return check(value)
        except typed.DataError as exc:
            raise RequestError(400, str(exc)) from None

    return check_data


_GETTERS: dict[Value, Getter] = {
    Value.ATTRIBUTES: lambda call: dict(_event(call).attributes),
    Value.REQUEST: lambda call: call.request,
    Value.HEADERS: lambda call: call.request.headers,
    Value.CONTEXT: lambda call: call.context,
}
