"""Encodes CloudEvents as HTTP headers and bodies.

Sources, by section in the code: the HTTP protocol binding ("HTTP") and the JSON event format ("JSON") of CloudEvents
1.0.2 (https://github.com/cloudevents/spec/tree/v1.0.2/cloudevents), and those of 0.3.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from funcpack_invoker.errors import ReplyError
from funcpack_invoker.events.event import BATCHED, STRUCTURED, Event
from funcpack_invoker.http import json_codec, media_types

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from funcpack_invoker.events.attributes import AttributeValue
    from funcpack_invoker.http.asgi import Header

# Headers contain printable ASCII unencoded, except the double quote and the percent sign (HTTP 3.1.3.2).
_AS_IT_IS = re.compile(r"[!#$&-~]*")
_UNQUOTED = "".join(map(chr, range(0x21, 0x7F))).replace('"', "").replace("%", "")


def write_binary(event: Event) -> tuple[list[Header], bytes]:
    """Encode an event in binary mode (HTTP 3.1): its headers, including Content-Type, and its body.

    Raises:
        ReplyError: if the data cannot be encoded as the datacontenttype requires.

    """
    attributes, data = event.attributes, event.data
    # Base64 is for data inside JSON; a body is the data itself (0.3, `datacontentencoding`).
    unsent = "datacontentencoding" if attributes["specversion"] == "0.3" else None
    encode: Callable[[Any], bytes] = str.encode if _are_plain(attributes.values()) else _header_value
    headers = [
        (b"ce-" + name.encode(), encode(value)) if name != "datacontenttype" else (b"content-type", str(value).encode())
        for name, value in attributes.items()
        if name != unsent
    ]
    if data is None:
        return headers, b""
    content_type = attributes.get("datacontenttype")
    if content_type is None and not isinstance(data, bytes | bytearray | memoryview):
        # JSON is the default only in the JSON format; in binary mode it must be declared (JSON 3.1.2).
        content_type = "application/json"
        headers.append((b"content-type", b"application/json"))
    return headers, _encode(content_type, data)


def write_structured(event: Event) -> tuple[list[Header], bytes]:
    """Encode an event in structured mode (HTTP 3.2, JSON 3).

    Raises:
        ReplyError: if the data cannot be encoded as the datacontenttype requires.

    """
    return [(b"content-type", STRUCTURED.encode())], _dumps(_members(event)).encode()


def write_batch(bodies: Sequence[bytes]) -> tuple[list[Header], bytes]:
    """Encode events in batched mode (HTTP 3.3, JSON 4), given their bodies in structured mode."""
    return [(b"content-type", BATCHED.encode())], b"[%s]" % b", ".join(bodies)


def _are_plain(values: Collection[Any]) -> bool:
    """Return whether headers can contain all values unencoded: one match against all is faster than one for each."""
    try:
        return _AS_IT_IS.fullmatch("".join(values)) is not None
    except TypeError:
        return False  # a boolean or an integer


def _header_value(value: AttributeValue) -> bytes:
    """Encode a value for a header (HTTP 3.1.3.2)."""
    if not isinstance(value, str):
        return (str(value).lower() if isinstance(value, bool) else str(value)).encode()
    if _AS_IT_IS.fullmatch(value):
        return value.encode()
    return quote(value, safe=_UNQUOTED).encode()


def _encode(content_type: AttributeValue | None, data: Any) -> bytes:
    try:
        return media_types.parse(str(content_type or "application/octet-stream")).encode(data)
    except ValueError as exc:
        raise ReplyError(f"the returned data cannot be sent as {content_type}: {exc}") from exc


def _members(event: Event) -> dict[str, Any]:
    """Return the members of an event in the JSON format (JSON 3.1.1)."""
    members: dict[str, Any] = dict(event.attributes)
    data = event.data
    if isinstance(data, bytes | bytearray | memoryview):
        encoded = base64.b64encode(data).decode()
        if members["specversion"] == "0.3":
            return members | {"data": encoded, "datacontentencoding": "base64"}
        return members | {"data_base64": encoded}
    if members["specversion"] == "0.3":
        members.pop("datacontentencoding", None)
    if data is None:
        return members
    return members | {"data": data if _is_json(event) or isinstance(data, str) else _dumps(data)}


def _is_json(event: Event) -> bool:
    """Return whether the data is JSON; without a content type, the JSON format implies it (JSON 3.1.1)."""
    content_type = event.attributes.get("datacontenttype")
    return content_type is None or media_types.parse(str(content_type)).is_json


def _dumps(value: object) -> str:
    try:
        return json_codec.dumps(value)
    except ValueError as exc:
        raise ReplyError(f"the returned data cannot be sent as JSON: {exc}") from exc
