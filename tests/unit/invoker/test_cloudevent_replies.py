"""What functions return becomes a valid event, or the log says why not."""

from __future__ import annotations

import enum
import re
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from funcpack_invoker.errors import ReplyError
from funcpack_invoker.events.cloudevent import Event, complete, complete_data, read, write_binary

INCOMING = Event({"specversion": "1.0", "id": "1", "source": "/s", "type": "com.example.order"}, {"a": 1})
NEW: dict[str, Any] = {"type": "t", "source": "/s"}


class Kind(enum.StrEnum):
    ORDER = "order"


class Old(str, enum.Enum):  # noqa: UP042 - the older way, with another str()
    VERSION = "0.3"


class Level(enum.IntEnum):
    HIGH = 3


def test_absent_attributes_are_filled_in() -> None:
    before = datetime.now(UTC)
    attributes = complete(NEW).attributes
    assert attributes.keys() == {"type", "source", "specversion", "id", "time"}
    assert attributes["specversion"] == "1.0"
    assert uuid.UUID(str(attributes["id"])).version == 4
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", str(attributes["time"]))
    assert before <= datetime.fromisoformat(str(attributes["time"])) <= datetime.now(UTC)


def test_every_event_has_an_id_of_its_own() -> None:
    assert complete(NEW).attributes["id"] != complete(NEW).attributes["id"]


def test_attributes_that_are_there_stay() -> None:
    attributes: dict[str, Any] = {
        **NEW,
        "specversion": "0.3",
        "id": "x",
        "time": "2018-04-05T17:31:00.123456789+05:30",
        "schemaurl": "/x",
        "datacontenttype": "text/plain; charset=us-ascii",
        "flag": True,
        "n": 5,
    }
    event = complete(attributes, "data")
    assert event == Event(attributes, "data")
    assert event.attributes["flag"] is True


def test_returned_dict_is_not_changed() -> None:
    attributes = dict(NEW)
    complete(attributes)
    assert attributes == NEW


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(datetime(2018, 4, 5, 17, 31, tzinfo=UTC), "2018-04-05T17:31:00Z", id="a datetime"),
        pytest.param(
            datetime(2018, 4, 5, 17, 31, 0, 500, tzinfo=timezone(timedelta(hours=-8))),
            "2018-04-05T17:31:00.000500-08:00",
            id="a datetime with an offset",
        ),
        pytest.param(b"\xff\x00", "/wA=", id="bytes: Base64"),
        pytest.param(Kind.ORDER, "order", id="an Enum of strings"),
        pytest.param(Level.HIGH, 3, id="an Enum of integers"),
    ],
)
def test_native_value_is_written_in_its_canonical_form(value: Any, written: str | int) -> None:
    found = complete({**NEW, "ext": value}).attributes["ext"]
    assert found == written
    assert type(found) is type(written)


def test_version_may_be_an_enum() -> None:
    assert complete({**NEW, "specversion": Old.VERSION}).attributes["specversion"] == "0.3"


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        pytest.param({"source": "/s"}, "type is missing", id="no type"),
        pytest.param({"type": "t"}, "source is missing", id="no source"),
        pytest.param({"type": "", "source": "/s"}, "type is empty", id="empty type"),
        pytest.param({**NEW, "id": ""}, "id is empty", id="empty id"),
        pytest.param({**NEW, "id": 5}, "id is not a string", id="a number for id"),
        pytest.param(
            {**NEW, "specversion": "2"}, "specversion '2' is not supported; supported versions: 1.0, 0.3", id="version"
        ),
        pytest.param({**NEW, "subject": None}, "subject is None; omit it", id="None"),
        pytest.param({**NEW, "time": "today"}, "time is not an RFC 3339 timestamp: 'today'", id="time"),
        pytest.param(
            {**NEW, "time": datetime(2018, 4, 5)},  # noqa: DTZ001 - that is the fault
            "time is a datetime without a time zone",
            id="naive datetime",
        ),
        pytest.param(
            {**NEW, "datacontenttype": "json"}, "datacontenttype 'json' is not a media type", id="content type"
        ),
        pytest.param(
            {**NEW, "datacontenttype": "text/plain\r\nx: y"},
            r"datacontenttype contains a character that is not allowed: 'text/plain\r\nx: y'",
            id="a header inside of a header",
        ),
        pytest.param(
            {**NEW, "datacontenttype": "text/plain; a=é"},
            "datacontenttype 'text/plain; a=é' is not a media type",
            id="what no header can carry",
        ),
        pytest.param({**NEW, "data": 1}, "data is not allowed as an attribute name", id="data among the attributes"),
        pytest.param(
            {**NEW, "myExt": 1}, "'myExt' is not an attribute name: only a-z and 0-9 are allowed", id="upper case"
        ),
        pytest.param(
            {**NEW, "my-ext": 1}, "'my-ext' is not an attribute name: only a-z and 0-9 are allowed", id="dash"
        ),
        pytest.param(dict[Any, Any](NEW) | {5: 1}, "the attribute name 5 is not a string", id="no string for a name"),
        pytest.param({**NEW, "n": 1.5}, "n is a float; use a string, boolean or integer", id="float"),
        pytest.param({**NEW, "n": {}}, "n is a dict; use a string, boolean or integer", id="dict"),
        pytest.param({**NEW, "n": 2**31}, "n does not fit in 32 bits", id="large integer"),
        pytest.param({**NEW, "e": "a\nb"}, r"e contains a character that is not allowed: 'a\nb'", id="line feed"),
        pytest.param({**NEW, "e": "\ud800"}, r"e contains a character that is not allowed: '\ud800'", id="surrogate"),
    ],
)
def test_returned_event_that_breaks_the_specification_is_refused(attributes: dict[Any, Any], fault: str) -> None:
    with pytest.raises(ReplyError) as caught:
        complete(attributes)
    assert caught.value.reason == f"the returned event is not valid: {fault}"


