"""Headers and a body into the event reader: the events that were written, or a rejection in one line, and nothing else."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from cloudevents.core.bindings.http import (
    HTTPMessage,
    from_binary_event,
    from_structured_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from funcpack_invoker.errors import ReplyError, RequestError
from funcpack_invoker.events.cloudevent import (
    BATCHED,
    STRUCTURED,
    Batch,
    Event,
    Header,
    complete,
    read,
    write_batch,
    write_binary,
    write_structured,
)
from tests.fuzz.profile import examples

Sent = tuple[list[Header], bytes]

CHARACTERS = st.one_of(st.characters(codec="ascii"), st.characters(codec="utf-8")).filter(
    lambda character: (
        not (ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF)
        and not (ord(character) < 0x20 or 0x7F <= ord(character) <= 0x9F)
    )
)
STRINGS = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=12), st.sampled_from(['"', '"a\\"b"', "%41", "a b", "%", " "])
)
NAMES = st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True).filter(
    lambda name: name not in {
        "data", "id", "source", "type", "specversion", "time", "subject", "datacontenttype", "dataschema", "schemaurl",
        "datacontentencoding",
    }
)  # fmt: skip
TIMES = st.sampled_from([
    "2020-02-29T23:59:60Z", "2020-01-01t00:00:00.123456789z", "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-00:00",
])  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
JSON_TYPES = ["application/json", "APPLICATION/JSON ; charset=utf-8", "text/json", "application/problem+json"]
TEXT_TYPES = ["text/plain", 'text/plain;charset="UTF-8"', "application/xml", "image/svg+xml; charset=utf-8"]


@st.composite
def valid_events(draw: st.DrawFn) -> Event:
    """Return an event by the specification, as a function gets it."""
    attributes: dict[str, Any] = draw(st.dictionaries(NAMES, STRINGS, max_size=3))
    attributes.update({name: draw(STRINGS) for name in ("id", "source", "type")})
    attributes["specversion"] = draw(st.sampled_from(["1.0", "1.0", "0.3"]))
    if draw(st.booleans()):
        attributes["subject"] = draw(STRINGS)
    if draw(st.booleans()):
        attributes["time"] = draw(TIMES)
    content_type, data = draw(
        st.one_of(
            st.tuples(st.sampled_from(JSON_TYPES), JSON.filter(lambda value: value is not None)),
            st.tuples(st.sampled_from(TEXT_TYPES), st.text(st.characters(codec="utf-8"), min_size=1, max_size=9)),
            st.tuples(st.just("image/png"), st.binary(min_size=1, max_size=9)),
            st.tuples(st.sampled_from(["image/png", "text/plain", "application/json"]), st.none()),
        )
    )
    attributes["datacontenttype"] = content_type
    return Event(attributes, data)


@st.composite
def header_values(draw: st.DrawFn, value: str) -> bytes:
    """Write an attribute as a header in one of the forms that senders use (HTTP 3.1.3.2)."""
    whole = st.just(quote(value, safe="").encode())
    if value.isascii() and not set(value) & set('%"'):
        quoted = value.replace("\\", "\\\\").encode()
        forms = [whole, st.just(b'"%b"' % quoted), *[st.just(value.encode())] * (value == value.strip())]
    else:
        forms = [whole, st.just(value.replace("%", "%25").replace('"', "%22").encode())]
    written: bytes = draw(st.one_of(forms))
    return written


@st.composite
def as_binary(draw: st.DrawFn, event: Event) -> Sent:
    """Write an event in binary mode, without the code under test."""
    headers = []
    for name, value in event.attributes.items():
        if name == "datacontenttype":
            headers.append((b"content-type", str(value).encode()))
        else:
            headers.append((b"ce-" + name.encode(), draw(header_values(str(value)))))
    return draw(st.permutations([*headers, (b"host", b"x")])), _body(event)


def _body(event: Event) -> bytes:
    if event.data is None:
        return b""
    if isinstance(event.data, bytes):
        return event.data
    is_text = event.attributes["datacontenttype"] in TEXT_TYPES
    return str(event.data).encode() if is_text else json.dumps(event.data).encode()


@st.composite
def members(draw: st.DrawFn, event: Event) -> dict[str, Any]:
    """Write an event in the JSON format, without the code under test."""
    found: dict[str, Any] = dict(event.attributes)
    if draw(st.booleans()):
        found["unset"] = None
    is_old = event.attributes["specversion"] == "0.3"
    if isinstance(event.data, bytes):
        found["data" if is_old else "data_base64"] = base64.b64encode(event.data).decode()
        if is_old:
            found["datacontentencoding"] = "base64"
    elif event.data is not None or draw(st.booleans()):
        found["data"] = event.data
    return dict(draw(st.permutations(list(found.items()))))


def dumped(document: Any, *, ascii_only: bool) -> bytes:
    return json.dumps(document, ensure_ascii=ascii_only).encode()


FORMATS = st.sampled_from([b"%b", b"%b; charset=UTF-8", b"%b;charset=utf-8"])


@st.composite
def as_structured(draw: st.DrawFn, event: Event) -> Sent:
    # Surrogates can only be escaped.
    body = dumped(draw(members(event)), ascii_only=draw(st.booleans()))
    content_type = draw(st.sampled_from([STRUCTURED, "application/json", STRUCTURED.title()])).encode()
    return [(b"content-type", draw(FORMATS) % content_type)], body


@st.composite
def as_batch(draw: st.DrawFn, events: list[Event]) -> Sent:
    body = dumped([draw(members(event)) for event in events], ascii_only=draw(st.booleans()))
    return [(b"content-type", draw(FORMATS) % BATCHED.encode())], body


def without_encoding(event: Event | Batch) -> Event:
    """Return an event without the attribute of 0.3 that describes only how its bytes were written."""
    assert isinstance(event, Event)
    event.attributes.pop("datacontentencoding", None)
    return event


SINGLE = valid_events().flatmap(lambda event: st.tuples(st.just(event), as_binary(event) | as_structured(event)))
BATCHES = st.lists(valid_events(), max_size=3).flatmap(lambda events: st.tuples(st.just(events), as_batch(events)))


@examples(200)
@given(SINGLE)
def test_valid_event_is_read(case: tuple[Event, Sent]) -> None:
    event, (headers, body) = case
    assert without_encoding(read(headers, body)) == event


@examples(50)
@given(BATCHES)
def test_valid_batch_is_read(case: tuple[list[Event], Sent]) -> None:
    events, (headers, body) = case
    found = read(headers, body)
    assert isinstance(found, Batch)
    assert [without_encoding(event) for event in found.events] == events


PUSHES = st.fixed_dictionaries(
    {
        "message": st.dictionaries(
            st.sampled_from(["messageId", "message_id", "publishTime", "publish_time", "data", "attributes"]),
            st.one_of(STRINGS, TIMES, JSON),
        ),
        "subscription": STRINGS | JSON,
    }
)
SENT = st.one_of(
    SINGLE.map(lambda case: case[1]),
    BATCHES.map(lambda case: case[1]),
    PUSHES.map(lambda push: ([(b"content-type", b"application/json")], json.dumps(push).encode())),
)
VALUES = st.sampled_from([
    b"", b"1.0", b"0.3", b"1.1", b"\xff", b"%ff", b'"', b'"a', b"%", b"%4", b"a\tb", b"%00", b"%ed%a0%80", b"%ef%bf%bf",
    b"text/plain; charset=hex", b"text/plain; charset=idna", b"application/json; charset=utf-16", b"text/plain;;",
    b"application/cloudevents+json", b"application/cloudevents+xml", b"application/cloudevents-batch+json; charset=utf-7",
    b"application/cloudevents", b"2020-02-30T00:00:00Z", b"2020-01-01", b"multipart/mixed", b"application/json",
])  # fmt: skip
TOKENS = st.sampled_from([
    b"null", b"{}", b"[]", b"1e999", b"NaN", b"-0", b"1" * 5000, b"[" * 3000, b'"\\ud800"', b"\xff", b"\xef\xbb\xbf", b'"',
    b",", b":", b"}", b"]", b'"specversion":"0.3",', b'"data":1,', b'"data_base64":"/w==",', b'"id":"2",', b'"A":"",',
    b'"data_base64":1,', b'"time":"",', b'"time":1,', b'"datacontentencoding":"BASE64",', b'"":"",', b'"ext":{"a":[]},',
    b'"n":2147483648,', b'"n":1.0,', b'"b":true,', b'"datacontenttype":"text/plain;charset=x",', b"\x00", b"\\u0000",
])  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, sent: Sent) -> Sent:
    """Change, repeat or leave out headers, and change the body in a few places."""
    headers, body = list(sent[0]), sent[1]
    for _ in range(draw(st.integers(0, 2))):
        if headers:
            place = draw(st.integers(0, len(headers) - 1))
            name, value = headers.pop(place)
            headers += draw(
                st.sampled_from([[], [(name, value)] * 2, [(name + b"-x", value)], [(name, value), (name, b"")]])
                | VALUES.map(lambda other, name=name: [(name, other)])  # type: ignore[misc] # mypy does not know the type
            )
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(body)))
        places = [at + 1 for at in range(len(body)) if body[at : at + 1] in b"{["] or [0]
        place = draw(st.sampled_from(places) | st.just(place))
        body = body[:place] + draw(TOKENS) + body[place + draw(st.integers(0, 2)) :]
    return headers, body


def assert_one_line(reason: str) -> None:
    assert reason
    assert reason.isprintable()


def read_or_rejected(sent: Sent, path: str) -> Event | Batch | RequestError:
    try:
        return read(*sent, path)
    except RequestError as error:
        return error


PATHS = st.sampled_from(["/", "/projects/p/topics/t", "/projects/\x00/topics/\ud800"])


@examples(300)
@given(SENT.flatmap(mutated), PATHS)
def test_request_is_read_or_rejected_in_one_line(sent: Sent, path: str) -> None:
    found = read_or_rejected(sent, path)
    if isinstance(found, RequestError):
        assert found.status in {400, 413, 415}
        assert_one_line(found.reason)
        return
    for event in found.events if isinstance(found, Batch) else (found,):
        assert_comes_back(event)


def assert_comes_back(event: Event) -> None:
    """Check that an event that was read is valid, and the same after it was written and read again."""
    completed = complete(event.attributes, event.data)
    for write in (write_binary, write_structured):
        try:
            sent = write(completed)
        except ReplyError as error:
            # Bytes can be declared as text, but no text as a charset that does not have its characters.
            assert_one_line(error.reason)
            continue
        again = without_encoding(read(*sent))
        expected = without_encoding(Event(dict(completed.attributes), completed.data))
        assert again.attributes.keys() - {"datacontenttype"} == expected.attributes.keys() - {"datacontenttype"}
        if write is write_structured:
            assert again.attributes == expected.attributes
    if event.attributes["specversion"] == "1.0":
        batch = read(*write_batch([write_structured(completed)[1]]))
        assert batch == Batch((read(*write_structured(completed)),))  # type: ignore[arg-type] # it is one event


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
SDK_EVENTS = st.builds(
    lambda attributes, extensions, data: CloudEvent({**extensions, **attributes}, data),
    st.fixed_dictionaries(
        {
            "id": STRINGS,
            "source": STRINGS,
            "type": STRINGS,
            "specversion": st.just("1.0"),
            "datacontenttype": st.just("application/json"),
        },
        optional={
            "subject": STRINGS,
            "time": st.datetimes(timezones=OFFSETS),
        },
    ),
    st.dictionaries(NAMES, STRINGS, max_size=3),
    st.none() | st.dictionaries(st.text(max_size=5), JSON, max_size=3),
)


def assert_agree(event: Event | Batch, other: Any) -> None:
    """Check that an event is that of the SDK, which has a `datetime` in the place of the time."""
    assert isinstance(event, Event)
    attributes: dict[str, Any] = dict(event.attributes)
    if "time" in attributes:
        attributes["time"] = datetime.fromisoformat(attributes["time"])
    assert attributes == {name: value for name, value in other.get_attributes().items() if value is not None}
    assert event.data == other.get_data()


def message(sent: Sent) -> HTTPMessage:
    return HTTPMessage({name.decode(): value.decode("latin-1") for name, value in sent[0]}, sent[1])


def sent_by(message: HTTPMessage) -> Sent:
    return [(name.lower().encode(), value.encode()) for name, value in message.headers.items()], message.body


@examples(200)
@given(SDK_EVENTS)
def test_sdk_and_reader_agree(event: CloudEvent) -> None:
    for write, parse in ((to_binary_event, from_binary_event), (to_structured_event, from_structured_event)):
        sent = sent_by(write(event))
        found = read(*sent)
        assert_agree(found, event)
        assert isinstance(found, Event)
        again = write_binary(found) if write is to_binary_event else write_structured(found)
        assert_agree(found, parse(message(again)))
