"""One row for each rule of the HTTP protocol binding ("HTTP") and the JSON event format ("JSON"), by section."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from funcpack_invoker.errors import InvalidEventError
from funcpack_invoker.events.cloudevent import Batch, Event, read
from funcpack_invoker.http import media_types

REQUIRED: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
OLD = REQUIRED | {"specversion": "0.3"}
DEEP = b"[" * 200_000 + b"]" * 200_000
LONG_NUMBER = b"1" * 5_000

Headers = dict[str, str | bytes]


def headers_of(*groups: Headers) -> list[tuple[bytes, bytes]]:
    return [
        (name.encode(), value.encode() if isinstance(value, str) else value)
        for group in groups
        for name, value in group.items()
    ]


def read_binary(headers: Headers, body: bytes = b"", required: dict[str, str] = REQUIRED) -> Event:
    context: Headers = {f"ce-{name}": value for name, value in required.items() if f"ce-{name}" not in headers}
    event = read(headers_of(context, headers), body)
    assert isinstance(event, Event)
    return event


def read_structured(members: Any, content_type: str = "application/cloudevents+json") -> Event:
    body = members if isinstance(members, bytes) else json.dumps(members).encode()
    event = read(headers_of({"content-type": content_type}), body)
    assert isinstance(event, Event)
    return event


@pytest.mark.parametrize(
    ("headers", "attributes"),
    [
        pytest.param({}, {}, id="CloudEvents REQUIRED: the four alone are an event, and nothing is invented"),
        pytest.param({"ce-subject": "x"}, {"subject": "x"}, id="HTTP 3.1.3: an attribute is a header"),
        pytest.param({"ce-myext1": "v"}, {"myext1": "v"}, id="HTTP 3.1.3: so is an extension"),
        pytest.param({"ce-ext": ""}, {"ext": ""}, id="CloudEvents types: an extension may be empty"),
        pytest.param(
            {"ce-flag": "true", "ce-n": "5"}, {"flag": "true", "n": "5"}, id="HTTP 3.1.3.2: values are strings"
        ),
        pytest.param({"ce-traceparent": "00-a-b-01"}, {"traceparent": "00-a-b-01"}, id="distributed tracing"),
        pytest.param({"user-agent": "x", "cell": "y"}, {}, id="HTTP 3.1.3.1: only ce- headers are attributes"),
        pytest.param(
            {"content-type": "Text/Plain; Charset=UTF-8"},
            {"datacontenttype": "Text/Plain; Charset=UTF-8"},
            id="HTTP 3.1.1: Content-Type is datacontenttype, as it is",
        ),
        pytest.param(
            {"content-type": 'text/plain; x="%41"'},
            {"datacontenttype": 'text/plain; x="%41"'},
            id="HTTP 3.1.1: Content-Type is not decoded",
        ),
        pytest.param({"content-type": ""}, {}, id="HTTP 3.1.1: an empty Content-Type is none"),
        pytest.param({"ce-dataschema": "http://x/y"}, {"dataschema": "http://x/y"}, id="CloudEvents dataschema"),
        pytest.param(
            {"ce-ext": "Euro%20%E2%82%AC%20%F0%9F%98%80"}, {"ext": "Euro € 😀"}, id="HTTP 3.1.3.2: percent-decoding"
        ),
        pytest.param({"ce-ext": "%e2%82%ac"}, {"ext": "€"}, id="HTTP 3.1.3.2: lower-case hexadecimal digits"),
        pytest.param({"ce-ext": "%41%62c"}, {"ext": "Abc"}, id="HTTP 3.1.3.2: encoded without need"),
        pytest.param({"ce-ext": "%2541"}, {"ext": "%41"}, id="HTTP 3.1.3.2: decoded once only"),
        pytest.param(
            {"ce-ext": "100% %zz %4"}, {"ext": "100% %zz %4"}, id="HTTP 3.1.3.2: a percent sign that encodes nothing"
        ),
        pytest.param({"ce-ext": "a+b"}, {"ext": "a+b"}, id="HTTP 3.1.3.2: a plus sign is no space"),
        pytest.param({"ce-ext": '"a b"'}, {"ext": "a b"}, id="HTTP 3.1.3.2: double quotes"),
        pytest.param(
            {"ce-ext": r'"a \"b\" \\ \c"'}, {"ext": r'a "b" \ c'}, id="HTTP 3.1.3.2: backslash escapes in quotes"
        ),
        pytest.param({"ce-ext": '"a%20b"'}, {"ext": "a b"}, id="HTTP 3.1.3.2: quotes first, then percent signs"),
        pytest.param({"ce-ext": '"%22a%22"'}, {"ext": '"a"'}, id="HTTP 3.1.3.2: encoded quotes stay"),
        pytest.param({"ce-ext": '""'}, {"ext": ""}, id="HTTP 3.1.3.2: empty quotes"),
        pytest.param({"ce-ext": r"a\b"}, {"ext": r"a\b"}, id="HTTP 3.1.3.2: a backslash outside of quotes"),
        pytest.param({"ce-ext": '"a" b "c"'}, {"ext": '"a" b "c"'}, id="HTTP 3.1.3.2: not one quoted string"),
        pytest.param({"ce-ext": r'"a\"'}, {"ext": r'"a\"'}, id="HTTP 3.1.3.2: quotes that do not close"),
        pytest.param({"ce-ext": '{"othervalue": 5}'}, {"ext": '{"othervalue": 5}'}, id="HTTP 3.1.3.2: quotes inside"),
        pytest.param({"ce-ext": "(a comment)"}, {"ext": "(a comment)"}, id="HTTP 3.1.3.2: no comments"),
        pytest.param({"ce-ext": "é€".encode()}, {"ext": "é€"}, id="raw UTF-8, as the SDKs of Go and Java send it"),
    ],
)
def test_binary_attributes(headers: Headers, attributes: dict[str, Any]) -> None:
    assert read_binary(headers) == Event(REQUIRED | attributes, None)


@pytest.mark.parametrize(
    ("content_type", "body", "data"),
    [
        pytest.param("application/json", b' {"a": [1, 2.5, null]}\n', {"a": [1, 2.5, None]}, id="JSON"),
        pytest.param("APPLICATION/JSON", b"1", 1, id="JSON, upper case"),
        pytest.param("text/json;x=y", b"true", True, id="JSON under text/"),
        pytest.param("image/vnd.x+JSON", b'"s"', "s", id="JSON by suffix"),
        pytest.param("application/json", b"\xef\xbb\xbf[]", [], id="JSON after a byte order mark"),
        pytest.param("application/json; charset=latin-1", b'"\xe9"', "é", id="JSON in another charset"),
        pytest.param("application/json; charset=unheard-of", b"1", 1, id="JSON whose charset is unknown"),
        pytest.param("application/json", b"null", None, id="JSON null"),
        pytest.param("application/json", b'{"a": 1, "a": 2}', {"a": 2}, id="JSON: of duplicate members, the last"),
        pytest.param("application/json", b'"\\ud800"', "\ud800", id="JSON: half of a surrogate pair"),
        pytest.param("application/json", b"{'a': 1}", b"{'a': 1}", id="not JSON: bytes"),
        pytest.param("application/json", b"1 2", b"1 2", id="two JSON values: bytes"),
        pytest.param("application/json", b"NaN", b"NaN", id="NaN is not JSON: bytes"),
        pytest.param("application/json", b"[-Infinity]", b"[-Infinity]", id="Infinity is not JSON: bytes"),
        pytest.param("application/json", b'"\xff"', b'"\xff"', id="JSON that is not UTF-8: bytes"),
        pytest.param(
            "application/json", b'"\xed\xa0\x80"', b'"\xed\xa0\x80"', id="JSON with an encoded surrogate: bytes"
        ),
        pytest.param("application/json", DEEP, DEEP, id="JSON nested too deeply: bytes"),
        pytest.param("application/json", LONG_NUMBER, LONG_NUMBER, id="JSON with too long a number: bytes"),
        pytest.param(
            "application/json", b"[1e999]", b"[1e999]", id="a number without a finite value is not JSON: bytes"
        ),
        pytest.param("application/json", b"[1e308]", [1e308], id="a large number"),
        pytest.param("application/json", b"  ", b"  ", id="white space is not JSON: bytes"),
        pytest.param("application/json-seq", b"1", b"1", id="json-seq is not JSON: bytes"),
        pytest.param("application/x-json", b"1", b"1", id="x-json is not JSON: bytes"),
        pytest.param("text/plain", b"123", "123", id="text is not parsed"),
        pytest.param("text/plain", "é€".encode(), "é€", id="text is UTF-8"),
        pytest.param("text/plain; charset=ISO-8859-1", b"\xe9", "é", id="text by its charset"),
        pytest.param('TEXT/PLAIN; a="x;charset=utf-8"; CHARSET="windows-1252"', b"\x80", "€", id="charset, quoted"),
        pytest.param("text/plain; charset=utf-16", "é".encode("utf-16"), "é", id="text in UTF-16"),
        pytest.param("text/plain", b"\xff", b"\xff", id="undecodable text: bytes"),
        pytest.param("text/plain; charset=unheard-of", b"a", b"a", id="text of unknown charset: bytes"),
        pytest.param("text/plain; charset=hex", b"61", b"61", id="a codec that is no charset: bytes"),
        pytest.param("text/plain; charset=punycode", b"a-b", b"a-b", id="a codec of Python's own: bytes"),
        pytest.param("text/csv", b"a,b", "a,b", id="text/*"),
        pytest.param("application/xml", b"<a/>", "<a/>", id="XML"),
        pytest.param("image/svg+xml; charset=utf-8", b"<svg/>", "<svg/>", id="XML by suffix"),
        pytest.param("application/octet-stream", b'{"a": 1}', b'{"a": 1}', id="octets are never guessed"),
        pytest.param("image/png", b"\x89PNG", b"\x89PNG", id="the rest: bytes"),
        pytest.param("application/vnd.x+cbor; charset=utf-8", b"a", b"a", id="the rest, charset or not"),
        pytest.param(None, b'{"a": 1}', {"a": 1}, id="no content type: JSON if it parses"),
        pytest.param(None, b"hello", b"hello", id="no content type: else bytes"),
        pytest.param(None, b"", None, id="no content type, empty"),
        pytest.param("application/json", b"", None, id="JSON, empty"),
        pytest.param("text/plain", b"", None, id="text, empty"),
        pytest.param("image/png", b"", None, id="bytes, empty"),
        pytest.param(
            "application/json",
            b'{"specversion": "1.0", "id": "2", "source": "/x", "type": "y", "data": {"a": 1}}',
            {"specversion": "1.0", "id": "2", "source": "/x", "type": "y", "data": {"a": 1}},
            id="HTTP 3.1.2: an event in the body of an event is its data",
        ),
    ],
)
def test_binary_data(content_type: str | None, body: bytes, data: Any) -> None:
    event = read_binary({} if content_type is None else {"content-type": content_type}, body)
    assert event.data == data
    assert type(event.data) is type(data)


VALID_TIMES = [
    "2018-04-05T17:31:00Z",
    "2018-04-05t17:31:00z",
    "2018-04-05T17:31:00.1Z",
    "2018-04-05T17:31:00.123456789012345+05:30",
    "2018-04-05T17:31:00-00:00",
    "2018-04-05T23:59:59+23:59",
    "2016-12-31T23:59:60Z",
    "1990-12-31T15:59:60-08:00",
    "2024-02-29T00:00:00Z",
    "0000-02-29T00:00:00Z",
    "9999-12-31T23:59:59.999Z",
]
INVALID_TIMES = [
    "2018-04-05",
    "2018-04-05T17:31:00",
    "2018-04-05 17:31:00Z",
    "2018-04-05T17:31Z",
    "20180405T173100Z",
    "2018-4-05T17:31:00Z",
    "2018-04-05T17:31:00.Z",
    "2018-04-05T17:31:00,5Z",
    "2018-04-05T17:31:00+0530",
    "2018-04-05T17:31:00+24:00",
    "2018-04-05T24:00:00Z",
    "2018-04-05T17:60:00Z",
    "2018-04-05T17:31:61Z",
    "2018-00-05T17:31:00Z",
    "2018-13-05T17:31:00Z",
    "2018-04-31T17:31:00Z",
    "2023-02-29T00:00:00Z",
    "12018-04-05T17:31:00Z",
    "2018-04-05T17:31:00Z ",
    "٢٠١٨-04-05T17:31:00Z",
    "1522949460",
    "now",
]


@pytest.mark.parametrize("time", VALID_TIMES)
def test_time_is_of_rfc_3339(time: str) -> None:
    assert read_binary({"ce-time": time}).attributes["time"] == time
    assert read_structured(REQUIRED | {"time": time}).attributes["time"] == time


@pytest.mark.parametrize("time", INVALID_TIMES)
def test_time_that_is_not_of_rfc_3339_is_refused(time: str) -> None:
    with pytest.raises(InvalidEventError, match=r"^time is not an RFC 3339 timestamp: ") as caught:
        read_structured(REQUIRED | {"time": time})
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        pytest.param(
            {"ce-specversion": "1.1"},
            "specversion '1.1' is not supported; supported versions: 1.0, 0.3",
            id="specversion",
        ),
        pytest.param(
            {"ce-specversion": ""},
            "specversion '' is not supported; supported versions: 1.0, 0.3",
            id="specversion, empty",
        ),
        pytest.param({"ce-id": ""}, "id is empty", id="CloudEvents id: non-empty"),
        pytest.param({"ce-source": ""}, "source is empty", id="CloudEvents source: non-empty"),
        pytest.param({"ce-type": ""}, "type is empty", id="CloudEvents type: non-empty"),
        pytest.param({"ce-subject": ""}, "subject is empty", id="CloudEvents subject: non-empty"),
        pytest.param({"ce-dataschema": ""}, "dataschema is empty", id="CloudEvents dataschema: non-empty"),
        pytest.param({"ce-time": "x"}, "time is not an RFC 3339 timestamp: 'x'", id="CloudEvents time: RFC 3339"),
        pytest.param(
            {"content-type": "x"}, "datacontenttype 'x' is not a media type", id="CloudEvents datacontenttype"
        ),
        pytest.param(
            {"content-type": "text/plain, text/html"},
            "datacontenttype 'text/plain, text/html' is not a media type",
            id="CloudEvents datacontenttype: one only",
        ),
        pytest.param(
            {"ce-datacontenttype": "text/plain"},
            "ce-datacontenttype is not allowed; use Content-Type",
            id="HTTP 3.1.1: no ce-datacontenttype",
        ),
        pytest.param(
            {"ce-data": "x"}, "data is not allowed as an attribute name", id="CloudEvents naming: data is reserved"
        ),
        pytest.param(
            {"ce-my-ext": "x"},
            "'my-ext' is not an attribute name: only a-z and 0-9 are allowed",
            id="CloudEvents naming: a-z and 0-9",
        ),
        pytest.param(
            {"ce-": "x"},
            "'' is not an attribute name: only a-z and 0-9 are allowed",
            id="CloudEvents naming: at least one",
        ),
        pytest.param({"ce-ext": "%C0%A0"}, "ce-ext is not UTF-8", id="HTTP 3.1.3.2: overlong encoding"),
        pytest.param({"ce-ext": "%ff"}, "ce-ext is not UTF-8", id="HTTP 3.1.3.2: invalid UTF-8, encoded"),
        pytest.param({"ce-ext": "%ED%A0%80"}, "ce-ext is not UTF-8", id="HTTP 3.1.3.2: surrogate, encoded"),
        pytest.param({"ce-ext": b"\xe9"}, "ce-ext is not UTF-8", id="HTTP 3.1.3.2: Latin-1"),
        pytest.param(
            {"ce-ext": "a%0Ab"},
            r"ext contains a character that is not allowed: 'a\nb'",
            id="CloudEvents types: control character",
        ),
        pytest.param(
            {"ce-ext": "%C2%85"},
            r"ext contains a character that is not allowed: '\x85'",
            id="CloudEvents types: C1 control",
        ),
        pytest.param(
            {"ce-ext": "%F4%8F%BF%BF"},
            r"ext contains a character that is not allowed: '\U0010ffff'",
            id="CloudEvents types: noncharacter",
        ),
    ],
)
def test_binary_that_breaks_a_rule_is_refused(headers: Headers, reason: str) -> None:
    with pytest.raises(InvalidEventError) as caught:
        read_binary(headers)
    assert (caught.value.status, caught.value.reason) == (400, reason)


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
def test_required_attribute_that_is_missing_is_refused(name: str) -> None:
    rest = {key: value for key, value in REQUIRED.items() if key != name}
    with pytest.raises(InvalidEventError, match=f"^{name} is missing$"):
        read_structured(rest)
    with pytest.raises(InvalidEventError, match=f"^{name} is missing$"):
        read_binary({}, required=rest)


@pytest.mark.parametrize("name", ["ce-id", "content-type"])
def test_header_that_is_given_twice_is_refused(name: str) -> None:
    headers = headers_of({f"ce-{key}": value for key, value in REQUIRED.items()}, {"content-type": "text/plain"})
    with pytest.raises(InvalidEventError, match=r"^duplicate ") as caught:
        read([*headers, (name.encode(), b"text/plain")], b"")
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cloudevents+json",
        "Application/CloudEvents+JSON",
        "application/cloudevents+json; charset=UTF-8",
        'application/cloudevents+json;charset="utf-8"',
    ],
)
def test_structured_mode_is_told_by_media_type(content_type: str) -> None:
    assert read_structured(REQUIRED, content_type) == Event(REQUIRED, None)


@pytest.mark.parametrize(
    ("members", "attributes", "data"),
    [
        pytest.param({"data": {"a": 1}}, {}, {"a": 1}, id="JSON 3.1.2: no datacontenttype implies JSON"),
        pytest.param({"data": "I'm a string"}, {}, "I'm a string", id="JSON 3.1.2: a string is a string"),
        pytest.param({"data": '{"a": 1}'}, {}, '{"a": 1}', id="JSON 3.1.2: a string is not parsed again"),
        pytest.param(
            {"datacontenttype": "application/json", "data": "[1]"},
            {"datacontenttype": "application/json"},
            "[1]",
            id="JSON 3.1.2: nor is it where JSON is declared",
        ),
        pytest.param({"data": 1.5}, {}, 1.5, id="JSON 3.1.1: data is any JSON value"),
        pytest.param({"data": False}, {}, False, id="JSON 3.1.1: false is data"),
        pytest.param({"data": ""}, {}, "", id="JSON 3.1.1: an empty string is data"),
        pytest.param({"data": None}, {}, None, id="JSON 3.1.1: null"),
        pytest.param(
            {"datacontenttype": "text/plain", "data": "123"},
            {"datacontenttype": "text/plain"},
            "123",
            id="JSON 3.1.2: text",
        ),
        pytest.param(
            {"datacontenttype": "application/xml", "data": '<much wow="xml"/>'},
            {"datacontenttype": "application/xml"},
            '<much wow="xml"/>',
            id="JSON 3.1.2: XML",
        ),
        pytest.param(
            {"datacontenttype": "text/plain", "data": {"a": 1}},
            {"datacontenttype": "text/plain"},
            {"a": 1},
            id="JSON 3.1.2: what is no string is as it is",
        ),
        pytest.param({"data_base64": "eyJ4IjoxfQ=="}, {}, b'{"x":1}', id="JSON 3.1.2: data_base64 is bytes"),
        pytest.param(
            {"datacontenttype": "application/json", "data_base64": "eyJ4IjoxfQ=="},
            {"datacontenttype": "application/json"},
            b'{"x":1}',
            id="JSON 3.1.2: data_base64 is never guessed further",
        ),
        pytest.param({"data_base64": ""}, {}, b"", id="JSON 3.1.2: data_base64, empty"),
        pytest.param({"data_base64": None, "data": 1}, {}, 1, id="JSON 2.2: data_base64, unset"),
        pytest.param({"subject": None, "time": None, "ext": None}, {}, None, id="JSON 2.2: null is unset"),
        pytest.param({"Not A Name": None}, {}, None, id="JSON 2.2: what is unset has no name"),
        pytest.param(
            {"s": "x", "t": True, "f": False, "n": 5, "z": 0},
            {"s": "x", "t": True, "f": False, "n": 5, "z": 0},
            None,
            id="JSON 2.2: String, Boolean and Integer keep their type",
        ),
        pytest.param(
            {"low": -(2**31), "high": 2**31 - 1}, {"low": -(2**31), "high": 2**31 - 1}, None, id="JSON 2.2: 32 bits"
        ),
        pytest.param(
            {"ext": "100%25 é \U0001f600"}, {"ext": "100%25 é \U0001f600"}, None, id="JSON: nothing is decoded"
        ),
        pytest.param(
            {"datacontentencoding": "base64", "data": "aGk="},
            {"datacontentencoding": "base64"},
            "aGk=",
            id="1.0: datacontentencoding is an extension",
        ),
    ],
)
def test_structured_event(members: dict[str, Any], attributes: dict[str, Any], data: Any) -> None:
    event = read_structured(REQUIRED | members)
    assert event == Event(REQUIRED | attributes, data)
    assert [type(value) for value in event.attributes.values()] == [
        type(value) for value in (REQUIRED | attributes).values()
    ]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param([], "the event is not a JSON object", id="JSON 3: an object"),
        pytest.param("x", "the event is not a JSON object", id="JSON 3: not a string"),
        pytest.param(b"", "the body is not JSON: Expecting value: line 1 column 1 (char 0)", id="JSON 3: empty"),
        pytest.param(b"[", "the body is not JSON: Expecting value: line 1 column 2 (char 1)", id="JSON 3: cut short"),
        pytest.param(
            b"{} {}", "the body is not JSON: extra text after the value at character 2", id="JSON 3: two values"
        ),
        pytest.param(b"\xff\xfe", "the body is not JSON: it is not valid utf-8", id="JSON 3: not UTF-8"),
        pytest.param(DEEP, "the body is not JSON: nested too deeply", id="JSON 3: nested too deeply"),
        pytest.param(
            b'{"data": %s}' % LONG_NUMBER,
            "the body is not JSON: a number is not finite or has too many digits",
            id="JSON 3: too long a number",
        ),
        pytest.param(
            b'{"data": NaN}', "the body is not JSON: a number is not finite or has too many digits", id="JSON 3: NaN"
        ),
        pytest.param(
            REQUIRED | {"data": 1, "data_base64": "aGk="},
            "data and data_base64 are both set",
            id="JSON 3.1.1: one data",
        ),
        pytest.param(
            REQUIRED | {"data_base64": "a"}, "data_base64 is not valid Base64", id="JSON 3.1.2: Base64, padded"
        ),
        pytest.param(
            REQUIRED | {"data_base64": "aGk=\n"}, "data_base64 is not valid Base64", id="JSON 3.1.2: Base64 alone"
        ),
        pytest.param(
            REQUIRED | {"data_base64": "_-8="}, "data_base64 is not valid Base64", id="JSON 3.1.2: not base64url"
        ),
        pytest.param(REQUIRED | {"data_base64": "é"}, "data_base64 is not valid Base64", id="JSON 3.1.2: not ASCII"),
        pytest.param(REQUIRED | {"data_base64": 5}, "data_base64 is not valid Base64", id="JSON 3.1.2: not a string"),
        pytest.param(
            REQUIRED | {"specversion": 1.0},
            "specversion is a float; use a string, boolean or integer",
            id="JSON 2.2: specversion is a string",
        ),
        pytest.param(
            REQUIRED | {"specversion": {}},
            "specversion is a dict; use a string, boolean or integer",
            id="JSON 2.2: specversion is no object",
        ),
        pytest.param(
            REQUIRED | {"specversion": "2.0"},
            "specversion '2.0' is not supported; supported versions: 1.0, 0.3",
            id="CloudEvents specversion",
        ),
        pytest.param(REQUIRED | {"id": None}, "id is missing", id="JSON 2.2: null is missing"),
        pytest.param(REQUIRED | {"id": 5}, "id is not a string", id="JSON 2.2: id is a string"),
        pytest.param(REQUIRED | {"id": ""}, "id is empty", id="CloudEvents id: non-empty"),
        pytest.param(REQUIRED | {"time": 5}, "time is not a string", id="JSON 2.2: time is a string"),
        pytest.param(REQUIRED | {"subject": True}, "subject is not a string", id="JSON 2.2: subject is a string"),
        pytest.param(
            REQUIRED | {"datacontenttype": "json"}, "datacontenttype 'json' is not a media type", id="RFC 2046"
        ),
        pytest.param(
            REQUIRED | {"datacontenttype": f'a/b; c="{"x" * 8190}"'},
            "datacontenttype is longer than 8190 characters",
            id="a long media type",
        ),
        pytest.param(
            REQUIRED | {"time": f"2026-01-01T00:00:00.{'0' * 8190}Z"},
            "time is longer than 8190 characters",
            id="a long time",
        ),
        pytest.param(
            b'{"specversion": "1.0", "id": "1", "id": "2", "source": "/s", "type": "t"}',
            "the event has the member 'id' more than once",
            id="RFC 8259 section 4: an attribute twice",
        ),
        pytest.param(
            b'{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": 1, "d\\u0061ta": 2}',
            "the event has the member 'data' more than once",
            id="RFC 8259 section 4: data twice, spelled differently",
        ),
        pytest.param(
            b'{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": 1e999}',
            "the body is not JSON: a number is not finite or has too many digits",
            id="RFC 8259 section 6: a number without a finite value",
        ),
        pytest.param(REQUIRED | {"n": 2**31}, "n does not fit in 32 bits", id="JSON 2.2: too large"),
        pytest.param(REQUIRED | {"n": -(2**31) - 1}, "n does not fit in 32 bits", id="JSON 2.2: too small"),
        pytest.param(
            REQUIRED | {"n": 5.0},
            "n is a float; use a string, boolean or integer",
            id="JSON 2.2: no fraction",
        ),
        pytest.param(
            REQUIRED | {"n": {"a": 1}},
            "n is a dict; use a string, boolean or integer",
            id="JSON 2.2: no object",
        ),
        pytest.param(REQUIRED | {"n": [1]}, "n is a list; use a string, boolean or integer", id="JSON 2.2: no array"),
        pytest.param(
            REQUIRED | {"myExt": 1},
            "'myExt' is not an attribute name: only a-z and 0-9 are allowed",
            id="naming: lower case",
        ),
        pytest.param(
            REQUIRED | {"é": 1}, "'é' is not an attribute name: only a-z and 0-9 are allowed", id="naming: ASCII"
        ),
        pytest.param(
            REQUIRED | {"٢": 1}, "'٢' is not an attribute name: only a-z and 0-9 are allowed", id="naming: ASCII digits"
        ),
        pytest.param(
            REQUIRED | {"": 1}, "'' is not an attribute name: only a-z and 0-9 are allowed", id="naming: not empty"
        ),
        pytest.param(
            b'{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "ext": "\\ud800"}',
            r"ext contains a character that is not allowed: '\ud800'",
            id="CloudEvents types: half of a surrogate pair",
        ),
        pytest.param(
            REQUIRED | {"ext": "a\x00b"},
            r"ext contains a character that is not allowed: 'a\x00b'",
            id="CloudEvents types: NUL",
        ),
        pytest.param(
            REQUIRED | {"ext": "\ufdd0"},
            r"ext contains a character that is not allowed: '\ufdd0'",
            id="CloudEvents types: U+FDD0",
        ),
    ],
)
def test_structured_that_breaks_a_rule_is_refused(members: Any, reason: str) -> None:
    with pytest.raises(InvalidEventError) as caught:
        read_structured(members)
    assert (caught.value.status, caught.value.reason) == (400, reason)


def test_reason_is_one_short_line() -> None:
    with pytest.raises(InvalidEventError) as caught:
        read_structured(REQUIRED | {"x" * 5_000: [], "time": "\n" * 5_000})
    assert len(caught.value.reason) <= 200
    assert "\n" not in caught.value.reason


def test_structured_event_ignores_ce_headers() -> None:
    headers = headers_of({"content-type": "application/cloudevents+json", "ce-id": "other", "ce-not-a-name": "x"})
    assert read(headers, json.dumps(REQUIRED).encode()) == Event(REQUIRED, None)


def test_structured_event_is_read_in_its_charset() -> None:
    body = json.dumps(REQUIRED | {"data": "é"}, ensure_ascii=False).encode("latin-1")
    assert read_structured(body, "application/cloudevents+json; charset=iso-8859-1").data == "é"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cloudevents+avro",
        "application/cloudevents+protobuf",
        "Application/CloudEvents",
        "application/cloudevents-batch+avro",
        "application/cloudevents-batch",
    ],
)
def test_event_format_that_is_not_json_is_unsupported(content_type: str) -> None:
    with pytest.raises(InvalidEventError) as caught:
        read_binary({"content-type": content_type}, b"{}")
    assert caught.value.status == 415
    assert caught.value.reason == f"unsupported event format {content_type.lower()!r}; use JSON"


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_plain_json_of_an_event_is_structured(content_type: str) -> None:
    event = read_structured(REQUIRED | {"datacontenttype": "text/plain", "data": "Kapow!"}, content_type)
    assert event == Event(REQUIRED | {"datacontenttype": "text/plain"}, "Kapow!")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("application/json", b'{"id": "1", "source": "/s", "type": "t"}', id="one of the four is missing"),
        pytest.param("application/json", b"[]", id="no object"),
        pytest.param("application/json", b"{", id="no JSON"),
        pytest.param("text/json", json.dumps(REQUIRED).encode(), id="another JSON media type"),
        pytest.param("application/x-www-form-urlencoded", b"a=b", id="a form"),
        pytest.param(None, json.dumps(REQUIRED).encode(), id="no content type"),
        pytest.param(None, b"", id="nothing at all"),
    ],
)
def test_request_that_is_no_event_is_refused(content_type: str | None, body: bytes) -> None:
    with pytest.raises(InvalidEventError) as caught:
        read(headers_of({"content-type": content_type} if content_type else {}), body)
    assert caught.value.status == 400
    assert caught.value.reason == (
        "not a CloudEvent: no ce- headers, and Content-Type is not application/cloudevents+json"
    )


def test_plain_json_of_an_event_is_checked() -> None:
    with pytest.raises(InvalidEventError, match=r"^specversion '7' is not supported; "):
        read_structured(REQUIRED | {"specversion": "7"}, "application/json")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param([], (), id="JSON 4.3: an empty batch"),
        pytest.param([REQUIRED], (Event(REQUIRED, None),), id="JSON 4: one event"),
        pytest.param(
            [REQUIRED | {"data": 1}, OLD | {"id": "2", "data": "x"}],
            (Event(REQUIRED, 1), Event(OLD | {"id": "2"}, "x")),
            id="JSON 4: in order, of any version",
        ),
    ],
)
def test_batch(document: list[Any], expected: tuple[Event, ...]) -> None:
    headers = headers_of({"content-type": "Application/CloudEvents-Batch+JSON; charset=utf-8"})
    assert read(headers, json.dumps(document).encode()) == Batch(expected)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"{}", "the batch is not a JSON array", id="JSON 4.1: an array"),
        pytest.param(b"[[]]", "event 1 of the batch: the event is not a JSON object", id="JSON 4.1: of objects"),
        pytest.param(
            json.dumps([REQUIRED, {**REQUIRED, "id": ""}]).encode(),
            "event 2 of the batch: id is empty",
            id="a bad event",
        ),
        pytest.param(b"", "the body is not JSON: Expecting value: line 1 column 1 (char 0)", id="nothing"),
    ],
)
def test_batch_that_breaks_a_rule_is_refused_whole(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidEventError) as caught:
        read(headers_of({"content-type": "application/cloudevents-batch+json"}), body)
    assert (caught.value.status, caught.value.reason) == (400, reason)


@pytest.mark.parametrize(
    ("members", "attributes", "data"),
    [
        pytest.param({"data": {"a": 1}}, {}, {"a": 1}, id="JSON data"),
        pytest.param(
            {"datacontentencoding": "Base64", "data": "aGk="},
            {"datacontentencoding": "Base64"},
            b"hi",
            id="0.3 datacontentencoding: Base64 is bytes",
        ),
        pytest.param(
            {"datacontentencoding": "base64", "data": {"a": 1}},
            {"datacontentencoding": "base64"},
            {"a": 1},
            id="0.3 datacontentencoding: ignored where data is no string",
        ),
        pytest.param({"schemaurl": "/x"}, {"schemaurl": "/x"}, None, id="0.3 schemaurl"),
        pytest.param({"ext": {"o": 5}}, {"ext": '{"o": 5}'}, None, id="0.3 Type System: a Map is its JSON"),
    ],
)
def test_structured_event_of_0_3(members: dict[str, Any], attributes: dict[str, Any], data: Any) -> None:
    assert read_structured(OLD | members) == Event(OLD | attributes, data)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param({"schemaurl": ""}, "schemaurl is empty", id="schemaurl"),
        pytest.param(
            {"datacontentencoding": "base64", "data": "a"}, "data is not valid Base64", id="datacontentencoding"
        ),
        pytest.param(
            {"data_base64": "aGk="},
            "'data_base64' is not an attribute name: only a-z and 0-9 are allowed",
            id="data_base64 is of 1.0",
        ),
    ],
)
def test_structured_event_of_0_3_that_breaks_a_rule_is_refused(members: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidEventError) as caught:
        read_structured(OLD | members)
    assert (caught.value.status, caught.value.reason) == (400, reason)


def test_binary_event_of_0_3() -> None:
    headers: Headers = {"ce-schemaurl": "/x", "ce-datacontentencoding": "base64", "content-type": "text/plain"}
    event = read_binary(headers, b"aGk=", required=OLD)
    assert event == Event(
        OLD | {"schemaurl": "/x", "datacontentencoding": "base64", "datacontenttype": "text/plain"}, "aGk="
    )


def test_event_that_is_sent_as_plain_json_has_no_member_twice() -> None:
    body = b'{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "id": "2"}'
    with pytest.raises(InvalidEventError, match="the event has the member 'id' more than once"):
        read([(b"content-type", b"application/json")], body)


def test_members_of_the_data_may_be_repeated() -> None:
    """They are the function's business; the last one counts, as `json.loads` has it."""
    body = b'{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": {"a": 1, "a": 2}}'
    assert read_structured(body).data == {"a": 2}


@pytest.mark.parametrize("quoted", ["x" * 8000, "\\x" * 4000, "x" * 7000 + "\\"], ids=["plain", "escaped", "mixed"])
@pytest.mark.parametrize("end", ['"', ""], ids=["closed", "open"])
def test_memory_for_a_media_type_is_bounded_by_its_length(quoted: str, end: str) -> None:
    value = f'application/json; a="{quoted}{end}'
    tracemalloc.start()
    try:
        media_types.parse(value)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(value)
