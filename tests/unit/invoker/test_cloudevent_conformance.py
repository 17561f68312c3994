"""The events of the public conformance suites, read as those suites send them and echoed without loss.

fixtures/google_events.json has the events of https://github.com/GoogleCloudPlatform/functions-framework-conformance
(events/generate/data); the small ones below are those of https://github.com/cloudevents/conformance (yaml, features).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from funcpack_invoker.events.cloudevent import Event, complete, read, write_binary, write_structured

GOOGLE_EVENTS = json.loads((Path(__file__).parent / "fixtures/google_events.json").read_text(encoding="utf-8"))

ROUTES: dict[str, Any] = {
    "specversion": "1.0",
    "type": "com.example.someevent",
    "time": "2018-04-05T03:56:24Z",
    "id": "4321-4321-4321",
    "source": "/mycontext/subcontext",
    "comexampleextension1": "value",
    "comexampleextension2": '{"othervalue": 5}',
}


def binary(attributes: dict[str, str], body: bytes) -> Event:
    # Go's SDK puts attributes into headers as they are.
    names = {"datacontenttype": b"content-type"}
    headers = [(names.get(name, b"ce-" + name.encode()), value.encode()) for name, value in attributes.items()]
    event = read(headers, body)
    assert isinstance(event, Event)
    return event


def assert_echoes(event: Event) -> None:
    completed = complete(event.attributes, event.data)
    assert read(*write_binary(completed)) == completed
    assert read(*write_structured(completed)) == completed
    assert completed.data == event.data
    assert completed.attributes.items() >= event.attributes.items()


@pytest.mark.parametrize("members", [pytest.param(row["event"], id=row["name"]) for row in GOOGLE_EVENTS])
def test_event_of_google(members: dict[str, Any]) -> None:
    attributes = {name: value for name, value in members.items() if name != "data"}
    expected = Event(attributes, members["data"])
    assert binary(attributes, json.dumps(members["data"]).encode()) == expected
    body = json.dumps(members).encode()
    assert read([(b"content-type", b"application/cloudevents+json; charset=UTF-8")], body) == expected
    assert_echoes(expected)


@pytest.mark.parametrize("version", ["1.0", "0.3"])
@pytest.mark.parametrize(
    ("content_type", "body", "data"),
    [
        ("text/plain; charset=us-ascii", "Hello, World!\n", "Hello, World!\n"),
        ("text/plain; charset=utf-8", "Hello, 🌎!\n", "Hello, 🌎!\n"),
        ("application/json; charset=utf-8", '"Hello, 🌎!"\n', "Hello, 🌎!"),
        ("application/json; charset=utf-8", '{"msg":"Hello, 🌎!"}\n', {"msg": "Hello, 🌎!"}),
        ("application/json; charset=utf-8", '["Hello","🌎!"]\n', ["Hello", "🌎!"]),
        ("application/xml; charset=utf-8", "<msg>Hello, 🌎!</msg>\n", "<msg>Hello, 🌎!</msg>\n"),
        ("application/json", '{\n    "message": "Hello World!"\n}\n', {"message": "Hello World!"}),
    ],
)
def test_minimum_event(version: str, content_type: str, body: str, data: Any) -> None:
    attributes: dict[str, Any] = {
        "specversion": version,
        "type": "io.cloudevents.minimum",
        "id": "conformance-0001",
        "source": "//github.com/cloudevents/cloudeventsconformance/yaml/v1.yaml",
        "datacontenttype": content_type,
    }
    event = binary(attributes, body.encode())
    assert event == Event(attributes, data)
    assert_echoes(event)


@pytest.mark.parametrize("version", ["1.0", "0.3"])
def test_event_with_extensions(version: str) -> None:
    attributes: dict[str, Any] = ROUTES | {"specversion": version}
    event = binary(attributes, b'{"world":"hello"}\n')
    assert event == Event(attributes, {"world": "hello"})
    body = json.dumps(attributes | {"data": {"world": "hello"}}).encode()
    assert read([(b"content-type", b"application/cloudevents+json; charset=UTF-8")], body) == event
