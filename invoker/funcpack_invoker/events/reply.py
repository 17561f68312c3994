"""Converts the value that a CloudEvent function returned into a reply event or a response. No I/O, and no server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from funcpack_invoker.errors import ReplyError
from funcpack_invoker.events import cloudevent
from funcpack_invoker.events.event import STRUCTURED, Event
from funcpack_invoker.events.sdk import from_sdk
from funcpack_invoker.http import media_types, response
from funcpack_invoker.http.response import Reply

if TYPE_CHECKING:
    from funcpack_invoker.context import Context


class ReplyDefaults(NamedTuple):
    """The attributes of the reply event for a function that returned only data.

    Attributes:
        type: None for the incoming event's type and `.reply`.
        source: the source.

    """

    type: str | None
    source: str


class EventReply:
    """The reply of a CloudEvent function: a reply event or None, and the status and headers of the response."""

    __slots__ = ("event", "headers", "status")

    def __init__(self, event: Event | None, status: Any = None, headers: Any = None) -> None:
        self.event = event
        self.status = status
        self.headers = headers


AnyReply = Reply | EventReply


def from_value(value: Any, incoming: Event, context: Context, defaults: ReplyDefaults) -> AnyReply:
    """Return the reply for a value that a CloudEvent function returned.

    Args:
        value: the returned value.
        incoming: the event that the function was called with.
        context: of the call; its trace continues in the reply event.
        defaults: the attributes for a function that returned only data.

    Raises:
        ReplyError: if the value cannot be sent.

    """
    if value is None:
        return EventReply(None)
    if response.is_response_tuple(value):
        return _from_tuple(value, incoming, context, defaults)
    if response.is_response(value) or response.is_http_exception(value):
        return response.from_body(value)
    return EventReply(_event(value, incoming, context, defaults))


def from_sdk_event(value: Any, context: Context) -> EventReply | None:
    """Return the reply for an event of the SDK; None for any other value.

    Raises:
        ReplyError: if the event violates the specification.

    """
    found = from_sdk(value)
    return None if found is None else EventReply(_traced(cloudevent.complete(*found), context))


def write(reply: EventReply, headers: Mapping[bytes, bytes]) -> Reply:
    """Return the response with a reply event, in structured mode if the request's headers accept it, else in binary mode.

    Raises:
        ReplyError: if the data cannot be encoded as its content type requires.

    """
    if reply.event is None:
        written = Reply(200)
    else:
        write_event = cloudevent.write_structured if _wants_structured(headers) else cloudevent.write_binary
        written = Reply(200, *write_event(reply.event))
    return response.with_headers(response.with_status(written, reply.status), reply.headers)


def _from_tuple(value: tuple[Any, ...], incoming: Event, context: Context, defaults: ReplyDefaults) -> AnyReply:
    if value and _is_attributes(value[0]):
        return _from_attributes(value, incoming, context)
    if len(value) > 1 and _is_attributes(value[1]):
        raise ReplyError("the returned tuple has the attributes second; expected (attributes, data)")
    body, status, headers = response.unpack(value)
    if response.is_response(body) or response.is_http_exception(body):
        return response.from_value(value)
    _reject_incomplete_attributes(body, status)
    if response.is_response_tuple(body) and body and _is_attributes(body[0]):
        reply = _from_attributes(body, incoming, context)
    else:
        reply = EventReply(None if body is None else _event(body, incoming, context, defaults))
    reply.status = response.with_status(Reply(200), status).status
    reply.headers = headers
    if headers is not None and reply.event is not None:
        _take_content_type(reply, reply.event)
    return reply


def _reject_incomplete_attributes(body: Any, status: Any) -> None:
    """Reject `({"type": ...}, data)`, which lacks the source: the data would be used as a status."""
    missing = [name for name in ("type", "source") if name not in body] if isinstance(body, Mapping) else []
    if len(missing) != 1:
        return
    try:
        response.with_status(Reply(200), status)
    except ReplyError as exc:
        raise ReplyError(
            f"the returned event is not valid: {missing[0]} is missing; it is not a valid response either: {exc.reason}"
        ) from exc


def _take_content_type(reply: EventReply, event: Event) -> None:
    """Move the Content-Type from the returned headers to the event: in structured mode the header describes the envelope."""
    headers = response.with_headers(Reply(200), reply.headers).headers
    content_type = dict(headers).get(b"content-type", b"").decode("latin-1")
    if not content_type:
        return
    try:
        is_json = media_types.parse(content_type).is_json
    except ValueError as exc:
        raise ReplyError(f"the returned Content-Type is not valid: {exc}") from exc
    # Text with a JSON content type is JSON already, and must not be encoded again.
    data = (
        media_types.parse("application/json").decode(response.encode(event.data))
        if is_json and isinstance(event.data, str)
        else event.data
    )
    reply.event = Event({**event.attributes, "datacontenttype": content_type}, data)
    reply.headers = [(name.decode(), value.decode("latin-1")) for name, value in headers if name != b"content-type"]


def _from_attributes(value: tuple[Any, ...], incoming: Event, context: Context) -> EventReply:
    if len(value) > 2:
        raise ReplyError("the returned tuple has more than two items; expected (attributes, data)")
    return EventReply(_traced(cloudevent.complete(*value, incoming=incoming), context))


def _event(value: Any, incoming: Event, context: Context, defaults: ReplyDefaults) -> Event:
    """Return the reply event for attributes, an event of the SDK, or data."""
    if _is_attributes(value):
        return _traced(cloudevent.complete(value, incoming=incoming), context)
    if isinstance(value, Iterator | AsyncIterator):
        raise ReplyError("a CloudEvent function cannot stream; return the data as a whole")
    found = from_sdk(value)
    if found is not None:
        return _traced(cloudevent.complete(*found, incoming=incoming), context)
    event = cloudevent.complete_data(value, incoming, reply_type=defaults.type, reply_source=defaults.source)
    return _traced(event, context)


def _is_attributes(value: Any) -> bool:
    is_mapping = type(value) is dict or isinstance(value, Mapping)  # the first check is faster, and nearly always true
    return is_mapping and ("specversion" in value or ("type" in value and "source" in value))


def _traced(event: Event, context: Context) -> Event:
    """Add the trace of the call, so that the event's receiver can continue it (extension "Distributed Tracing")."""
    if context.traceparent and "traceparent" not in event.attributes:
        event.attributes["traceparent"] = context.traceparent
        if context.tracestate:
            event.attributes["tracestate"] = context.tracestate
    return event


def _wants_structured(headers: Mapping[bytes, bytes]) -> bool:
    accept = headers.get(b"accept")
    if accept is None or b"cloudevents" not in accept.lower():
        return False
    return any(_accepts(element) for element in accept.decode("latin-1").split(","))


def _accepts(element: str) -> bool:
    """Return whether an element of Accept is the JSON format, and not excluded by `q=0` (RFC 9110 section 12.5.1)."""
    media_range, *parameters = [part.strip().lower() for part in element.split(";")]
    is_excluded = any(parameter.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for parameter in parameters)
    return media_range == STRUCTURED and not is_excluded
