"""CloudEvents over HTTP: decodes the events of requests, and completes and encodes the events of replies.

`event` has the types, `decode` and `encode` know the wire format. No I/O, and no SDK.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from funcpack_invoker.errors import InvalidEventError, ReplyError, named, shown
from funcpack_invoker.events.attributes import (
    AttributeValue,
    InvalidAttributeError,
    check_event,
    check_name,
    check_value,
)
from funcpack_invoker.events.decode import read
from funcpack_invoker.events.encode import write_batch, write_binary, write_structured
from funcpack_invoker.events.event import BATCHED, STRUCTURED, Batch, Event
from funcpack_invoker.http.asgi import Header

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BATCHED",
    "STRUCTURED",
    "AttributeValue",
    "Batch",
    "Event",
    "Header",
    "InvalidEventError",
    "ReplyError",
    "complete",
    "complete_data",
    "read",
    "write_batch",
    "write_binary",
    "write_structured",
]


def complete(attributes: Mapping[Any, Any], data: Any = None, *, incoming: Event | None = None) -> Event:
    """Return a valid event with the given attributes; `specversion`, `id` and `time` are added if they are absent.

    Args:
        attributes: as in an `Event`; values may also be an aware `datetime` (a Timestamp) or `bytes` (Binary).
        data: of the event.
        incoming: the event that it replies to, if any; attributes that are passed on from it are not checked again.

    Raises:
        ReplyError: if an attribute is missing or not valid.

    """
    try:
        # Most replies pass most attributes on, and checking them again would slow down every short call.
        known = _known(attributes, incoming)
        filled = {
            name: value if name in known and known[name] is value else _canonical(name, value)
            for name, value in attributes.items()
        }
        filled.setdefault("specversion", "1.0")
        if "id" not in filled:
            filled["id"] = _new_id()
        if "time" not in filled:
            filled["time"] = _timestamp(datetime.now(UTC))
        check_event(filled, known)
    except InvalidAttributeError as exc:
        raise ReplyError(f"the returned event is not valid: {exc}") from exc
    return Event(filled, data)


def complete_data(data: Any, incoming: Event, *, reply_type: str | None, reply_source: str) -> Event:
    """Return the reply event for a function that returned only data.

    It has the version of the incoming event, and a content type that depends on the type of the data.

    Args:
        data: the returned data.
        incoming: the event that it replies to.
        reply_type: the reply's `type`; None for `<incoming type>.reply`.
        reply_source: the reply's `source`.

    Raises:
        ReplyError: if `reply_type` or `reply_source` is not a valid attribute.

    """
    attributes = {
        "specversion": incoming.attributes["specversion"],
        "type": reply_type or f"{incoming.attributes['type']}.reply",
        "source": reply_source,
        "datacontenttype": _content_type_of(data),
    }
    return complete(attributes, data, incoming=incoming)


def _known(attributes: Mapping[Any, Any], incoming: Event | None) -> Mapping[str, AttributeValue]:
    """Return the attributes that are known to be valid: those of an incoming event with the same version."""
    if incoming is None or attributes.get("specversion", "1.0") != incoming.attributes["specversion"]:
        return {}
    return incoming.attributes


def _canonical(name: object, value: object) -> AttributeValue:
    """Return a returned attribute in the form that it has on the wire (CloudEvents, Type System)."""
    if not isinstance(name, str):
        raise InvalidAttributeError(f"the attribute name {shown(name)} is not a string")
    check_name(name)
    if value is None:
        raise InvalidAttributeError(f"{named(name)} is None; omit it")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidAttributeError(f"{named(name)} is a datetime without a time zone")
        return _timestamp(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return check_value(name, value)


def _new_id() -> str:
    import uuid  # noqa: PLC0415 - a cold start should not wait for it, and most replies pass on an id

    return str(uuid.uuid4())


def _timestamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _content_type_of(data: object) -> str:
    if isinstance(data, str):
        return "text/plain; charset=utf-8"
    return "application/octet-stream" if isinstance(data, bytes | bytearray | memoryview) else "application/json"
