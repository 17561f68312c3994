"""One row for each rule of sending, by section of the HTTP protocol binding ("HTTP") and the JSON format ("JSON")."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pydantic
import pytest

from funcpack_invoker.errors import ReplyError
from funcpack_invoker.events.cloudevent import Event, write_batch, write_binary, write_structured

REQUIRED: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
OLD = REQUIRED | {"specversion": "0.3"}
REQUIRED_HEADERS = [(b"ce-specversion", b"1.0"), (b"ce-id", b"1"), (b"ce-source", b"/s"), (b"ce-type", b"t")]


@dataclass
class Point:
    x: int
    y: int


class Person(pydantic.BaseModel):
    name: str


def members_of(event: Event) -> Any:
    headers, body = write_structured(event)
    assert headers == [(b"content-type", b"application/cloudevents+json")]
    return json.loads(body)


def circle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "header"),
    [
        pytest.param("Euro € 😀", b"Euro%20%E2%82%AC%20%F0%9F%98%80", id="the example of the specification"),
        pytest.param(" ", b"%20", id="space"),
        pytest.param('"', b"%22", id="double quote"),
        pytest.param("100%", b"100%25", id="percent sign"),
        pytest.param("%41", b"%2541", id="what looks encoded"),
        pytest.param("\u00a0", b"%C2%A0", id="no-break space"),
        pytest.param(
            "".join(map(chr, range(0x21, 0x7F))),
            "".join(map(chr, range(0x21, 0x7F))).replace("%", "%25").replace('"', "%22").encode(),
            id="every other printable character of ASCII, as it is",
        ),
        pytest.param("", b"", id="nothing"),
        pytest.param(True, b"true", id="Boolean"),
        pytest.param(False, b"false", id="Boolean, false"),
        pytest.param(-5, b"-5", id="Integer"),
    ],
)
def test_header_value_is_encoded_as_http_3_1_3_2_says(value: str | bool | int, header: bytes) -> None:
    assert write_binary(Event({**REQUIRED, "ext": value}, None)) == ([*REQUIRED_HEADERS, (b"ce-ext", header)], b"")


@pytest.mark.parametrize(
    ("content_type", "data", "body"),
    [
        pytest.param("application/json", {"a": [1, "é"]}, b'{"a": [1, "\\u00e9"]}', id="JSON by json.dumps"),
        pytest.param("application/json", "text", b'"text"', id="a JSON string is quoted"),
        pytest.param("application/json", '{"a": 1}', b'"{\\"a\\": 1}"', id="also one that looks like JSON"),
        pytest.param("application/vnd.x+json", "text", b'"text"', id="JSON by suffix"),
        pytest.param("application/json", b"{1}", b"{1}", id="bytes raw, under JSON too"),
        pytest.param("application/json", bytearray(b"a"), b"a", id="a bytearray"),
        pytest.param("application/json", False, b"false", id="false is data"),
        pytest.param("application/json", 0, b"0", id="0 is data"),
        pytest.param("application/json", Point(1, 2), b'{"x": 1, "y": 2}', id="a dataclass"),
        pytest.param("application/json", [Person(name="A")], b'[{"name": "A"}]', id="pydantic models inside"),
        pytest.param("text/plain", "Kapow!", b"Kapow!", id="text raw"),
        pytest.param("text/plain", "é", "é".encode(), id="text in UTF-8"),
        pytest.param("text/plain; charset=iso-8859-1", "é", b"\xe9", id="text in its charset"),
        pytest.param("application/xml", "<a/>", b"<a/>", id="XML raw"),
        pytest.param("text/plain", {"a": 1}, b'{"a": 1}', id="what is no text, under a text type: JSON text"),
        pytest.param("image/png", "text", b"text", id="text raw under any type"),
        pytest.param("image/png", b"\x89", b"\x89", id="bytes raw"),
        pytest.param("text/plain; charset=unheard-of", b"a", b"a", id="bytes in a charset nobody knows"),
        pytest.param("application/json", None, b"", id="no data"),
    ],
)
def test_binary_body_is_written_by_content_type(content_type: str, data: Any, body: bytes) -> None:
    event = Event({**REQUIRED, "datacontenttype": content_type}, data)
    assert write_binary(event) == ([*REQUIRED_HEADERS, (b"content-type", content_type.encode())], body)


@pytest.mark.parametrize(
    ("data", "content_type", "body"),
    [
        pytest.param("a string", [b"application/json"], b'"a string"', id="JSON 3.1.2: the implied JSON is said"),
        pytest.param({"a": 1}, [b"application/json"], b'{"a": 1}', id="JSON 3.1.2: for an object too"),
        pytest.param(b'{"a": 1}', [], b'{"a": 1}', id="JSON 3.1.1: of bytes nothing is assumed"),
        pytest.param(None, [], b"", id="no data"),
    ],
)
def test_binary_without_datacontenttype(data: Any, content_type: list[bytes], body: bytes) -> None:
    headers = [*REQUIRED_HEADERS, *[(b"content-type", value) for value in content_type]]
    assert write_binary(Event(REQUIRED, data)) == (headers, body)


def test_binary_of_0_3_has_no_datacontentencoding() -> None:
    headers, body = write_binary(Event({**OLD, "datacontentencoding": "base64"}, b"hi"))
    assert b"ce-datacontentencoding" not in dict(headers)
    assert body == b"hi"


@pytest.mark.parametrize(
    ("attributes", "data", "members"),
    [
        pytest.param({}, None, {}, id="JSON 3: every attribute is a member"),
        pytest.param({"t": True, "n": 5}, None, {"t": True, "n": 5}, id="JSON 2.2: by its type"),
        pytest.param({}, {"a": 1}, {"data": {"a": 1}}, id="JSON 3.1.1: JSON is implied"),
        pytest.param({}, "text", {"data": "text"}, id="JSON 3.1.1: for a string too"),
        pytest.param(
            {"datacontenttype": "text/json"},
            [1],
            {"datacontenttype": "text/json", "data": [1]},
            id="JSON 3.1.1: JSON is stored as its value",
        ),
        pytest.param(
            {"datacontenttype": "text/plain"},
            "text",
            {"datacontenttype": "text/plain", "data": "text"},
            id="JSON 3.1.1: text is stored as a string",
        ),
        pytest.param(
            {"datacontenttype": "text/plain"},
            {"a": 1},
            {"datacontenttype": "text/plain", "data": '{"a": 1}'},
            id="JSON 3.1.1: so is all that is not JSON",
        ),
        pytest.param({}, b'{"xyz": 123}', {"data_base64": "eyJ4eXoiOiAxMjN9"}, id="JSON 3.1.1: bytes are Base64"),
        pytest.param(
            {"datacontenttype": "application/json"},
            b"{",
            {"datacontenttype": "application/json", "data_base64": "ew=="},
            id="JSON 3.1.1: whatever the content type",
        ),
        pytest.param({}, b"", {"data_base64": ""}, id="JSON 3.1.1: no bytes are data too"),
        pytest.param(
            {"specversion": "0.3"},
            b"hi",
            {"specversion": "0.3", "data": "aGk=", "datacontentencoding": "base64"},
            id="0.3 datacontentencoding: set for bytes",
        ),
        pytest.param(
            {"specversion": "0.3", "datacontentencoding": "base64"},
            "text",
            {"specversion": "0.3", "data": "text"},
            id="0.3 datacontentencoding: not set else",
        ),
    ],
)
def test_structured(attributes: dict[str, Any], data: Any, members: dict[str, Any]) -> None:
    assert members_of(Event(REQUIRED | attributes, data)) == REQUIRED | members


def test_batch_is_an_array_of_structured_events() -> None:
    headers, body = write_batch([write_structured(event)[1] for event in (Event(REQUIRED, 1), Event(OLD, b"hi"))])
    assert headers == [(b"content-type", b"application/cloudevents-batch+json")]
    assert json.loads(body) == [members_of(Event(REQUIRED, 1)), members_of(Event(OLD, b"hi"))]


def test_batch_may_be_empty() -> None:
    assert write_batch([])[1] == b"[]"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        pytest.param(float("nan"), "Out of range float values are not JSON compliant", id="NaN"),
        pytest.param({1, float("inf")}, "Out of range float values are not JSON compliant", id="infinity in a set"),
        pytest.param([Decimal("NaN")], "the Decimal NaN is not finite, and JSON has no such number", id="Decimal NaN"),
        pytest.param({"a": [object()]}, "object cannot be written as JSON", id="an object inside"),
        pytest.param(Person, "ModelMetaclass cannot be written as JSON", id="a class"),
        pytest.param({(1, 2): 3}, "keys must be str, int, float, bool or None, not tuple", id="a key"),
        pytest.param(circle(), "Circular reference detected", id="a circle"),
        pytest.param(deep(), "nested too deeply", id="too many levels"),
    ],
)
def test_data_without_a_form_in_json_is_refused(data: Any, fault: str) -> None:
    with pytest.raises(ReplyError) as caught:
        write_binary(Event({**REQUIRED, "datacontenttype": "application/json"}, data))
    assert caught.value.reason.startswith(f"the returned data cannot be sent as application/json: {fault}")
    for content_type in ("application/json", "text/plain"):
        with pytest.raises(ReplyError) as caught:
            write_structured(Event({**REQUIRED, "datacontenttype": content_type}, data))
        assert caught.value.reason.startswith(f"the returned data cannot be sent as JSON: {fault}")


@pytest.mark.parametrize(
    ("content_type", "data", "fault"),
    [
        pytest.param(
            "text/plain; charset=us-ascii", "é", "'ascii' codec can't encode character", id="lacks a character"
        ),
        pytest.param("text/plain", "\ud800", "'utf-8' codec can't encode character", id="half of a surrogate pair"),
        pytest.param("text/plain; charset=unheard-of", "a", "unknown charset", id="unknown"),
    ],
)
def test_text_without_a_form_in_its_charset_is_refused(content_type: str, data: str, fault: str) -> None:
    with pytest.raises(ReplyError) as caught:
        write_binary(Event({**REQUIRED, "datacontenttype": content_type}, data))
    assert caught.value.reason.startswith(f"the returned data cannot be sent as {content_type}: {fault}")
