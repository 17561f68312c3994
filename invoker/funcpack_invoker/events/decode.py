"""Decodes the CloudEvents of HTTP requests.

Sources, by section in the code: the HTTP protocol binding ("HTTP") and the JSON event format ("JSON") of CloudEvents
1.0.2 (https://github.com/cloudevents/spec/tree/v1.0.2/cloudevents), and those of 0.3.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from funcpack_invoker.errors import InvalidEventError, LimitError, named, shown
from funcpack_invoker.events.attributes import (
    AttributeValue,
    InvalidAttributeError,
    check_event,
    check_name,
    check_string,
    check_value,
)
from funcpack_invoker.events.event import BATCHED, STRUCTURED, Batch, Event
from funcpack_invoker.http import json_codec, media_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from funcpack_invoker.http.asgi import Header

# In a batch.
MOST_EVENTS = 10_000

_FORMATS = b"application/cloudevents"
_ENVELOPE = frozenset({"specversion", "id", "source", "type"})

# Printable ASCII except the double quote and the percent sign (HTTP 3.1.3.2).
_AS_IT_IS = re.compile(rb"[ !#$&-~]*")

# RFC 7230 section 3.2.6
_QUOTED_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"')
_QUOTED_PAIR = re.compile(r"\\(.)")


def read(
    headers: Iterable[Header], body: bytes, path: str = "", loads: json_codec.Loads = json_codec.loads
) -> Event | Batch:
    """Return the event or the events of a request, in any content mode (HTTP 3).

    Two more forms are accepted as `application/json` without `ce-` headers. A JSON object with the four required
    attributes is a structured event: this is how people send events with curl. The body of a Pub/Sub push is the event
    that Eventarc makes of it.

    Args:
        headers: names in lower case, as in ASGI.
        body: the whole body.
        path: of the request; a Pub/Sub push may have its topic there.
        loads: parses JSON.

    Raises:
        InvalidEventError: if the request is not a valid CloudEvent 1.0 or 0.3.

    """
    context: list[Header] = []
    content_type = None
    for header in headers:
        name = header[0]
        if name[:3] == b"ce-":
            context.append(header)
        elif name == b"content-type":
            if content_type is not None:
                raise InvalidEventError("duplicate Content-Type header")
            content_type = header[1]
    try:
        if content_type is None or content_type[:23].lower() != _FORMATS:
            return _read_binary(context, content_type or b"", body, path, loads)
        return _read_format(media_types.parse(content_type.decode("latin-1")), body, loads)
    except ValueError as exc:
        raise InvalidEventError(str(exc)) from exc


def _read_format(media_type: media_types.MediaType, body: bytes, loads: json_codec.Loads) -> Event | Batch:
    if media_type.essence not in {STRUCTURED, BATCHED}:
        raise InvalidEventError(f"unsupported event format {shown(media_type.essence)}; use JSON", 415)
    document = _read_json(body, media_type.codec or "utf-8", loads)
    if media_type.essence == STRUCTURED:
        return _read_members(document)
    if not isinstance(document, list):
        raise InvalidEventError("the batch is not a JSON array")
    if len(document) > MOST_EVENTS:
        raise LimitError(413, f"the batch has more than {MOST_EVENTS} events")
    return Batch(tuple(_read_numbered(number, members) for number, members in enumerate(document, 1)))


def _read_json(body: bytes, codec: str, loads: json_codec.Loads) -> object:
    try:
        document: object = json_codec.IN_EVENTS[loads](body, codec)
    except UnicodeDecodeError:
        raise InvalidEventError(f"the body is not JSON: it is not valid {codec}") from None
    except ValueError as exc:
        raise InvalidEventError(f"the body is not JSON: {exc}") from exc
    return document


def _read_numbered(number: int, members: object) -> Event:
    try:
        return _read_members(members)
    except ValueError as exc:
        raise InvalidEventError(f"event {number} of the batch: {exc}") from exc


def _read_members(members: object) -> Event:
    """Decode an event in the JSON format (JSON 2 and 3); members that are null are unset (JSON 2.2)."""
    if not isinstance(members, dict):
        raise InvalidAttributeError("the event is not a JSON object")
    if isinstance(members, json_codec.RepeatedMembers):
        # Whoever checked the event before could have read the other value (RFC 8259 section 4).
        raise InvalidAttributeError(f"the event has the member {shown(members.name)} more than once")
    version = members.get("specversion")
    attributes = {}
    for name, value in members.items():
        if value is None or name == "data" or (name == "data_base64" and version != "0.3"):
            continue
        check_name(name)
        # Version 0.3 has Maps, which are JSON objects; their value here is the JSON text (0.3, Type System).
        attributes[name] = check_value(
            name, json_codec.dumps(value) if isinstance(value, dict) and version == "0.3" else value
        )
    check_event(attributes)
    return Event(attributes, _data_of_members(members, version))


def _data_of_members(members: dict[str, Any], version: object) -> Any:
    """Return the data of an event in the JSON format; a string is never parsed again (JSON 3.1.2)."""
    data = members.get("data")
    if version == "0.3":
        encoding = members.get("datacontentencoding")
        is_base64 = isinstance(encoding, str) and encoding.lower() == "base64"
        return _decode_base64("data", data) if is_base64 and isinstance(data, str) else data
    encoded = members.get("data_base64")
    if encoded is None:
        return data
    if data is not None:
        raise InvalidAttributeError("data and data_base64 are both set")
    return _decode_base64("data_base64", encoded)


def _decode_base64(name: str, value: object) -> bytes:
    try:
        if isinstance(value, str):
            return base64.b64decode(value, validate=True)
    except ValueError:
        pass
    raise InvalidAttributeError(f"{name} is not valid Base64")


def _read_binary(context: list[Header], content_type: bytes, body: bytes, path: str, loads: json_codec.Loads) -> Event:
    """Decode an event whose attributes are headers and whose data is the body (HTTP 3.1)."""
    attributes: dict[str, AttributeValue] = {}
    # Most values need no decoding, and one match against all of them is faster than one for each.
    plain = _AS_IT_IS.fullmatch(b"".join([raw for _, raw in context]))
    for header, raw in context:
        name = _attribute_name(header)
        if name in attributes:
            raise InvalidAttributeError(f"duplicate ce-{named(name)} header")
        attributes[name] = raw.decode() if plain else attribute_value(name, raw)
    if _ENVELOPE.isdisjoint(attributes):
        return _read_undeclared(content_type, body, path, loads)
    if not content_type:
        check_event(attributes)
        return Event(attributes, _guess(body, loads))
    attributes["datacontenttype"] = declared = content_type.decode("latin-1")
    check_event(attributes)
    return Event(attributes, media_types.parse(declared).decode(body, loads))


def _read_undeclared(content_type: bytes, body: bytes, path: str, loads: json_codec.Loads) -> Event:
    """Decode a structured event, or a Pub/Sub push, that is sent as `application/json`."""
    media_type = media_types.parse(content_type.decode("latin-1")) if content_type else None
    is_json = media_type is not None and media_type.essence == "application/json"
    document = media_type.decode(body, json_codec.IN_EVENTS[loads]) if media_type and is_json else None
    if isinstance(document, dict) and document.keys() >= _ENVELOPE:
        return _read_members(document)
    if isinstance(document, dict) and "subscription" in document:
        from funcpack_invoker.events.pubsub import is_push, read_push  # noqa: PLC0415 - few functions get pushes

        if is_push(document):
            return read_push(document, path)
    raise InvalidEventError(f"not a CloudEvent: no ce- headers, and Content-Type is not {STRUCTURED}")


def _guess(body: bytes, loads: json_codec.Loads) -> Any:
    """Return the value of a body without a content type: parsed if it is JSON, else its bytes."""
    if not body:
        return None
    try:
        return loads(body, "utf-8")
    except ValueError:
        return body


def is_binary(headers: Mapping[bytes, bytes]) -> bool:
    """Return whether the body of a valid event is its data (HTTP 3.1)."""
    return b"ce-specversion" in headers and headers.get(b"content-type", b"")[:23].lower() != _FORMATS


@lru_cache(maxsize=1024)
def _attribute_name(header: bytes) -> str:
    """Return the attribute name of a header such as `ce-type` (HTTP 3.1.3.1)."""
    name = header[3:].decode("latin-1")
    check_name(name)
    if name == "datacontenttype":
        raise InvalidAttributeError("ce-datacontenttype is not allowed; use Content-Type")  # HTTP 3.1.1
    return name


def attribute_value(name: str, raw: bytes) -> str:
    """Decode a header's value: first double quotes, then percent-encoding, each once (HTTP 3.1.3.2).

    UTF-8 that is not percent-encoded is accepted too, because the SDKs for Go and Java send it
    (https://github.com/cloudevents/spec/issues/1397).
    """
    try:
        value = raw.decode()
        if value[:1] == '"':
            value = _unquote(value)
        if "%" in value:
            value = unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise InvalidAttributeError(f"ce-{named(name)} is not UTF-8") from None
    if not value.isprintable():
        check_string(name, value)
    return value


def _unquote(value: str) -> str:
    """Return the content of a quoted-string (RFC 7230 section 3.2.6); any other value stays unchanged."""
    match = _QUOTED_STRING.fullmatch(value)
    return _QUOTED_PAIR.sub(r"\1", match[1]) if match else value
