"""Turns what a CloudEvent function returned into a reply event or a response. No I/O, and no server."""

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
    """What a reply event of data alone gets: its `type` (None: by the incoming one's) and its `source`."""

    type: str | None
    source: str


class EventReply:
    """What came of an event: a reply event or none, and the status and headers of the response around it."""

    __slots__ = ("event", "headers", "status")

    def __init__(self, event: Event | None, status: Any = None, headers: Any = None) -> None:
        self.event = event
        self.status = status
        self.headers = headers


AnyReply = Reply | EventReply


def from_value(value: Any, incoming: Event, context: Context, defaults: ReplyDefaults) -> AnyReply:
    """Read what a CloudEvent function returned.

    Raises:
        ReplyError: when it is nothing that can be sent.

    """
    if value is None:
        return EventReply(None)
    if isinstance(value, tuple):
        return _from_tuple(value, incoming, context, defaults)
    if response.is_response(value) or response.is_http_exception(value):
        return response.from_body(value)
    return EventReply(_event(value, incoming, context, defaults))


def from_sdk_event(value: Any, context: Context) -> EventReply | None:
    """Read an event of an SDK that any function returned; None if it is none.

    Raises:
        ReplyError: when it breaks the specification.

    """
    found = from_sdk(value)
    return None if found is None else EventReply(_traced(cloudevent.complete(*found), context))


def write(reply: EventReply, headers: Mapping[bytes, bytes]) -> Reply:
    """Make the response for a single event: binary mode, or structured where the client accepts that.

    Raises:
        ReplyError: when the data cannot be written as its content type says.

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
        raise ReplyError("the returned tuple has the attributes in second place: (attributes, data) is meant")
    body, status, headers = response.unpack(value)
    if response.is_response(body) or response.is_http_exception(body):
        return response.from_value(value)
    _refuse_half_of_attributes(body, status)
    if isinstance(body, tuple) and body and _is_attributes(body[0]):
        reply = _from_attributes(body, incoming, context)
    else:
        reply = EventReply(None if body is None else _event(body, incoming, context, defaults))
    reply.status, reply.headers = status, headers
    if headers is not None and reply.event is not None:
        _take_content_type(reply, reply.event)
    return reply


def _refuse_half_of_attributes(body: Any, status: Any) -> None:
    """Refuse `({"type": ...}, data)`, where the data is taken for a status: its source has been forgotten."""
    missing = [name for name in ("type", "source") if name not in body] if isinstance(body, Mapping) else []
    if len(missing) != 1:
        return
    try:
        response.with_status(Reply(200), status)
    except ReplyError as exc:
        raise ReplyError(f"the returned event is not valid: {missing[0]} is missing, or else {exc.reason}") from exc


def _take_content_type(reply: EventReply, event: Event) -> None:
    """Make the Content-Type of the returned headers the event's: in structured mode the header is the envelope's."""
    headers = response.with_headers(Reply(200), reply.headers).headers
    content_type = dict(headers).get(b"content-type", b"").decode("latin-1")
    if not content_type:
        return
    try:
        is_json = media_types.parse(content_type).is_json
    except ValueError as exc:
        raise ReplyError(f"the returned Content-Type is none: {exc}") from exc
    # Text that is said to be JSON is so already: it must not be quoted.
    data = (
        media_types.parse("application/json").decode(response.encode(event.data))
        if is_json and isinstance(event.data, str)
        else event.data
    )
    reply.event = Event({**event.attributes, "datacontenttype": content_type}, data)
    reply.headers = [(name.decode(), value.decode("latin-1")) for name, value in headers if name != b"content-type"]


def _from_attributes(value: tuple[Any, ...], incoming: Event, context: Context) -> EventReply:
    if len(value) > 2:
        raise ReplyError("the returned tuple has more than attributes and data: (attributes, data) is meant")
    return EventReply(_traced(cloudevent.complete(*value, incoming=incoming), context))


def _event(value: Any, incoming: Event, context: Context, defaults: ReplyDefaults) -> Event:
    """Make the reply event of attributes, of an SDK's event, or of data."""
    if _is_attributes(value):
        return _traced(cloudevent.complete(value, incoming=incoming), context)
    if isinstance(value, Iterator | AsyncIterator):
        raise ReplyError("a CloudEvent function cannot stream: return the data as a whole")
    found = from_sdk(value)
    if found is not None:
        return _traced(cloudevent.complete(*found, incoming=incoming), context)
    event = cloudevent.complete_data(value, incoming, reply_type=defaults.type, reply_source=defaults.source)
    return _traced(event, context)


def _is_attributes(value: Any) -> bool:
    is_mapping = type(value) is dict or isinstance(value, Mapping)  # the first is quick, and nearly always so
    return is_mapping and ("specversion" in value or ("type" in value and "source" in value))


def _traced(event: Event, context: Context) -> Event:
    """Hand the trace on to whoever gets the reply (CloudEvents extension "Distributed Tracing")."""
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
    """Tell whether an element of Accept is the JSON format, and not refused by `q=0` (RFC 9110 section 12.5.1)."""
    media_range, *parameters = [part.strip().lower() for part in element.split(";")]
    refused = any(parameter.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for parameter in parameters)
    return media_range == STRUCTURED and not refused
