"""Gets the body of a request, or the data of an event, in the form that the function's annotation requires."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack_invoker.errors import RequestError
from funcpack_invoker.events.decode import is_binary
from funcpack_invoker.function.call import event_of
from funcpack_invoker.function.data_form import Kind
from funcpack_invoker.http import json_codec, media_types

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.events.event import Event
    from funcpack_invoker.function.call import Call
    from funcpack_invoker.function.data_form import Form
    from funcpack_invoker.function.typed.reader import Reader

    Getter = Callable[[Call], Any]


def body_getter(name: str, form: Form) -> Getter:
    """Return a function that gets the body of a call's request; it raises RequestError if the body has another form."""
    if form.kind is Kind.BYTES:
        return lambda call: call.body.read() or (None if form.is_optional else b"")
    if form.reader is None:
        return lambda call: _text_of_body(call, name, form)
    return _json_getter(name, form, form.reader)


def data_getter(name: str, form: Form) -> Getter:
    """Return a function that gets the data of a call's event; it raises RequestError if the data has another form."""
    if form.kind is Kind.BYTES:
        return lambda call: _bytes_of_data(call, name, form)
    if form.reader is None:
        return lambda call: _text_of_data(call, name, form)
    read, takes_bytes = _reading(form.reader), form.takes_bytes
    loads = _loads(form.reader)
    return lambda call: _unless_bytes(_json_of_data(event_of(call), loads), read, takes_bytes=takes_bytes)


def _json_getter(name: str, form: Form, reader: Reader) -> Getter:
    read = _reading(reader)
    loads = _loads(reader)

    def get(call: Call) -> Any:
        body = call.body.read()
        try:
            value = loads(body, "utf-8") if body else None  # None, as an event's empty data
        except ValueError as exc:
            if form.takes_bytes:
                return body
            raise RequestError(400, f"{name}: not JSON: {exc}") from None
        try:
            return read(value)
        except RequestError:
            if body:
                raise
            raise RequestError(400, f"{name}: the body is empty") from None

    return get


def _loads(reader: Reader) -> json_codec.Loads:
    return json_codec.loads_exact if reader.is_exact else json_codec.loads


def _json_of_data(event: Event, loads: json_codec.Loads) -> Any:
    """Return the data; if a structured event has sent JSON in Base64, it is parsed here, because only a type requires it."""
    data = event.data
    if not isinstance(data, bytes):
        return data
    try:
        media_type = media_types.parse(str(event.attributes.get("datacontenttype", "application/json")))
    except ValueError:
        return data
    return media_type.decode(data, loads) if media_type.is_json else data


def _reading(reader: Reader) -> Callable[[Any], Any]:
    from funcpack_invoker.function.typed.errors import DataError  # noqa: PLC0415 - only typed data needs it

    def read(value: Any) -> Any:
        try:
            return reader.read(value)
        except DataError as exc:
            raise RequestError(400, str(exc)) from None

    return read


def _unless_bytes(data: Any, read: Callable[[Any], Any], *, takes_bytes: bool) -> Any:
    return data if takes_bytes and isinstance(data, bytes) else read(data)


def _text_of_body(call: Call, name: str, form: Form) -> Any:
    content_type = call.headers.get(b"content-type", b"").decode("latin-1")
    return _decode(call.body.read(), content_type, name, form)


def _text_of_data(call: Call, name: str, form: Form) -> Any:
    """Return text data; that of JSON data which is not text."""
    event = event_of(call)
    if isinstance(event.data, str):
        return event.data
    if event.data is not None and not isinstance(event.data, bytes) and not is_binary(call.headers):
        return json_codec.dumps(event.data)
    content_type = str(event.attributes.get("datacontenttype", ""))
    return _decode(_bytes_of_data(call, name, form) or b"", content_type, name, form)


def _bytes_of_data(call: Call, name: str, form: Form) -> Any:
    """Return the data as it is in the body of an event in binary mode."""
    event = event_of(call)
    if event.data is None:
        return None if form.is_optional else b""
    if isinstance(event.data, bytes):
        return event.data
    if is_binary(call.headers):
        return call.body.read()
    try:
        return media_types.parse(str(event.attributes.get("datacontenttype", "application/json"))).encode(event.data)
    except ValueError as exc:
        raise RequestError(400, f"{name}: {exc}") from None


def _decode(body: bytes, content_type: str, name: str, form: Form) -> Any:
    """Return the text of a body by the charset of its content type."""
    if not body and form.is_optional:
        return None
    codec = _codec(content_type)
    try:
        if codec is not None:
            return body.decode(codec)
    except ValueError:
        pass
    if form.takes_bytes:
        return body
    raise RequestError(400, f"{name}: expected text, found bytes that are not {codec or 'in a supported charset'}")


def _codec(content_type: str) -> str | None:
    try:
        return media_types.parse(content_type).codec
    except ValueError:  # none, or not a media type
        return "utf-8"
