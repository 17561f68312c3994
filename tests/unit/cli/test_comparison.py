"""How answers are kept and compared."""

from __future__ import annotations

import json
from typing import Any

import pytest

from funcpack.calls.answer import Answer, Head
from funcpack.calls.comparison import difference, kept

UUIDS = ("0e6c1f36-77a5-4c0a-9a4e-0d5b6c3f2a19", "B7A1C2DE-0F51-4B52-8F7E-35C9D0A6E842")


def answer(body: bytes = b"", status: int = 200, /, **headers: str) -> Answer:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(Head("HTTP/1.1", status, "OK", fields), body, 1.0)


def json_answer(value: object, **headers: str) -> Answer:
    return answer(json.dumps(value).encode(), content_type="application/json", **headers)


def reply(data: bytes, **attributes: str) -> Answer:
    headers = {f"ce_{name}": value for name, value in attributes.items()}
    return answer(data, content_type="text/plain", ce_specversion="1.0", ce_source="/s", **headers)


def test_event_that_a_person_has_written_needs_no_defaults() -> None:
    given = answer(
        b'{"a": 1}', content_type="application/json", ce_specversion="1.0", ce_source="/s", ce_type="t", ce_id="1"
    )
    written = {"status": 200, "event": {"type": "t", "source": "/s", "data": {"a": 1}}}
    assert difference(written, given, ()) == []
    other = {"status": 200, "event": {**written["event"], "datacontenttype": "text/plain"}}  # type: ignore[dict-item]
    assert difference(other, given, ()) != []


@pytest.mark.parametrize(
    ("given", "members"),
    [
        (answer(b"", 204), {"status": 204}),
        (json_answer({"a": [1]}), {"status": 200, "headers": {"content-type": "application/json"}, "json": {"a": [1]}}),
        (answer(b"{", content_type="application/json"), {"headers": {"content-type": "application/json"}, "text": "{"}),
        (answer("é".encode(), content_type="text/html"), {"headers": {"content-type": "text/html"}, "text": "é"}),
        (answer(b"\x89PNG\r\n\x1a\n", content_type="image/png"), {"base64": "iVBORw0KGgo="}),
        (answer(b"a\0b"), {"base64": "YQBi"}),
        (
            answer(
                b"x", Date="now", Server="s", Connection="close", Content_Length="1", X_Request_Id="1", Location="/a"
            ),
            {"headers": {"location": "/a"}, "text": "x"},
        ),
        (
            reply(b"hello", id="1", type="t.reply", time="2026-11-21T10:00:00Z", subject="%C3%A9", traceparent="00-1"),
            {
                "status": 200,
                "event": {
                    "specversion": "1.0",
                    "source": "/s",
                    "type": "t.reply",
                    "subject": "é",
                    "datacontenttype": "text/plain",
                    "data": "hello",
                },
            },
        ),
    ],
)
def test_kept_answer(given: Answer, members: dict[str, Any]) -> None:
    written = kept(given)
    assert {name: written.get(name) for name in members} == members
    assert len({"json", "text", "base64", "event"} & written.keys()) == bool(given.body)
    assert difference(written, given, ()) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"id": 1, "time": "a"}, {"id": "x", "time": 2.5}),
        ({"orders": [{"id": 1}]}, {"orders": [{"id": 2}]}),
        ({"key": UUIDS[0]}, {"key": UUIDS[1]}),
        (f"order {UUIDS[0]} is late", f"order {UUIDS[1]} is late"),
        ({"created": "2026-11-21T10:00:00Z"}, {"created": "2027-01-02 03:04:05.678901+01:00"}),
        ("at 2026-11-21T10:00", "at 2027-11-21T11:01:59,5"),
        ("Sat, 21 Nov 2026 10:00:00 GMT", "Sun, 22 Nov 2026 11:11:11 GMT"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_ids_and_times_are_not_compared(before: object, after: object) -> None:
    assert difference(kept(json_answer(before)), json_answer(after), ()) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"id": 1}, {}),
        ({"order": 1}, {"order": 2}),
        ({"order": 1}, {"order": "1"}),
        ({"at": "2026-11-21T10:00:00Z"}, {"at": None}),
        ({"at": "2026-11-21T10:00:00Z"}, {"at": "soon"}),
        ({"key": UUIDS[0]}, {"key": "x"}),
        ([1], [1, 2]),
        ({"day": "2026-11-21"}, {"day": "2026-11-22"}),
    ],
)
def test_other_values_are_compared(before: object, after: object) -> None:
    assert difference(kept(json_answer(before)), json_answer(after), ())


def test_status_and_kept_headers_are_compared() -> None:
    before = kept(answer(b"a", Location="/a", Date="now"))
    assert difference(before, answer(b"a", 201, Location="/a"), ())
    assert difference(before, answer(b"a", Location="/b"), ())
    assert difference(before, answer(b"a"), ())
    assert difference(before, answer(b"a", location="/a", etag="new"), ()) == []


def test_headers_that_a_person_wrote_may_have_any_case() -> None:
    assert difference({"status": 200, "headers": {"Location": "/a"}}, answer(location="/a"), ()) == []
    assert difference({"status": 200, "headers": {}}, answer(location="/a"), ()) == []


def test_event_that_a_person_wrote_may_have_an_id() -> None:
    expected = {"status": 200, "event": {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": "hello"}}
    expected["event"] |= {"datacontenttype": "text/plain"}  # type: ignore[operator]
    assert difference(expected, reply(b"hello", id="2", type="t"), ()) == []
    assert difference(expected, reply(b"hello", id="2", type="other"), ())


@pytest.mark.parametrize("pattern", ["json.items.0.price", "json.items.*.price", "*.price", "json.items", "json"])
def test_ignored_values(pattern: str) -> None:
    before, after = ({"items": [{"name": "tea", "price": price}]} for price in (1, 2))
    assert difference(kept(json_answer(before)), json_answer(after), (pattern,)) == []


def test_ignored_headers_and_data_of_events() -> None:
    assert difference(kept(answer(etag="1")), answer(etag="2"), ("headers.etag",)) == []
    before, after = reply(b"1", id="1", type="t"), reply(b"2", id="1", type="t")
    assert difference(kept(before), after, ("event.data",)) == []


def test_difference_is_readable() -> None:
    before, after = ({"id": number, "name": "tea", "price": number, "unit": "g", "vat": 7} for number in (1, 2))
    assert difference(kept(json_answer(before)), json_answer(after), ()) == [
        '     "id": "<id>",',
        '     "name": "tea",',
        '-    "price": 1,',
        '+    "price": 2,',
        '     "unit": "g",',
        '     "vat": 7',
    ]


def test_without_an_expected_answer_all_differs() -> None:
    assert difference(None, answer(b"", 204), ()) == ["+{", '+  "status": 204', "+}"]
