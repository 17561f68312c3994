"""What is written can be read again, whatever it is; and whatever is read, nothing but an answer comes of it."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from funcpack_invoker.errors import InvalidEventError, ReplyError
from funcpack_invoker.events.cloudevent import (
    Batch,
    Event,
    Header,
    complete,
    read,
    write_batch,
    write_binary,
    write_structured,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# Every character that a String may hold: no controls, no surrogates, no noncharacters.
characters = st.characters(exclude_categories=["Cc", "Cs"]).filter(
    lambda character: ord(character) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(character) <= 0xFDEF
)
strings = st.text(characters, min_size=1, max_size=30)
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20).filter(
    lambda name: name not in {"data", "specversion", "time", "datacontenttype", "datacontentencoding"}
)
integers = st.integers(-(2**31), 2**31 - 1)
times = (
    st.datetimes(timezones=st.timezones())
    .map(lambda moment: moment.isoformat(timespec="microseconds"))
    .filter(lambda time: len(time) == len("2018-04-05T17:31:00.000000+00:00"))
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=10,
)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
typed_data = (
    st.tuples(st.sampled_from(["application/json", "text/json; a=b", "Image/X+JSON"]), json_values)
    | st.tuples(st.sampled_from(["text/plain", "text/csv; charset=utf-16", "application/xml", "image/svg+xml"]), texts)
    | st.tuples(st.sampled_from(["image/png", "application/octet-stream"]), st.binary(min_size=1))
)


@st.composite
def events(draw: st.DrawFn, extensions: st.SearchStrategy[Any] = strings) -> Event:
    content_type, data = draw(typed_data)
    attributes: dict[str, Any] = draw(st.dictionaries(names.filter(lambda name: len(name) > 1), extensions, max_size=4))
    for name in ("id", "source", "type"):
        attributes[name] = draw(strings)
    for name in ("subject", "dataschema", "schemaurl"):
        attributes.pop(name, None)
    if draw(st.booleans()):
        attributes["subject"] = draw(strings)
    if draw(st.booleans()):
        attributes["time"] = draw(times)
    return Event(
        {**attributes, "specversion": draw(st.sampled_from(["1.0", "0.3"])), "datacontenttype": content_type}, data
    )


@given(events())
def test_binary_event_comes_back(event: Event) -> None:
    assert read(*write_binary(event)) == event


@given(events(strings | st.booleans() | integers))
def test_structured_event_comes_back(event: Event) -> None:
    again = read(*write_structured(event))
    assert isinstance(again, Event)
    again.attributes.pop("datacontentencoding", None)  # 0.3 says how bytes were written
    assert again == event
    assert {name: type(value) for name, value in again.attributes.items()} == {
        name: type(value) for name, value in event.attributes.items()
    }


@given(st.lists(events().filter(lambda event: event.attributes["specversion"] == "1.0"), max_size=3))
def test_batch_comes_back(batch: list[Event]) -> None:
    assert read(*write_batch([write_structured(event)[1] for event in batch])) == Batch(tuple(batch))


@given(events(strings | st.booleans() | integers))
def test_headers_are_printable_ascii_without_spaces(event: Event) -> None:
    for name, value in write_binary(event)[0]:
        if name != b"content-type":
            assert all(0x21 <= byte <= 0x7E for byte in name + value)


@given(events())
def test_event_that_was_read_is_complete(event: Event) -> None:
    completed = complete(event.attributes, event.data)
    assert completed.attributes == {"time": completed.attributes["time"], **event.attributes}
    assert completed.data == event.data


header_names = st.sampled_from(
    [b"ce-specversion", b"ce-id", b"ce-source", b"ce-type", b"ce-time", b"ce-ext", b"ce-", b"content-type", b"host"]
) | st.binary(max_size=8).map(lambda name: b"ce-" + name)
header_values = st.sampled_from(
    [
        b"1.0",
        b"0.3",
        b"2018-04-05T17:31:00Z",
        b'"a\\"%20"',
        b"%C3%28",
        b"text/plain; charset=hex",
        b"text/plain; charset=utf-7",
        b'application/json; charset="utf-16"',
        b"application/json",
        b"application/cloudevents+json",
        b"application/cloudevents-batch+json; charset=idna",
        b"application/cloudevents+xml",
    ]
) | st.binary(max_size=12)
member_names = st.sampled_from(
    ["specversion", "id", "source", "type", "time", "data", "data_base64", "datacontenttype", "datacontentencoding"]
) | st.text(max_size=4)
member_values = st.sampled_from(["1.0", "0.3", "base64", "aGk=", "text/plain", "2018-04-05T17:31:00Z"]) | json_values
documents = st.dictionaries(member_names, member_values)
bodies = st.binary() | (documents | st.lists(documents, max_size=3)).map(lambda document: json.dumps(document).encode())


def echoed(event: Event) -> tuple[list[Header], bytes]:
    return write_binary(complete(event.attributes, event.data))


def outcome(attempt: Callable[[], Any], error: type[Exception]) -> Any:
    try:
        return attempt()
    except error as exc:
        return exc


@given(st.lists(st.tuples(header_names, header_values), max_size=8), bodies)
def test_whatever_is_sent_is_an_event_or_refused_in_one_line(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    found = outcome(lambda: read(headers, body), InvalidEventError)
    if isinstance(found, InvalidEventError):
        assert found.status in {400, 415}
        assert found.reason.isprintable()
        return
    for event in found.events if isinstance(found, Batch) else (found,):
        assert event.attributes.keys() >= {"specversion", "id", "source", "type"}
        echo = outcome(partial(echoed, event), ReplyError)
        assert_sent_or_refused(echo)


@given(st.dictionaries(member_names, member_values | st.datetimes() | st.binary(), max_size=6), member_values)
def test_whatever_is_returned_is_an_event_or_refused_in_one_line(attributes: dict[str, Any], data: Any) -> None:
    assert_sent_or_refused(outcome(lambda: write_structured(complete(attributes, data)), ReplyError))


def assert_sent_or_refused(written: Any) -> None:
    if isinstance(written, ReplyError):
        assert written.reason
        assert "\n" not in written.reason
    else:
        assert isinstance(read(*written), Event)
