"""The events of a request: from options, a sample or a file, in the content mode that the user chose."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from funcpack.calls import body as bodies
from funcpack.calls.body import Body
from funcpack.command_errors import EventEncodingError, EventError, EventFileError
from funcpack_invoker.errors import ReplyError, RequestError
from funcpack_invoker.events import decode, encode
from funcpack_invoker.events.attributes import InvalidAttributeError, check_event, check_name, check_value
from funcpack_invoker.events.event import BATCHED, STRUCTURED, Batch, Event
from funcpack_invoker.http import media_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.calls.request import Headers

Mode = Literal["binary", "structured", "batch"]

SOURCE = "urn:funcpack:invoke"
TYPE = "funcpack.invoke"


@dataclass(frozen=True, slots=True)
class OutgoingEvents:
    """Events and the content mode to send them in.

    Attributes:
        events: one event, or any number in a batch.
        mode: the content mode.
        data: the data of the only event as the user wrote it, for the binary mode.
        document: all events in the JSON format as the user wrote them; those of a batch without the brackets.

    """

    events: tuple[Event, ...]
    mode: Mode
    data: bytes | None = None
    document: bytes | None = None

    def encoded(self) -> tuple[Headers, Body]:
        """Return the header fields and the body.

        Raises:
            EventEncodingError: the data of an event cannot be sent in this mode.

        """
        try:
            fields, body = self._write()
        except ReplyError as exc:
            raise EventEncodingError(self.mode, str(exc.__cause__ or exc)) from exc
        return tuple((_field_name(name.decode()), value.decode()) for name, value in fields), Body.of(body)

    def _write(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        if self.mode == "batch":
            return encode.write_batch(
                [encode.write_structured(event)[1] for event in self.events]
                if self.document is None
                else [self.document]
            )
        (event,) = self.events
        if self.mode == "binary":
            return encode.write_binary(event if self.data is None else event._replace(data=self.data))
        headers, body = encode.write_structured(event)
        return headers, body if self.document is None else self.document


def _field_name(name: str) -> str:
    return "Content-Type" if name == "content-type" else name


def read_file(name: str, document: bytes, mode: Mode) -> OutgoingEvents:
    """Return the event of a file in the JSON format. With the mode `batch`, it may be an array.

    Raises:
        EventFileError: the file is not such an event.

    """
    document = document.strip()
    is_array = document.startswith(b"[")
    if is_array and mode != "batch":
        raise EventFileError(name, "it is an array of events, which only --batch sends")
    try:
        found = decode.read([(b"content-type", (BATCHED if is_array else STRUCTURED).encode())], document)
    except RequestError as exc:
        raise EventFileError(name, str(exc)) from exc
    if isinstance(found, Batch):
        return OutgoingEvents(found.events, mode, document=document[1:-1])
    return OutgoingEvents((found,), mode, document=document)


def from_attributes(attributes: Mapping[str, str], mode: Mode, body: Body | None) -> OutgoingEvents:
    """Return an event with attributes and data; those that are required, and `time`, are added if they are absent.

    Raises:
        EventError: an attribute is not valid.

    """
    defaults = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": SOURCE,
        "type": TYPE,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return _event({**defaults, **attributes}, mode, body)


def changed(sample: Mapping[str, Any], attributes: Mapping[str, str], mode: Mode, body: Body | None) -> OutgoingEvents:
    """Return an event in the JSON format with other attributes and, unless they are None, other data.

    Raises:
        EventError: an attribute is not valid.

    """
    members = {name: value for name, value in sample.items() if name != "data"}
    if body is not None:
        members.pop("datacontenttype")
        return _event({**members, **attributes}, mode, body)
    event = _checked({**members, **attributes}, sample["data"])
    return OutgoingEvents((event,), mode)


def _event(attributes: Mapping[str, Any], mode: Mode, body: Body | None) -> OutgoingEvents:
    if body is None:
        return OutgoingEvents((_checked(attributes, None),), mode)
    data = body.read()
    content_type = attributes.get("datacontenttype") or bodies.media_type_of(data, body.name)
    event = _checked({**attributes, "datacontenttype": content_type}, None)
    return OutgoingEvents((event._replace(data=media_types.parse(content_type).decode(data)),), mode, data)


def _checked(attributes: Mapping[str, Any], data: Any) -> Event:
    try:
        for name in attributes:
            check_name(name)
        event = Event({name: check_value(name, value) for name, value in attributes.items()}, data)
        check_event(event.attributes)
    except InvalidAttributeError as exc:
        raise EventError(str(exc)) from exc
    return event