@pytest.mark.parametrize(
    ("data", "content_type", "body"),
    [
        pytest.param("hé", b"text/plain; charset=utf-8", "hé".encode(), id="str"),
        pytest.param(b"\xff", b"application/octet-stream", b"\xff", id="bytes"),
        pytest.param(bytearray(b"a"), b"application/octet-stream", b"a", id="bytearray"),
        pytest.param({"a": 1}, b"application/json", b'{"a": 1}', id="dict"),
        pytest.param([1, 2], b"application/json", b"[1, 2]", id="list"),
        pytest.param(1.5, b"application/json", b"1.5", id="number"),
        pytest.param(False, b"application/json", b"false", id="bool"),
    ],
)
def test_data_alone_is_typed_by_what_it_is(data: Any, content_type: bytes, body: bytes) -> None:
    headers, written = write_binary(complete_data(data, INCOMING, reply_type=None, reply_source="urn:funcpack:shop"))
    named = dict(headers)
    assert (named[b"content-type"], written) == (content_type, body)
    assert (named[b"ce-type"], named[b"ce-source"]) == (b"com.example.order.reply", b"urn:funcpack:shop")
    assert named.keys() >= {b"ce-id", b"ce-time"}
    assert named[b"ce-specversion"] == b"1.0"


def test_type_of_data_alone_can_be_set() -> None:
    reply = complete_data("x", INCOMING, reply_type="com.example.done", reply_source="/shop")
    assert (reply.attributes["type"], reply.attributes["source"]) == ("com.example.done", "/shop")


def test_reply_to_0_3_is_of_0_3() -> None:
    incoming = Event({**INCOMING.attributes, "specversion": "0.3"}, None)
    reply = complete_data("x", incoming, reply_type=None, reply_source="/shop")
    assert reply.attributes["specversion"] == "0.3"


BINARY = [(b"ce-specversion", b"1.0"), (b"ce-id", b"1"), (b"ce-source", b"/s"), (b"ce-type", b"t")]


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        pytest.param(
            [*BINARY, (b"content-type", b"text/plain")],
            b"python test data",
            b"python test data",
            id="text is not quoted",
        ),
        pytest.param(
            [(b"content-type", b"application/json")],
            b'{"specversion":"1.0","source":"local","type":"hello","id":"A234-1234-1234",'
            b'"datacontenttype":"text/plain","data":"Kapow!"}',
            b"Kapow!",
            id="nor is that of a structured event",
        ),
        pytest.param(
            [(b"content-type", b"application/cloudevents+json")],
            b'{"specversion":"1.0","source":"local","type":"hello","id":"1","data":"Kapow!"}',
            b'"Kapow!"',
            id="JSON is, implied as it may be",
        ),
        pytest.param(
            [*BINARY, (b"content-type", b"application/json")],
            b'{"specversion":"1.0","type":"x","source":"y","id":"2","data":{"firstName":"John","lastName":"Doe"}}',
            b'{"specversion": "1.0", "type": "x", "source": "y", "id": "2", '
            b'"data": {"firstName": "John", "lastName": "Doe"}}',
            id="an event in an event is data",
        ),
    ],
)
def test_echo_writes_data_by_its_content_type(headers: list[tuple[bytes, bytes]], body: bytes, expected: bytes) -> None:
    event = read(headers, body)
    assert isinstance(event, Event)
    assert write_binary(complete(event.attributes, event.data))[1] == expected


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "application/json", "application/json; charset=utf-8", "image/png"],
)
def test_echo_keeps_what_came(content_type: str) -> None:
    headers = [
        (b"ce-specversion", b"1.0"),
        (b"ce-id", b"%C3%A9%20%25"),
        (b"ce-source", b"//x/(default)"),
        (b"ce-type", b"t"),
        (b"ce-time", b"2018-04-05t17:31:00.123456789z"),
        (b"ce-traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        (b"content-type", content_type.encode()),
    ]
    event = read(headers, b'"\xc3\xa9"')
    assert isinstance(event, Event)
    written, body = write_binary(complete(event.attributes, event.data))
    assert written == headers
    assert read(written, body) == event
