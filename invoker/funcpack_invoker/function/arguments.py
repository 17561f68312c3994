"""Takes a function's arguments from a call: decided once, when the function is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack_invoker.errors import RequestError
from funcpack_invoker.function.parameters import Value
from funcpack_invoker.http import json_codec

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.function.call import Call
    from funcpack_invoker.function.signature import Filling, Slot

    Getter = Callable[[Call], Any]


def caller(function: Callable[..., Any], filling: Filling) -> Callable[[Call], Any]:
    """Give the function as one of a single argument, the call.

    It raises RequestError (400) where the data does not fit the type that the function wants, or whatever the function
    raises.
    """
    positional = [_getter(slot) for slot in filling.positional]
    keyword = {slot.name: _getter(slot) for slot in filling.keyword}
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


def _getter(slot: Slot) -> Getter:
    if slot.value is None:
        default = slot.default
        return lambda _call: default
    if slot.value is Value.EVENT:
        return _event_getter(slot.annotation)
    if slot.value is Value.DATA:
        return _data_getter(slot)
    if slot.value is Value.BODY:
        return _body_getter(slot)
    return _GETTERS[slot.value]


def _event(call: Call) -> Any:
    event = call.event
    assert event is not None  # noqa: S101 - CloudEvent functions are called with events only
    return event


def _event_getter(annotation: Any) -> Getter:
    # The SDK is slow to import, and few functions need it.
    from funcpack_invoker.events.sdk import to_sdk  # noqa: PLC0415

    wanted = annotation if isinstance(annotation, type) else None
    return lambda call: to_sdk(_event(call), wanted)


def _data_getter(slot: Slot) -> Getter:
    check = _checker(slot)
    if check is None:
        return lambda call: _event(call).data
    return lambda call: check(_event(call).data)


def _body_getter(slot: Slot) -> Getter:
    check = _checker(slot)
    if check is None:
        return lambda call: call.body.read()
    return lambda call: check(_parse(call.body.read(), slot.name))


def _parse(body: bytes, name: str) -> Any:
    if not body:  # as an event's data
        return None
    try:
        return json_codec.loads(body)
    except ValueError as exc:
        raise RequestError(400, f"{name}: not JSON: {exc}") from None


def _checker(slot: Slot) -> Callable[[Any], Any] | None:
    """Give the check of a structured annotation, None for any other."""
    if not slot.may_be_structured:
        return None
    from funcpack_invoker.function import typed  # noqa: PLC0415 - only functions with typed data pay for it

    if not typed.is_structured(slot.annotation):
        return None
    check = typed.checker(slot.annotation, slot.name)

    def refuse_unfit(value: Any) -> Any:
        try:
            return check(value)
        except typed.DataError as exc:
            raise RequestError(400, str(exc)) from None

    return refuse_unfit


_GETTERS: dict[Value, Getter] = {
    Value.ATTRIBUTES: lambda call: dict(_event(call).attributes),
    Value.REQUEST: lambda call: call.request,
    Value.HEADERS: lambda call: call.request.headers,
    Value.CONTEXT: lambda call: call.context,
}
