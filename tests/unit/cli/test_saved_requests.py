"""The files of saved requests: what is written for a request, and what is read from a file that a person wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.calls import saved_requests
from funcpack.calls.request_options import RequestOptions, build
from funcpack.command_errors import (
    SavedRequestError,
    SavedRequestExistsError,
    SavedRequestMissingError,
    SavedRequestNameError,
)

if TYPE_CHECKING:
    from pathlib import Path

EVENT = {"specversion": "1.0", "id": "1", "source": "/orders", "type": "order.created", "data": {"order": "é"}}
FORM = "application/x-www-form-urlencoded"


def sent(request: Any) -> tuple[str, str, dict[str, str], bytes | None]:
    headers, body = request.encoded()
    return request.method, request.path, dict(headers), None if body is None else body.read()


def save(directory: Path, **options: Any) -> tuple[Any, dict[str, Any]]:
    request = build(RequestOptions(**options), takes_events=False)
    saved_requests.new(directory, "one", request).with_answer({"status": 200}).write()
    return request, json.loads((directory / "tests/events/one.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("options", "members"),
    [
        ({"path": "/a//b?c"}, {"method": "GET", "path": "/a//b?c"}),
        ({"path": "*", "method": "OPTIONS"}, {"method": "OPTIONS", "path": "*"}),
        (
            {"json": '{"name": "é"}', "header": ("X-A: 1", "X-A: 2")},
            {"headers": {"Content-Type": "application/json", "X-A": ["1", "2"]}, "json": {"name": "é"}},
        ),
        # Other white space than ours: a signature in a header is only right for these bytes.
        ({"json": '{"a":1}'}, {"headers": {"Content-Type": "application/json"}, "text": '{"a":1}'}),
        ({"data": "hello"}, {"headers": {"Content-Type": "text/plain"}, "text": "hello"}),
        ({"data": "\udcff"}, {"headers": {"Content-Type": "application/octet-stream"}, "base64": "/w=="}),
        ({"form": ("a=b",)}, {"headers": {"Content-Type": FORM}, "text": "a=b"}),
        ({"sample": "cloudevents", "header": ("X-A: 1",)}, {"headers": {"X-A": "1"}, "event": {}}),
        ({"sample": "cloudevents", "structured": True}, {"mode": "structured", "event": {}}),
        ({"sample": "cloudevents", "batch": True}, {"events": []}),
    ],
)
def test_saved_request_is_readable_and_sent_again_as_it_was(
    tmp_path: Path, options: dict[str, Any], members: dict[str, Any]
) -> None:
    request, written = save(tmp_path, **options)
    assert list(written) == ["request", "answer"]
    expected = {"method": "POST", "path": "/"} | members
    assert list(written["request"]) == list(expected)
    assert {name: value for name, value in written["request"].items() if not name.startswith("event")} == {
        name: value for name, value in expected.items() if not name.startswith("event")
    }
    again = sent(saved_requests.load(tmp_path, "one").request)
    assert again == sent(request)


def test_saved_event_is_in_the_json_format(tmp_path: Path) -> None:
    _, written = save(tmp_path, type="t", source="/s", id="1", data='{"a":1}', attribute=("time=2026-11-21T10:00:00Z",))
    assert written["request"]["event"] == {
        "specversion": "1.0",
        "id": "1",
        "source": "/s",
        "type": "t",
        "time": "2026-11-21T10:00:00Z",
        "datacontenttype": "application/json",
        "data": {"a": 1},
    }


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ("GET", "/", {}, None)),
        ({"json": None}, ("POST", "/", {"Content-Type": "application/json"}, b"null")),
        (
            {"method": "PUT", "path": "/a?b", "headers": {"X": 1}, "text": "é"},
            ("PUT", "/a?b", {"Content-Type": "text/plain", "X": "1"}, "é".encode()),
        ),
        ({"base64": "/w=="}, ("POST", "/", {"Content-Type": "application/octet-stream"}, b"\xff")),
    ],
)
def test_request_that_a_person_wrote(tmp_path: Path, members: dict[str, Any], expected: tuple[Any, ...]) -> None:
    (tmp_path / "tests/events").mkdir(parents=True)
    (tmp_path / "tests/events/one.json").write_text(json.dumps({"request": members}))
    saved = saved_requests.load(tmp_path, "one")
    assert sent(saved.request) == expected
    assert (saved.answer, saved.ignored) == (None, ())


def test_other_members_are_kept_when_the_answer_changes(tmp_path: Path) -> None:
    (tmp_path / "tests/events").mkdir(parents=True)
    file = tmp_path / "tests/events/one.json"
    file.write_text(json.dumps({"ignore": ["json.a"], "request": {"path": "/é"}}))
    saved_requests.load(tmp_path, "one").with_answer({"status": 204}).write()
    assert file.read_text("utf-8") == (
        '{\n  "request": {\n    "path": "/é"\n  },\n  "answer": {\n    "status": 204\n  },\n'
        '  "ignore": [\n    "json.a"\n  ]\n}\n'
    )
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "the file is not an object"),
        ("{}", 'it has no "request"'),
        ('{"request": []}', '"request" is not an object'),
        ('{"request": {"body": 1}}', 'request has the unknown member "body"; known are method, path, headers, mode, '),
        ('{"request": {}, "response": {}}', 'the file has the unknown member "response"; known are request, answer, '),
        ('{"request": {"json": 1, "text": "1"}}', 'request has both "json" and "text"'),
        ('{"request": {"path": "orders"}}', 'the path does not begin with "/"'),
        ('{"request": {"base64": "é"}}', "string argument should contain only ASCII characters"),
        ('{"request": {"event": {"id": "1"}}}', "specversion is missing"),
        ('{"request": {"events": [{"id": "1"}]}}', "event 1 of the batch: specversion is missing"),
        ('{"request": {"mode": "batch"}}', 'the mode is neither "binary" nor "structured"'),
        ('{"request": {}, "answer": {"status": "200"}}', '"status" is not a number'),
        ('{"request": {}, "ignore": [1]}', '"ignore" is not an array of strings'),
    ],
)
def test_invalid_file(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "tests/events").mkdir(parents=True)
    (tmp_path / "tests/events/one.json").write_text(content)
    with pytest.raises(SavedRequestError) as caught:
        saved_requests.load(tmp_path, "one")
    assert caught.value.file == "tests/events/one.json"
    assert caught.value.reason.startswith(reason)


def test_all_requests_are_loaded_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "tests/events").mkdir(parents=True)
    for name in ("b.json", "a.json", ".c.json.new", ".d.json", "notes.md"):
        (tmp_path / "tests/events" / name).write_text('{"request": {}}')
    assert [saved.name for saved in saved_requests.load_all(tmp_path, ())] == ["a", "b"]
    assert [saved.name for saved in saved_requests.load_all(tmp_path, ("b", "a"))] == ["b", "a"]


def test_request_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(SavedRequestMissingError, match=r"tests/events contains no requests\."):
        saved_requests.load_all(tmp_path, ())
    with pytest.raises(SavedRequestMissingError, match=r"There is no tests/events/a\.json, and no other"):
        saved_requests.load(tmp_path, "a")


def test_existing_request_is_not_replaced(tmp_path: Path) -> None:
    request, _ = save(tmp_path)
    with pytest.raises(SavedRequestExistsError):
        saved_requests.new(tmp_path, "one", request)


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".a", "-a", "é", "a\n"])
def test_name_that_is_not_that_of_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(SavedRequestNameError):
        saved_requests.load(tmp_path, name)
